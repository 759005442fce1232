// Denoising diffusion implicit models (Song, Meng, Ermon 2021), deterministic (eta = 0).
//
// legend: a = alpha-bar_t, aPrevious = alpha-bar_(t-1), x0 = predicted clean sample, noise = predicted noise
import { z } from 'zod';
import { parseConfig } from '../models/config.js';
import {
  levelAt,
  type NoiseSchedule,
  noiseSchedule,
  noiseScheduleSchema,
  requireSteps,
  spacedTimesteps,
} from './noise-schedule.js';
import { type RunOptions, type SamplingRun, type Scheduler, type StepResult, samplingRun } from './scheduler.js';

const schema = noiseScheduleSchema.extend({
  clip_sample: z.boolean().default(true),
  clip_sample_range: z.number().positive().default(1),
  set_alpha_to_one: z.boolean().default(true),
  steps_offset: z.int().nonnegative().default(0),
  timestep_spacing: z.enum(['leading', 'linspace', 'trailing']).default('leading'),
  thresholding: z.literal(false, { error: 'dynamic thresholding is not supported' }).default(false),
});

export type DDIMConfig = z.infer<typeof schema>;

/** diffusers' DDIMScheduler from its config; unknown fields are ignored. Throws `unsupported`. */
export class DDIMScheduler implements Scheduler {
  readonly className = 'DDIMScheduler';
  readonly config: DDIMConfig;
  readonly schedule: NoiseSchedule;

  constructor(config: unknown = {}) {
    this.config = parseConfig(schema, config, this.className);
    this.schedule = noiseSchedule(this.config);
  }

  begin(steps: number, options: RunOptions = {}): SamplingRun {
    requireSteps(steps, this.schedule.trainTimesteps);
    const timesteps = spacedTimesteps(this.config, { steps });
    const stride = Math.floor(this.schedule.trainTimesteps / steps);
    return samplingRun(options, {
      timesteps,
      level: (index) => levelAt(this.schedule, timesteps[index]),
      step: (index, modelOutput, { sample }) =>
        this.#step({ t: timesteps[index], previous: timesteps[index] - stride }, modelOutput, sample),
    });
  }

  #step(at: { t: number; previous: number }, modelOutput: Float32Array, sample: Float32Array): StepResult {
    const { alphasCumprod, predictionType } = this.schedule;
    const { clip_sample: clip, clip_sample_range: range } = this.config;
    const a = alphasCumprod[at.t];
    const finalAlpha = this.config.set_alpha_to_one ? 1 : alphasCumprod[0];
    const aPrevious = at.previous >= 0 ? alphasCumprod[at.previous] : finalAlpha;
    const [rootA, rootB] = [Math.sqrt(a), Math.sqrt(1 - a)];
    const [rootAPrevious, rootBPrevious] = [Math.sqrt(aPrevious), Math.sqrt(1 - aPrevious)];
    const next = new Float32Array(sample.length);
    const denoised = new Float32Array(sample.length);
    for (let i = 0; i < sample.length; i++) {
      const x = sample[i];
      const m = modelOutput[i];
      let x0: number;
      let noise: number;
      if (predictionType === 'epsilon') {
        noise = m;
        x0 = (x - rootB * m) / rootA; // DDIM eq. 9
      } else if (predictionType === 'v_prediction') {
        x0 = rootA * x - rootB * m;
        noise = rootA * m + rootB * x;
      } else {
        x0 = m;
        noise = (x - rootA * m) / rootB;
      }
      if (clip) x0 = Math.min(range, Math.max(-range, x0));
      denoised[i] = x0;
      next[i] = rootAPrevious * x0 + rootBPrevious * noise; // DDIM eq. 12 with sigma = 0
    }
    return { sample: next, denoised };
  }
}
