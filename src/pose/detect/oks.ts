// Object keypoint similarity of COCO: how close two poses are, in units of what annotators disagree about.
import { areaOf, type Box, boxOf, type Keypoint } from '../person.js';

/** Per-point standard deviations of annotators, from COCO's evaluation; twice these are the constants k_i. */
export const COCO_SIGMAS = [
  0.026, 0.025, 0.025, 0.035, 0.035, 0.079, 0.079, 0.072, 0.072, 0.062, 0.062, 0.107, 0.107, 0.087, 0.087, 0.089, 0.089,
] as const;

/**
 * OKS in [0, 1] of 17 points against 17 true ones, over the true points that are known (score > 0).
 * @param areaPx area of the true person in square pixels
 */
export function oks(points: readonly Keypoint[], truth: readonly Keypoint[], { areaPx }: { areaPx: number }): number {
  let sum = 0;
  let count = 0;
  COCO_SIGMAS.forEach((sigma, k) => {
    if (truth[k].score <= 0) return;
    const squared = (points[k].x - truth[k].x) ** 2 + (points[k].y - truth[k].y) ** 2;
    sum += Math.exp(-squared / (2 * Math.max(areaPx, 1) * (2 * sigma) ** 2));
    count++;
  });
  return count === 0 ? 0 : sum / count;
}

/** Whether two of a detector's poses are the same person: the usual threshold on OKS over the surer one's own box. */
export function isSamePerson(a: readonly Keypoint[], b: readonly Keypoint[], fallback: Box): boolean {
  const box = boxOf(b.slice(0, COCO_SIGMAS.length), 0.2) ?? fallback;
  return oks(a, b, { areaPx: Math.max(areaOf(box), 0.3 * areaOf(fallback)) * 0.6 }) > 0.5;
}
