// The Fréchet distance between two sets of feature vectors (Heusel et al. 2017), each taken for a Gaussian.
import { ContrappostoError } from '../core/errors.js';
import { type Rows, requireFinite } from './check-input.js';

/**
 * `|mean a - mean b|^2 + tr(A + B - 2 (A B)^(1/2))` with the sample covariances A and B. Sets smaller than about ten times
 * the number of features give too large a distance: compare it only with one of sets of the same sizes. Large sets go
 * through `featureSums` and `frechetOfStatistics`, which need neither all vectors at once nor singular values.
 *
 * @param a, b vectors of one length, at least two in each set
 * @throws `invalid-input` for fewer vectors or NaN, `shape` for other lengths
 */
export function frechetDistance(a: Rows, b: Rows): number {
  const width = a[0]?.length ?? 0;
  for (const set of [a, b]) {
    if (set.length < 2) {
      throw new ContrappostoError('invalid-input', {
        operation: 'Fréchet distance',
        expected: 'at least two vectors in each set',
        got: `${set.length}`,
      });
    }
    const other = set.find((row) => row.length !== width);
    if (other) {
      const got = `one of ${other.length}`;
      throw new ContrappostoError('shape', { operation: 'Fréchet distance', expected: `vectors of ${width}`, got });
    }
    for (const row of set) requireFinite('Fréchet distance', row);
  }
  const [meanA, meanB] = [mean(a, width), mean(b, width)];
  const [x, y] = [centred(a, meanA), centred(b, meanB)];
  const apart = meanA.reduce((sum, v, i) => sum + (v - meanB[i]) ** 2, 0);
  const spread = [x, y].flat().reduce((sum, row) => sum + dot(row, row), 0);
  // A = x'x and B = y'y, so AB has the eigenvalues of (x y')(x y')': the root's trace is the sum of x y''s singular values.
  const product = y.map((row) => Float64Array.from(x, (other) => dot(other, row)));
  return apart + spread - 2 * singularValues(product).reduce((sum, v) => sum + v, 0);
}

function mean(rows: Rows, width: number): Float64Array {
  const out = new Float64Array(width);
  for (const row of rows) for (let i = 0; i < width; i++) out[i] += row[i] / rows.length;
  return out;
}

/** Rows less the mean, over the root of their number less one. */
function centred(rows: Rows, middle: Float64Array): Float64Array[] {
  const scale = 1 / Math.sqrt(rows.length - 1);
  return rows.map((row) => middle.map((m, i) => (row[i] - m) * scale));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Sweeps over all pairs of columns after which they are orthogonal in practice. */
const MAX_SWEEPS = 30;
const ORTHOGONAL = 1e-11;

/** Singular values of a matrix given by its columns: one-sided Jacobi rotations (Hestenes 1958) until they are orthogonal. */
export function singularValues(columns: readonly Float64Array[]): number[] {
  const c = columns.map((column) => column.slice());
  for (let sweep = 0, turned = true; turned && sweep < MAX_SWEEPS; sweep++) {
    turned = false;
    for (let i = 0; i < c.length; i++) for (let j = i + 1; j < c.length; j++) turned = rotate(c[i], c[j]) || turned;
  }
  return c.map((column) => Math.sqrt(dot(column, column))).sort((p, q) => q - p);
}

/** Makes two columns orthogonal; false when they are already. */
function rotate(p: Float64Array, q: Float64Array): boolean {
  const [pp, qq, pq] = [dot(p, p), dot(q, q), dot(p, q)];
  if (Math.abs(pq) <= ORTHOGONAL * Math.sqrt(pp * qq)) return false;
  const zeta = (qq - pp) / (2 * pq);
  const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
  const cos = 1 / Math.sqrt(1 + t * t);
  const sin = cos * t;
  for (let i = 0; i < p.length; i++) {
    const [a, b] = [p[i], q[i]];
    p[i] = cos * a - sin * b;
    q[i] = sin * a + cos * b;
  }
  return true;
}
