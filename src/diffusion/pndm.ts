// Pseudo numerical methods (Liu et al. 2022, "PNDM"): classical integrators with DDIM's step in place of a straight line.
//
// legend: a = alpha-bar_t, e = prediction, e' = the mix of predictions that a step goes along,
//   stride = t - (t - delta) on the training schedule
import { z } from 'zod';
import { ContrappostoError } from '../core/errors.js';
import { parseConfig } from '../models/config.js';
import {
  levelAt,
  type NoiseSchedule,
  noiseScheduleSchema,
  predictClean,
  requireSteps,
  spacedTimesteps,
} from './noise-schedule.js';
import { type RunOptions, type SamplingRun, type Scheduler, samplingRun } from './scheduler.js';
import { finiteNoiseSchedule } from './sigmas.js';

const schema = noiseScheduleSchema.extend({
  prediction_type: z.enum(['epsilon', 'v_prediction']).default('epsilon'),
  skip_prk_steps: z.boolean().default(false),
  set_alpha_to_one: z.boolean().default(false),
  steps_offset: z.int().nonnegative().default(0),
  timestep_spacing: z.enum(['leading', 'linspace', 'trailing']).default('leading'),
  thresholding: z.literal(false, { error: 'dynamic thresholding is not supported' }).default(false),
});

export type PNDMConfig = z.infer<typeof schema>;

/** One evaluation of the network and the transfer that follows it. Evaluations are known by their index in the run. */
interface Evaluation {
  /** What the network sees. */
  t: number;
  /** The transfer begins here, with the sample of evaluation `sampleOf`, ... */
  from: number;
  sampleOf: number;
  /** ... and ends here; below 0 is the clean end. */
  to: number;
  /** Evaluations and the weights of their predictions in e'. */
  mix: readonly (readonly [index: number, weight: number])[];
}

/**
 * diffusers' PNDMScheduler from its config; unknown fields are ignored. Throws `unsupported`.
 *
 * A run has more evaluations than steps: one with `skip_prk_steps` (PLMS; the second timestep is visited twice), nine
 * otherwise (three Runge-Kutta steps of four evaluations, then linear multistep).
 */
export class PNDMScheduler implements Scheduler {
  readonly className = 'PNDMScheduler';
  readonly config: PNDMConfig;
  readonly schedule: NoiseSchedule;

  constructor(config: unknown = {}) {
    this.config = parseConfig(schema, config, this.className);
    this.schedule = finiteNoiseSchedule(this.config);
  }

  begin(steps: number, options: RunOptions = {}): SamplingRun {
    requireSteps(steps, this.schedule.trainTimesteps);
    const spaced = spacedTimesteps(this.config, { steps });
    const stride = Math.floor(this.schedule.trainTimesteps / steps);
    const first = options.first ?? 0;
    // A run from the middle has no noise to lose to a coarse start, so it needs no Runge-Kutta steps.
    const warm = !this.config.skip_prk_steps && first === 0;
    const plan = warm ? rungeKuttaPlan(spaced, stride) : multistepPlan(spaced, { stride, first });
    const timesteps = plan.map(({ t }) => t);
    const predictions: Float32Array[] = [];
    const samples: Float32Array[] = [];
    return samplingRun(options, {
      timesteps,
      level: (index) => levelAt(this.schedule, timesteps[index]),
      step: (index, modelOutput, { sample }) => {
        predictions[index] = modelOutput;
        samples[index] = sample;
        const { t, mix, sampleOf } = plan[index];
        const { predictionType } = this.schedule;
        const denoised = predictClean(predictionType, levelAt(this.schedule, t), { modelOutput, sample });
        const mixed = modelOutput.map((_, i) =>
          mix.reduce((sum, [of, weight]) => sum + weight * predictions[of][i], 0),
        );
        return { sample: this.#transfer(samples[sampleOf], mixed, plan[index]), denoised };
      },
    });
  }

  /** PNDM eq. 9, the transfer part: where a sample goes along a prediction. */
  #transfer(sample: Float32Array, prediction: Float32Array, { from, to }: Evaluation): Float32Array {
    const { alphasCumprod, predictionType } = this.schedule;
    const a = alphasCumprod[from];
    const aNext = to >= 0 ? alphasCumprod[to] : this.config.set_alpha_to_one ? 1 : alphasCumprod[0];
    const keep = Math.sqrt(aNext / a);
    const move = (aNext - a) / (a * Math.sqrt(1 - aNext) + Math.sqrt(a * (1 - a) * aNext));
    if (predictionType === 'epsilon') return sample.map((x, i) => keep * x - move * prediction[i]);
    const [rootA, rootB] = [Math.sqrt(a), Math.sqrt(1 - a)];
    return sample.map((x, i) => keep * x - move * (rootA * prediction[i] + rootB * x));
  }
}

/** Adams-Bashforth: PNDM eq. 12 with four predictions, newest first, and its lower orders while there are fewer. */
const MULTISTEP: readonly (readonly number[])[] = [
  [1],
  [3 / 2, -1 / 2],
  [23 / 12, -16 / 12, 5 / 12],
  [55 / 24, -59 / 24, 37 / 24, -9 / 24],
];

/** @param visited evaluations at the beginnings of steps so far, oldest first; this one is the last */
function multistepMix(visited: readonly number[]): Evaluation['mix'] {
  const newest = visited.slice(-MULTISTEP.length).reverse();
  return newest.map((of, k) => [of, MULTISTEP[newest.length - 1][k]]);
}

/** Linear multistep from `first` on; the first step is taken twice, the second time along the mean of both its ends. */
function multistepPlan(spaced: readonly number[], { stride, first }: { stride: number; first: number }): Evaluation[] {
  const plan: Evaluation[] = [];
  const visited: number[] = [];
  spaced.forEach((t, i) => {
    if (i === first + 1) {
      const mean = [first, plan.length].map((of) => [of, 1 / 2] as const);
      plan.push({ t, from: t + stride, sampleOf: first, to: t, mix: mean });
    }
    if (i >= first) visited.push(plan.length);
    plan.push({ t, from: t, sampleOf: plan.length, to: t - stride, mix: multistepMix(visited) });
  });
  return plan;
}

/** Steps of four evaluations each, which give the multistep method its past. */
const WARM_UP = 3;

/** Three steps of PNDM eq. 13 (four evaluations each), then linear multistep from the predictions at their beginnings. */
function rungeKuttaPlan(spaced: readonly number[], stride: number): Evaluation[] {
  if (spaced.length <= WARM_UP) {
    throw new ContrappostoError('invalid-input', {
      operation: 'steps',
      expected: `at least ${WARM_UP + 1}, since the scheduler begins with ${WARM_UP} Runge-Kutta steps`,
      got: `${spaced.length}`,
      hint: 'take more steps, or another scheduler',
    });
  }
  const half = Math.floor(stride / 2);
  const plan: Evaluation[] = [];
  const visited: number[] = [];
  spaced.forEach((t, i) => {
    const sampleOf = plan.length;
    visited.push(sampleOf);
    if (i >= WARM_UP) {
      plan.push({ t, from: t, sampleOf, to: t - stride, mix: multistepMix(visited) });
      return;
    }
    const next = spaced[i + 1];
    const mean = [1 / 6, 1 / 3, 1 / 3, 1 / 6].map((weight, k) => [sampleOf + k, weight] as const);
    plan.push(
      { t, from: t, sampleOf, to: t - half, mix: [[sampleOf, 1]] },
      { t: next + half, from: t, sampleOf, to: next + half, mix: [[sampleOf + 1, 1]] },
      { t: next + half, from: t, sampleOf, to: next, mix: [[sampleOf + 2, 1]] },
      { t: next, from: t, sampleOf, to: next, mix: mean },
    );
  });
  return plan;
}
