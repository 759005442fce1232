// Attention maps of chosen tokens as losses read them: the text's columns against each other, then smoothed.
import { ContrappostoError } from '../../core/errors.js';
import { float32, type Tensor } from '../../core/tensor.js';
import { MatMul, Mul, Reshape, Slice, Softmax, Transpose, type Value } from '../../graph/index.js';
import type { Resolution } from './network-control.js';

/** Sharpens probabilities before they compete; of Attend-and-Excite's code, kept by what followed it. */
const TEMPERATURE = 100;

export interface TokenMapOptions {
  resolution: Resolution;
  /** [last - first, objects]: 1 where the column of the text is the object's token; see {@link tokenColumns}. */
  columns: Value;
  /** Columns of the text that compete: from `first` (default 1, without the begin token) up to but not including `last` (default the last one). */
  first?: number;
  last?: number;
  /** Gaussian smoothing; none unless told. */
  smoothing?: Smoothing;
}

export interface Smoothing {
  /** Odd. */
  kernelSize: number;
  sigma: number;
}

/**
 * The maps of the chosen tokens: columns times 100, softmax over the text's columns at each position, smoothed.
 *
 * @param probs mean over heads and layers [1, T, S], T = height * width
 * @returns [objects, height, width] in [0, 1]
 */
export function tokenMaps(probs: Value, options: TokenMapOptions): Value {
  const { resolution, columns, first = 1, last = probs.shape[2] - 1, smoothing } = options;
  const [height, width] = resolution;
  const text = Slice(probs, { starts: [first], ends: [last], axes: [2] }); // [1, T, last - first]
  const competing = Softmax(Mul(text, TEMPERATURE), { axis: -1 });
  const chosen = Transpose(MatMul(competing, columns), [0, 2, 1]); // [1, objects, T]
  const maps = Reshape(chosen, [columns.shape[1], height, width]); // [objects, H, W]
  return smoothing ? smoothed(maps, smoothing) : maps;
}

/** The `columns` of {@link tokenMaps} for these positions of the text [last - first, tokens]. */
export function tokenColumns(tokens: readonly number[], range: { first?: number; last: number }): Tensor {
  const { first = 1, last } = range;
  const data = new Float32Array((last - first) * tokens.length);
  tokens.forEach((token, i) => {
    if (!Number.isInteger(token) || token < first || token >= last) {
      throw new ContrappostoError('invalid-input', {
        operation: 'token maps',
        expected: `positions from ${first} to ${last - 1}`,
        got: `${token}`,
      });
    }
    data[(token - first) * tokens.length + i] = 1;
  });
  return float32(data, [last - first, tokens.length]);
}

/** Smooths [objects, H, W] with reflected borders: a kernel that separates is a product with one matrix an axis. */
function smoothed(maps: Value, smoothing: Smoothing): Value {
  const [, height, width] = maps.shape;
  const { graph } = maps;
  const rows = graph.constant(float32(smoothingMatrix(height, smoothing), [height, height]));
  const columns = graph.constant(float32(smoothingMatrix(width, smoothing), [width, width]));
  return MatMul(MatMul(rows, maps), Transpose(columns, [1, 0]));
}

/**
 * One axis of the kernel, proportional to `exp(-(d / (2 sigma))^2)` and of sum 1. The divisor stands inside the square,
 * as in the published code: its sigma is 1.41 times smaller than it says.
 */
export function smoothingKernel({ kernelSize, sigma }: Smoothing): number[] {
  const middle = (kernelSize - 1) / 2;
  const weights = Array.from({ length: kernelSize }, (_, i) => Math.exp(-(((i - middle) / (2 * sigma)) ** 2)));
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((w) => w / sum);
}

/** [n, n] row-major: row i holds the weights of what cell i becomes, borders reflected without repeating the edge. */
function smoothingMatrix(n: number, smoothing: Smoothing): Float32Array {
  const kernel = smoothingKernel(smoothing);
  const middle = (kernel.length - 1) / 2;
  const matrix = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    kernel.forEach((weight, k) => {
      matrix[i * n + reflect(i + k - middle, n)] += weight;
    });
  }
  return matrix;
}

function reflect(i: number, n: number): number {
  if (n === 1) return 0;
  const period = 2 * (n - 1);
  const within = ((i % period) + period) % period;
  return within < n ? within : period - within;
}
