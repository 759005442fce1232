// Jensen-Shannon distance of two distributions (Endres and Schindelin 2003).
import { ContrappostoError } from '../core/errors.js';
import { requireFinite, requireSameLength } from './check-input.js';

/**
 * `sqrt((KL(p || m) + KL(q || m)) / 2)` with `m = (p + q) / 2`; both are scaled to sum 1 first. A metric in [0, 1] for base
 * 2, in [0, sqrt(ln 2)] for base e.
 *
 * @param options.base of the logarithm, default 2
 * @throws `shape` for two lengths, `invalid-input` for NaN, negative values or a sum of 0
 */
export function jensenShannonDistance(
  p: ArrayLike<number>,
  q: ArrayLike<number>,
  { base = 2 }: { base?: number } = {},
): number {
  requireSameLength('Jensen-Shannon distance', p, q);
  const [a, b] = [distribution(p), distribution(q)];
  let divergence = 0;
  a.forEach((v, i) => {
    const middle = (v + b[i]) / 2;
    divergence += (relative(v, middle) + relative(b[i], middle)) / 2;
  });
  // rounding may leave -1e-17 for equal distributions
  return Math.sqrt(Math.max(0, divergence) / Math.log(base));
}

function relative(v: number, middle: number): number {
  return v > 0 ? v * Math.log(v / middle) : 0;
}

function distribution(values: ArrayLike<number>): Float64Array {
  const operation = 'Jensen-Shannon distance';
  requireFinite(operation, values);
  const out = Float64Array.from(values);
  const total = out.reduce((a, b) => a + b, 0);
  if (!(total > 0) || out.some((v) => v < 0)) {
    throw new ContrappostoError('invalid-input', {
      operation,
      expected: 'probabilities: none negative, not all 0',
      got: `a sum of ${total}`,
    });
  }
  return out.map((v) => v / total);
}
