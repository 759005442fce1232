// What holds for every scheduler, run over all of them in all their settings.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContrappostoError } from '../core/errors.js';
import { randomNormal } from '../core/random.js';
import { float32, floats } from '../core/tensor.js';
import type { Scheduler } from './scheduler.js';
import { createScheduler, SCHEDULER_NAMES, SCHEDULERS } from './schedulers.js';

const TRAINING = { beta_start: 0.00085, beta_end: 0.012, beta_schedule: 'scaled_linear', clip_sample: false };
const SPACINGS = ['leading', 'linspace', 'trailing'] as const;
const PREDICTIONS = ['epsilon', 'v_prediction', 'sample'] as const;

const cases = Object.keys(SCHEDULERS).flatMap((className) =>
  PREDICTIONS.flatMap((prediction_type) =>
    SPACINGS.map((timestep_spacing) => ({ className, prediction_type, timestep_spacing })),
  ),
);

/** What a perfect network answers when the clean sample is `clean`. */
function perfectAnswer(scheduler: Scheduler, t: number, { x, clean }: { x: Float32Array; clean: Float32Array }) {
  const a = scheduler.schedule.alphasCumprod[t];
  return x.map((v, i) => {
    const noise = (v - Math.sqrt(a) * clean[i]) / Math.sqrt(1 - a);
    if (scheduler.schedule.predictionType === 'epsilon') return noise;
    if (scheduler.schedule.predictionType === 'sample') return clean[i];
    return Math.sqrt(a) * noise - Math.sqrt(1 - a) * clean[i];
  });
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((worst, v, i) => Math.max(worst, Math.abs(v - b[i])), 0);
}

describe.each(cases)('$className, $prediction_type, $timestep_spacing', ({ className, ...settings }) => {
  const make = () => SCHEDULERS[className]({ ...TRAINING, ...settings, set_alpha_to_one: true });

  it('visits as many timesteps as asked, falling, within the training range', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), (steps) => {
        const { timesteps } = make().begin(steps);
        expect(timesteps).toHaveLength(steps);
        expect(timesteps.every((t, i) => t >= 0 && t < (i > 0 ? timesteps[i - 1] : 1000))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  // Divisors of 1000: diffusers' DDIM otherwise ends its trailing schedule a little before the clean sample.
  it('recovers the clean sample from a perfect network in any number of steps', () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 4, 5, 8, 10, 20, 25), fc.integer(), (steps, seed) => {
        const scheduler = make();
        const clean = floats(randomNormal(seed, { shape: [16], stream: 1 }));
        const run = scheduler.begin(steps);
        const { data } = scheduler.schedule.addNoise(float32(clean, [1, 16]), randomNormal(seed, { shape: [1, 16] }), [
          run.timesteps[0],
        ]);
        let x = data as Float32Array;
        run.timesteps.forEach((t, i) => {
          const { sample, denoised } = run.step(i, perfectAnswer(scheduler, t, { x, clean }), x);
          if (largestDifference(denoised, clean) > 1e-3) expect(denoised).toEqual(clean);
          x = sample;
        });
        expect(largestDifference(x, clean)).toBeLessThan(1e-3);
      }),
      { numRuns: 30 },
    );
  });

  it('leaves its inputs alone and gives the same run twice', () => {
    const x = floats(randomNormal(3, { shape: [8] }));
    const prediction = floats(randomNormal(4, { shape: [8] }));
    const before = [x.slice(), prediction.slice()];
    const twice = [make().begin(4), make().begin(4)].map((run) => run.step(0, prediction, x).sample);
    expect([x, prediction]).toEqual(before);
    expect(twice[0]).toEqual(twice[1]);
  });

  it('refuses steps out of order, other lengths and impossible numbers of steps', () => {
    const x = new Float32Array(4);
    expect(() => make().begin(4).step(1, x, x)).toThrow(/expected step 0, got step 1/);
    expect(() => make().begin(4).step(0, new Float32Array(3), x)).toThrow(/prediction of 4 values, got 3/);
    for (const steps of [0, -1, 1.5, Number.NaN, 1001]) expect(() => make().begin(steps)).toThrow(ContrappostoError);
  });
});

describe.each(Object.keys(SCHEDULERS))('%s configs', (className) => {
  it('passes unknown fields and refuses what it cannot follow', () => {
    expect(() => SCHEDULERS[className]({ ...TRAINING, _diffusers_version: '9', invented: [1] })).not.toThrow();
    expect(() => SCHEDULERS[className]({ beta_schedule: 'sigmoid' })).toThrow(/beta_schedule/);
    expect(() => SCHEDULERS[className]({ thresholding: true })).toThrow(/thresholding/);
  });

  it('ends a zero-terminal-SNR schedule in pure noise', () => {
    const config = { ...TRAINING, prediction_type: 'v_prediction', rescale_betas_zero_snr: true };
    const { alphasCumprod } = SCHEDULERS[className](config).schedule;
    expect(alphasCumprod[999]).toBeLessThan(1e-6);
    expect(alphasCumprod[0]).toBeCloseTo(1 - TRAINING.beta_start, 10);
    const run = SCHEDULERS[className]({ ...config, timestep_spacing: 'trailing' }).begin(5);
    expect(run.step(0, Float32Array.of(0.5), Float32Array.of(1)).sample.every(Number.isFinite)).toBe(true);
  });
});

describe('createScheduler', () => {
  it('takes the class that the config names', () => {
    expect(createScheduler({ _class_name: 'DPMSolverMultistepScheduler' }).className).toBe(
      'DPMSolverMultistepScheduler',
    );
    expect(() => createScheduler({ _class_name: 'toString' })).toThrow(/DDIMScheduler or/);
    expect(() => createScheduler({})).toThrow(/no _class_name/);
  });

  it('keeps the training schedule when another algorithm is chosen', () => {
    const config = { _class_name: 'DDIMScheduler', ...TRAINING, prediction_type: 'v_prediction' };
    for (const name of Object.keys(SCHEDULER_NAMES)) {
      const { schedule } = createScheduler(config, name);
      expect(schedule.predictionType).toBe('v_prediction');
      expect(schedule.alphasCumprod).toEqual(createScheduler(config).schedule.alphasCumprod);
    }
    expect(() => createScheduler(config, 'euler')).toThrow(/ddim or dpm\+\+/);
  });
});
