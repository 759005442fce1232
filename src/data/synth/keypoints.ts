// Where the named points of a posed person are in space: 133 COCO-WholeBody keypoints and 33 MediaPipe landmarks.
import type { Pose } from './pose.js';
import type { Side } from './types.js';
import { add, mix, scale, type Vec3 } from './vector.js';

/** The 17 COCO keypoints in their order (they begin the 133). Left and right are the person's own. */
export const COCO_KEYPOINT_NAMES = [
  'nose',
  ...['left_eye', 'right_eye', 'left_ear', 'right_ear', 'left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow'],
  ...['left_wrist', 'right_wrist', 'left_hip', 'right_hip', 'left_knee', 'right_knee', 'left_ankle', 'right_ankle'],
] as const;

/** The ranges of the 133 points (first, end), as COCO-WholeBody orders them. */
export const WHOLEBODY_RANGES = {
  body: [0, 17],
  feet: [17, 23],
  face: [23, 91],
  leftHand: [91, 112],
  rightHand: [112, 133],
} as const;

const SIDES: readonly Side[] = ['L', 'R'];

/**
 * The 133 points of COCO-WholeBody in its order, in world units.
 * @param vertices skinned positions, three a vertex, so that faces move with their expression; absent: the neutral face.
 */
export function wholeBodyPoints(pose: Pose, vertices?: ArrayLike<number>): Vec3[] {
  const { head, limbs, feet, face, hands } = findPoints(pose, vertices);
  return [...head, ...limbs, ...feet.flat(), ...face, ...hands.L, ...hands.R];
}

/**
 * The 33 landmarks of MediaPipe Pose in its order, in world units: nose, three points an eye, ears, mouth corners, arms,
 * three points a hand, legs, heels, toes.
 * @param vertices as for `wholeBodyPoints`.
 */
export function mediapipePoints(pose: Pose, vertices?: ArrayLike<number>): Vec3[] {
  const { head, eyes, face, limbs, feet, hands } = findPoints(pose, vertices);
  const [nose, , , leftEar, rightEar] = head;
  const eyePoints = [face[42], eyes.L, face[45], face[39], eyes.R, face[36]];
  const mouth = [face[54], face[48]];
  // Knuckles of the little and index fingers; the thumb's last joint but one.
  const fingers = [17, 5, 2].flatMap((point) => [hands.L[point], hands.R[point]]);
  const heels = [feet[0][2], feet[1][2]];
  const toes = feet.map(([big, small]) => mix(big, small, 0.3));
  const [arms, legs] = [limbs.slice(0, 6), limbs.slice(6, 12)];
  return [nose, ...eyePoints, leftEar, rightEar, ...mouth, ...arms, ...fingers, ...legs, ...heels, ...toes];
}

function findPoints(pose: Pose, vertices?: ArrayLike<number>) {
  const { landmarks } = pose.character;
  const at = (v: number): Vec3 =>
    vertices ? [vertices[3 * v], vertices[3 * v + 1], vertices[3 * v + 2]] : pose.vertex(v);
  const face = Array.from(landmarks.face, at);
  const eyes = { L: middle(face.slice(42, 48)), R: middle(face.slice(36, 42)) };
  const head = [at(landmarks.nose), eyes.L, eyes.R, at(landmarks.ears.L), at(landmarks.ears.R)];
  const limbs = ['upperarm01', 'lowerarm01', 'wrist', 'upperleg01', 'lowerleg01', 'foot'].flatMap((bone) =>
    SIDES.map((side) => pose.position(`${bone}.${side}`)),
  );
  const feet = SIDES.map((side) =>
    [landmarks.bigToes, landmarks.smallToes, landmarks.heels].map((ids) => at(ids[side])),
  );
  return { face, eyes, head, limbs, feet, hands: { L: handPoints(pose, 'L'), R: handPoints(pose, 'R') } };
}

/**
 * The 21 points of a hand: wrist, then four a finger from the base to the tip, thumb first (COCO-WholeBody and
 * MediaPipe Hands agree on this order).
 */
export function handPoints(pose: Pose, side: Side): Vec3[] {
  const points: Vec3[] = [pose.position(`wrist.${side}`)];
  for (let finger = 1; finger <= 5; finger++) {
    for (let joint = 1; joint <= 3; joint++) points.push(pose.position(`finger${finger}-${joint}.${side}`));
    points.push(pose.tail(`finger${finger}-3.${side}`));
  }
  return points;
}

function middle(points: readonly Vec3[]): Vec3 {
  return scale(points.reduce(add), 1 / points.length);
}
