import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomNormal } from '../core/random.js';
import { Bootstrap, meanOf } from './bootstrap.js';

describe('Bootstrap', () => {
  it('gives the interval that the central limit theorem gives, for many values', () => {
    const values = Array.from(randomNormal(3, { shape: [400] }).data as Float32Array, (v) => 5 + 2 * v);
    const { mean, low, high } = new Bootstrap().interval(values);
    const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
    expect(mean).toBeCloseTo(meanOf(values), 12);
    expect(low).toBeCloseTo(mean - (1.96 * deviation) / 20, 1);
    expect(high).toBeCloseTo(mean + (1.96 * deviation) / 20, 1);
  });

  it('holds the mean, moves with the values and grows with them', () => {
    const some = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 8, maxLength: 30 });
    fc.assert(
      fc.property(some, fc.double({ min: 0.1, max: 10, noNaN: true }), (values, scale) => {
        const bootstrap = new Bootstrap({ resamples: 200 });
        const [a, b] = [bootstrap.interval(values), bootstrap.interval(values.map((v) => scale * v + 1))];
        expect(a.low!).toBeLessThanOrEqual(a.mean + 1e-9);
        expect(a.high!).toBeGreaterThanOrEqual(a.mean - 1e-9);
        expect(b.low!).toBeCloseTo(scale * a.low! + 1, 8);
        expect(b.high!).toBeCloseTo(scale * a.high! + 1, 8);
      }),
      { numRuns: 40 },
    );
  });

  it('says the same again, something else with another seed, and nothing of one value', () => {
    const values = [1.3, 5.21, 2.9, 8.4, 3.77, 9.1, 0.2, 6.6];
    expect(new Bootstrap({ seed: 1 }).interval(values)).toEqual(new Bootstrap({ seed: 1 }).interval(values));
    expect(new Bootstrap({ seed: 1 }).interval(values)).not.toEqual(new Bootstrap({ seed: 2 }).interval(values));
    expect(new Bootstrap().interval([4])).toEqual({ mean: 4, low: null, high: null });
  });
});
