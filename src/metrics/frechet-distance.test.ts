// Fréchet distances with known answers.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frechetDistance, singularValues } from './frechet-distance.js';

describe('frechetDistance', () => {
  it('is the distance of means and deviations in one dimension', () => {
    // means 1 and 7, variances 2 and 8
    expect(frechetDistance([[0], [2]], [[5], [9]])).toBeCloseTo(36 + (Math.SQRT2 - Math.sqrt(8)) ** 2, 9);
  });

  it('adds up over independent dimensions', () => {
    const cross = (x: number, y: number) => [
      [x, 0],
      [-x, 0],
      [0, y],
      [0, -y],
    ];
    // variances 2 x^2 / 3 and 2 y^2 / 3
    const expected = (2 / 3) * ((3 - 1) ** 2 + (2 - 5) ** 2);
    expect(frechetDistance(cross(3, 2), cross(1, 5))).toBeCloseTo(expected, 9);
  });

  it('is zero for a set and itself, and the squared shift for a moved set', () => {
    const rows = fc.array(fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 4, maxLength: 4 }), {
      minLength: 2,
      maxLength: 12,
    });
    fc.assert(
      fc.property(rows, fc.double({ min: -3, max: 3, noNaN: true }), (set, shift) => {
        expect(frechetDistance(set, set)).toBeCloseTo(0, 6);
        const moved = set.map((row) => row.map((v) => v + shift));
        expect(frechetDistance(set, moved)).toBeCloseTo(4 * shift ** 2, 6);
      }),
    );
  });

  it('refuses single vectors, vectors of two lengths, and NaN', () => {
    expect(() => frechetDistance([[1]], [[1], [2]])).toThrowError(/at least two/);
    expect(() => frechetDistance([[1], [2]], [[1], [2, 3]])).toThrowError(/vectors of 1/);
    expect(() => frechetDistance([[1], [Number.NaN]], [[1], [2]])).toThrowError(/finite/);
  });
});

describe('singularValues', () => {
  it('finds those of a product of rotations and a diagonal', () => {
    // columns of [[3, 0], [4, 5]]: singular values sqrt(45) and sqrt(5)
    const found = singularValues([Float64Array.of(3, 4), Float64Array.of(0, 5)]);
    expect(found[0]).toBeCloseTo(Math.sqrt(45), 10);
    expect(found[1]).toBeCloseTo(Math.sqrt(5), 10);
  });
});
