// DPM-Solver++ of order 1 and 2, multistep (Lu et al. 2022, "DPM-Solver++", algorithm 2).
//
// legend: sigma = noise over signal, alpha_t = 1 / sqrt(sigma^2 + 1), sigma_t = sigma alpha_t,
//   lambda = log(alpha_t / sigma_t), h = lambda_t - lambda_s, x0 = data prediction D(x_s, s)
import { z } from 'zod';
import { parseConfig } from '../models/config.js';
import {
  linspace,
  type NoiseSchedule,
  noiseSchedule,
  noiseScheduleSchema,
  requireSteps,
  roundHalfEven,
} from './noise-schedule.js';
import { requireOrder, requireSameLength, type SamplingRun, type Scheduler, type StepResult } from './scheduler.js';

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
  readonly initNoiseSigma = 1;
  readonly config: DPMSolverMultistepConfig;
  readonly schedule: NoiseSchedule;

  constructor(config: unknown = {}) {
    this.config = parseConfig(schema, config, this.className);
    const schedule = noiseSchedule(this.config);
    // With a zero terminal signal the first sigma would be infinite; diffusers uses 2^-24 as well.
    if (this.config.rescale_betas_zero_snr) schedule.alphasCumprod[schedule.trainTimesteps - 1] = 2 ** -24;
    this.schedule = schedule;
  }

  begin(steps: number): SamplingRun {
    // As many steps as timesteps would visit one twice: a step of zero length has no slope.
    requireSteps(steps, this.schedule.trainTimesteps - 1);
    const table = this.schedule.alphasCumprod.map((a) => Math.sqrt((1 - a) / a));
    const { timesteps, sigmas } = this.config.use_karras_sigmas
      ? karras(this.config, { steps, table })
      : spaced(this.config, { steps, table });
    sigmas.push(this.config.final_sigmas_type === 'zero' ? 0 : table[0]);
    const state: State = { sigmas, last: timesteps.length - 1 };
    let next = 0;
    return {
      timesteps,
      step: (index, modelOutput, sample) => {
        requireOrder(next++, index);
        requireSameLength(modelOutput, sample);
        return this.#step({ state, index }, modelOutput, sample);
      },
    };
  }

  #step(at: { state: State; index: number }, modelOutput: Float32Array, sample: Float32Array): StepResult {
    const { state, index } = at;
    const x0 = this.#dataPrediction(state.sigmas[index], modelOutput, sample);
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

  #dataPrediction(sigma: number, modelOutput: Float32Array, sample: Float32Array): Float32Array {
    const { alpha, noise } = level(sigma);
    const kind = this.schedule.predictionType;
    if (kind === 'sample') return modelOutput.slice();
    const x0 = new Float32Array(sample.length);
    for (let i = 0; i < sample.length; i++) {
      x0[i] =
        kind === 'epsilon' ? (sample[i] - noise * modelOutput[i]) / alpha : alpha * sample[i] - noise * modelOutput[i];
    }
    return x0;
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
  const alpha = 1 / Math.sqrt(sigma * sigma + 1);
  return { alpha, noise: sigma * alpha, lambda: -Math.log(sigma) };
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

interface Grid {
  timesteps: number[];
  sigmas: number[];
}

interface GridOptions {
  steps: number;
  /** Sigma of every training timestep, increasing. */
  table: Float64Array;
}

function spaced(config: DPMSolverMultistepConfig, { steps, table }: GridOptions): Grid {
  const { num_train_timesteps: train, timestep_spacing: spacing, steps_offset: offset } = config;
  // lambda = -log(sigma): timesteps noisier than the bound are not visited (for cosine schedules).
  const clipped = table.filter((sigma) => -Math.log(sigma) < config.lambda_min_clipped).length;
  const last = train - clipped;
  let timesteps: number[];
  if (spacing === 'linspace') {
    timesteps = Array.from(linspace(0, last - 1, steps + 1), roundHalfEven)
      .slice(1)
      .reverse();
  } else if (spacing === 'leading') {
    const stride = Math.floor(last / (steps + 1));
    timesteps = Array.from({ length: steps }, (_, i) => (i + 1) * stride + offset).reverse();
  } else {
    const stride = train / steps;
    timesteps = Array.from({ length: steps }, (_, i) => roundHalfEven(last - i * stride) - 1);
  }
  return { timesteps, sigmas: timesteps.map((t) => table[t]) };
}

/** Karras et al. 2022, eq. 5 with rho = 7, over the range of the training sigmas. */
function karras(config: DPMSolverMultistepConfig, { steps, table }: GridOptions): Grid {
  const rho = 7;
  const ends = [table[table.length - 1], table[0]].map((sigma) => sigma ** (1 / rho));
  const sigmas = Array.from(linspace(0, 1, steps), (ramp) => (ends[0] + ramp * (ends[1] - ends[0])) ** rho);
  const logs = table.map(Math.log);
  const exact = sigmas.map((sigma) => timestepOf(Math.log(sigma), logs));
  return { timesteps: config.beta_schedule === 'squaredcos_cap_v2' ? exact : exact.map(roundHalfEven), sigmas };
}

/** The fractional timestep whose log sigma this is, by linear interpolation. */
function timestepOf(logSigma: number, logs: Float64Array): number {
  let low = 0;
  while (low < logs.length - 2 && logs[low + 1] <= logSigma) low++;
  const weight = (logSigma - logs[low]) / (logs[low + 1] - logs[low]);
  return low + Math.min(1, Math.max(0, weight));
}
