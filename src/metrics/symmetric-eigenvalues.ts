// Eigenvalues of large symmetric matrices, without vectors, and a factor of those that are covariances.
import { ContrappostoError, throwIfAborted } from '../core/errors.js';
import type { Matrix } from './matrix-product.js';

export interface LongOptions {
  signal?: AbortSignal;
}

/** The event loop gets its turn after so long. */
const TURN_MS = 30;
/** QL steps for one eigenvalue; two or three are usual. */
const MAX_STEPS = 60;

/**
 * All eigenvalues of a symmetric matrix, in no order. Householder's reduction to three diagonals, then implicit QL steps
 * (Golub and Van Loan, "Matrix Computations", 8.3); only the lower triangle is read.
 *
 * @throws `shape` for a matrix that is not square, `aborted`, `internal` when QL does not converge (NaN inside)
 */
export async function symmetricEigenvalues(matrix: Matrix, options: LongOptions = {}): Promise<Float64Array> {
  requireSquare('eigenvalues', matrix);
  const { diagonal, beside } = await tridiagonal(matrix, options);
  return implicitQl(diagonal, beside);
}

/**
 * The columns of G with `a = G G'` for a positive semi-definite `a`: Cholesky's with the largest remaining diagonal first,
 * ended where nothing but rounding is left, so that G has as many columns as `a` has rank.
 *
 * @throws `shape` for a matrix that is not square, `aborted`
 */
export async function semidefiniteFactor(
  { rows: n, columns, data }: Matrix,
  options: LongOptions = {},
): Promise<Matrix> {
  requireSquare('factor', { rows: n, columns, data });
  const rest = Float64Array.from({ length: n }, (_, i) => data[i * n + i]);
  const smallest = n * Number.EPSILON * rest.reduce((a, b) => Math.max(a, b), 0);
  const factor = new Float64Array(n * n);
  const done = new Uint8Array(n);
  const turns = takeTurns('factor', options);
  let rank = 0;
  for (; rank < n; rank++) {
    const pivot = rest.reduce((best, v, i) => (!done[i] && (best < 0 || v > rest[best]) ? i : best), -1);
    if (!(rest[pivot] > smallest)) break;
    done[pivot] = 1;
    const root = Math.sqrt(rest[pivot]);
    factor[pivot * n + rank] = root;
    for (let i = 0; i < n; i++) {
      if (done[i]) continue;
      let sum = data[i * n + pivot];
      for (let k = 0; k < rank; k++) sum -= factor[i * n + k] * factor[pivot * n + k];
      factor[i * n + rank] = sum / root;
      rest[i] -= (sum / root) ** 2;
    }
    await turns();
  }
  const kept = new Float64Array(n * rank);
  for (let i = 0; i < n; i++) kept.set(factor.subarray(i * n, i * n + rank), i * rank);
  return { rows: n, columns: rank, data: kept };
}

/**
 * One sweep over the triangle a column: it takes the last column's reflection out of the rows and multiplies them with the
 * next one's vector while they are in the cache.
 */
async function tridiagonal({ rows: n, data }: Matrix, options: LongOptions) {
  const a = data.slice();
  const [diagonal, beside] = [new Float64Array(n), new Float64Array(n)];
  // a still lacks "- v w' - w v'" of the reflection before
  let v = new Float64Array(n);
  let w = new Float64Array(n);
  const turns = takeTurns('eigenvalues', options);
  for (let k = 0; k < n; k++) {
    for (let i = k; i < n; i++) a[i * n + k] -= v[i] * w[k] + w[i] * v[k];
    diagonal[k] = a[k * n + k];
    const next = reflection(a, { n, k });
    beside[k] = next.beside;
    const u = next.vector;
    const p = new Float64Array(n);
    for (let i = k + 1; i < n; i++) {
      const [vi, wi, ui] = [v[i], w[i], u[i]];
      let sum = 0;
      for (let j = k + 1, at = i * n + k + 1; j < i; j++, at++) {
        const value = a[at] - vi * w[j] - wi * v[j];
        a[at] = value;
        sum += value * u[j];
        p[j] += value * ui;
      }
      a[i * n + i] -= 2 * vi * wi;
      p[i] += sum + a[i * n + i] * ui;
    }
    let overlap = 0;
    for (let i = k + 1; i < n; i++) overlap += p[i] * u[i];
    const half = (next.beta * next.beta * overlap) / 2;
    for (let i = k + 1; i < n; i++) p[i] = next.beta * p[i] - half * u[i];
    [v, w] = [u, p];
    await turns();
  }
  return { diagonal, beside };
}

/** The vector u and factor with which `1 - beta u u'` turns what lies below the diagonal in column k into one number. */
function reflection(a: Float64Array, { n, k }: { n: number; k: number }) {
  const vector = new Float64Array(n);
  if (k + 1 >= n) return { vector, beta: 0, beside: 0 };
  const first = a[(k + 1) * n + k];
  let tail = 0;
  for (let i = k + 2; i < n; i++) tail += a[i * n + k] ** 2;
  if (tail === 0) return { vector, beta: 0, beside: first };
  const beside = first > 0 ? -Math.sqrt(first ** 2 + tail) : Math.sqrt(first ** 2 + tail);
  for (let i = k + 1; i < n; i++) vector[i] = a[i * n + k];
  vector[k + 1] -= beside;
  return { vector, beta: 2 / (vector[k + 1] ** 2 + tail), beside };
}

/** `e[i]` stands between `d[i]` and `d[i + 1]`; both are overwritten. */
function implicitQl(d: Float64Array, e: Float64Array): Float64Array {
  const n = d.length;
  const norm = d.reduce((most, v, i) => Math.max(most, Math.abs(v) + Math.abs(e[i])), 0);
  const isZero = (i: number) =>
    Math.abs(e[i]) <= Number.EPSILON * Math.max(Math.abs(d[i]) + Math.abs(d[i + 1]), norm * Number.EPSILON);
  for (let l = 0; l < n; l++) {
    for (let step = 0; ; step++) {
      let m = l;
      while (m < n - 1 && !isZero(m)) m++;
      if (m === l) break;
      if (step === MAX_STEPS)
        throw new ContrappostoError('internal', { operation: 'eigenvalues', got: 'no convergence' });
      qlStep({ d, e }, l, { to: m });
    }
  }
  return d;
}

/** One shifted QL step on the block l..to. */
function qlStep({ d, e }: { d: Float64Array; e: Float64Array }, l: number, { to }: { to: number }): void {
  let g = (d[l + 1] - d[l]) / (2 * e[l]);
  const length = Math.hypot(g, 1);
  g = d[to] - d[l] + e[l] / (g + (g >= 0 ? length : -length));
  let [sin, cos, shift] = [1, 1, 0];
  for (let i = to - 1; i >= l; i--) {
    const f = sin * e[i];
    const b = cos * e[i];
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] -= shift;
      e[to] = 0;
      return;
    }
    sin = f / r;
    cos = g / r;
    g = d[i + 1] - shift;
    const t = (d[i] - g) * sin + 2 * cos * b;
    shift = sin * t;
    d[i + 1] = g + shift;
    g = cos * t - b;
  }
  d[l] -= shift;
  e[l] = g;
  e[to] = 0;
}

function takeTurns(operation: string, { signal }: LongOptions): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < TURN_MS) return undefined;
    throwIfAborted(signal, operation);
    return new Promise((resolve) => {
      setTimeout(() => {
        since = performance.now();
        resolve();
      }, 0);
    });
  };
}

function requireSquare(operation: string, { rows, columns, data }: Matrix): void {
  if (rows === columns && data.length === rows * columns) return;
  throw new ContrappostoError('shape', { operation, expected: 'a square matrix', got: `${rows} x ${columns}` });
}
