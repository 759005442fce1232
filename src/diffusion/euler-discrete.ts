// Euler's method on the probability-flow differential equation (Karras et al. 2022, algorithm 2 without churn).
//
// legend: x = x_0 + sigma e (the variance grows with sigma), x0 = D(x; sigma), d = (x - x0) / sigma
import { z } from 'zod';
import { parseConfig } from '../models/config.js';
import { eulerGrid, eulerSchema, initialSigma } from './euler-grid.js';
import { type NoiseSchedule, noiseScheduleSchema, predictClean, requireSteps } from './noise-schedule.js';
import { type RunOptions, type SamplingRun, type Scheduler, samplingRun } from './scheduler.js';
import { finiteNoiseSchedule, type SigmaGrid, sigmaTable } from './sigmas.js';

const unsupported = (what: string) => ({ error: `${what} is not supported` });

const schema = noiseScheduleSchema.extend({
  ...eulerSchema,
  interpolation_type: z.literal('linear', unsupported('any interpolation_type but "linear"')).default('linear'),
  use_karras_sigmas: z.boolean().nullish(),
  use_exponential_sigmas: z.literal(false, unsupported('use_exponential_sigmas')).nullish(),
  use_beta_sigmas: z.literal(false, unsupported('use_beta_sigmas')).nullish(),
  timestep_type: z.literal('discrete', unsupported('any timestep_type but "discrete"')).default('discrete'),
  final_sigmas_type: z.enum(['zero', 'sigma_min']).default('zero'),
});

export type EulerDiscreteConfig = z.infer<typeof schema>;

/** diffusers' EulerDiscreteScheduler from its config; unknown fields are ignored. Throws `unsupported`. */
export class EulerDiscreteScheduler implements Scheduler {
  readonly className = 'EulerDiscreteScheduler';
  readonly config: EulerDiscreteConfig;
  readonly schedule: NoiseSchedule;

  constructor(config: unknown = {}) {
    this.config = parseConfig(schema, config, this.className);
    this.schedule = finiteNoiseSchedule(this.config);
  }

  begin(steps: number, options: RunOptions = {}): SamplingRun {
    requireSteps(steps, this.schedule.trainTimesteps);
    const { timesteps, sigmas } = this.#grid(steps);
    return samplingRun(options, {
      timesteps,
      initNoiseSigma: initialSigma(this.config, sigmas),
      level: (index) => ({ signal: 1, noise: sigmas[index] }),
      step: (index, modelOutput, { sample }) => {
        const [sigma, next] = [sigmas[index], sigmas[index + 1]];
        const level = { signal: 1, noise: sigma };
        const x0 = predictClean(this.schedule.predictionType, level, { modelOutput, sample });
        const stride = (next - sigma) / sigma;
        return { sample: sample.map((x, i) => x + stride * (x - x0[i])), denoised: x0 };
      },
    });
  }

  #grid(steps: number): SigmaGrid {
    const table = sigmaTable(this.schedule);
    const { timesteps, sigmas } = eulerGrid(this.config, { steps, table });
    return { timesteps, sigmas: [...sigmas, this.config.final_sigmas_type === 'zero' ? 0 : table[0]] };
  }
}
