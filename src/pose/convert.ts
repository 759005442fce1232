// Conversions between skeleton layouts and the canonical COCO-WholeBody 133 points.
import {
  COCO_NAMES,
  MEDIAPIPE_NAMES,
  OPENPOSE18_NAMES,
  OPENPOSE25_NAMES,
  WHOLEBODY,
  WHOLEBODY_NAMES,
} from './formats.js';
import { type Keypoint, midpoint, type Person, UNKNOWN, unknownPoints } from './person.js';

const WHOLEBODY_INDEX = new Map(WHOLEBODY_NAMES.map((name, i) => [name, i]));

/**
 * MediaPipe points that have another name or are one of several in COCO-WholeBody. Eyes: the corners and, for the
 * centre, COCO's own eye. Hands: MediaPipe documents the first knuckle of index and little finger and the second of
 * the thumb. `foot_index` is the big toe.
 */
const MEDIAPIPE_ALIASES: Record<string, string> = {
  left_eye_inner: 'face_42',
  left_eye_outer: 'face_45',
  right_eye_inner: 'face_39',
  right_eye_outer: 'face_36',
  mouth_left: 'face_54',
  mouth_right: 'face_48',
  ...Object.fromEntries(
    ['left', 'right'].flatMap((side) => [
      [`${side}_pinky`, `${side}_hand_pinky_mcp`],
      [`${side}_index`, `${side}_hand_index_mcp`],
      [`${side}_thumb`, `${side}_hand_thumb_ip`],
      [`${side}_foot_index`, `${side}_big_toe`],
    ]),
  ),
};

const MEDIAPIPE_TO_WHOLEBODY: readonly number[] = MEDIAPIPE_NAMES.map(
  (name) => WHOLEBODY_INDEX.get(MEDIAPIPE_ALIASES[name] ?? name)!,
);

/** The 17 COCO points of a person. */
export function toCoco(person: Person): Keypoint[] {
  return person.keypoints.slice(0, COCO_NAMES.length);
}

/** 133 points of which only the given 17 COCO points are known. */
export function fromCoco(points: readonly Keypoint[]): Keypoint[] {
  return [...points.map((p) => ({ ...p })), ...unknownPoints(WHOLEBODY.count - COCO_NAMES.length)];
}

/** The OpenPose body points (18, or 25 with feet and mid hip); neck and mid hip lie between shoulders and hips. */
export function toOpenPoseBody(person: Person, count: 18 | 25 = 18): Keypoint[] {
  const at = (name: string) => person.keypoints[WHOLEBODY_INDEX.get(name)!];
  return (count === 18 ? OPENPOSE18_NAMES : OPENPOSE25_NAMES).map((name) => {
    if (name === 'neck') return midpoint(at('left_shoulder'), at('right_shoulder'));
    if (name === 'mid_hip') return midpoint(at('left_hip'), at('right_hip'));
    return { ...at(name) };
  });
}

/** 133 points of which those of an OpenPose body (18 or 25 points) are known; neck and mid hip have no counterpart. */
export function fromOpenPoseBody(points: readonly Keypoint[]): Keypoint[] {
  const names: readonly string[] = points.length === 25 ? OPENPOSE25_NAMES : OPENPOSE18_NAMES;
  const keypoints = unknownPoints(WHOLEBODY.count);
  points.forEach((point, i) => {
    const index = WHOLEBODY_INDEX.get(names[i]);
    if (index !== undefined) keypoints[index] = { ...point };
  });
  return keypoints;
}

/** The 33 MediaPipe points: those measured, otherwise those that the 133 points determine. */
export function toMediaPipe(person: Person): Keypoint[] {
  if (person.mediapipe) return person.mediapipe.map((p) => ({ ...p }));
  return MEDIAPIPE_TO_WHOLEBODY.map((index) => ({ ...(person.keypoints[index] ?? UNKNOWN) }));
}

/** 133 points of which those among the 33 MediaPipe points are known. */
export function fromMediaPipe(points: readonly Keypoint[]): Keypoint[] {
  const keypoints = unknownPoints(WHOLEBODY.count);
  MEDIAPIPE_TO_WHOLEBODY.forEach((index, i) => {
    keypoints[index] = { ...points[i] };
  });
  return keypoints;
}

/** The 21 points of one hand. */
export function handOf(person: Person, side: 'left' | 'right'): Keypoint[] {
  const { start, end } = side === 'left' ? WHOLEBODY.leftHand : WHOLEBODY.rightHand;
  return person.keypoints.slice(start, end);
}

/** The 68 face points. */
export function faceOf(person: Person): Keypoint[] {
  return person.keypoints.slice(WHOLEBODY.face.start, WHOLEBODY.face.end);
}
