// Inception Score, Jensen-Shannon distance and Otsu's threshold: known answers and what always holds.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inceptionScore, inceptionScoreSums } from './inception-score.js';
import { jensenShannonDistance } from './jensen-shannon.js';
import { otsuForeground, otsuThreshold } from './otsu.js';
import { normalRows } from './test-pictures.js';

/** Logits of one sure class. */
const sure = (classes: number, y: number) => Array.from({ length: classes }, (_, i) => (i === y ? 100 : 0));

describe('inceptionScore', () => {
  it('is 1 for equal predictions, and the number of classes for sure ones that are balanced in every split', () => {
    const same = Array.from({ length: 20 }, () => [1, 2, 3]);
    expect(inceptionScore(same).mean).toBeCloseTo(1, 12);
    const balanced = Array.from({ length: 100 }, (_, i) => sure(10, i % 10));
    expect(inceptionScore(balanced)).toMatchObject({ splits: 10 });
    expect(inceptionScore(balanced).mean).toBeCloseTo(10, 6);
    expect(inceptionScore(balanced).deviation).toBeCloseTo(0, 6);
  });

  it('cuts consecutive splits', () => {
    // the first half holds one class, the second two
    const rows = [0, 0, 0, 0, 0, 1, 0, 1].map((y) => sure(3, y));
    const { mean, deviation } = inceptionScore(rows, { splits: 2 });
    expect(mean).toBeCloseTo(1.5, 9);
    expect(deviation).toBeCloseTo(0.5, 9);
  });

  it('lies between 1 and the number of classes, and constants on all logits do not matter', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 1, max: 7 }), (seed, splits) => {
        const rows = normalRows(seed, { rows: 23, columns: 5, scale: 3 });
        const { mean } = inceptionScore(rows, { splits });
        expect(mean).toBeGreaterThanOrEqual(1 - 1e-12);
        expect(mean).toBeLessThanOrEqual(5);
        expect(
          inceptionScore(
            rows.map((row) => row.map((v) => v + 40)),
            { splits },
          ).mean,
        ).toBeCloseTo(mean, 9);
      }),
    );
  });

  it('warns below 10 pictures, refuses NaN, too many splits, and sums that are not complete', () => {
    const messages: string[] = [];
    const few = normalRows(1, { rows: 4, columns: 3 });
    const onProgress = (event: { type: string; message?: string }) => messages.push(event.message ?? '');
    expect(inceptionScore(few, { onProgress }).splits).toBe(1);
    expect(messages).toEqual([expect.stringContaining('4 pictures in one split')]);
    expect(() => inceptionScore([[1, Number.NaN]])).toThrowError(/finite/);
    expect(() => inceptionScore(few, { splits: 5 })).toThrowError(/1 to 4 splits/);
    expect(() => inceptionScore([])).toThrowError(/at least 1/);
    const sums = inceptionScoreSums({ total: 2, classes: 3, splits: 1 });
    sums.add([1, 2, 3]);
    expect(() => sums.result()).toThrowError(/expected 2 pictures, got 1/);
    sums.add([1, 2, 3]);
    expect(() => sums.add([1, 2, 3])).toThrowError(/got more/);
  });
});

describe('jensenShannonDistance', () => {
  it('is 1 in base 2 and sqrt(ln 2) in base e for distributions that share nothing', () => {
    expect(jensenShannonDistance([1, 0], [0, 1])).toBeCloseTo(1, 12);
    expect(jensenShannonDistance([1, 0], [0, 3], { base: Math.E })).toBeCloseTo(Math.sqrt(Math.LN2), 12);
  });

  it('is a bounded metric', () => {
    const chances = fc.array(fc.double({ min: 1e-3, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(chances, chances, chances, (p, q, r) => {
        const d = jensenShannonDistance(p, q);
        expect(jensenShannonDistance(p, p)).toBeLessThan(1e-7);
        expect(jensenShannonDistance(q, p)).toBeCloseTo(d, 12);
        expect(d).toBeLessThanOrEqual(1);
        expect(d).toBeLessThanOrEqual(jensenShannonDistance(p, r) + jensenShannonDistance(r, q) + 1e-9);
      }),
    );
  });

  it('refuses negative chances, none, and two lengths', () => {
    expect(() => jensenShannonDistance([1, -1], [1, 1])).toThrowError(/none negative/);
    expect(() => jensenShannonDistance([0, 0], [1, 1])).toThrowError(/not all 0/);
    expect(() => jensenShannonDistance([1], [1, 1])).toThrowError(/as many as 1/);
  });
});

describe('otsu', () => {
  it('takes the first threshold between two heaps', () => {
    expect(otsuThreshold([10, 10, 200, 200, 200])).toBe(10);
    expect(otsuThreshold([0, 255])).toBe(0);
  });

  it('finds nothing in constant maps, and a single pixel', () => {
    expect(otsuThreshold([7, 7, 7])).toBeUndefined();
    expect(otsuForeground([0.3, 0.3])).toBeUndefined();
    expect(otsuForeground([0.1, 0.1, 0.1, 0.9])).toEqual(Uint8Array.of(0, 0, 0, 1));
  });

  it('splits maps at one height, whatever their scale', () => {
    const maps = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 2, maxLength: 60 });
    fc.assert(
      fc.property(maps, fc.integer({ min: 1, max: 8 }), (map, power) => {
        const bright = otsuForeground([0, 255, ...map])!;
        // powers of two, so that the stretched values stay the same to the last bit
        expect(otsuForeground([0, 255, ...map].map((v) => v * 2 ** power))).toEqual(bright);
        const lowest = Math.min(...[0, 255, ...map].filter((_, i) => bright[i]));
        const highest = Math.max(...[0, 255, ...map].filter((_, i) => !bright[i]));
        expect(lowest).toBeGreaterThan(highest);
      }),
    );
  });

  it('refuses what is no grey value, NaN and nothing', () => {
    expect(() => otsuThreshold([0.5])).toThrowError(/whole numbers in 0..255, got 0.5/);
    expect(() => otsuForeground([Number.NaN])).toThrowError(/finite/);
    expect(() => otsuForeground([])).toThrowError(/at least 1/);
  });
});
