// Brings the hands of InterHand2.6M and Re:InterHand into the order of COCO-WholeBody, and makes sure that they are hands.
import { ContrappostoError } from '../../core/errors.js';

/** In millimetres. */
export type Point3 = readonly [number, number, number];

const FINGERS = [0, 1, 2, 3, 4];
const JOINTS = [1, 2, 3, 4];

/**
 * Where each of our 21 points stands in a hand of InterHand2.6M, which goes from tip to base, the wrist last: joint
 * 1 + 4f + (k - 1) stands at 4f + (4 - k).
 */
export const INTERHAND_ORDER: readonly number[] = [20, ...FINGERS.flatMap((f) => JOINTS.map((k) => 4 * f + 4 - k))];

/**
 * Where each of our 21 points stands in a hand of Re:InterHand's 24: wrist, thumb 0 to 4, three fingers 1 to 4, little
 * finger 0 to 4, forearm. Carpal joints (thumb 0, little finger 0) and the forearm have no place in ours.
 */
export const REINTERHAND_ORDER: readonly number[] = [
  0,
  ...[2, 3, 4, 5],
  ...[6, 7, 8, 9],
  ...[10, 11, 12, 13],
  ...[14, 15, 16, 17],
  ...[19, 20, 21, 22],
];

/** Of the longest, from a wrist to a knuckle, and of the shortest, of a finger's end. */
const MAX_BONE_MM = 160;
const MIN_BONE_MM = 4;
/** A fingertip is nearer to its neighbour than the knuckle is to the wrist, in any pose. */
const FINGER_BASES = [5, 9, 13, 17];

/**
 * Refuses 21 points in millimetres that are no hand in our order: bones of impossible length, or fingers whose ends are
 * longer than the palm. Unknown points are not judged.
 * @throws `corrupt-file`
 */
export function requireHand(points: readonly (Point3 | undefined)[], operation: string): void {
  const length = (i: number, j: number) => {
    const [a, b] = [points[i], points[j]];
    return a && b ? Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]) : undefined;
  };
  const refuse = (got: string): never => {
    const hint = 'the joints are in another order or unit than this data set publishes them in';
    throw new ContrappostoError('corrupt-file', { operation, expected: 'hands in millimetres', got, hint });
  };
  for (const f of FINGERS) {
    for (const k of JOINTS) {
      const joint = 4 * f + k;
      const bone = length(k === 1 ? 0 : joint - 1, joint);
      if (bone === undefined || (bone >= MIN_BONE_MM && bone <= MAX_BONE_MM)) continue;
      refuse(`a bone of ${bone.toFixed(1)} mm to joint ${joint}`);
    }
  }
  for (const base of FINGER_BASES) {
    const [palm, end] = [length(0, base), length(base + 2, base + 3)];
    if (palm !== undefined && end !== undefined && end > palm) refuse(`a fingertip ${end.toFixed(1)} mm long`);
  }
}
