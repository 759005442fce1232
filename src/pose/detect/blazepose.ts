// Thirty-three body points with depth, hands' knuckles and feet: BlazePose on an upright cut-out of one person.
import { COCO } from '../formats.js';
import { distance, type Keypoint, midpoint } from '../person.js';
import { fromRegion, type Pyramid, type Region } from './crop.js';
import { network } from './networks.js';

const INPUT_PX = 256;
/** The network's 33 body points are followed by 6 auxiliary ones. */
const POINTS = 33;
const VALUES_PER_POINT = 5;
const MIN_POINT_SCORE = 0.2;

export interface Pose33 {
  /** 33 MediaPipe points in picture pixels. */
  points: Keypoint[];
  /** Probability that a person fills the cut-out. */
  score: number;
}

/** The 33 points of a person whose 17 COCO points are roughly known. */
export async function estimateBlazePose(
  picture: Pyramid,
  { coco, variant = 'blazepose-full' }: { coco: readonly Keypoint[]; variant?: 'blazepose-full' | 'blazepose-heavy' },
): Promise<Pose33> {
  const run = await network(variant);
  const region = bodyRegion(coco);
  const input = picture.crop(region, INPUT_PX).map((v) => v / 255);
  const [landmarks, flag] = run(input, ['ld_3d', 'output_poseflag']); // [39 x 5], [1]
  const toPicture = fromRegion(region);
  const points = Array.from({ length: POINTS }, (_, k) => {
    const [x, y, z, visibility, presence] = landmarks.subarray(k * VALUES_PER_POINT);
    return {
      ...toPicture(x / INPUT_PX, y / INPUT_PX),
      z: (z / INPUT_PX) * region.sidePx,
      score: Math.min(sigmoid(visibility), sigmoid(presence)),
    };
  });
  return { points, score: flag[0] };
}

/**
 * The square that BlazePose was trained on: centred on the hips, large enough for the farthest point, 1.25 times, and
 * turned so that the line from hips to shoulders points upwards (Bazarevsky et al. 2020, section 3).
 */
export function bodyRegion(coco: readonly Keypoint[]): Region {
  const known = coco.filter((p) => p.score >= MIN_POINT_SCORE);
  const hips = midpoint(coco[COCO.left_hip], coco[COCO.right_hip]);
  const shoulders = midpoint(coco[COCO.left_shoulder], coco[COCO.right_shoulder]);
  const points = known.length > 0 ? known : coco;
  const radius = Math.max(4, ...points.map((p) => distance(p, hips)));
  return {
    x: hips.x,
    y: hips.y,
    sidePx: 2 * 1.25 * radius,
    rotation: Math.atan2(shoulders.x - hips.x, hips.y - shoulders.y),
  };
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
