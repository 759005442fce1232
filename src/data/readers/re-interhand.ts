// Re:InterHand (Moon et al. 2023): InterHand's studio captures relit, one folder a capture, one file of joints a frame.
import { existsSync, readdirSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { z } from 'zod';
import { ContrappostoError, throwIfAborted } from '../../core/errors.js';
import { readError } from '../../weights/byte-source.js';
import { readJsonFile } from '../../weights/json-file.js';
import { INTERHAND_ORDER, type Point3, REINTERHAND_ORDER, requireHand } from './hand-order.js';
import { type Camera, type HandsPicture, projected } from './interhand.js';
import type { ReadOptions } from './json-stream.js';
import { SkipTally } from './tally.js';

const triple = z.tuple([z.number(), z.number(), z.number()]);
const pair = z.tuple([z.number(), z.number()]);
const camerasSchema = z.record(
  z.string(),
  z.looseObject({ R: z.tuple([triple, triple, triple]), t: triple, focal: pair, princpt: pair }),
);
/** 24 joints as published; 21 would be InterHand2.6M's. */
const jointsSchema = z.array(triple).refine((joints) => joints.length === 24 || joints.length === 21, {
  error: 'needs 24 joints (or 21 in the order of InterHand2.6M)',
});

/** Pictures without their size, which only the picture files tell. */
export type RelitHands = Omit<HandsPicture, 'widthPx' | 'heightPx'> & { mask?: string };

const VIEWS = join('Mugsy_cameras', 'envmap_per_frame');

/**
 * The pictures of one capture (`m--…`) by its third-person cameras, one after another, paths relative to the folder:
 * `Mugsy_cameras/envmap_per_frame/images/CAMERA/FRAME.png`, `masks` beside `images`, joints in
 * `orig_fits/{left,right}/Keypoints/keypoint-FRAME.json`. Left out and counted: `no camera`, `no joints`,
 * `behind the camera`, `not a picture`.
 *
 * @throws `not-found` without the folders, `corrupt-file` for another layout or joints that are no hand, `aborted`
 */
export function* reInterHandPictures(
  folder: string,
  options: ReadOptions & { tally?: SkipTally } = {},
): Generator<RelitHands> {
  const { tally = new SkipTally(), signal, onProgress } = options;
  const operation = `read "${folder}"`;
  const cameras = readJsonFile(join(folder, 'Mugsy_cameras', 'cam_params.json'), camerasSchema);
  const names = listed(join(folder, VIEWS, 'images'));
  const capture = basename(folder);
  const hands = new Map<string, (Point3 | undefined)[]>();
  for (const [step, name] of names.entries()) {
    onProgress?.({ type: 'step', stage: operation, step, steps: names.length });
    const known = cameras[name];
    const camera: Camera | undefined = known && {
      rotation: known.R,
      translation: known.t,
      focalPx: known.focal,
      centrePx: known.princpt,
    };
    for (const file of listed(join(folder, VIEWS, 'images', name))) {
      throwIfAborted(signal, operation);
      const frame = /^(\d+)\.png$/.exec(file)?.[1];
      const paths = frame && (['right', 'left'] as const).map((side) => jointsPath(folder, { side, frame }));
      if (!paths) tally.skip('not a picture');
      else if (!camera) tally.skip('no camera');
      else if (!paths.every((path) => existsSync(path))) tally.skip('no joints');
      else {
        const [rightHand, leftHand] = paths.map((path) => projected(remembered(hands, path), camera));
        if (!rightHand || !leftHand) tally.skip('behind the camera');
        else {
          const mask = join(folder, VIEWS, 'masks', name, file);
          const fileName = relative(folder, join(folder, VIEWS, 'images', name, file));
          const masked = existsSync(mask) && { mask: relative(folder, mask) };
          yield { fileName, leftHand, rightHand, capture, ...masked };
        }
      }
    }
  }
}

function jointsPath(folder: string, { side, frame }: { side: 'left' | 'right'; frame: string }): string {
  return join(folder, 'orig_fits', side, 'Keypoints', `keypoint-${frame.padStart(6, '0')}.json`);
}

/** A frame's hand is read once for all cameras that saw it. */
function remembered(hands: Map<string, (Point3 | undefined)[]>, path: string): (Point3 | undefined)[] {
  const known = hands.get(path);
  if (known) return known;
  const joints = readJsonFile(path, jointsSchema);
  const order = joints.length === 24 ? REINTERHAND_ORDER : INTERHAND_ORDER;
  const points = order.map((i) => joints[i]);
  requireHand(points, `read "${path}"`);
  hands.set(path, points);
  return points;
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (cause) {
    const error = readError(`list "${folder}"`, cause);
    const hint = 'give the folder of one capture, m--…, with Mugsy_cameras and orig_fits in it';
    throw new ContrappostoError(error.code, { ...error.details, hint });
  }
}
