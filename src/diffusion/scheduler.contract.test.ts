// What holds for every scheduler, run over all of them in all their settings.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ContrappostoError } from '../core/errors.js';
import { randomNormal } from '../core/random.js';
import { floats } from '../core/tensor.js';
import type { PredictionType } from './noise-schedule.js';
import type { SamplingRun } from './scheduler.js';
import { createScheduler, SCHEDULER_NAMES, SCHEDULERS, schedulerName } from './schedulers.js';

const TRAINING = { beta_start: 0.00085, beta_end: 0.012, beta_schedule: 'scaled_linear', clip_sample: false };
const SPACINGS = ['leading', 'linspace', 'trailing'] as const;
const PREDICTIONS = ['epsilon', 'v_prediction', 'sample'] as const;

const cases = Object.keys(SCHEDULERS).flatMap((className) =>
  PREDICTIONS.flatMap((prediction_type) =>
    SPACINGS.map((timestep_spacing) => ({ className, prediction_type, timestep_spacing, skip_prk_steps: true })),
  ),
);
// PNDM knows no `sample`; its Runge-Kutta form is a second algorithm.
const all = [
  ...cases.filter(({ className, prediction_type }) => className !== 'PNDMScheduler' || prediction_type !== 'sample'),
  ...cases
    .filter(({ className, prediction_type }) => className === 'PNDMScheduler' && prediction_type === 'epsilon')
    .map((settings) => ({ ...settings, skip_prk_steps: false })),
];

/** Visits of timesteps that are no steps. */
function extraEvaluations({ className, skip_prk_steps }: (typeof all)[number], steps: number): number {
  if (className !== 'PNDMScheduler') return 0;
  return skip_prk_steps ? Math.min(1, steps - 1) : 9;
}

/** PNDM mixes predictions of several timesteps: exact where they are equal, which velocities and uneven steps are not. */
function isExact({ className, prediction_type, timestep_spacing }: (typeof all)[number]): boolean {
  return className !== 'PNDMScheduler' || (prediction_type === 'epsilon' && timestep_spacing !== 'linspace');
}

/** What a perfect network answers at step `index` when the clean sample is `clean`; the levels are read off the run. */
function perfectAnswer(
  kind: PredictionType,
  { run, index, x, clean }: { run: SamplingRun; index: number; x: Float32Array; clean: Float32Array },
) {
  const seen = run.scaleModelInput(index, x);
  const [one, none] = [Float32Array.of(1), Float32Array.of(0)];
  const [signal] = run.scaleModelInput(index, run.addNoise(index, one, none));
  const [level] = run.scaleModelInput(index, run.addNoise(index, none, one));
  return seen.map((v, i) => {
    const noise = (v - signal * clean[i]) / level;
    if (kind === 'epsilon') return noise;
    return kind === 'sample' ? clean[i] : signal * noise - level * clean[i];
  });
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((worst, v, i) => Math.max(worst, Math.abs(v - b[i])), 0);
}

describe.each(all)('$className, $prediction_type, $timestep_spacing, $skip_prk_steps', (settings) => {
  const { className, prediction_type } = settings;
  const fewest = className === 'PNDMScheduler' && !settings.skip_prk_steps ? 4 : 1;
  const make = () => SCHEDULERS[className]({ ...TRAINING, ...settings, set_alpha_to_one: true });

  it('visits as many timesteps as asked, falling, within the training range', () => {
    fc.assert(
      fc.property(fc.integer({ min: fewest, max: 300 }), (steps) => {
        const { timesteps } = make().begin(steps);
        const extra = extraEvaluations(settings, steps);
        expect(timesteps).toHaveLength(steps + extra);
        const falls = (t: number, i: number) =>
          t < (i > 0 ? timesteps[i - 1] : 1000) || (extra > 0 && t === timesteps[i - 1]);
        expect(timesteps.every((t, i) => t >= 0 && falls(t, i))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  // Divisors of 1000: diffusers' DDIM otherwise ends its trailing schedule a little before the clean sample.
  it.runIf(isExact(settings))(
    'recovers the clean sample from a perfect network in any number of steps, from noise or half way',
    () => {
      fc.assert(
        fc.property(
          fc.constantFrom(1, 2, 4, 5, 8, 10, 20, 25),
          fc.integer(),
          fc.constantFrom(0, 0.5),
          (steps, seed, late) => {
            const scheduler = make();
            const clean = floats(randomNormal(seed, { shape: [16], stream: 1 }));
            const noise = (index: number) => floats(randomNormal(seed, { shape: [16], stream: 2 + index }));
            fc.pre(steps >= fewest);
            const first = steps > 4 ? Math.floor(steps * late) : 0;
            const run = scheduler.begin(steps, { noise, first });
            let x = run.addNoise(first, clean, floats(randomNormal(seed, { shape: [16] })));
            run.timesteps.forEach((_, index) => {
              if (index < first) return;
              const { sample, denoised } = run.step(index, perfectAnswer(prediction_type, { run, index, x, clean }), x);
              if (largestDifference(denoised, clean) > 1e-3) expect(denoised).toEqual(clean);
              x = sample;
            });
            expect(largestDifference(x, clean)).toBeLessThan(1e-3);
          },
        ),
        { numRuns: 30 },
      );
    },
  );

  it('leaves its inputs alone and gives the same run twice', () => {
    const x = floats(randomNormal(3, { shape: [8] }));
    const prediction = floats(randomNormal(4, { shape: [8] }));
    const before = [x.slice(), prediction.slice()];
    const noise = () => floats(randomNormal(5, { shape: [8] }));
    const twice = [make().begin(4, { noise }), make().begin(4, { noise })].map((run) => {
      run.scaleModelInput(0, x);
      run.addNoise(0, x, prediction);
      return run.step(0, prediction, x).sample;
    });
    expect([x, prediction]).toEqual(before);
    expect(twice[0]).toEqual(twice[1]);
  });

  it('begins with noise of the level of its first step', () => {
    const run = make().begin(10);
    const [level] = run.addNoise(0, Float32Array.of(0), Float32Array.of(1));
    expect(run.initNoiseSigma / level).toBeGreaterThan(0.95);
    expect(run.initNoiseSigma / level).toBeLessThan(1.2);
    const [seen] = run.scaleModelInput(
      0,
      Float32Array.of(Math.hypot(level, run.addNoise(0, Float32Array.of(1), Float32Array.of(0))[0])),
    );
    expect(seen).toBeCloseTo(1, 5); // data of unit variance stay so
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
    const noise = () => Float32Array.of(1);
    const run = SCHEDULERS[className]({ ...config, timestep_spacing: 'trailing' }).begin(5, { noise });
    expect(run.step(0, Float32Array.of(0.5), Float32Array.of(1)).sample.every(Number.isFinite)).toBe(true);
  });
});

describe.each(['DDPMScheduler', 'EulerAncestralDiscreteScheduler'])('%s', (className) => {
  it('adds the noise that it is given, and says when there is none', () => {
    const x = Float32Array.of(0.5, -1);
    const step = (noise?: () => Float32Array) =>
      SCHEDULERS[className](TRAINING).begin(4, { noise }).step(0, x, x).sample;
    const [without, once, twice] = [0, 1, 2].map((n) => step(() => Float32Array.of(n, n)));
    expect(once[0] - without[0]).toBeGreaterThan(0.1);
    expect(twice[1] - once[1]).toBeCloseTo(once[1] - without[1], 4);
    expect(() => step()).toThrow(/stochastic/);
  });
});

describe('schedulerName', () => {
  it('is the short name of a checkpoint, or its class', () => {
    const name = (_class_name: string, more = {}) => schedulerName({ _class_name, ...more });
    expect(name('EulerDiscreteScheduler')).toBe('euler');
    expect(name('DPMSolverMultistepScheduler', { use_karras_sigmas: true })).toBe('dpm++-karras');
    expect(name('PNDMScheduler')).toBe('pndm');
    expect(name('HeunDiscreteScheduler')).toBe('HeunDiscreteScheduler');
    for (const each of SCHEDULER_NAMES)
      expect(name(createScheduler(undefined, each).className)).toBe(each.split('-k')[0]);
  });
});

describe('createScheduler', () => {
  it('takes the class that the config names', () => {
    expect(createScheduler({ _class_name: 'DPMSolverMultistepScheduler' }).className).toBe(
      'DPMSolverMultistepScheduler',
    );
    expect(() => createScheduler({ _class_name: 'toString' })).toThrow(/DDIMScheduler or/);
    expect(() => createScheduler({})).toThrow(/no _class_name/);
    const lms = { _class_name: 'LMSDiscreteScheduler' };
    expect(() => createScheduler(lms, 'LMSDiscreteScheduler')).toThrow(/got LMSDiscreteScheduler.*--scheduler euler/s);
    expect(createScheduler(lms, 'euler').className).toBe('EulerDiscreteScheduler');
  });

  it('keeps the training schedule when another algorithm is chosen', () => {
    const config = { _class_name: 'DDIMScheduler', ...TRAINING, prediction_type: 'v_prediction' };
    for (const name of SCHEDULER_NAMES) {
      const { schedule } = createScheduler(config, name);
      expect(schedule.predictionType).toBe('v_prediction');
      expect(schedule.alphasCumprod).toEqual(createScheduler(config).schedule.alphasCumprod);
    }
    expect(createScheduler(config, 'dpm++-karras').begin(5).timesteps).not.toEqual(
      createScheduler(config, 'dpm++').begin(5).timesteps,
    );
    expect(() => createScheduler(config, 'magic')).toThrow(/one of ddim, .*unipc/);
  });
});
