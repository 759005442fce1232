// The forward process that every scheduler shares: betas, their products, noising, velocity and timestep spacing.
import { z } from 'zod';
import { ContrappostoError } from '../core/errors.js';
import { floats, sizeOf, type Tensor } from '../core/tensor.js';

/** Fields of `scheduler_config.json` that describe training, under their own names. */
export const noiseScheduleSchema = z.looseObject({
  num_train_timesteps: z.int().positive().default(1000),
  beta_start: z.number().positive().default(0.0001),
  beta_end: z.number().positive().default(0.02),
  beta_schedule: z.enum(['linear', 'scaled_linear', 'squaredcos_cap_v2']).default('linear'),
  trained_betas: z.array(z.number()).nullish(),
  rescale_betas_zero_snr: z.boolean().default(false),
  prediction_type: z.enum(['epsilon', 'v_prediction', 'sample']).default('epsilon'),
});

export type NoiseScheduleConfig = z.infer<typeof noiseScheduleSchema>;

/** What the network was trained to predict. */
export type PredictionType = NoiseScheduleConfig['prediction_type'];

/** `x_t = sqrt(alphasCumprod[t]) x_0 + sqrt(1 - alphasCumprod[t]) noise`. */
export interface NoiseSchedule {
  readonly trainTimesteps: number;
  readonly predictionType: PredictionType;
  /** The product of `1 - beta` up to each timestep. */
  readonly alphasCumprod: Float64Array;
  /** Noisy samples; `timesteps` has one entry a sample of the batch, or one for all. */
  addNoise(sample: Tensor, noise: Tensor, timesteps: readonly number[]): Tensor;
  /** `v = sqrt(a) noise - sqrt(1 - a) x_0` (Salimans and Ho 2022): the target of v-prediction. */
  velocity(sample: Tensor, noise: Tensor, timesteps: readonly number[]): Tensor;
}

export function noiseSchedule(config: NoiseScheduleConfig): NoiseSchedule {
  const alphasCumprod = cumulativeAlphas(config);
  const combine = (operation: string, batch: NoisePair, weights: (a: number) => readonly [number, number]) =>
    weightedSum(operation, batch, { weights: (t) => weights(alphasCumprod[t]), steps: alphasCumprod.length });
  return {
    trainTimesteps: config.num_train_timesteps,
    predictionType: config.prediction_type,
    alphasCumprod,
    addNoise: (sample, noise, timesteps) =>
      combine('addNoise', { sample, noise, timesteps }, (a) => [Math.sqrt(a), Math.sqrt(1 - a)]),
    velocity: (sample, noise, timesteps) =>
      combine('velocity', { sample, noise, timesteps }, (a) => [-Math.sqrt(1 - a), Math.sqrt(a)]),
  };
}

function cumulativeAlphas(config: NoiseScheduleConfig): Float64Array {
  const betas = config.trained_betas?.length ? Float64Array.from(config.trained_betas) : betaTable(config);
  let product = 1;
  const products = betas.map((beta) => {
    product *= 1 - beta;
    return product;
  });
  return config.rescale_betas_zero_snr ? zeroTerminalSnr(products) : products;
}

function betaTable(config: NoiseScheduleConfig): Float64Array {
  const { num_train_timesteps: steps, beta_start: start, beta_end: end, beta_schedule: kind } = config;
  if (kind === 'linear') return linspace(start, end, steps);
  if (kind === 'scaled_linear') return linspace(Math.sqrt(start), Math.sqrt(end), steps).map((b) => b * b);
  // Nichol and Dhariwal 2021, eq. 17, with betas capped at 0.999.
  const alphaBar = (t: number) => Math.cos(((t / steps + 0.008) / 1.008) * (Math.PI / 2)) ** 2;
  return Float64Array.from({ length: steps }, (_, i) => Math.min(1 - alphaBar(i + 1) / alphaBar(i), 0.999));
}

/** Lin et al. 2023 ("Common diffusion noise schedules ... are flawed"), algorithm 1: the last step is pure noise. */
function zeroTerminalSnr(alphasCumprod: Float64Array): Float64Array {
  const roots = alphasCumprod.map(Math.sqrt);
  const first = roots[0];
  const last = roots[roots.length - 1];
  return roots.map((r) => ((r - last) * (first / (first - last))) ** 2);
}

interface NoisePair {
  sample: Tensor;
  noise: Tensor;
  timesteps: readonly number[];
}

function weightedSum(
  operation: string,
  { sample, noise, timesteps }: NoisePair,
  { weights, steps }: { weights: (t: number) => readonly [number, number]; steps: number },
): Tensor {
  const batch = sample.shape[0] ?? 1;
  if (noise.shape.join() !== sample.shape.join()) {
    const expected = `noise of shape [${sample.shape}]`;
    throw new ContrappostoError('shape', { operation, expected, got: `[${noise.shape}]` });
  }
  if (timesteps.length !== 1 && timesteps.length !== batch) {
    throw new ContrappostoError('shape', {
      operation,
      expected: `1 or ${batch} timesteps`,
      got: `${timesteps.length}`,
    });
  }
  const bad = timesteps.find((t) => !Number.isInteger(t) || t < 0 || t >= steps);
  if (bad !== undefined) {
    throw new ContrappostoError('invalid-input', {
      operation,
      expected: `whole timesteps in 0..${steps - 1}`,
      got: `${bad}`,
    });
  }
  const x = floats(sample);
  const e = floats(noise);
  const each = sizeOf(sample.shape) / batch;
  const out = new Float32Array(x.length);
  for (let n = 0; n < batch; n++) {
    const [a, b] = weights(timesteps[timesteps.length === 1 ? 0 : n]);
    for (let i = n * each; i < (n + 1) * each; i++) out[i] = a * x[i] + b * e[i];
  }
  return { dtype: 'float32', shape: sample.shape, data: out };
}

/** Weights of x_0 and noise in a sample at a whole timestep. */
export function levelAt({ alphasCumprod }: NoiseSchedule, t: number): { signal: number; noise: number } {
  return { signal: Math.sqrt(alphasCumprod[t]), noise: Math.sqrt(1 - alphasCumprod[t]) };
}

/**
 * The estimate of the clean sample that a prediction stands for, when `sample = signal x_0 + noise e`.
 *
 * @param modelOutput prediction for the sample scaled to unit variance
 */
export function predictClean(
  kind: PredictionType,
  { signal, noise }: { signal: number; noise: number },
  { modelOutput, sample }: { modelOutput: Float32Array; sample: Float32Array },
): Float32Array {
  if (kind === 'sample') return modelOutput.slice();
  if (kind === 'epsilon') return sample.map((x, i) => (x - noise * modelOutput[i]) / signal);
  // The velocity is defined where signal^2 + noise^2 = 1.
  const variance = signal * signal + noise * noise;
  const [keep, take] = [signal / variance, noise / Math.sqrt(variance)];
  return sample.map((x, i) => keep * x - take * modelOutput[i]);
}

/** How `steps` timesteps are chosen among those of training; fields of `scheduler_config.json`. */
export interface TimestepSpacing {
  num_train_timesteps: number;
  timestep_spacing: 'leading' | 'linspace' | 'trailing';
  steps_offset: number;
}

/**
 * Timesteps from noisy to clean (table 2 of Lin et al. 2023, "Common diffusion noise schedules ... are flawed").
 *
 * @param options.whole whether those of `linspace` are rounded; default true
 */
export function spacedTimesteps(
  { num_train_timesteps: train, timestep_spacing: spacing, steps_offset: offset }: TimestepSpacing,
  { steps, whole = true }: { steps: number; whole?: boolean },
): number[] {
  const last = train - 1;
  if (spacing === 'linspace') return Array.from(linspace(0, last, steps), whole ? roundHalfEven : Number).reverse();
  if (spacing === 'trailing') {
    return Array.from({ length: steps }, (_, i) => roundHalfEven(train - (i * train) / steps) - 1);
  }
  const stride = Math.floor(train / steps);
  return Array.from({ length: steps }, (_, i) => Math.min(last, i * stride + offset)).reverse();
}

/** `count` evenly spaced numbers from `start` to `end`, both included; one number is `start`. */
export function linspace(start: number, end: number, count: number): Float64Array {
  const step = count > 1 ? (end - start) / (count - 1) : 0;
  return Float64Array.from({ length: count }, (_, i) => (i === count - 1 && count > 1 ? end : start + step * i));
}

/** NumPy's rounding: halves go to the even neighbour. Schedules of the reference implementations rely on it. */
export function roundHalfEven(x: number): number {
  const low = Math.floor(x);
  const half = x - low;
  if (half !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

/** Throws `invalid-input` unless `steps` is a whole number in 1..trainTimesteps. */
export function requireSteps(steps: number, trainTimesteps: number): void {
  if (Number.isInteger(steps) && steps >= 1 && steps <= trainTimesteps) return;
  throw new ContrappostoError('invalid-input', {
    operation: 'steps',
    expected: `a whole number in 1..${trainTimesteps}`,
    got: `${steps}`,
  });
}
