// Structural similarity of two pictures (Wang et al. 2004), in the conventions that published numbers were made with.
import { ContrappostoError } from '../core/errors.js';
import type { Image } from '../core/image.js';
import { type Planes, planesOf, requireSamePlanes } from './picture-planes.js';

/** What implementations of SSIM differ in. */
export interface SsimConvention {
  window: 'gaussian' | 'uniform';
  /** The window has `2 radius + 1` taps. */
  radiusPx: number;
  /** How the picture goes on beyond its border: with its last pixel repeated (`symmetric`) or not (`reflect`). */
  border: 'symmetric' | 'reflect';
  /** Border of the map that is left out of the mean. */
  cropPx: number;
  /** Variances over n - 1 rather than n. */
  sampleCovariance: boolean;
  /** L: the values' range as given by the caller, or max - min of the first picture. */
  range: 'given' | 'of-first';
}

/**
 * `strict` is that of scikit-image with Gaussian weights, and our default; `parity` is PATN's evaluation (13 taps and the
 * generated picture's own range: give that one first); `torchmetrics` averages the whole map; `uniform` is scikit-image's
 * default. Numbers of two conventions must not be compared.
 */
export const SSIM_CONVENTIONS = {
  strict: gaussian({ radiusPx: 5, border: 'symmetric', cropPx: 5, range: 'given' }),
  parity: gaussian({ radiusPx: 6, border: 'symmetric', cropPx: 5, range: 'of-first' }),
  torchmetrics: gaussian({ radiusPx: 5, border: 'reflect', cropPx: 0, range: 'given' }),
  uniform: { window: 'uniform', radiusPx: 3, border: 'symmetric', cropPx: 3, sampleCovariance: true, range: 'given' },
} as const satisfies Record<string, SsimConvention>;

export type SsimName = keyof typeof SSIM_CONVENTIONS;

function gaussian(rest: Pick<SsimConvention, 'radiusPx' | 'border' | 'cropPx' | 'range'>): SsimConvention {
  return { window: 'gaussian', sampleCovariance: false, ...rest };
}

/** Standard deviation of the Gaussian window (Wang et al., section III-B). */
const SIGMA_PX = 1.5;
/** K1 and K2 of the paper's equation 13. */
const [K1, K2] = [0.01, 0.03];

export interface SsimOptions {
  /** Default `strict`. */
  convention?: SsimName | SsimConvention;
}

/**
 * `(2 m_x m_y + C1) (2 s_xy + C2) / ((m_x^2 + m_y^2 + C1) (s_x^2 + s_y^2 + C2))` with `C = (K L)^2`, averaged over the map
 * and the three channels, in [-1, 1]. Equal pictures give 1. The `parity` range of one-coloured first pictures is 0, which
 * gives NaN where both are flat: PATN's script does the same.
 *
 * @param a the generated picture
 * @throws `shape` for pictures of two sizes or smaller than the window
 */
export function ssim(a: Image, b: Image, options: SsimOptions = {}): number {
  return ssimOfPlanes(planesOf(a), planesOf(b), { ...options, range: 255 });
}

/**
 * `ssim` of numbers that are not bytes.
 * @param options.range L: 1 for values in [0, 1]; not used where the convention takes the first picture's
 * @throws `shape` as `ssim`, `invalid-input` for NaN or infinity
 */
export function ssimOfPlanes(a: Planes, b: Planes, options: SsimOptions & { range: number }): number {
  const { convention = 'strict' } = options;
  const rules: SsimConvention = typeof convention === 'string' ? SSIM_CONVENTIONS[convention] : convention;
  requireSamePlanes('SSIM', a, b);
  const taps = 2 * rules.radiusPx + 1;
  if (Math.min(a.widthPx, a.heightPx) < Math.max(taps, 2 * rules.cropPx + 1)) {
    throw new ContrappostoError('shape', {
      operation: 'SSIM',
      expected: `pictures of at least ${taps} x ${taps}, the window's size`,
      got: `${a.widthPx} x ${a.heightPx}`,
    });
  }
  const size = { width: a.widthPx, height: a.heightPx };
  const plane = size.width * size.height;
  const range = rules.range === 'given' ? options.range : rangeOf(a.data);
  let sum = 0;
  for (let c = 0; c < a.channels; c++) {
    const [x, y] = [a, b].map((picture) => channelOf(picture, { c, plane }));
    sum += meanOfMap(x, y, { size, rules, range });
  }
  return sum / a.channels;
}

interface Size {
  width: number;
  height: number;
}

function meanOfMap(
  x: Float64Array,
  y: Float64Array,
  { size, rules, range }: { size: Size; rules: SsimConvention; range: number },
): number {
  const taps = windowOf(rules);
  const blur = (values: Float64Array) => blurred(values, { size, taps, border: rules.border });
  const product = (p: Float64Array, q: Float64Array) => {
    const out = new Float64Array(p.length);
    for (let i = 0; i < p.length; i++) out[i] = p[i] * q[i];
    return out;
  };
  const [mx, my, xx, yy, xy] = [x, y, product(x, x), product(y, y), product(x, y)].map(blur);
  const samples = taps.length ** 2;
  const unbias = rules.sampleCovariance ? samples / (samples - 1) : 1;
  const [c1, c2] = [(K1 * range) ** 2, (K2 * range) ** 2];
  const { cropPx } = rules;
  let sum = 0;
  for (let row = cropPx; row < size.height - cropPx; row++) {
    for (let i = row * size.width + cropPx; i < (row + 1) * size.width - cropPx; i++) {
      const means = mx[i] * my[i];
      const squares = mx[i] ** 2 + my[i] ** 2;
      const covariance = unbias * (xy[i] - means);
      const variances = unbias * (xx[i] + yy[i] - squares);
      sum += ((2 * means + c1) * (2 * covariance + c2)) / ((squares + c1) * (variances + c2));
    }
  }
  return sum / ((size.height - 2 * cropPx) * (size.width - 2 * cropPx));
}

function windowOf({ window, radiusPx }: SsimConvention): Float64Array {
  const weight = (i: number) => (window === 'uniform' ? 1 : Math.exp(-((i - radiusPx) ** 2) / (2 * SIGMA_PX ** 2)));
  const taps = Float64Array.from({ length: 2 * radiusPx + 1 }, (_, i) => weight(i));
  const total = taps.reduce((a, b) => a + b);
  return taps.map((v) => v / total);
}

/** Both directions of a separable window, one after the other. */
function blurred(
  values: Float64Array,
  { size, taps, border }: { size: Size; taps: Float64Array; border: SsimConvention['border'] },
): Float64Array {
  const { width, height } = size;
  const radius = (taps.length - 1) / 2;
  const [rows, out] = [new Float64Array(values.length), new Float64Array(values.length)];
  const across = placesAround(width, { radius, border });
  const line = new Float64Array(across.length);
  for (let y = 0; y < values.length; y += width) {
    for (let k = 0; k < line.length; k++) line[k] = values[y + across[k]];
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let t = 0; t < taps.length; t++) sum += taps[t] * line[x + t];
      rows[y + x] = sum;
    }
  }
  const down = placesAround(height, { radius, border });
  for (let y = 0; y < height; y++) {
    for (let t = 0; t < taps.length; t++) {
      const [tap, from, to] = [taps[t], down[y + t] * width, y * width];
      for (let x = 0; x < width; x++) out[to + x] += tap * rows[from + x];
    }
  }
  return out;
}

/** Indices of a line that goes on for `radius` beyond both ends. */
function placesAround(
  length: number,
  { radius, border }: { radius: number; border: SsimConvention['border'] },
): Int32Array {
  const skip = border === 'reflect' ? 1 : 0;
  return Int32Array.from({ length: length + 2 * radius }, (_, k) => {
    const i = k - radius;
    if (i < 0) return -i - 1 + skip;
    return i < length ? i : 2 * length - 1 - skip - i;
  });
}

/** Channel c as doubles, which the loops above are fast on. */
function channelOf({ data }: Planes, { c, plane }: { c: number; plane: number }): Float64Array {
  if (data instanceof Float64Array) return data.subarray(c * plane, (c + 1) * plane);
  const out = new Float64Array(plane);
  for (let i = 0; i < plane; i++) out[i] = data[c * plane + i];
  return out;
}

function rangeOf(values: ArrayLike<number>): number {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i]);
    high = Math.max(high, values[i]);
  }
  return high - low;
}
