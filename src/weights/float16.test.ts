// Half precision: every bit pattern, and rounding against an independent definition (the nearest of all halves).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from './float16.js';

const allPatterns = Uint16Array.from({ length: 0x10000 }, (_, i) => i);
const isNaNHalf = (bits: number) => (bits & 0x7fff) > 0x7c00;
const halves = decodeFloat16(allPatterns);

/** Nearest non-negative half by bisection over the ordered patterns 0..0x7c00, ties to the even pattern. */
function nearestHalf(value: number): number {
  let low = 0;
  let high = 0x7c00;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (halves[middle] <= value) low = middle;
    else high = middle;
  }
  // Infinity stands for 2^16 when rounding, as IEEE 754 says.
  const upper = high === 0x7c00 ? 65536 : halves[high];
  const below = value - halves[low];
  const above = upper - value;
  if (below === above) return low % 2 === 0 ? low : high;
  return below < above ? low : high;
}

describe('float16', () => {
  it('decodes known values', () => {
    const bits = new Uint16Array([
      0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x03ff, 0x7c00, 0xfc00, 0x3555,
    ]);
    const expected = [0, -0, 1, -2, 65504, 2 ** -14, 2 ** -24, 1023 * 2 ** -24, Infinity, -Infinity, 0.333251953125];
    expect([...decodeFloat16(bits)]).toEqual(expected);
    expect(decodeFloat16(new Uint16Array([0x7e01]))[0]).toBeNaN();
  });

  it('gives every pattern back, NaNs as NaN', () => {
    const again = encodeFloat16(halves);
    const wrong = allPatterns.filter((p) => (isNaNHalf(p) ? !isNaNHalf(again[p]) : again[p] !== p));
    expect([...wrong]).toEqual([]);
  });

  it('rounds any float to the nearest half, ties to even', () => {
    const finite = fc.oneof(
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      fc.float({ min: -65536, max: 65536, noNaN: true }),
      fc.float({ min: Math.fround(-(2 ** -13)), max: Math.fround(2 ** -13), noNaN: true }),
      // exact midpoints between neighbouring halves
      fc.integer({ min: 0, max: 0x7bfe }).map((p) => (halves[p] + halves[p + 1]) / 2),
    );
    fc.assert(
      fc.property(finite, (value) => {
        const bits = encodeFloat16(new Float32Array([value]))[0];
        expect(bits & 0x7fff).toBe(nearestHalf(Math.abs(Math.fround(value))));
        expect(bits >> 15).toBe(value < 0 || Object.is(value, -0) ? 1 : 0);
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    [65519.996, 0x7bff],
    [65520, 0x7c00],
    [-Infinity, 0xfc00],
    [2 ** -25, 0x0000],
    [2 ** -25 * 1.001, 0x0001],
    [3 * 2 ** -25, 0x0002],
  ])('encodes %s at the border', (value, bits) => {
    expect(encodeFloat16(new Float32Array([value]))[0]).toBe(bits);
  });
});

describe('bfloat16', () => {
  it('gives every pattern back, NaNs as NaN', () => {
    const values = decodeBfloat16(allPatterns);
    const again = encodeBfloat16(values);
    const wrong = allPatterns.filter((p) => (Number.isNaN(values[p]) ? (again[p] & 0x7fff) <= 0x7f80 : again[p] !== p));
    expect([...wrong]).toEqual([]);
  });

  it('is within half a step of the value', () => {
    fc.assert(
      fc.property(fc.float({ min: Math.fround(-1e30), max: Math.fround(1e30), noNaN: true }), (value) => {
        const back = decodeBfloat16(encodeBfloat16(new Float32Array([value])))[0];
        expect(Math.abs(back - value)).toBeLessThanOrEqual(Math.abs(value) * 2 ** -8 + 2 ** -133);
      }),
    );
  });

  it('rounds ties to even', () => {
    const words = new Uint32Array([0x3f808000, 0x3f818000, 0x7f7fffff]);
    expect([...encodeBfloat16(new Float32Array(words.buffer))]).toEqual([0x3f80, 0x3f82, 0x7f80]);
  });
});
