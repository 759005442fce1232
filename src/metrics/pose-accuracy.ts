// How well the poses in generated pictures are those that were asked for: DAP and MPJPE of Giving a Hand.
import { ContrappostoError } from '../core/errors.js';
import { WHOLEBODY } from '../pose/formats.js';
import { areaOf, boxOf, type Keypoint } from '../pose/person.js';
import { type AveragePrecision, averagePrecision, type Found } from './average-precision.js';
import { requireFinite, requireSameLength } from './check-input.js';
import { handPoints, keypointSimilarity } from './keypoint-similarity.js';

export interface DetectedPoseAccuracy {
  /** 133 points as one object, its area that of the box around the true points. */
  wholeBody?: AveragePrecision;
  /** The 42 points of the hands as one object, with the person's area. */
  hands?: AveragePrecision;
  /** The same with the area of the box around those 42 points: much harder. */
  handsStrict?: AveragePrecision;
}

/** Collects one picture after another; keeps three numbers of each. */
export interface DetectedPoseSums {
  /**
   * @param truth 133 points
   * @param predicted 133 points; undefined or none known: nobody was detected
   * Throws `shape` for other numbers of points, `invalid-input` for NaN.
   */
  add(truth: readonly Keypoint[], predicted: readonly Keypoint[] | undefined): void;
  /** A part is absent when no picture had true points of it. */
  result(): DetectedPoseAccuracy;
}

/**
 * DAP: average precision by OKS, one true person a picture. A detection's score is the mean score of its points, equal ones
 * in the order of pictures; AP depends on that, `matched` does not (specification of Giving a Hand, 8.1).
 */
export function detectedPoseSums(): DetectedPoseSums {
  const found = { wholeBody: [] as Found[][], hands: [] as Found[][], handsStrict: [] as Found[][] };
  return {
    add(truth, predicted) {
      requireWholeBody(truth);
      if (predicted) requireWholeBody(predicted);
      const person = pointsArea(truth);
      const hands = handPoints(truth);
      const predictedHands = predicted && handPoints(predicted);
      keep(found.wholeBody, { truth, predicted, areaPx: person });
      keep(found.hands, { truth: hands, predicted: predictedHands, areaPx: person });
      keep(found.handsStrict, { truth: hands, predicted: predictedHands, areaPx: pointsArea(hands) });
    },
    result() {
      const entries = Object.entries(found).filter(([, pictures]) => pictures.length > 0);
      return Object.fromEntries(entries.map(([part, pictures]) => [part, averagePrecision(pictures)]));
    },
  };
}

interface Compared {
  truth: readonly Keypoint[];
  predicted: readonly Keypoint[] | undefined;
  areaPx: number;
}

function keep(pictures: Found[][], { truth, predicted, areaPx }: Compared): void {
  if (!truth.some(isKnown)) return;
  const known = predicted?.filter(isKnown) ?? [];
  if (!predicted || known.length === 0) {
    pictures.push([]);
    return;
  }
  const score = known.reduce((sum, point) => sum + point.score, 0) / known.length;
  requireFinite('DAP', [score]);
  pictures.push([{ similarity: keypointSimilarity(predicted, truth, { areaPx }) ?? 0, score }]);
}

/** Errors of one picture in shares of its width and height; a share of 0.01 is 5 pixels of 512. */
export interface JointError {
  /** Over all true points that are known, missing ones put at (0, 0). */
  mpjpe: number;
  /** Over the points that both know; undefined when there are none. */
  matched?: number;
  /** Share of the true points that were predicted at all. */
  detected: number;
}

/**
 * Mean distance of joints with x divided by the picture's width and y by its height, neither aligned nor centred
 * (specification of Giving a Hand, 8.2); average it over pictures.
 *
 * @param points undefined when nobody was detected
 * @returns undefined when no true point is known
 * @throws `shape` for two numbers of points, `invalid-input` for NaN or a picture without size
 */
export function jointError(
  points: readonly Keypoint[] | undefined,
  truth: readonly Keypoint[],
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
): JointError | undefined {
  if (!(widthPx > 0 && heightPx > 0)) {
    throw new ContrappostoError('invalid-input', {
      operation: 'MPJPE',
      expected: 'the size of the picture',
      got: `${widthPx} x ${heightPx}`,
    });
  }
  if (points) requireSameLength('MPJPE', truth, points);
  let [all, both, known, matched] = [0, 0, 0, 0];
  truth.forEach((at, i) => {
    if (!isKnown(at)) return;
    const point = points?.[i];
    const isThere = point !== undefined && isKnown(point);
    const [x, y] = isThere ? [point.x, point.y] : [0, 0];
    const error = Math.hypot((x - at.x) / widthPx, (y - at.y) / heightPx);
    known++;
    all += error;
    if (!isThere) return;
    matched++;
    both += error;
  });
  requireFinite('MPJPE', [all]);
  if (known === 0) return undefined;
  return { mpjpe: all / known, detected: matched / known, ...(matched > 0 && { matched: both / matched }) };
}

function isKnown(point: Keypoint): boolean {
  return point.score > 0;
}

function pointsArea(points: readonly Keypoint[]): number {
  const box = boxOf(points);
  return box ? areaOf(box) : 0;
}

function requireWholeBody(points: readonly Keypoint[]): void {
  if (points.length === WHOLEBODY.count) return;
  throw new ContrappostoError('shape', { operation: 'DAP', expected: '133 points', got: `${points.length}` });
}
