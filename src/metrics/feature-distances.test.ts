// Distances of feature sets from running sums and from kernels, and the eigenvalues behind them.
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { createRuntime } from '../runtime/index.js';
import { featureSums, frechetOfStatistics, mergeStatistics } from './feature-statistics.js';
import { frechetDistance } from './frechet-distance.js';
import { kernelDistance, maximumMeanDiscrepancy } from './kernel-distance.js';
import { type Matrix, product } from './matrix-product.js';
import { semidefiniteFactor, symmetricEigenvalues } from './symmetric-eigenvalues.js';
import { normalRows } from './test-pictures.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

const seeds = fc.integer({ min: 0, max: 1e6 });
const matrix = (rows: readonly ArrayLike<number>[]): Matrix => ({
  rows: rows.length,
  columns: rows[0].length,
  data: Float64Array.from(rows.flatMap((row) => Array.from(row))),
});

async function statistics(rows: readonly ArrayLike<number>[]) {
  const sums = featureSums({ width: rows[0].length });
  await sums.add(rows);
  return sums.result();
}

describe('symmetricEigenvalues', () => {
  it('finds those of the second difference, 2 - 2 cos(k pi / (n + 1))', async () => {
    const n = 40;
    const rows = Array.from({ length: n }, (_, i) =>
      Float64Array.from({ length: n }, (_, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0)),
    );
    const found = [...(await symmetricEigenvalues(matrix(rows)))].sort((a, b) => a - b);
    found.forEach((value, k) => {
      expect(value).toBeCloseTo(2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)), 11);
    });
  });

  it('keeps trace and sum of squares of dense matrices', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.integer({ min: 1, max: 25 }), async (seed, n) => {
        const square = matrix(normalRows(seed, { rows: n, columns: n }));
        const symmetric = matrix(
          Array.from({ length: n }, (_, i) =>
            Float64Array.from({ length: n }, (_, j) => square.data[i * n + j] + square.data[j * n + i]),
          ),
        );
        const found = await symmetricEigenvalues(symmetric);
        const trace = found.reduce((a, b) => a + b);
        const squares = found.reduce((sum, v) => sum + v * v, 0);
        expect(trace).toBeCloseTo(
          Array.from({ length: n }, (_, i) => symmetric.data[i * n + i]).reduce((a, b) => a + b),
          8,
        );
        expect(squares).toBeCloseTo(
          symmetric.data.reduce((sum, v) => sum + v * v, 0),
          7,
        );
      }),
      { numRuns: 40 },
    );
  });

  it('gives in to a signal', async () => {
    const big = matrix(normalRows(1, { rows: 400, columns: 400 }));
    await expect(symmetricEigenvalues(big, { signal: AbortSignal.abort() })).rejects.toThrowError(/interrupt/);
  });
});

describe('semidefiniteFactor', () => {
  it('has as many columns as the matrix has rank, and gives the matrix back', async () => {
    const thin = matrix(normalRows(2, { rows: 9, columns: 4 }));
    const covariance = await product(thin, thin, { transB: true });
    const factor = await semidefiniteFactor(covariance);
    expect(factor.columns).toBe(4);
    const again = await product(factor, factor, { transB: true });
    again.data.forEach((value, i) => {
      expect(value).toBeCloseTo(covariance.data[i], 10);
    });
  });
});

describe('product', () => {
  it('is the same by ONNX Runtime as in loops, transposed or not', async () => {
    const a = matrix(normalRows(3, { rows: 150, columns: 140 }));
    const b = matrix(normalRows(4, { rows: 150, columns: 130 }));
    const [ours, theirs] = [await product(a, b, { transA: true }), await product(a, b, { transA: true, runtime })];
    expect(theirs).toMatchObject({ rows: 140, columns: 130 });
    theirs.data.forEach((value, i) => {
      expect(value).toBeCloseTo(ours.data[i], 9);
    });
    await expect(product(a, b)).rejects.toThrowError(/expected 140 rows, got 150/);
  });
});

describe('frechetOfStatistics', () => {
  it('is 2 for N(0, 1) and N(1, 4)', async () => {
    const gaussian = (mean: number, variance: number) => ({
      count: 11,
      mean: Float64Array.of(mean),
      scatter: Float64Array.of(10 * variance),
    });
    expect(await frechetOfStatistics(gaussian(0, 1), gaussian(1, 4))).toBeCloseTo(2, 12);
  });

  it('agrees with the distance of whole sets, also where they have fewer rows than features', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.integer({ min: 2, max: 12 }), async (seed, rows) => {
        const a = normalRows(seed, { rows, columns: 6, scale: 2 });
        const b = normalRows(seed + 1, { rows: 9, columns: 6, shift: 1 });
        const [p, q] = [await statistics(a), await statistics(b)];
        const distance = await frechetOfStatistics(p, q);
        expect(distance).toBeCloseTo(frechetDistance(a, b), 5);
        expect(await frechetOfStatistics(q, p)).toBeCloseTo(distance, 5);
        expect(await frechetOfStatistics(p, p)).toBeCloseTo(0, 5);
      }),
      { numRuns: 40 },
    );
  });

  it('is the same for parts that were summed apart and for rows that came one by one', async () => {
    const a = normalRows(5, { rows: 40, columns: 5, shift: 1000 });
    const b = normalRows(6, { rows: 30, columns: 5, shift: 1001 });
    const whole = await statistics(a);
    const parts = mergeStatistics(await statistics(a.slice(0, 13)), await statistics(a.slice(13)));
    const single = featureSums({ width: 5 });
    for (const row of a) await single.add([row]);
    const expected = frechetDistance(a, b);
    for (const sums of [whole, parts, await single.result()]) {
      expect(sums.count).toBe(40);
      expect(await frechetOfStatistics(sums, await statistics(b))).toBeCloseTo(expected, 6);
    }
  });

  it('sums several blocks of wide rows by ONNX Runtime', async () => {
    const rows = normalRows(7, { rows: 1100, columns: 130 });
    const sums = featureSums({ width: 130, runtime });
    await sums.add(rows);
    const { count, mean, scatter } = await sums.result();
    expect(count).toBe(1100);
    const [i, j] = [3, 77];
    const average = (k: number) => rows.reduce((sum, row) => sum + row[k], 0) / 1100;
    expect(mean[i]).toBeCloseTo(average(i), 12);
    const expected = rows.reduce((sum, row) => sum + (row[i] - average(i)) * (row[j] - average(j)), 0);
    expect(scatter[i * 130 + j]).toBeCloseTo(expected, 8);
  });

  it('warns below as many vectors as features, refuses one vector, other widths and NaN', async () => {
    const messages: string[] = [];
    const few = await statistics(normalRows(8, { rows: 3, columns: 4 }));
    const onProgress = (event: { type: string; message?: string }) => messages.push(event.message ?? event.type);
    await frechetOfStatistics(few, few, { onProgress });
    expect(messages[0]).toMatch(/3 vectors of 4 features/);
    const one = await statistics([[1, 2, 3, 4]]);
    await expect(frechetOfStatistics(one, few)).rejects.toThrowError(/at least two/);
    await expect(frechetOfStatistics(await statistics([[1], [2]]), few)).rejects.toThrowError(/one width/);
    await expect(statistics([[1], [Number.NaN]])).rejects.toThrowError(/finite/);
  });
});

describe('kernelDistance', () => {
  it('is -1.1875 for the sets {(1,0), (0,1)} and {(1,1), (1,0)}', async () => {
    const [x, y] = [
      [
        [1, 0],
        [0, 1],
      ],
      [
        [1, 1],
        [1, 0],
      ],
    ];
    expect(await maximumMeanDiscrepancy(x, y)).toBeCloseTo(-1.1875, 12);
    expect(await kernelDistance(x, y, { subsets: 3, subsetSize: 2 })).toMatchObject({ subsets: 3, subsetSize: 2 });
    expect((await kernelDistance(x, y, { subsets: 3, subsetSize: 2 })).mean).toBeCloseTo(-1.1875, 12);
  });

  it('is symmetric and the same for any order of rows', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const a = normalRows(seed, { rows: 7, columns: 4 });
        const b = normalRows(seed + 1, { rows: 5, columns: 4, shift: 0.5 });
        const value = await maximumMeanDiscrepancy(a, b);
        expect(await maximumMeanDiscrepancy(b, a)).toBeCloseTo(value, 9);
        expect(await maximumMeanDiscrepancy(a.toReversed(), b)).toBeCloseTo(value, 9);
      }),
      { numRuns: 30 },
    );
  });

  it('is about 0 for one distribution, clearly above for two, and repeats with its seed', async () => {
    const a = normalRows(11, { rows: 200, columns: 6 });
    const same = await kernelDistance(a, normalRows(12, { rows: 200, columns: 6 }), { subsets: 20, subsetSize: 100 });
    const moved = normalRows(13, { rows: 200, columns: 6, shift: 0.5 });
    const other = await kernelDistance(a, moved, { subsets: 20, subsetSize: 100 });
    expect(Math.abs(same.mean)).toBeLessThan(3 * same.deviation);
    expect(other.mean).toBeGreaterThan(5 * Math.abs(same.mean));
    expect(await kernelDistance(a, moved, { subsets: 20, subsetSize: 100 })).toEqual(other);
    expect(await kernelDistance(a, moved, { subsets: 20, subsetSize: 100, seed: 1 })).not.toEqual(other);
  });

  it('warns of smaller subsets than usual, refuses larger ones than a set, NaN and other widths', async () => {
    const messages: string[] = [];
    const rows = normalRows(14, { rows: 5, columns: 2 });
    const onProgress = (event: { type: string; message?: string }) => messages.push(event.message ?? event.type);
    await kernelDistance(rows, rows, { subsets: 1, onProgress });
    expect(messages[0]).toMatch(/subsets of 5 vectors/);
    await expect(kernelDistance(rows, rows, { subsetSize: 6 })).rejects.toThrowError(/2 to 5/);
    await expect(kernelDistance(rows, [[1], [2]])).rejects.toThrowError(/one width/);
    await expect(maximumMeanDiscrepancy([[1], [Number.NaN]], [[1], [2]])).rejects.toThrowError(/finite/);
  });
});
