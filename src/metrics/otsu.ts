// Otsu's threshold (1979): where a map splits best into dark and bright.
import { ContrappostoError } from '../core/errors.js';
import { requireAtLeast, requireFinite } from './check-input.js';

const BINS = 256;

/**
 * The first of 256 grey values t that maximises `w_b w_f (m_b - m_f)^2`, values up to t being background.
 *
 * @param values whole numbers in 0..255
 * @returns undefined when all values are equal, since nothing can be split then
 * @throws `invalid-input` for other values or none
 */
export function otsuThreshold(values: ArrayLike<number>): number | undefined {
  const histogram = histogramOf(values);
  const total = values.length;
  const weighted = histogram.reduce((sum, count, v) => sum + count * v, 0);
  let best = { t: -1, apart: 0 };
  let [count, sum] = [0, 0];
  for (let t = 0; t < BINS - 1; t++) {
    count += histogram[t];
    sum += histogram[t] * t;
    if (count === 0 || count === total) continue;
    const apart = count * (total - count) * (sum / count - (weighted - sum) / (total - count)) ** 2;
    if (apart > best.apart) best = { t, apart };
  }
  return best.t < 0 ? undefined : best.t;
}

/**
 * The bright part of a map, such as attention: stretched to 0..255, cut to whole numbers, above Otsu's threshold.
 *
 * @param map any finite numbers
 * @returns 1 for bright and 0 for dark, as long as the map; undefined for a constant map
 * @throws `invalid-input` for NaN, infinity or an empty map
 */
export function otsuForeground(map: ArrayLike<number>): Uint8Array | undefined {
  requireAtLeast('Otsu threshold', map, { count: 1, what: 'values' });
  requireFinite('Otsu threshold', map);
  const values = Float64Array.from(map);
  const low = values.reduce((a, b) => Math.min(a, b));
  const span = values.reduce((a, b) => Math.max(a, b)) - low;
  if (span === 0) return undefined;
  const grey = Uint8Array.from(values, (v) => Math.trunc(((v - low) / span) * 255));
  const threshold = otsuThreshold(grey);
  return threshold === undefined ? undefined : grey.map((v) => (v > threshold ? 1 : 0));
}

function histogramOf(values: ArrayLike<number>): Float64Array {
  requireAtLeast('Otsu threshold', values, { count: 1, what: 'values' });
  const histogram = new Float64Array(BINS);
  for (let i = 0; i < values.length; i++) {
    if (Number.isInteger(values[i]) && values[i] >= 0 && values[i] < BINS) histogram[values[i]]++;
    else {
      throw new ContrappostoError('invalid-input', {
        operation: 'Otsu threshold',
        expected: 'whole numbers in 0..255',
        got: `${values[i]} at index ${i}`,
        hint: 'otsuForeground takes maps of any range',
      });
    }
  }
  return histogram;
}
