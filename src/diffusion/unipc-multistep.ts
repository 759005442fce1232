// UniPC, the unified predictor-corrector (Zhao et al. 2023), multistep, in its data-prediction form, orders 1 to 3.
//
// legend: lambda = log(alpha / sigma), h = lambda_t - lambda_s, r_i = (lambda_(s_i) - lambda_s) / h,
//   m_i = data prediction at s_i, D_i = (m_i - m_0) / r_i, hh = -h (data prediction), B = hh (bh1) or e^hh - 1 (bh2)
import { z } from 'zod';
import { parseConfig } from '../models/config.js';
import { type NoiseSchedule, noiseScheduleSchema, predictClean, requireSteps } from './noise-schedule.js';
import { type RunOptions, type SamplingRun, type Scheduler, type StepResult, samplingRun } from './scheduler.js';
import { finiteNoiseSchedule, preservingLevel, sigmaTable, solverGrid } from './sigmas.js';

const unsupported = (what: string) => ({ error: `${what} is not supported` });

const schema = noiseScheduleSchema.extend({
  solver_order: z.union([z.literal(1), z.literal(2), z.literal(3)]).default(2),
  predict_x0: z.literal(true, unsupported('predict_x0 false')).default(true),
  // A config written for DPM-Solver names its own types; diffusers takes bh2 for them.
  solver_type: z
    .enum(['bh1', 'bh2', 'midpoint', 'heun', 'logrho'])
    .default('bh2')
    .transform((type) => (type === 'bh1' ? type : 'bh2')),
  lower_order_final: z.boolean().default(true),
  disable_corrector: z.array(z.int().nonnegative()).default([]),
  solver_p: z.null(unsupported('solver_p')).optional(),
  use_karras_sigmas: z.boolean().nullish(),
  use_exponential_sigmas: z.literal(false, unsupported('use_exponential_sigmas')).nullish(),
  use_beta_sigmas: z.literal(false, unsupported('use_beta_sigmas')).nullish(),
  use_flow_sigmas: z.literal(false, unsupported('use_flow_sigmas')).nullish(),
  final_sigmas_type: z.enum(['zero', 'sigma_min']).default('zero'),
  timestep_spacing: z.enum(['leading', 'linspace', 'trailing']).default('linspace'),
  steps_offset: z.int().nonnegative().default(0),
  thresholding: z.literal(false, unsupported('dynamic thresholding')).default(false),
});

export type UniPCMultistepConfig = z.infer<typeof schema>;

/** diffusers' UniPCMultistepScheduler from its config; unknown fields are ignored. Throws `unsupported`. */
export class UniPCMultistepScheduler implements Scheduler {
  readonly className = 'UniPCMultistepScheduler';
  readonly config: UniPCMultistepConfig;
  readonly schedule: NoiseSchedule;

  constructor(config: unknown = {}) {
    this.config = parseConfig(schema, config, this.className);
    this.schedule = finiteNoiseSchedule(this.config);
  }

  begin(steps: number, options: RunOptions = {}): SamplingRun {
    // As many steps as timesteps would visit one twice: a step of zero length has no slope.
    requireSteps(steps, this.schedule.trainTimesteps - 1);
    const { timesteps, sigmas } = solverGrid(this.config, { steps, table: sigmaTable(this.schedule) });
    const state: State = { sigmas, predictions: [], order: 1 };
    return samplingRun(options, {
      timesteps,
      level: (index) => preservingLevel(sigmas[index]),
      step: (index, modelOutput, { sample }) => this.#step({ state, index }, modelOutput, sample),
    });
  }

  #step(at: { state: State; index: number }, modelOutput: Float32Array, sample: Float32Array): StepResult {
    const { state, index } = at;
    const { predictionType } = this.schedule;
    const { solver_type: type, solver_order: order, lower_order_final: lower } = this.config;
    const m = predictClean(predictionType, preservingLevel(state.sigmas[index]), { modelOutput, sample });
    const corrects = state.last && !this.config.disable_corrector.includes(index - 1);
    const x = corrects ? update(state, { type, from: index - 1, x: state.last!, corrected: m }) : sample;
    state.predictions = [m, ...state.predictions].slice(0, order);
    const left = state.sigmas.length - 1 - index;
    // The step to a sigma of zero is infinitely long in lambda: it has no slope to extrapolate.
    const last = left === 1 && state.sigmas[index + 1] === 0;
    state.order = last ? 1 : Math.min(state.predictions.length, lower ? left : order);
    state.last = x;
    return { sample: update(state, { type, from: index, x }), denoised: m };
  }
}

interface State {
  /** One a step, and the final one. */
  sigmas: readonly number[];
  /** Data predictions, the latest first. */
  predictions: Float32Array[];
  /** Order of the latest prediction; its correction has the same. */
  order: number;
  /** Sample that the latest prediction started from. */
  last?: Float32Array;
}

interface Update {
  type: 'bh1' | 'bh2';
  /** The step that is made, or corrected. */
  from: number;
  /** Sample at its beginning. */
  x: Float32Array;
  /** Data prediction at its end: makes the predictor the corrector. */
  corrected?: Float32Array;
}

/** UniP (eq. 9, 10) or, with the prediction at the end of the step, UniC (eq. 8, 10). */
function update(state: State, { type, from, x, corrected }: Update): Float32Array {
  const { sigmas, predictions, order } = state;
  const [s, t] = [preservingLevel(sigmas[from]), preservingLevel(sigmas[from + 1])];
  const lambda = (index: number) => -Math.log(sigmas[index]);
  const h = lambda(from + 1) - lambda(from);
  const growth = Math.expm1(-h);
  const b = type === 'bh1' ? -h : growth;
  const [m0, ...earlier] = predictions.slice(0, order);
  const r = earlier.map((_, i) => (lambda(from - 1 - i) - lambda(from)) / h);
  const weights = coefficients({ r: corrected ? [...r, 1] : r, hh: -h, b });
  const slopes = corrected ? [...earlier, corrected] : earlier;
  const keep = t.noise / s.noise;
  const out = x.map((v, i) => keep * v - t.signal * growth * m0[i]);
  slopes.forEach((m, k) => {
    const scale = (-t.signal * b * weights[k]) / (r[k] ?? 1);
    for (let i = 0; i < out.length; i++) out[i] += scale * (m[i] - m0[i]);
  });
  return out;
}

/** Weights of the differences D_i: they satisfy sum_i w_i r_i^(n-1) = b_n, eq. 6. One alone weighs a half. */
function coefficients({ r, hh, b }: { r: readonly number[]; hh: number; b: number }): number[] {
  if (r.length <= 1) return r.map(() => 0.5);
  const targets: number[] = [];
  let phi = Math.expm1(hh) / hh - 1;
  let factorial = 1;
  for (let n = 1; n <= r.length; n++) {
    targets.push((phi * factorial) / b);
    factorial *= n + 1;
    phi = phi / hh - 1 / factorial;
  }
  return solveVandermonde(r, targets);
}

/** Solves sum_i w_i r_i^n = targets_n, n from 0, by Lagrange's basis: w_i is the i-th basis polynomial at the targets. */
function solveVandermonde(r: readonly number[], targets: readonly number[]): number[] {
  return r.map((own, i) => {
    let polynomial = [1]; // coefficients, constant first
    for (const [j, other] of r.entries()) {
      if (j === i) continue;
      const shifted = [0, ...polynomial];
      polynomial = shifted.map((c, n) => (c - other * (polynomial[n] ?? 0)) / (own - other));
    }
    return polynomial.reduce((sum, c, n) => sum + c * targets[n], 0);
  });
}
