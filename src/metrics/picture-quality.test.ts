// SSIM and PSNR: known answers, and what must hold for any two pictures.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { psnr, psnrOfPlanes } from './peak-signal-noise.js';
import { padWhite, planesOf } from './picture-planes.js';
import { SSIM_CONVENTIONS, type SsimName, ssim, ssimOfPlanes } from './structural-similarity.js';
import { flatPicture, noisePicture } from './test-pictures.js';

const SIZE = { widthPx: 20, heightPx: 17 };
const NAMES = Object.keys(SSIM_CONVENTIONS) as SsimName[];
const seeds = fc.integer({ min: 0, max: 1e6 });

describe('ssim', () => {
  it.each(NAMES)('%s: is 1 for a picture and itself', (convention) => {
    const picture = noisePicture(1, SIZE);
    expect(ssim(picture, picture, { convention })).toBeCloseTo(1, 12);
  });

  it.each(['strict', 'torchmetrics', 'uniform'] as const)(
    '%s: compares only means where both are flat',
    (convention) => {
      const c1 = (0.01 * 255) ** 2;
      const expected = (2 * 50 * 80 + c1) / (50 ** 2 + 80 ** 2 + c1);
      expect(ssim(flatPicture(50, SIZE), flatPicture(80, SIZE), { convention })).toBeCloseTo(expected, 9);
    },
  );

  it('is the formula over one uniform window', () => {
    // 7 x 7 values leave one place of the map after the crop: plain sample moments
    const x = Float64Array.from({ length: 49 }, (_, i) => (i * 37) % 101);
    const y = Float64Array.from({ length: 49 }, (_, i) => (i * 53) % 89);
    const mean = (v: Float64Array) => v.reduce((a, b) => a + b) / 49;
    const covariance = (p: Float64Array, q: Float64Array) =>
      p.reduce((sum, v, i) => sum + (v - mean(p)) * (q[i] - mean(q)), 0) / 48;
    const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
    const expected =
      ((2 * mean(x) * mean(y) + c1) * (2 * covariance(x, y) + c2)) /
      ((mean(x) ** 2 + mean(y) ** 2 + c1) * (covariance(x, x) + covariance(y, y) + c2));
    const planes = (data: Float64Array) => ({ channels: 1, heightPx: 7, widthPx: 7, data });
    expect(ssimOfPlanes(planes(x), planes(y), { convention: 'uniform', range: 255 })).toBeCloseTo(expected, 12);
  });

  it("takes the first picture's range in parity mode, and so is not symmetric there", () => {
    const [a, b] = [noisePicture(3, SIZE), noisePicture(4, SIZE)];
    const dull = { ...a, data: a.data.map((v) => 100 + v / 8) };
    expect(ssim(dull, b, { convention: 'parity' })).not.toBeCloseTo(ssim(b, dull, { convention: 'parity' }), 6);
    const scaled = { ...planesOf(dull), data: Float64Array.from(planesOf(dull).data, (v) => v / 255) };
    const other = { ...planesOf(b), data: Float64Array.from(planesOf(b).data, (v) => v / 255) };
    const [bytes, shares] = [
      ssim(dull, b, { convention: 'parity' }),
      ssimOfPlanes(scaled, other, { convention: 'parity', range: 9 }),
    ];
    expect(shares).toBeCloseTo(bytes, 9);
  });

  it('is symmetric, bounded, and the same for mirrored pictures', () => {
    const mirrored = (seed: number) => {
      const picture = noisePicture(seed, SIZE);
      const data = picture.data.map((_, i) => {
        const [pixel, c] = [Math.floor(i / 3), i % 3];
        const [x, y] = [pixel % SIZE.widthPx, Math.floor(pixel / SIZE.widthPx)];
        return picture.data[3 * (y * SIZE.widthPx + SIZE.widthPx - 1 - x) + c];
      });
      return { ...picture, data };
    };
    fc.assert(
      fc.property(seeds, seeds, fc.constantFrom('strict' as const, 'torchmetrics' as const), (p, q, convention) => {
        const value = ssim(noisePicture(p, SIZE), noisePicture(q, SIZE), { convention });
        expect(ssim(noisePicture(q, SIZE), noisePicture(p, SIZE), { convention })).toBeCloseTo(value, 12);
        expect(ssim(mirrored(p), mirrored(q), { convention })).toBeCloseTo(value, 9);
        expect(Math.abs(value)).toBeLessThanOrEqual(1 + 1e-12);
      }),
      { numRuns: 20 },
    );
  });

  it('refuses other sizes, pictures smaller than the window, and NaN', () => {
    const picture = noisePicture(1, SIZE);
    expect(() => ssim(picture, noisePicture(1, { widthPx: 21, heightPx: 17 }))).toThrowError(/3 x 17 x 20/);
    const small = noisePicture(1, { widthPx: 10, heightPx: 40 });
    expect(() => ssim(small, small)).toThrowError(/at least 11 x 11/);
    const planes = { channels: 1, heightPx: 20, widthPx: 20, data: new Float64Array(400).fill(Number.NaN) };
    expect(() => ssimOfPlanes(planes, planes, { range: 1 })).toThrowError(/finite numbers, got NaN at index 0/);
  });
});

describe('psnr', () => {
  it('is 20 log10(255 / d) for pictures that differ by d everywhere, infinite for none', () => {
    expect(psnr(flatPicture(100, SIZE), flatPicture(105, SIZE))).toBeCloseTo(20 * Math.log10(255 / 5), 10);
    expect(psnr(flatPicture(9, SIZE), flatPicture(9, SIZE))).toBe(Number.POSITIVE_INFINITY);
  });

  it('is symmetric and does not depend on the unit', () => {
    fc.assert(
      fc.property(seeds, seeds, (p, q) => {
        const [a, b] = [noisePicture(p, SIZE), noisePicture(q, SIZE)];
        expect(psnr(b, a)).toBe(psnr(a, b));
        const shares = [a, b].map(planesOf).map((x) => ({ ...x, data: Float64Array.from(x.data, (v) => v / 255) }));
        if (p !== q) expect(psnrOfPlanes(shares[0], shares[1], { range: 1 })).toBeCloseTo(psnr(a, b), 9);
      }),
      { numRuns: 20 },
    );
  });
});

describe('padWhite', () => {
  it('keeps the picture between white columns, which count as equal', () => {
    const [a, b] = [noisePicture(5, SIZE), noisePicture(6, SIZE)];
    const padded = padWhite(a, 40);
    expect(padded.widthPx).toBe(100);
    expect([...padded.data.subarray(3 * 40, 3 * 41)]).toEqual([...a.data.subarray(0, 3)]);
    expect([...padded.data.subarray(3 * 39, 3 * 40)]).toEqual([255, 255, 255]);
    expect(ssim(padWhite(a, 40), padWhite(b, 40))).toBeGreaterThan(ssim(a, b) + 0.5);
  });
});
