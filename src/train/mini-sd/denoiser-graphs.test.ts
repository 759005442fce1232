// Timesteps of training: a table of equal probabilities over the noise schedule.
import { describe, expect, it } from 'vitest';
import { alphasCumprod, TIMESTEP_QUANTILES, timestepQuantiles } from './denoiser-graphs.js';

describe('timestepQuantiles', () => {
  const table = timestepQuantiles();
  const alphas = alphasCumprod();
  const logSnr = table.map((t) => Math.log(alphas[t] / (1 - alphas[t])));

  it('rises through the whole schedule', () => {
    expect(table).toHaveLength(TIMESTEP_QUANTILES);
    expect(table.every((t, i) => i === 0 || t >= table[i - 1])).toBe(true);
    expect(new Set(table).size).toBeGreaterThan(900);
    expect(table[0]).toBeLessThan(5);
    expect(table[TIMESTEP_QUANTILES - 1]).toBeGreaterThan(990);
  });

  it('makes log signal-to-noise ratios normal with mean -0.5 and deviation 2, cut where the schedule ends', () => {
    // The schedule ends at -5.4: 1 % of the normal's lower tail is missing, which moves the mean up by 0.05.
    const mean = logSnr.reduce((a, b) => a + b, 0) / logSnr.length;
    const deviation = Math.sqrt(logSnr.reduce((sum, v) => sum + (v - mean) ** 2, 0) / logSnr.length);
    expect(mean).toBeCloseTo(-0.46, 1);
    expect(deviation).toBeCloseTo(1.94, 1);
    const below = (limit: number) => logSnr.filter((v) => v < limit).length / logSnr.length;
    expect(below(-0.5)).toBeCloseTo(0.5, 1);
    expect(below(1.5) - below(-2.5)).toBeCloseTo(0.683 / 0.99, 1);
  });
});
