// Intervals of means by the bootstrap (Efron 1979; percentile method): how far the mean would move with other cases.
import { Philox } from '../core/random.js';

export interface Interval {
  mean: number;
  /** Limits of the middle 95 %; null for fewer than two values. */
  low: number | null;
  high: number | null;
}

const RESAMPLES = 2000;
const TAIL = 0.025;

/** Draws cases again and again with a seed of its own: equal numbers of values are drawn alike. */
export class Bootstrap {
  readonly #draws = new Map<number, Uint32Array>();

  constructor(private readonly options: { seed?: number; resamples?: number } = {}) {}

  /**
   * Mean of `values`, one a case, with the interval in which it lies in 95 % of the resamples. Pictures of one case with
   * other seeds are alike, so they are to be averaged before: cases are what is drawn.
   */
  interval(values: readonly number[]): Interval {
    const count = values.length;
    const mean = meanOf(values);
    if (count < 2) return { mean, low: null, high: null };
    const { resamples = RESAMPLES } = this.options;
    const draws = this.#drawsFor(count);
    const means = new Float64Array(resamples);
    for (let r = 0; r < resamples; r++) {
      let sum = 0;
      for (let i = r * count; i < (r + 1) * count; i++) sum += values[draws[i]];
      means[r] = sum / count;
    }
    means.sort();
    return { mean, low: quantile(means, TAIL), high: quantile(means, 1 - TAIL) };
  }

  #drawsFor(count: number): Uint32Array {
    const known = this.#draws.get(count);
    if (known) return known;
    const { seed = 0, resamples = RESAMPLES } = this.options;
    const source = new Philox(seed, count);
    const draws = Uint32Array.from({ length: count * resamples }, () => Math.floor(source.uniform() * count));
    this.#draws.set(count, draws);
    return draws;
  }
}

/** NaN without values. */
export function meanOf(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Between two sorted values in proportion. */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  return sorted[below] + (at - below) * (sorted[Math.min(below + 1, sorted.length - 1)] - sorted[below]);
}
