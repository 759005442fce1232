// COCO's average precision, where every picture holds one true object and where it holds several.
import { ContrappostoError } from '../core/errors.js';
import { requireFinite } from './check-input.js';

/** What was found in one picture. */
export interface Found {
  /** OKS or IoU with the picture's true object, in [0, 1]. */
  similarity: number;
  /** Confidence; only the order matters. */
  score: number;
}

export interface AveragePrecision {
  /** Mean over the thresholds 0.5, 0.55, ... 0.95, in [0, 1]. */
  ap: number;
  /** Mean over the thresholds of the share of true objects that were found; does not depend on scores. */
  matched: number;
  /** Pictures. */
  count: number;
}

/** COCO's thresholds, recalls and limit of detections (Lin et al. 2014; keypoints: at most 20). */
const THRESHOLDS = Array.from({ length: 10 }, (_, i) => (50 + 5 * i) / 100);
const RECALLS = Array.from({ length: 101 }, (_, i) => i / 100);
const MAX_DETECTIONS = 20;

/**
 * For each threshold, detections in falling order of score, equal scores in the pictures' order: the first of a picture
 * that reaches the threshold is right, all others are wrong. AP is the mean over 101 recalls of the highest precision at
 * that recall or a higher one.
 *
 * @param pictures what was found in each; an empty list is a missed object
 * @throws `invalid-input` without pictures or for NaN
 */
export function averagePrecision(pictures: readonly (readonly Found[])[]): AveragePrecision {
  return averagePrecisionOfMany(
    pictures.map((found) => ({
      truths: 1,
      found: found.map(({ similarity, score }) => ({ similarities: [similarity], score })),
    })),
  );
}

/** What was found in a picture with any number of true objects. */
export interface FoundAmongMany {
  /** OKS or IoU with each of the picture's true objects, in [0, 1]. */
  similarities: readonly number[];
  /** Confidence; only the order matters. */
  score: number;
  /** It lies on something that is there and not annotated (a crowd): where it matches nothing, it is not wrong either. */
  isIgnorable?: boolean;
}

/**
 * As `averagePrecision`, with any number of true objects in a picture: a detection takes the most similar one that no
 * surer detection has taken.
 *
 * @throws `invalid-input` without a true object or for NaN, `shape` for other than `truths` similarities
 */
export function averagePrecisionOfMany(
  pictures: readonly { truths: number; found: readonly FoundAmongMany[] }[],
): AveragePrecision {
  const total = pictures.reduce((sum, { truths }) => sum + truths, 0);
  if (total === 0) {
    throw new ContrappostoError('invalid-input', {
      operation: 'average precision',
      expected: 'at least one picture with a true object',
      got: 'none',
    });
  }
  const ranked = pictures
    .flatMap(({ truths, found }, picture) => firstOf(found, truths).map((one) => ({ ...one, picture })))
    .sort((a, b) => b.score - a.score);
  let [ap, matched] = [0, 0];
  for (const threshold of THRESHOLDS) {
    const taken = new Set<string>();
    const right = ranked.flatMap(({ similarities, picture, isIgnorable }): boolean[] => {
      const free = similarities.map((s, i) => (taken.has(`${picture} ${i}`) ? -1 : s));
      const best = free.indexOf(Math.max(...free));
      if (best < 0 || free[best] < threshold) return isIgnorable ? [] : [false];
      taken.add(`${picture} ${best}`);
      return [true];
    });
    ap += interpolated(right, total);
    matched += taken.size / total;
  }
  return { ap: ap / THRESHOLDS.length, matched: matched / THRESHOLDS.length, count: pictures.length };
}

function firstOf(found: readonly FoundAmongMany[], truths: number): FoundAmongMany[] {
  const operation = 'average precision';
  for (const { similarities, score } of found) {
    requireFinite(operation, [...similarities, score]);
    if (similarities.length === truths) continue;
    const got = `${similarities.length}`;
    throw new ContrappostoError('shape', { operation, expected: `${truths} similarities`, got });
  }
  return found.toSorted((a, b) => b.score - a.score).slice(0, MAX_DETECTIONS);
}

function interpolated(right: readonly boolean[], total: number): number {
  const [recall, precision]: [number[], number[]] = [[], []];
  let hits = 0;
  right.forEach((isRight, i) => {
    if (isRight) hits++;
    recall.push(hits / total);
    precision.push(hits / (i + 1));
  });
  for (let i = precision.length - 2; i >= 0; i--) precision[i] = Math.max(precision[i], precision[i + 1]);
  let [sum, at] = [0, 0];
  for (const wanted of RECALLS) {
    while (at < recall.length && recall[at] < wanted) at++;
    sum += precision[at] ?? 0;
  }
  return sum / RECALLS.length;
}
