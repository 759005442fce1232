// The mean of numbers that come one after another.
import { ContrappostoError } from '../core/errors.js';
import { requireFinite } from './check-input.js';

/** What a measure came to over a set of pictures. */
export interface MeanScore {
  mean: number;
  /** Sample deviation; 0 for one value. */
  deviation: number;
  /** Values that went in. */
  count: number;
  /** Pictures that could not be measured and are not in the mean, e.g. those without annotated joints. */
  skipped: number;
}

export interface RunningMean {
  /** `undefined` counts as skipped. Throws `invalid-input` for NaN and infinity, which must not vanish in a mean. */
  add(value: number | undefined): void;
  /** Throws `invalid-input` when nothing was added. */
  result(): MeanScore;
}

/** Mean and deviation in one pass (Welford 1962). @param operation names the measure in errors */
export function runningMean(operation: string): RunningMean {
  let [mean, squares, count, skipped] = [0, 0, 0, 0];
  return {
    add(value) {
      if (value === undefined) {
        skipped++;
        return;
      }
      requireFinite(operation, [value]);
      const before = value - mean;
      mean += before / ++count;
      squares += before * (value - mean);
    },
    result() {
      if (count > 0) return { mean, deviation: count > 1 ? Math.sqrt(squares / (count - 1)) : 0, count, skipped };
      throw new ContrappostoError('invalid-input', {
        operation,
        expected: 'at least one picture that can be measured',
        got: skipped > 0 ? `${skipped} that cannot` : 'none',
      });
    },
  };
}
