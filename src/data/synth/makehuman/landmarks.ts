// Finds named places (face points, ears, heels, toes) on the base mesh by where they lie on the unmorphed body.
import type { Landmarks, Side } from '../types.js';
import type { Vec3 } from '../vector.js';

/** `Landmarks` as plain numbers for the header of a pack. */
export type PackedLandmarks = Omit<Landmarks, 'face'> & { face: number[] };

/** The left half of a face line, from the outside in; the right half mirrors it. Units of the base mesh. */
const JAW: readonly Vec3[] = [
  [0.76, 7.2, 0.55],
  [0.75, 6.98, 0.58],
  [0.73, 6.78, 0.62],
  [0.69, 6.6, 0.7],
  [0.62, 6.43, 0.82],
  [0.5, 6.3, 1.0],
  [0.36, 6.22, 1.18],
  [0.18, 6.18, 1.36],
];
const BROW: readonly Vec3[] = [
  [0.54, 7.4, 1.27],
  [0.44, 7.49, 1.37],
  [0.32, 7.54, 1.44],
  [0.2, 7.53, 1.5],
  [0.1, 7.47, 1.53],
];
const BRIDGE: readonly Vec3[] = [
  [0, 7.29, 1.51],
  [0, 7.2, 1.54],
  [0, 7.07, 1.61],
  [0, 6.94, 1.68],
];
const NOSTRIL: readonly Vec3[] = [
  [0.17, 6.86, 1.47],
  [0.09, 6.83, 1.55],
];
/** Outer corner, over the top to the inner corner. */
const UPPER_LID: readonly Vec3[] = [
  [0.46, 7.29, 1.34],
  [0.38, 7.34, 1.4],
  [0.27, 7.33, 1.42],
  [0.18, 7.26, 1.4],
];
/** From the inner corner back to the outer one. */
const LOWER_LID: readonly Vec3[] = [
  [0.27, 7.23, 1.41],
  [0.38, 7.23, 1.39],
];
const UPPER_LIP: readonly Vec3[] = [
  [0.26, 6.58, 1.4],
  [0.17, 6.68, 1.5],
  [0.07, 6.72, 1.57],
];
/** From the corner inwards. */
const LOWER_LIP: readonly Vec3[] = [
  [0.18, 6.52, 1.47],
  [0.08, 6.47, 1.52],
];
const INNER_CORNER: Vec3 = [0.22, 6.59, 1.42];
const INNER_UPPER: Vec3 = [0.09, 6.64, 1.56];
const INNER_LOWER: Vec3 = [0.09, 6.6, 1.53];

const mirrored = ([x, y, z]: Vec3): Vec3 => [-x, y, z];
const right = (points: readonly Vec3[]): Vec3[] => points.map(mirrored);
const reversed = (points: readonly Vec3[]): Vec3[] => [...points].reverse();

/** A line over the face from the subject's right to the left through `middle`. */
const across = (half: readonly Vec3[], ...middle: Vec3[]): Vec3[] => [...right(half), ...middle, ...reversed(half)];

/** The 68 points in the order of iBUG 300-W. */
const FACE: readonly Vec3[] = [
  ...across(JAW, [0, 6.23, 1.45]),
  ...across(BROW),
  ...BRIDGE,
  ...across(NOSTRIL, [0, 6.83, 1.6]),
  ...right(UPPER_LID),
  ...right(LOWER_LID),
  ...reversed(UPPER_LID),
  ...reversed(LOWER_LID),
  ...across(UPPER_LIP, [0, 6.7, 1.6]),
  ...[LOWER_LIP[0], LOWER_LIP[1], [0, 6.47, 1.5] as Vec3, ...reversed(right(LOWER_LIP))],
  ...[mirrored(INNER_CORNER), mirrored(INNER_UPPER), [0, 6.63, 1.58] as Vec3, INNER_UPPER, INNER_CORNER],
  ...[INNER_LOWER, [0, 6.6, 1.54] as Vec3, mirrored(INNER_LOWER)],
];

const FEET = { heels: [2.2, -7.95, -0.5], bigToes: [1.96, -8.0, 1.95], smallToes: [2.6, -8.0, 1.55] } as const;

/** @param vertices base vertices of the body piece, in its order; the answers are places in this list. */
export function findLandmarks(base: Float32Array, vertices: readonly number[]): PackedLandmarks {
  const at = (v: number): Vec3 => [base[3 * v], base[3 * v + 1], base[3 * v + 2]];
  const best = (cost: (p: Vec3) => number): number => {
    let found = 0;
    let lowest = Number.POSITIVE_INFINITY;
    vertices.forEach((v, i) => {
      const c = cost(at(v));
      if (c < lowest) [lowest, found] = [c, i];
    });
    return found;
  };
  const nearest = (target: Vec3) => best((p) => Math.hypot(p[0] - target[0], p[1] - target[1], p[2] - target[2]));
  const both = (find: (side: 1 | -1) => number): Record<Side, number> => ({ L: find(1), R: find(-1) });
  const foot = ([x, y, z]: Vec3) => both((side) => nearest([side * x, y, z]));
  return {
    face: FACE.map(nearest),
    nose: nearest([0, 6.94, 1.68]),
    // The ear's outermost point, between the heights of nose and brow.
    ears: both((side) => best((p) => (p[1] > 6.7 && p[1] < 7.6 ? -side * p[0] : 10))),
    heels: foot(FEET.heels),
    bigToes: foot(FEET.bigToes),
    smallToes: foot(FEET.smallToes),
    crown: best((p) => -p[1]),
  };
}
