// Object keypoint similarity (OKS) for bodies, hands and whole bodies.
import { ContrappostoError } from '../core/errors.js';
import { COCO_SIGMAS } from '../pose/detect/oks.js';
import { WHOLEBODY } from '../pose/formats.js';
import type { Keypoint } from '../pose/person.js';
import { requireFinite, requireSameLength } from './check-input.js';

/** Feet, face and hand of COCO-WholeBody (Jin et al. 2020); the body's are COCO's own. */
const FEET = [0.068, 0.066, 0.066, 0.092, 0.094, 0.094];
const JAW = [
  0.042, 0.043, 0.044, 0.043, 0.04, 0.035, 0.031, 0.025, 0.02, 0.023, 0.029, 0.032, 0.037, 0.038, 0.043, 0.041, 0.045,
];
const BROWS = [0.013, 0.012, 0.011, 0.011, 0.012, 0.012, 0.011, 0.011, 0.013, 0.015];
const NOSE = [0.009, 0.007, 0.007, 0.007, 0.012, 0.009, 0.008, 0.016, 0.01];
const EYES = [0.017, 0.011, 0.009, 0.011, 0.009, 0.007, 0.013, 0.008, 0.011, 0.012, 0.01, 0.034];
const OUTER_LIPS = [0.008, 0.008, 0.009, 0.008, 0.008, 0.007, 0.01, 0.008, 0.009, 0.009, 0.009, 0.007];
const INNER_LIPS = [0.007, 0.008, 0.011, 0.008, 0.008, 0.008, 0.01, 0.008];
const HAND = [
  0.029, 0.022, 0.035, 0.037, 0.047, 0.026, 0.025, 0.024, 0.035, 0.018, 0.024, 0.022, 0.026, 0.017, 0.021, 0.021, 0.032,
  0.02, 0.019, 0.022, 0.031,
];

/** How far annotators of COCO-WholeBody disagree about each of the 133 points, in units of the person's size. */
export const WHOLEBODY_SIGMAS: readonly number[] = [
  ...COCO_SIGMAS,
  ...FEET,
  ...[...JAW, ...BROWS, ...NOSE, ...EYES, ...OUTER_LIPS, ...INNER_LIPS],
  ...HAND,
  ...HAND,
];

/** The sigmas of the layouts that are told by their number of points: body, hand, both hands, whole body. */
const SIGMAS_BY_COUNT = new Map<number, readonly number[]>(
  [COCO_SIGMAS, HAND, [...HAND, ...HAND], WHOLEBODY_SIGMAS].map((sigmas) => [sigmas.length, sigmas]),
);

/** The 42 points of both hands of 133. Throws `shape` for another number. */
export function handPoints(points: readonly Keypoint[]): Keypoint[] {
  if (points.length !== WHOLEBODY.count) {
    throw new ContrappostoError('shape', {
      operation: 'hands of a pose',
      expected: '133 points',
      got: `${points.length}`,
    });
  }
  return points.slice(WHOLEBODY.leftHand.start, WHOLEBODY.rightHand.end);
}

/**
 * `sum_i exp(-d_i^2 / (2 s^2 k_i^2)) / n` over the n true points that are known, `k_i = 2 sigma_i`, `s^2` the area; in
 * [0, 1]. A point that is missing in the prediction lies at (0, 0), so it costs nearly all of its share.
 *
 * @param points, truth 17 (body), 21 (hand), 42 (both hands) or 133 points; of other numbers with `sigmas`
 * @param options.areaPx of the true person, in square pixels
 * @returns undefined when no true point is known
 * @throws `shape` for two numbers of points or one without sigmas, `invalid-input` for NaN
 */
export function keypointSimilarity(
  points: readonly Keypoint[],
  truth: readonly Keypoint[],
  options: { areaPx: number; sigmas?: readonly number[] },
): number | undefined {
  requireSameLength('OKS', truth, points);
  const { areaPx, sigmas = SIGMAS_BY_COUNT.get(truth.length) } = options;
  if (sigmas?.length !== truth.length) {
    throw new ContrappostoError('shape', {
      operation: 'OKS',
      expected: sigmas ? `${sigmas.length} points` : `${[...SIGMAS_BY_COUNT.keys()].join(', ')} points`,
      got: `${truth.length}`,
    });
  }
  let [sum, count] = [0, 0];
  truth.forEach((at, i) => {
    if (!(at.score > 0)) return;
    const variance = (areaPx + Number.EPSILON) * (2 * sigmas[i]) ** 2;
    sum += Math.exp(-(offset(points[i], at) ** 2) / (2 * variance));
    count++;
  });
  requireFinite('OKS', [sum]);
  return count === 0 ? undefined : sum / count;
}

/** Distance in pixels, a missing point being at (0, 0). */
export function offset(point: Keypoint, truth: Keypoint): number {
  return point.score > 0 ? Math.hypot(point.x - truth.x, point.y - truth.y) : Math.hypot(truth.x, truth.y);
}
