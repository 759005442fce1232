// Shares of correct keypoints: PCK, PCKh as MPII defines it, and PCKh as PATN does.
import { ContrappostoError } from '../core/errors.js';
import { areaOf, type Box, boxOf, distance, type Keypoint } from '../pose/person.js';
import { requireFinite, requireSameLength } from './check-input.js';

/** Of one picture; sums of both are pooled over pictures. */
export interface CorrectPoints {
  correct: number;
  /** True points that are known. */
  counted: number;
}

/**
 * PCK (Yang and Ramanan 2013): points at most `alpha * referencePx` from the truth. A missing point is wrong.
 *
 * @param options.referencePx usually the longer side of the person's box, or the torso's length
 * @param options.alpha default 0.1
 * @throws `shape` for two numbers of points, `invalid-input` for NaN or a reference of 0
 */
export function correctKeypoints(
  points: readonly Keypoint[],
  truth: readonly Keypoint[],
  { referencePx, alpha = 0.1 }: { referencePx: number; alpha?: number },
): CorrectPoints {
  if (!(referencePx > 0 && alpha > 0)) {
    throw new ContrappostoError('invalid-input', {
      operation: 'PCK',
      expected: 'a length and a share above 0',
      got: `${referencePx} and ${alpha}`,
    });
  }
  return count(points, truth, (point, at) => distance(point, at) <= alpha * referencePx);
}

/** Of the diagonal of the head's box, which MPII's evaluation takes for the head's length. */
const MPII_HEAD_SHARE = 0.6;

/** PCKh at 0.5 of the head's length (Andriluka et al. 2014), by Euclidean distance. Throws as `correctKeypoints`. */
export function correctByMpiiHead(
  points: readonly Keypoint[],
  truth: readonly Keypoint[],
  { head, alpha = 0.5 }: { head: Box; alpha?: number },
): CorrectPoints {
  const referencePx = MPII_HEAD_SHARE * Math.hypot(head[2] - head[0], head[3] - head[1]);
  return correctKeypoints(points, truth, { referencePx, alpha });
}

/** Nose, neck, eyes and ears of the 18 points. */
const HEAD_POINTS = [0, 1, 14, 15, 16, 17];

/**
 * PATN's PCKh: a point is right when it is closer than half the head box's width in x and half its height in y, the box
 * being the tight one of the true nose, neck, eyes and ears that are known.
 *
 * @param points, truth OpenPose's 18 points
 * @param options.mode `parity` keeps heads without width or height, where nothing can be right; `strict` (default) skips them
 * @returns undefined for a picture that is skipped, also for fewer than two known points of the head
 * @throws `shape` for another number of points, `invalid-input` for NaN
 */
export function correctByPatnHead(
  points: readonly Keypoint[],
  truth: readonly Keypoint[],
  { mode = 'strict' }: { mode?: 'strict' | 'parity' } = {},
): CorrectPoints | undefined {
  if (truth.length !== 18) {
    throw new ContrappostoError('shape', { operation: 'PCKh', expected: '18 points', got: `${truth.length}` });
  }
  const head = HEAD_POINTS.map((i) => truth[i]).filter((point) => point.score > 0);
  const box = boxOf(head);
  if (!box || head.length < 2 || (mode === 'strict' && areaOf(box) === 0)) return undefined;
  const [halfWidth, halfHeight] = [(box[2] - box[0]) / 2, (box[3] - box[1]) / 2];
  return count(points, truth, (point, at) => {
    return Math.abs(point.x - at.x) < halfWidth && Math.abs(point.y - at.y) < halfHeight;
  });
}

/** All pictures' points together, in [0, 1]. Throws `invalid-input` when no true point was known. */
export function pooledShare(pictures: readonly (CorrectPoints | undefined)[]): { share: number; skipped: number } {
  const measured = pictures.filter((picture) => picture !== undefined);
  const counted = measured.reduce((sum, picture) => sum + picture.counted, 0);
  if (counted === 0) {
    throw new ContrappostoError('invalid-input', {
      operation: 'share of correct points',
      expected: 'at least one known true point',
      got: `none in ${pictures.length} pictures`,
    });
  }
  const correct = measured.reduce((sum, picture) => sum + picture.correct, 0);
  return { share: correct / counted, skipped: pictures.length - measured.length };
}

function count(
  points: readonly Keypoint[],
  truth: readonly Keypoint[],
  isRight: (point: Keypoint, at: Keypoint) => boolean,
): CorrectPoints {
  requireSameLength('correct keypoints', truth, points);
  let [correct, counted] = [0, 0];
  truth.forEach((at, i) => {
    if (!(at.score > 0)) return;
    requireFinite('correct keypoints', [at.x, at.y, points[i].score, points[i].x, points[i].y]);
    counted++;
    if (points[i].score > 0 && isRight(points[i], at)) correct++;
  });
  return { correct, counted };
}
