// Euler's method with ancestral noise: each step goes further down than asked, and fresh noise brings it back up.
// (k-diffusion's sample_euler_ancestral; variances as in Song et al. 2021, "Score-based generative modeling", eq. 47.)
//
// legend: x = x_0 + sigma e, x0 = D(x; sigma), sigmaDown^2 + sigmaUp^2 = sigma_next^2
import type { z } from 'zod';
import { parseConfig } from '../models/config.js';
import { eulerGrid, eulerSchema, initialSigma } from './euler-grid.js';
import { type NoiseSchedule, noiseScheduleSchema, predictClean, requireSteps } from './noise-schedule.js';
import { type RunOptions, type SamplingRun, type Scheduler, samplingRun } from './scheduler.js';
import { finiteNoiseSchedule, sigmaTable } from './sigmas.js';

const schema = noiseScheduleSchema.extend(eulerSchema);

export type EulerAncestralDiscreteConfig = z.infer<typeof schema>;

/** diffusers' EulerAncestralDiscreteScheduler from its config; unknown fields are ignored. Throws `unsupported`. */
export class EulerAncestralDiscreteScheduler implements Scheduler {
  readonly className = 'EulerAncestralDiscreteScheduler';
  readonly config: EulerAncestralDiscreteConfig;
  readonly schedule: NoiseSchedule;

  constructor(config: unknown = {}) {
    this.config = parseConfig(schema, config, this.className);
    this.schedule = finiteNoiseSchedule(this.config);
  }

  begin(steps: number, options: RunOptions = {}): SamplingRun {
    requireSteps(steps, this.schedule.trainTimesteps);
    const { timesteps, sigmas } = eulerGrid(this.config, { steps, table: sigmaTable(this.schedule) });
    sigmas.push(0);
    return samplingRun(options, {
      timesteps,
      initNoiseSigma: initialSigma(this.config, sigmas),
      level: (index) => ({ signal: 1, noise: sigmas[index] }),
      step: (index, modelOutput, { sample, noise }) => {
        const [sigma, next] = [sigmas[index], sigmas[index + 1]];
        const level = { signal: 1, noise: sigma };
        const x0 = predictClean(this.schedule.predictionType, level, { modelOutput, sample });
        const sigmaUp = Math.sqrt((next ** 2 * (sigma ** 2 - next ** 2)) / sigma ** 2);
        const sigmaDown = Math.sqrt(next ** 2 - sigmaUp ** 2);
        const stride = (sigmaDown - sigma) / sigma;
        const down = sample.map((x, i) => x + stride * (x - x0[i]));
        if (sigmaUp === 0) return { sample: down, denoised: x0 };
        const e = noise();
        return { sample: down.map((x, i) => x + sigmaUp * e[i]), denoised: x0 };
      },
    });
  }
}
