// Kernel distance of two sets of feature vectors (Binkowski et al. 2018): unbiased, over random subsets.
import { ContrappostoError, throwIfAborted } from '../core/errors.js';
import type { OnProgress } from '../core/progress.js';
import { Philox } from '../core/random.js';
import { type Rows, requireRows } from './check-input.js';
import { type Matrix, type ProductOptions, product } from './matrix-product.js';

/** `(gamma x.y + coef)^degree`; the defaults are those of the paper. */
export interface PolynomialKernel {
  /** Default 3. */
  degree?: number;
  /** Default 1 / number of features. */
  gamma?: number;
  /** Default 1. */
  coef?: number;
}

export interface KernelDistanceOptions extends PolynomialKernel, ProductOptions {
  /** Default 100. */
  subsets?: number;
  /** Vectors of each set in a subset; default 1000, or the smaller set's size (with a warning). */
  subsetSize?: number;
  /** Of the draw of the subsets, default 0. */
  seed?: number;
  onProgress?: OnProgress;
}

export interface KernelDistance {
  mean: number;
  /** Population deviation over the subsets. */
  deviation: number;
  subsets: number;
  subsetSize: number;
}

/** Of the paper's experiments, and of the usual tools. */
const [DEFAULT_SUBSETS, DEFAULT_SUBSET_SIZE] = [100, 1000];
/** Both sets draw from a stream of their own, so that equal sets give distances about 0 and not exactly 0. */
const [STREAM_A, STREAM_B] = [1, 2];

/**
 * Mean and deviation of the unbiased squared maximum mean discrepancy over random subsets, each drawn without replacement.
 * It is unbiased for any number of pictures, so it may be below 0.
 *
 * @param a, b [N][D]
 * @throws `invalid-input` for fewer than two vectors, NaN or a subset larger than a set, `shape` for two widths, `aborted`
 */
export async function kernelDistance(a: Rows, b: Rows, options: KernelDistanceOptions = {}): Promise<KernelDistance> {
  requireSameWidth(a, b);
  const { subsets = DEFAULT_SUBSETS, seed = 0, onProgress } = options;
  const most = Math.min(a.length, b.length);
  const subsetSize = options.subsetSize ?? Math.min(DEFAULT_SUBSET_SIZE, most);
  if (!(subsetSize >= 2 && subsetSize <= most && subsets >= 1)) {
    throw new ContrappostoError('invalid-input', {
      operation: 'kernel distance',
      expected: `subsets of 2 to ${most}, the smaller set's size`,
      got: `${subsets} of ${subsetSize}`,
    });
  }
  if (options.subsetSize === undefined && subsetSize < DEFAULT_SUBSET_SIZE) {
    const message = `kernel distance over subsets of ${subsetSize} vectors, not the usual ${DEFAULT_SUBSET_SIZE}`;
    onProgress?.({ type: 'warning', message });
  }
  const [drawA, drawB] = [new Philox(seed, STREAM_A), new Philox(seed, STREAM_B)];
  const values: number[] = [];
  for (let s = 0; s < subsets; s++) {
    throwIfAborted(options.signal, 'kernel distance');
    const pair = [subset(a, { size: subsetSize, source: drawA }), subset(b, { size: subsetSize, source: drawB })];
    values.push(await discrepancy(matrixOf(pair[0]), matrixOf(pair[1]), options));
    onProgress?.({ type: 'step', stage: 'kernel distance', step: s + 1, steps: subsets });
  }
  const mean = values.reduce((x, y) => x + y) / subsets;
  const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / subsets);
  return { mean, deviation, subsets, subsetSize };
}

/**
 * The unbiased estimate from all vectors of two sets, of sizes m and n:
 * `sum_{i != j} k(a_i, a_j) / (m (m - 1)) + sum_{i != j} k(b_i, b_j) / (n (n - 1)) - 2 sum k(a_i, b_j) / (m n)`.
 *
 * @throws `invalid-input` for fewer than two vectors or NaN, `shape` for two widths, `aborted`
 */
export async function maximumMeanDiscrepancy(
  a: Rows,
  b: Rows,
  options: PolynomialKernel & ProductOptions = {},
): Promise<number> {
  requireSameWidth(a, b);
  return discrepancy(matrixOf(a), matrixOf(b), options);
}

async function discrepancy(a: Matrix, b: Matrix, options: PolynomialKernel & ProductOptions): Promise<number> {
  const { degree = 3, gamma = 1 / a.columns, coef = 1 } = options;
  const sumOf = async (x: Matrix, y: Matrix, withDiagonal: boolean) => {
    const { data, columns } = await product(x, y, { ...options, transB: true });
    let sum = 0;
    for (let i = 0; i < data.length; i++) {
      if (withDiagonal || i % (columns + 1) !== 0) sum += (gamma * data[i] + coef) ** degree;
    }
    return sum;
  };
  const within = async (x: Matrix) => (await sumOf(x, x, false)) / (x.rows * (x.rows - 1));
  return (await within(a)) + (await within(b)) - (2 * (await sumOf(a, b, true))) / (a.rows * b.rows);
}

/** `size` different rows: the first steps of Fisher and Yates' shuffle. */
function subset(rows: Rows, { size, source }: { size: number; source: Philox }): Rows {
  const order = Uint32Array.from(rows, (_, i) => i);
  return Array.from({ length: size }, (_, i) => {
    const other = i + Math.floor(source.uniform() * (order.length - i));
    [order[i], order[other]] = [order[other], order[i]];
    return rows[order[i]];
  });
}

function matrixOf(rows: Rows): Matrix {
  const columns = rows[0].length;
  const data = new Float64Array(rows.length * columns);
  rows.forEach((row, i) => {
    data.set(row, i * columns);
  });
  return { rows: rows.length, columns, data };
}

function requireSameWidth(a: Rows, b: Rows): void {
  const operation = 'kernel distance';
  const [width, other] = [a, b].map((rows) => requireRows(operation, rows, 2));
  if (width === other) return;
  throw new ContrappostoError('shape', { operation, expected: `features of one width, ${width}`, got: `${other}` });
}
