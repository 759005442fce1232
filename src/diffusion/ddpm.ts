// Denoising diffusion probabilistic models (Ho, Jain, Abbeel 2020): ancestral sampling of the posterior, stochastic.
//
// legend: a = alpha-bar_t, aPrevious = alpha-bar of the next cleaner timestep, alpha_t = a / aPrevious,
//   beta_t = 1 - alpha_t, x0 = predicted clean sample
import { z } from 'zod';
import { parseConfig } from '../models/config.js';
import {
  levelAt,
  type NoiseSchedule,
  noiseSchedule,
  noiseScheduleSchema,
  predictClean,
  requireSteps,
  spacedTimesteps,
} from './noise-schedule.js';
import { type RunOptions, type SamplingRun, type Scheduler, samplingRun } from './scheduler.js';

const schema = noiseScheduleSchema.extend({
  clip_sample: z.boolean().default(true),
  clip_sample_range: z.number().positive().default(1),
  variance_type: z
    .enum(['fixed_small', 'fixed_small_log', 'fixed_large', 'fixed_large_log'], {
      error: 'a learned variance_type is not supported',
    })
    .default('fixed_small'),
  steps_offset: z.int().nonnegative().default(0),
  timestep_spacing: z.enum(['leading', 'linspace', 'trailing']).default('leading'),
  thresholding: z.literal(false, { error: 'dynamic thresholding is not supported' }).default(false),
});

export type DDPMConfig = z.infer<typeof schema>;

/** diffusers' bound, so that the logarithm of the last variance is finite. */
const SMALLEST_VARIANCE = 1e-20;

/** diffusers' DDPMScheduler from its config; unknown fields are ignored. Throws `unsupported`. */
export class DDPMScheduler implements Scheduler {
  readonly className = 'DDPMScheduler';
  readonly config: DDPMConfig;
  readonly schedule: NoiseSchedule;

  constructor(config: unknown = {}) {
    this.config = parseConfig(schema, config, this.className);
    this.schedule = noiseSchedule(this.config);
  }

  begin(steps: number, options: RunOptions = {}): SamplingRun {
    requireSteps(steps, this.schedule.trainTimesteps);
    const timesteps = spacedTimesteps(this.config, { steps });
    const { alphasCumprod, predictionType } = this.schedule;
    const range = this.config.clip_sample ? this.config.clip_sample_range : Number.POSITIVE_INFINITY;
    return samplingRun(options, {
      timesteps,
      level: (index) => levelAt(this.schedule, timesteps[index]),
      step: (index, modelOutput, { sample, noise }) => {
        const t = timesteps[index];
        const predicted = predictClean(predictionType, levelAt(this.schedule, t), { modelOutput, sample });
        const x0 = predicted.map((v) => Math.min(range, Math.max(-range, v)));
        const a = alphasCumprod[t];
        const aPrevious = index + 1 < timesteps.length ? alphasCumprod[timesteps[index + 1]] : 1;
        const alpha = a / aPrevious;
        // DDPM eq. 7: the mean of q(x_(t-1) | x_t, x_0).
        const towardsClean = (Math.sqrt(aPrevious) * (1 - alpha)) / (1 - a);
        const keep = (Math.sqrt(alpha) * (1 - aPrevious)) / (1 - a);
        if (t === 0) return { sample: x0.map((v, i) => towardsClean * v + keep * sample[i]), denoised: x0 };
        const e = noise();
        const deviation = this.#deviation({ a, aPrevious, beta: 1 - alpha });
        return { sample: x0.map((v, i) => towardsClean * v + keep * sample[i] + deviation * e[i]), denoised: x0 };
      },
    });
  }

  /** Section 3.2: the posterior's own variance (small), or that of the forward step (large). */
  #deviation({ a, aPrevious, beta }: { a: number; aPrevious: number; beta: number }): number {
    const { variance_type: type } = this.config;
    const posterior = Math.max(SMALLEST_VARIANCE, ((1 - aPrevious) / (1 - a)) * beta);
    return Math.sqrt(type.startsWith('fixed_small') ? posterior : beta);
  }
}
