// The 68 face points of COCO-WholeBody, read off MediaPipe's face mesh on a cut-out around eyes, ears and nose.
import { COCO } from '../formats.js';
import { boxOf, distance, type Keypoint } from '../person.js';
import { fromRegion, type Pyramid, type Region } from './crop.js';
import { network } from './networks.js';

const INPUT_PX = 192;
const MIN_FACE_SCORE = 0.5;
const MIN_POINT_SCORE = 0.3;
/** Faces smaller than this in the picture are guesses. */
const MIN_FACE_PX = 20;

/** For each of the 68 iBUG points the vertex of the 468-point mesh at the same place of a face. */
const MESH_VERTICES = [
  ...[162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389], // jaw
  ...[71, 63, 105, 66, 107, 336, 296, 334, 293, 301], // brows
  ...[168, 197, 5, 4, 75, 97, 2, 326, 305], // nose
  ...[33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380], // eyes
  ...[61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181], // outer lips
  ...[78, 82, 13, 312, 308, 317, 14, 87], // inner lips
];

/** The 68 points of a person's face, or undefined when it is small, turned away or not sure to be one. */
export async function readFace(picture: Pyramid, coco: readonly Keypoint[]): Promise<Keypoint[] | undefined> {
  const region = faceRegion(coco);
  if (!region || region.sidePx < MIN_FACE_PX) return undefined;
  const run = await network('facemesh');
  const look = (at: Region): Keypoint[] => {
    const input = picture.crop(at, INPUT_PX).map((v) => v / 255);
    const [mesh, flag] = run(input, ['output_mesh', 'output_faceflag']); // [468 x 3], [1] a probability
    const toPicture = fromRegion(at);
    return MESH_VERTICES.map((vertex) => ({
      ...toPicture(mesh[vertex * 3] / INPUT_PX, mesh[vertex * 3 + 1] / INPUT_PX),
      score: flag[0],
    }));
  };
  const first = look(region);
  if (first[0].score < MIN_FACE_SCORE) return undefined;
  const [x1, y1, x2, y2] = boxOf(first) ?? [0, 0, 0, 0];
  const sidePx = 1.6 * Math.max(x2 - x1, y2 - y1);
  const second = look({ x: (x1 + x2) / 2, y: (y1 + y2) / 2, sidePx, rotation: region.rotation });
  return second[0].score >= MIN_FACE_SCORE ? second : first;
}

/**
 * The square that the mesh expects: one and a half faces wide or more, eyes level. Its size follows from whichever of the
 * distances between eyes, ears and nose is least foreshortened (3.6, 1.8 and 5 times, from faces seen from the front).
 */
export function faceRegion(coco: readonly Keypoint[]): Region | undefined {
  const [nose, left, right] = [coco[COCO.nose], coco[COCO.left_eye], coco[COCO.right_eye]];
  if ([nose, left, right].some((p) => p.score < MIN_POINT_SCORE)) return undefined;
  const eyes = { x: (left.x + right.x) / 2, y: (left.y + right.y) / 2 };
  const [leftEar, rightEar] = [coco[COCO.left_ear], coco[COCO.right_ear]];
  const hasEars = leftEar.score >= MIN_POINT_SCORE && rightEar.score >= MIN_POINT_SCORE;
  return {
    x: (eyes.x + nose.x) / 2,
    y: (eyes.y + nose.y) / 2,
    sidePx: Math.max(
      3.6 * distance(left, right),
      5 * distance(eyes, nose),
      hasEars ? 1.8 * distance(leftEar, rightEar) : 0,
    ),
    rotation: Math.atan2(left.y - right.y, left.x - right.x),
  };
}
