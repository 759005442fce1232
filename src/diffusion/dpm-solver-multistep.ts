// DPM-Solver++ of order 1 and 2, multistep (Lu et al. 2022, "DPM-Solver++", algorithm 2).
//
// legend: sigma = noise over signal, alpha_t = 1 / sqrt(sigma^2 + 1), sigma_t = sigma alpha_t,
//   lambda = log(alpha_t / sigma_t), h = lambda_t - lambda_s, x0 = data prediction D(x_s, s)
import { z } from 'zod';
import { parseConfig } from '../models/config.js';
import { type NoiseSchedule, noiseScheduleSchema, predictClean, requireSteps } from './noise-schedule.js';
import { type RunOptions, type SamplingRun, type Scheduler, type StepResult, samplingRun } from './scheduler.js';
import { finiteNoiseSchedule, preservingLevel, sigmaTable, solverGrid } from './sigmas.js';

const unsupported = (what: string) => ({ error: `${what} is not supported` });

const schema = noiseScheduleSchema.extend({
  solver_order: z.union([z.literal(1), z.literal(2)]).default(2),
  algorithm_type: z.literal('dpmsolver++', unsupported('any algorithm_type but "dpmsolver++"')).default('dpmsolver++'),
  solver_type: z.enum(['midpoint', 'heun']).default('midpoint'),
  lower_order_final: z.boolean().default(true),
  euler_at_final: z.boolean().default(false),
  use_karras_sigmas: z.boolean().nullish(),
  use_exponential_sigmas: z.literal(false, unsupported('use_exponential_sigmas')).nullish(),
  use_beta_sigmas: z.literal(false, unsupported('use_beta_sigmas')).nullish(),
  use_lu_lambdas: z.literal(false, unsupported('use_lu_lambdas')).nullish(),
  use_flow_sigmas: z.literal(false, unsupported('use_flow_sigmas')).nullish(),
  final_sigmas_type: z.enum(['zero', 'sigma_min']).default('zero'),
  lambda_min_clipped: z
    .unknown()
    .optional()
    .transform((v) => (typeof v === 'number' ? v : Number.NEGATIVE_INFINITY)),
  variance_type: z.null(unsupported('variance_type')).optional(),
  timestep_spacing: z.enum(['leading', 'linspace', 'trailing']).default('linspace'),
  steps_offset: z.int().nonnegative().default(0),
  thresholding: z.literal(false, unsupported('dynamic thresholding')).default(false),
});

export type DPMSolverMultistepConfig = z.infer<typeof schema>;

/** Below this many steps the last one is of first order: the second would overshoot. */
const FEW_STEPS = 15;

/** diffusers' DPMSolverMultistepScheduler (`dpmsolver++`) from its config. Throws `unsupported`. */
export class DPMSolverMultistepScheduler implements Scheduler {
  readonly className = 'DPMSolverMultistepScheduler';
  readonly config: DPMSolverMultistepConfig;
  readonly schedule: NoiseSchedule;

  constructor(config: unknown = {}) {
    this.config = parseConfig(schema, config, this.className);
    this.schedule = finiteNoiseSchedule(this.config);
  }

  begin(steps: number, options: RunOptions = {}): SamplingRun {
    // As many steps as timesteps would visit one twice: a step of zero length has no slope.
    requireSteps(steps, this.schedule.trainTimesteps - 1);
    const table = sigmaTable(this.schedule);
    // lambda = -log(sigma): timesteps noisier than the bound are not visited.
    const clipped = table.filter((sigma) => -Math.log(sigma) < this.config.lambda_min_clipped).length;
    const { timesteps, sigmas } = solverGrid(this.config, { steps, table, clipped });
    const state: State = { sigmas, last: steps - 1 };
    return samplingRun(options, {
      timesteps,
      level: (index) => preservingLevel(sigmas[index]),
      step: (index, modelOutput, { sample }) => this.#step({ state, index }, modelOutput, sample),
    });
  }

  #step(at: { state: State; index: number }, modelOutput: Float32Array, sample: Float32Array): StepResult {
    const { state, index } = at;
    const x0 = predictClean(this.schedule.predictionType, preservingLevel(state.sigmas[index]), {
      modelOutput,
      sample,
    });
    const first = this.config.solver_order === 1 || !state.previous || this.#firstOrderFinal(state, index);
    const next = first
      ? firstOrder(state, { index, x0, sample })
      : secondOrder(state, { index, x0, sample, previous: state.previous!, heun: this.config.solver_type === 'heun' });
    state.previous = x0;
    return { sample: next, denoised: x0 };
  }

  #firstOrderFinal(state: State, index: number): boolean {
    const { euler_at_final: euler, lower_order_final: lower, final_sigmas_type: end } = this.config;
    return index === state.last && (euler || (lower && state.last + 1 < FEW_STEPS) || end === 'zero');
  }
}

interface State {
  /** One a step, and the final one. */
  sigmas: readonly number[];
  /** Index of the last step. */
  last: number;
  /** Data prediction of the step before. */
  previous?: Float32Array;
}

interface Update {
  index: number;
  x0: Float32Array;
  sample: Float32Array;
}

function level(sigma: number): { alpha: number; noise: number; lambda: number } {
  const { signal: alpha, noise } = preservingLevel(sigma);
  return { alpha, noise, lambda: -Math.log(sigma) };
}

/** DPM-Solver++ eq. 4.2 (its first-order case, DDIM): x_t = sigma_t / sigma_s x_s - alpha_t (e^-h - 1) x0. */
function firstOrder({ sigmas }: State, { index, x0, sample }: Update): Float32Array {
  const s = level(sigmas[index]);
  const t = level(sigmas[index + 1]);
  const keep = t.noise / s.noise;
  const add = -t.alpha * Math.expm1(-(t.lambda - s.lambda));
  return sample.map((x, i) => keep * x + add * x0[i]);
}

/** DPM-Solver++ algorithm 2: D1 = (x0 - previous x0) / r extrapolates the data prediction to the middle of the step. */
function secondOrder(
  { sigmas }: State,
  { index, x0, sample, previous, heun }: Update & { previous: Float32Array; heun: boolean },
): Float32Array {
  const before = level(sigmas[index - 1]);
  const s = level(sigmas[index]);
  const t = level(sigmas[index + 1]);
  const h = t.lambda - s.lambda;
  const r = (s.lambda - before.lambda) / h;
  const keep = t.noise / s.noise;
  const decay = Math.expm1(-h);
  const add = -t.alpha * decay;
  const slope = heun ? t.alpha * (decay / h + 1) : -0.5 * t.alpha * decay;
  return sample.map((x, i) => keep * x + add * x0[i] + slope * ((x0[i] - previous[i]) / r));
}
