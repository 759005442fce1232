// Known answers of the forward process.
import { describe, expect, it } from 'vitest';
import { float32, floats } from '../core/tensor.js';
import { linspace, noiseSchedule, noiseScheduleSchema, roundHalfEven } from './noise-schedule.js';

const schedule = (config: object) => noiseSchedule(noiseScheduleSchema.parse(config));

describe('noise schedule', () => {
  it('multiplies what each beta leaves', () => {
    const { alphasCumprod } = schedule({ trained_betas: [0.1, 0.2, 0.5], num_train_timesteps: 3 });
    [0.9, 0.72, 0.36].forEach((a, i) => {
      expect(alphasCumprod[i]).toBeCloseTo(a, 12);
    });
  });

  it('spaces betas linearly, or their roots', () => {
    const ends = { beta_start: 0.01, beta_end: 0.09, num_train_timesteps: 3 };
    const second = (config: object) => {
      const { alphasCumprod } = schedule({ ...ends, ...config });
      return 1 - alphasCumprod[1] / alphasCumprod[0];
    };
    expect(second({ beta_schedule: 'linear' })).toBeCloseTo(0.05, 12);
    expect(second({ beta_schedule: 'scaled_linear' })).toBeCloseTo(0.04, 12);
  });

  it('caps the cosine betas', () => {
    const { alphasCumprod } = schedule({ beta_schedule: 'squaredcos_cap_v2' });
    expect(1 - alphasCumprod[999] / alphasCumprod[998]).toBeCloseTo(0.999, 9);
    expect(alphasCumprod[499]).toBeCloseTo(Math.cos(((0.5 + 0.008) / 1.008) * (Math.PI / 2)) ** 2 / 0.99984, 3);
  });

  it('mixes each sample of a batch at its own timestep', () => {
    const s = schedule({ trained_betas: [0.19, 0.5], num_train_timesteps: 2 });
    const x = float32([1, 2], [2, 1]);
    const noise = float32([10, 20], [2, 1]);
    const [a0, a1] = s.alphasCumprod;
    const mixed = floats(s.addNoise(x, noise, [0, 1]));
    expect(mixed[0]).toBeCloseTo(Math.sqrt(a0) + 10 * Math.sqrt(1 - a0), 5);
    expect(mixed[1]).toBeCloseTo(2 * Math.sqrt(a1) + 20 * Math.sqrt(1 - a1), 5);
    const velocity = floats(s.velocity(x, noise, [1]));
    expect(velocity[0]).toBeCloseTo(10 * Math.sqrt(a1) - Math.sqrt(1 - a1), 5);
  });

  it('refuses timesteps that do not exist and shapes that do not match', () => {
    const s = schedule({});
    const x = float32([1, 2], [2, 1]);
    expect(() => s.addNoise(x, x, [1000])).toThrow(/0\.\.999/);
    expect(() => s.addNoise(x, x, [0.5])).toThrow(/whole timesteps/);
    expect(() => s.addNoise(x, x, [1, 2, 3])).toThrow(/1 or 2 timesteps/);
    expect(() => s.velocity(x, float32([1], [1, 1]), [1])).toThrow(/noise of shape \[2,1\]/);
  });
});

describe('numbers', () => {
  it('rounds halves to even, as NumPy does', () => {
    expect([0.5, 1.5, 2.5, 3.5, 2.4, 2.6, -1.5].map(roundHalfEven)).toEqual([0, 2, 2, 4, 2, 3, -2]);
  });

  it('spaces evenly with both ends', () => {
    expect([...linspace(0, 10, 5)]).toEqual([0, 2.5, 5, 7.5, 10]);
    expect([...linspace(3, 10, 1)]).toEqual([3]);
  });
});
