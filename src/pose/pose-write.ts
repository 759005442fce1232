// Writes people as OpenPose, COCO, COCO-WholeBody or MediaPipe JSON, always in pixels with the origin top left.
import { faceOf, handOf, toCoco, toMediaPipe, toOpenPoseBody } from './convert.js';
import { COCO_NAMES, WHOLEBODY, WHOLEBODY_NAMES } from './formats.js';
import { areaOf, type Box, boxOf, type Keypoint, type Person } from './person.js';
import type { PoseFormat } from './pose-file.js';

export interface WriteOptions {
  format: PoseFormat;
  widthPx: number;
  heightPx: number;
  /** Body points of `openpose`: 18 as ControlNet reads (default), 25 with the feet. */
  openPosePoints?: 18 | 25;
  /** Name of the picture in the COCO layouts. */
  fileName?: string;
}

/** A score from which on a point is called visible rather than guessed. */
const VISIBLE_SCORE = 0.5;

/** The people as a plain object ready for `JSON.stringify`. Unknown points are 0, 0, 0. */
export function poseToJson(people: readonly Person[], options: WriteOptions): Record<string, unknown> {
  const canvas = { canvas_width: options.widthPx, canvas_height: options.heightPx };
  switch (options.format) {
    case 'openpose':
      return { version: 1.3, people: people.map((p) => openPosePerson(p, options.openPosePoints ?? 18)), ...canvas };
    case 'mediapipe':
      return { people: people.map(mediaPipePerson), ...canvas };
    case 'coco':
    case 'wholebody':
      return cocoFile(people, options);
  }
}

function openPosePerson(person: Person, count: 18 | 25): Record<string, unknown> {
  return {
    pose_keypoints_2d: flat(toOpenPoseBody(person, count)),
    face_keypoints_2d: flat(known(faceOf(person))),
    hand_left_keypoints_2d: flat(known(handOf(person, 'left'))),
    hand_right_keypoints_2d: flat(known(handOf(person, 'right'))),
  };
}

function mediaPipePerson(person: Person): Record<string, unknown> {
  const landmark = ({ x, y, z, score }: Keypoint) => ({
    x: round(x),
    y: round(y),
    ...(z !== undefined && { z: round(z) }),
    visibility: round(score, 3),
  });
  const hand = (side: 'left' | 'right') => known(handOf(person, side)).map(landmark);
  const [left, right] = [hand('left'), hand('right')];
  return {
    landmarks: toMediaPipe(person).map(landmark),
    ...(left.length > 0 && { left_hand_landmarks: left }),
    ...(right.length > 0 && { right_hand_landmarks: right }),
  };
}

function cocoFile(people: readonly Person[], options: WriteOptions): Record<string, unknown> {
  const isWhole = options.format === 'wholebody';
  const image = {
    id: 1,
    width: options.widthPx,
    height: options.heightPx,
    ...(options.fileName && { file_name: options.fileName }),
  };
  const category = {
    id: 1,
    name: 'person',
    supercategory: 'person',
    keypoints: isWhole ? WHOLEBODY_NAMES : COCO_NAMES,
  };
  return {
    images: [image],
    annotations: people.map((person, i) => cocoAnnotation(person, { id: i + 1, isWhole })),
    categories: [category],
  };
}

function cocoAnnotation(person: Person, { id, isWhole }: { id: number; isWhole: boolean }): Record<string, unknown> {
  const box = person.box ?? boxOf(person.keypoints) ?? ([0, 0, 0, 0] as Box);
  const body = toCoco(person);
  const part = ({ start, end }: { start: number; end: number }) => person.keypoints.slice(start, end);
  const isKnown = (points: readonly Keypoint[]) => points.some((p) => p.score > 0);
  const scores = (points: readonly Keypoint[]) => flat(points);
  return {
    id,
    image_id: 1,
    category_id: 1,
    iscrowd: 0,
    bbox: [box[0], box[1], box[2] - box[0], box[3] - box[1]].map((v) => round(v)),
    area: round(areaOf(box)),
    keypoints: visibilities(body),
    num_keypoints: body.filter((p) => p.score > 0).length,
    ...(person.score !== undefined && { score: round(person.score, 3) }),
    ...(isWhole && {
      foot_kpts: visibilities(part(WHOLEBODY.feet)),
      face_kpts: scores(part(WHOLEBODY.face)),
      lefthand_kpts: scores(part(WHOLEBODY.leftHand)),
      righthand_kpts: scores(part(WHOLEBODY.rightHand)),
      foot_valid: isKnown(part(WHOLEBODY.feet)),
      face_valid: isKnown(part(WHOLEBODY.face)),
      lefthand_valid: isKnown(part(WHOLEBODY.leftHand)),
      righthand_valid: isKnown(part(WHOLEBODY.rightHand)),
    }),
  };
}

/** An empty list when nothing of the part is known, as OpenPose writes without the part's detector. */
function known(points: Keypoint[]): Keypoint[] {
  return points.some((p) => p.score > 0) ? points : [];
}

function flat(points: readonly Keypoint[]): number[] {
  return points.flatMap((p) => (p.score > 0 ? [round(p.x), round(p.y), round(p.score, 3)] : [0, 0, 0]));
}

function visibilities(points: readonly Keypoint[]): number[] {
  return points.flatMap((p) => (p.score > 0 ? [round(p.x), round(p.y), p.score >= VISIBLE_SCORE ? 2 : 1] : [0, 0, 0]));
}

function round(value: number, digits = 2): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
