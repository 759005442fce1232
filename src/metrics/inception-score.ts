// Inception Score (Salimans et al. 2016): how sure a classifier is of each picture, and how varied of all of them.
import { ContrappostoError } from '../core/errors.js';
import type { OnProgress } from '../core/progress.js';
import { type Rows, requireFinite, requireRows } from './check-input.js';

export interface InceptionScore {
  /** Mean over the splits, in [1, number of classes]. */
  mean: number;
  /** Population deviation over the splits. */
  deviation: number;
  splits: number;
}

export interface InceptionScoreOptions {
  /** Consecutive parts that are scored alone; default 10, and 1 when there are fewer than 10 pictures (with a warning). */
  splits?: number;
  onProgress?: OnProgress;
}

/** Collects one picture after another in memory that does not grow with their number. */
export interface InceptionScoreSums {
  /** Adds the next picture's logits. Throws `shape`, `invalid-input` (NaN), `usage` after the last of `total`. */
  add(logits: ArrayLike<number>): void;
  /** Throws `usage` before the last of `total`. */
  result(): InceptionScore;
}

/** Below this the splits of the paper would hold less than one picture each. */
const DEFAULT_SPLITS = 10;
/** Smallest probability whose logarithm is taken, as in PATN's evaluation. */
const MIN_PROBABILITY = 1e-12;

/**
 * `mean_k exp(mean_{x in k} KL(p(y|x) || p_k(y)))` over consecutive splits k, `p_k` being the split's mean prediction.
 * Only scores of one classifier compare; PATN's has no bias in its last layer.
 *
 * @param logits [N][classes], before the softmax, in the order of the pictures' names
 * @throws `invalid-input` without pictures, for NaN, or with more splits than pictures; `shape` for rows of several lengths
 */
export function inceptionScore(logits: Rows, options: InceptionScoreOptions = {}): InceptionScore {
  const classes = requireRows('Inception Score', logits, 1);
  const sums = inceptionScoreSums({ ...options, total: logits.length, classes });
  for (const row of logits) sums.add(row);
  return sums.result();
}

/** `inceptionScore` of `total` pictures that come one after another. */
export function inceptionScoreSums(
  options: InceptionScoreOptions & { total: number; classes: number },
): InceptionScoreSums {
  const { total, classes } = options;
  const splits = splitsFor(options);
  const meanPrediction = Array.from({ length: splits }, () => new Float64Array(classes));
  const certainty = new Float64Array(splits);
  const counts = new Float64Array(splits);
  let seen = 0;
  return {
    add(logits) {
      const operation = 'Inception Score';
      if (logits.length !== classes) {
        throw new ContrappostoError('shape', { operation, expected: `${classes} logits`, got: `${logits.length}` });
      }
      requireFinite(operation, logits);
      if (seen === total)
        throw new ContrappostoError('usage', { operation, expected: `${total} pictures`, got: 'more' });
      const split = Math.floor(((seen++ + 1) * splits - 1) / total);
      const p = softmax(logits);
      counts[split]++;
      p.forEach((v, y) => {
        meanPrediction[split][y] += v;
        certainty[split] += v * Math.log(Math.max(v, MIN_PROBABILITY));
      });
    },
    result() {
      if (seen < total) {
        throw new ContrappostoError('usage', {
          operation: 'Inception Score',
          expected: `${total} pictures`,
          got: `${seen}`,
        });
      }
      // mean of KL(p || p_k) = mean of sum p log p, less sum p_k log p_k
      const scores = Array.from(counts, (count, k) => {
        const spread = meanPrediction[k].reduce((sum, v) => sum + xlogx(v / count), 0);
        return Math.exp(certainty[k] / count - spread);
      });
      const mean = scores.reduce((a, b) => a + b) / splits;
      const deviation = Math.sqrt(scores.reduce((sum, v) => sum + (v - mean) ** 2, 0) / splits);
      return { mean, deviation, splits };
    },
  };
}

function splitsFor({ total, splits, onProgress }: InceptionScoreOptions & { total: number }): number {
  const wanted = splits ?? (total < DEFAULT_SPLITS ? 1 : DEFAULT_SPLITS);
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > total) {
    throw new ContrappostoError('invalid-input', {
      operation: 'Inception Score',
      expected: `1 to ${total} splits of ${total} pictures`,
      got: `${wanted}`,
    });
  }
  if (splits === undefined && wanted === 1) {
    onProgress?.({ type: 'warning', message: `Inception Score of ${total} pictures in one split: too few to compare` });
  }
  return wanted;
}

function xlogx(v: number): number {
  return v * Math.log(Math.max(v, MIN_PROBABILITY));
}

function softmax(logits: ArrayLike<number>): Float64Array {
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) highest = Math.max(highest, logits[i]);
  const chances = Float64Array.from(logits, (v) => Math.exp(v - highest));
  const total = chances.reduce((a, b) => a + b);
  return chances.map((v) => v / total);
}
