// InterHand2.6M (Moon et al. 2020): two hands in a studio of calibrated cameras, joints in space and in each picture.
import { z } from 'zod';
import { ContrappostoError } from '../../core/errors.js';
import { type Box, type Keypoint, unknownPoints } from '../../pose/person.js';
import { boxOfCorner } from './coco.js';
import { INTERHAND_ORDER, type Point3, requireHand } from './hand-order.js';
import { checkEntry, jsonEntries, type ReadOptions, within } from './json-stream.js';
import { SkipTally } from './tally.js';

export interface HandsPicture {
  fileName: string;
  widthPx: number;
  heightPx: number;
  /** 21 points of each hand in pixels, in COCO-WholeBody's order; score 0 where not known. */
  leftHand: Keypoint[];
  rightHand: Keypoint[];
  /** Of both hands, where the file has it. */
  box?: Box;
  /** Captures of several people; splits are made by it. */
  capture: string;
}

/** A camera: `x_camera = rotation x_world + translation`, in millimetres; then `focal x / z + centre` in pixels. */
export interface Camera {
  rotation: readonly Point3[];
  translation: Point3;
  focalPx: readonly [number, number];
  centrePx: readonly [number, number];
}

const HAND = 21;
const triple = z.tuple([z.number(), z.number(), z.number()]);
const pair = z.tuple([z.number(), z.number()]);
const cameraSchema = z.looseObject({
  campos: z.record(z.string(), triple),
  camrot: z.record(z.string(), z.tuple([triple, triple, triple])),
  focal: z.record(z.string(), pair),
  princpt: z.record(z.string(), pair),
});
const number = z.union([z.int(), z.string()]);
const imageSchema = z.looseObject({
  id: z.int(),
  file_name: z.string().min(1),
  width: z.int().positive(),
  height: z.int().positive(),
  capture: number,
  camera: number,
  frame_idx: number,
});
type PictureEntry = z.infer<typeof imageSchema>;
const valid = z.array(z.union([z.number(), z.tuple([z.number()])])).length(2 * HAND);
const annotationSchema = z.looseObject({
  image_id: z.int(),
  bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]).optional(),
  joint_valid: valid,
});
const jointsSchema = z.looseObject({ world_coord: z.array(triple).length(2 * HAND) });

export interface InterHandFiles {
  /** `InterHand2.6M_*_data.json` */
  data: string;
  /** `InterHand2.6M_*_camera.json` */
  cameras: string;
  /** `InterHand2.6M_*_joint_3d.json` */
  joints: string;
}

/**
 * The pictures of one split, one after another; its pictures, cameras and joints in space are held in memory, packed.
 * A hand whose wrist is not valid is unknown, as the data set's own program has it. Left out and counted:
 * `unknown picture`, `no camera`, `no joints`, `behind the camera`, `no valid joint`.
 *
 * @throws like `jsonEntries`; `corrupt-file` for entries of another layout, or joints that are no hand
 */
export async function* interHandPictures(
  files: InterHandFiles,
  options: ReadOptions & { tally?: SkipTally } = {},
): AsyncGenerator<HandsPicture> {
  const { tally = new SkipTally() } = options;
  const cameras = await readCameras(files.cameras, options);
  const joints = await readJoints(files.joints, options);
  const pictures = new Map<number, PictureEntry>();
  for await (const entry of jsonEntries(files.data, { ...options, visit: within('images') })) {
    const picture = checkEntry(entry, { file: files.data, schema: imageSchema });
    pictures.set(picture.id, picture);
  }
  for await (const entry of jsonEntries(files.data, { ...options, visit: within('annotations') })) {
    const annotation = checkEntry(entry, { file: files.data, schema: annotationSchema });
    const picture = pictures.get(annotation.image_id);
    const camera = picture && cameras.get(`${picture.capture} ${picture.camera}`);
    const world = picture && joints.get(`${picture.capture} ${picture.frame_idx}`);
    if (!picture) tally.skip('unknown picture');
    else if (!camera) tally.skip('no camera');
    else if (!world) tally.skip('no joints');
    else {
      const isValid = annotation.joint_valid.map((v) => (typeof v === 'number' ? v : v[0]) > 0);
      const hand = (start: number) => {
        const own = INTERHAND_ORDER.map((i) => (isValid[start + i] ? pointAt(world, start + i) : undefined));
        if (!own[0]) return unknownPoints(HAND);
        requireHand(own, `read "${files.joints}", capture ${picture.capture}, frame ${picture.frame_idx}`);
        return projected(own, camera);
      };
      const [rightHand, leftHand] = [hand(0), hand(HAND)];
      const reason = whyNot(rightHand, leftHand);
      if (reason) tally.skip(reason);
      else {
        const { file_name: fileName, width: widthPx, height: heightPx } = picture;
        const box = annotation.bbox && boxOfCorner(annotation.bbox);
        const capture = String(picture.capture);
        yield { fileName, widthPx, heightPx, leftHand: leftHand!, rightHand: rightHand!, ...(box && { box }), capture };
      }
    }
  }
}

function whyNot(a: Keypoint[] | undefined, b: Keypoint[] | undefined): string | undefined {
  if (!a || !b) return 'behind the camera';
  return [...a, ...b].some((p) => p.score > 0) ? undefined : 'no valid joint';
}

/**
 * Points in space, in millimetres, as a camera sees them; undefined when one of them lies behind it.
 * Unknown points stay unknown.
 */
export function projected(points: readonly (Point3 | undefined)[], camera: Camera): Keypoint[] | undefined {
  const { rotation, translation, focalPx, centrePx } = camera;
  const out = unknownPoints(points.length);
  for (const [i, point] of points.entries()) {
    if (!point) continue;
    const [x, y, z] = rotation.map(
      (row, r) => row[0] * point[0] + row[1] * point[1] + row[2] * point[2] + translation[r],
    );
    if (!(z > 0)) return undefined;
    out[i] = { x: (focalPx[0] * x) / z + centrePx[0], y: (focalPx[1] * y) / z + centrePx[1], score: 1 };
  }
  return out;
}

/** Cameras by `capture camera`. */
async function readCameras(path: string, options: ReadOptions): Promise<Map<string, Camera>> {
  const cameras = new Map<string, Camera>();
  const visit = (at: readonly unknown[]) => (at.length === 0 ? 'enter' : 'take');
  for await (const entry of jsonEntries(path, { ...options, visit })) {
    const { campos, camrot, focal, princpt } = checkEntry(entry, { file: path, schema: cameraSchema });
    for (const [name, position] of Object.entries(campos)) {
      if (!camrot[name] || !focal[name] || !princpt[name]) {
        throw new ContrappostoError('corrupt-file', {
          operation: `read "${path}"`,
          got: `camera ${name} of capture ${entry.path[0]} without rotation, focal or princpt`,
        });
      }
      const rotation = camrot[name];
      const shift = (row: Point3) => -(row[0] * position[0] + row[1] * position[1] + row[2] * position[2]);
      const translation: Point3 = [shift(rotation[0]), shift(rotation[1]), shift(rotation[2])];
      const camera = { rotation, translation, focalPx: focal[name], centrePx: princpt[name] };
      cameras.set(`${entry.path[0]} ${name}`, camera);
    }
  }
  return cameras;
}

/** Joints [42 x 3] by `capture frame`. */
async function readJoints(path: string, options: ReadOptions): Promise<Map<string, Float32Array>> {
  const joints = new Map<string, Float32Array>();
  const visit = (at: readonly unknown[]) => (at.length < 2 ? 'enter' : 'take');
  for await (const entry of jsonEntries(path, { ...options, visit })) {
    const { world_coord } = checkEntry(entry, { file: path, schema: jointsSchema });
    joints.set(entry.path.join(' '), Float32Array.from(world_coord.flat()));
  }
  return joints;
}

function pointAt(joints: Float32Array, i: number): Point3 {
  return [joints[3 * i], joints[3 * i + 1], joints[3 * i + 2]];
}
