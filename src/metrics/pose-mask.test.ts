// The mask that PATN draws from a pose, and what is measured inside masks.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unknownPoints } from '../pose/person.js';
import { keepMasked, maskIou, maskSsim, poseMask } from './pose-mask.js';
import { ssim } from './structural-similarity.js';
import { noisePicture } from './test-pictures.js';

const SIZE = { widthPx: 40, heightPx: 30 };

function poseWith(points: Record<number, [number, number]>) {
  return unknownPoints(18).map((point, i) => {
    return points[i] ? { x: points[i][0], y: points[i][1], score: 1 } : point;
  });
}

const inside = (mask: Uint8Array, x: number, y: number) => mask[y * SIZE.widthPx + x];
const area = (mask: Uint8Array) => mask.reduce((a, b) => a + b, 0);

describe('poseMask', () => {
  it('draws a disc for a joint alone', () => {
    const mask = poseMask(poseWith({ 4: [20, 15] }), SIZE)!;
    // pixels closer than 4 to the centre, which closing does not change
    expect(area(mask)).toBe(45);
    expect([inside(mask, 23, 15), inside(mask, 24, 15)]).toEqual([1, 0]);
  });

  it('draws bars between joints that are joined, with discs at their ends, and closes gaps', () => {
    const joined = poseMask(poseWith({ 3: [10, 15], 4: [30, 15] }), SIZE)!;
    expect([inside(joined, 20, 11), inside(joined, 20, 19), inside(joined, 20, 10)]).toEqual([1, 1, 0]);
    const apart = poseMask(poseWith({ 4: [10, 15], 7: [30, 15] }), SIZE)!;
    expect(inside(apart, 20, 15)).toBe(0);
    // discs reach to 13 and 17: the 3 pixels between are closed
    const near = poseMask(poseWith({ 4: [10, 15], 7: [20, 15] }), SIZE)!;
    expect([14, 15, 16].map((x) => inside(near, x, 15))).toEqual([1, 1, 1]);
  });

  it('keeps discs of limbs of no length, joints outside, and says nothing without joints', () => {
    expect(area(poseMask(poseWith({ 3: [20, 15], 4: [20, 15] }), SIZE)!)).toBe(45);
    expect(area(poseMask(poseWith({ 4: [-50, 15] }), SIZE)!)).toBe(0);
    expect(poseMask(unknownPoints(18), SIZE)).toBeUndefined();
    expect(() => poseMask(unknownPoints(17), SIZE)).toThrowError(/18 points/);
  });
});

describe('masked measures', () => {
  it('blacken what lies outside, which counts as equal', () => {
    const [a, b] = [noisePicture(1, SIZE), noisePicture(2, SIZE)];
    const mask = poseMask(poseWith({ 4: [20, 15] }), SIZE)!;
    const kept = keepMasked(a, mask);
    expect([...kept.data.subarray(0, 3)]).toEqual([0, 0, 0]);
    const centre = 3 * (15 * SIZE.widthPx + 20);
    expect([...kept.data.subarray(centre, centre + 3)]).toEqual([...a.data.subarray(centre, centre + 3)]);
    expect(maskSsim(a, b, { mask })).toBeGreaterThan(ssim(a, b));
    expect(maskSsim(a, b, { mask: new Uint8Array(mask.length).fill(1) })).toBe(ssim(a, b));
    expect(() => keepMasked(a, mask.subarray(1))).toThrowError(/a mask of 40 x 30/);
  });

  it('have an intersection over union that is symmetric, bounded, and 1 for equal masks', () => {
    expect(maskIou([1, 1, 0, 0], [0, 1, 1, 0])).toBeCloseTo(1 / 3, 12);
    expect(maskIou([0, 0], [0, 0])).toBe(1);
    expect(() => maskIou([1], [1, 0])).toThrowError(/expected 1 values, got 2/);
    const masks = fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 1 })), { minLength: 1 });
    fc.assert(
      fc.property(masks, (pairs) => {
        const [a, b] = [pairs.map(([v]) => v), pairs.map(([, v]) => v)];
        expect(maskIou(a, b)).toBe(maskIou(b, a));
        expect(maskIou(a, a)).toBe(1);
        expect(maskIou(a, b)).toBeGreaterThanOrEqual(0);
        expect(maskIou(a, b)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
