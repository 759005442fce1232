// Euler's ancestral step against Bayes' rule: for data in a single point it has to draw from the exact posterior.
import { describe, expect, it } from 'vitest';
import { EulerAncestralDiscreteScheduler } from './euler-ancestral.js';

const BETAS = { start: 0.00085, end: 0.012 };

/** Noise over signal of every training timestep, from the definition. */
function sigmas(): number[] {
  let product = 1;
  return Array.from({ length: 1000 }, (_, t) => {
    const root = Math.sqrt(BETAS.start) + (t / 999) * (Math.sqrt(BETAS.end) - Math.sqrt(BETAS.start));
    product *= 1 - root * root;
    return Math.sqrt((1 - product) / product);
  });
}

/**
 * x = c + sigma e and x_next = c + next e: what is known of x_next once x and c are.
 * Precisions add up: prior N(c, next^2), likelihood N(x; x_next, sigma^2 - next^2).
 */
function posterior(x: number, c: number, [sigma, next]: [number, number]): { mean: number; deviation: number } {
  if (next === 0) return { mean: c, deviation: 0 };
  const [prior, likelihood] = [1 / next ** 2, 1 / (sigma ** 2 - next ** 2)];
  return { mean: (c * prior + x * likelihood) / (prior + likelihood), deviation: 1 / Math.sqrt(prior + likelihood) };
}

describe('EulerAncestralDiscreteScheduler', () => {
  it.each(['epsilon', 'v_prediction'])('draws from the posterior of the forward process (%s)', (kind) => {
    const table = sigmas();
    const scheduler = new EulerAncestralDiscreteScheduler({
      ...{ beta_start: BETAS.start, beta_end: BETAS.end, beta_schedule: 'scaled_linear', prediction_type: kind },
      timestep_spacing: 'trailing',
    });
    const clean = 0.7;
    const draws = [0.3, -1.2, 0.8, 2, -0.5];
    const run = scheduler.begin(5, { noise: (index) => Float32Array.of(draws[index]) });
    expect(run.timesteps).toEqual([999, 799, 599, 399, 199]);
    let x = table[999];
    expect(run.initNoiseSigma).toBeCloseTo(x, 4);
    run.timesteps.forEach((t, i) => {
      const sigma = table[t];
      const next = i < 4 ? table[run.timesteps[i + 1]] : 0;
      const e = (x - clean) / sigma;
      const signal = 1 / Math.hypot(1, sigma);
      const answer = kind === 'epsilon' ? e : signal * e - sigma * signal * clean;
      const { sample } = run.step(i, Float32Array.of(answer), Float32Array.of(x));
      const { mean, deviation } = posterior(x, clean, [sigma, next]);
      expect(sample[0]).toBeCloseTo(mean + deviation * draws[i], 4);
      x = sample[0];
    });
    expect(x).toBeCloseTo(clean, 4);
  });
});
