// Mean and covariance of feature vectors that come one after another, and the Fréchet distance of two such sums.
import { ContrappostoError, throwIfAborted } from '../core/errors.js';
import type { OnProgress } from '../core/progress.js';
import { type Rows, requireRows } from './check-input.js';
import { type ProductOptions, product } from './matrix-product.js';
import { semidefiniteFactor, symmetricEigenvalues } from './symmetric-eigenvalues.js';

/** What a Fréchet distance needs of a set of vectors; kept, it spares a data set's second pass. */
export interface FeatureStatistics {
  count: number;
  /** [D] */
  mean: Float64Array;
  /** [D, D]: sum of `(x - mean)(x - mean)'`. */
  scatter: Float64Array;
}

/** Collects vectors in memory that does not grow with their number: D x D and one block of rows. */
export interface FeatureSums {
  /** Takes rows in; resolves when a full block is summed. Throws `shape`, `invalid-input` for NaN. */
  add(rows: Rows): Promise<void>;
  /** Statistics of all rows so far. */
  result(): Promise<FeatureStatistics>;
}

/** Rows that are summed by one product. */
const BLOCK = 1024;

/** @param options.runtime multiplies; needed from a few hundred features on */
export function featureSums(options: ProductOptions & { width: number }): FeatureSums {
  const { width } = options;
  let statistics: FeatureStatistics = {
    count: 0,
    mean: new Float64Array(width),
    scatter: new Float64Array(width * width),
  };
  let block: ArrayLike<number>[] = [];
  let summing: Promise<void> = Promise.resolve();

  function sumBlock(): Promise<void> {
    const rows = block;
    block = [];
    if (rows.length === 0) return summing;
    summing = summing.then(async () => {
      statistics = mergeStatistics(statistics, await statisticsOfBlock(rows, options));
    });
    return summing;
  }

  return {
    async add(rows) {
      if (rows.length === 0) return;
      const got = requireRows('feature statistics', rows, 1);
      if (got !== width) {
        throw new ContrappostoError('shape', {
          operation: 'feature statistics',
          expected: `rows of ${width}`,
          got: `one of ${got}`,
        });
      }
      for (const row of rows) {
        block.push(Float64Array.from(row));
        if (block.length === BLOCK) sumBlock();
      }
      await summing;
    },
    async result() {
      await sumBlock();
      return { ...statistics, mean: statistics.mean.slice(), scatter: statistics.scatter.slice() };
    },
  };
}

async function statisticsOfBlock(rows: Rows, options: ProductOptions & { width: number }): Promise<FeatureStatistics> {
  const { width } = options;
  const mean = new Float64Array(width);
  for (const row of rows) for (let i = 0; i < width; i++) mean[i] += row[i] / rows.length;
  // Always whole blocks for wide features, so that one session serves them; rows of zeros add nothing.
  const height = width >= 128 ? BLOCK : rows.length;
  const data = new Float64Array(height * width);
  rows.forEach((row, n) => {
    for (let i = 0; i < width; i++) data[n * width + i] = row[i] - mean[i];
  });
  const centred = { rows: height, columns: width, data };
  const { data: scatter } = await product(centred, centred, { ...options, transA: true }); // [D, D]
  return { count: rows.length, mean, scatter };
}

/**
 * Statistics of both sets together (Chan, Golub and LeVeque 1979), e.g. of parts that other machines summed.
 * @throws `shape` for two widths
 */
export function mergeStatistics(a: FeatureStatistics, b: FeatureStatistics): FeatureStatistics {
  requireSameWidth(a, b);
  if (a.count === 0) return b;
  const width = a.mean.length;
  const count = a.count + b.count;
  const shift = b.mean.map((v, i) => v - a.mean[i]);
  const mean = a.mean.map((v, i) => v + (shift[i] * b.count) / count);
  const weight = (a.count * b.count) / count;
  const scatter = new Float64Array(width * width);
  for (let i = 0; i < width; i++) {
    const row = i * width;
    for (let j = 0; j < width; j++) {
      scatter[row + j] = a.scatter[row + j] + b.scatter[row + j] + weight * shift[i] * shift[j];
    }
  }
  return { count, mean, scatter };
}

/**
 * `|m_a - m_b|^2 + tr(A + B - 2 (A B)^(1/2))` with the sample covariances A and B (Heusel et al. 2017). With `A = G G'`, the
 * root's trace is the sum of the roots of the eigenvalues of `G' B G`, which is symmetric; no root of a matrix is taken.
 * Warns when a set has fewer vectors than features: the distance is then too large, and depends on the sets' sizes.
 *
 * @throws `invalid-input` for fewer than two vectors, `shape` for two widths, `aborted`
 */
export async function frechetOfStatistics(
  a: FeatureStatistics,
  b: FeatureStatistics,
  options: ProductOptions & { onProgress?: OnProgress } = {},
): Promise<number> {
  requireSameWidth(a, b);
  const width = a.mean.length;
  for (const { count } of [a, b]) warnOrRefuse(count, { width, onProgress: options.onProgress });
  throwIfAborted(options.signal, 'Fréchet distance');
  const [covarianceA, covarianceB] = [covariance(a), covariance(b)];
  const factor = await semidefiniteFactor(covarianceA, options); // [D, R]
  const right = await product(covarianceB, factor, options); // [D, R]
  const inner = await product(factor, right, { ...options, transA: true }); // [R, R]
  const eigenvalues = inner.rows === 0 ? [] : await symmetricEigenvalues(inner, options);
  let distance = 0;
  for (let i = 0; i < width; i++) {
    distance += (a.mean[i] - b.mean[i]) ** 2 + covarianceA.data[i * width + i] + covarianceB.data[i * width + i];
  }
  for (const value of eigenvalues) distance -= 2 * Math.sqrt(Math.max(0, value));
  return Math.max(0, distance);
}

function covariance({ count, mean, scatter }: FeatureStatistics) {
  return { rows: mean.length, columns: mean.length, data: scatter.map((v) => v / (count - 1)) };
}

function warnOrRefuse(count: number, { width, onProgress }: { width: number; onProgress?: OnProgress }): void {
  if (count < 2) {
    throw new ContrappostoError('invalid-input', {
      operation: 'Fréchet distance',
      expected: 'at least two vectors in each set',
      got: `${count}`,
    });
  }
  if (count < width) {
    const message = `Fréchet distance from ${count} vectors of ${width} features: fewer than features, so it comes out too large`;
    onProgress?.({ type: 'warning', message });
  }
}

function requireSameWidth(a: FeatureStatistics, b: FeatureStatistics): void {
  if (a.mean.length === b.mean.length) return;
  throw new ContrappostoError('shape', {
    operation: 'feature statistics',
    expected: `features of one width, ${a.mean.length}`,
    got: `${b.mean.length}`,
    hint: 'both sets need features of the same network and layer',
  });
}
