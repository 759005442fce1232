// The sampling loop: a model is a function of latents and timestep, a scheduler says where to go from its answer.
import { throwIfAborted } from '../core/errors.js';
import { float32, floats, type Tensor } from '../core/tensor.js';
import type { Session } from '../runtime/index.js';
import type { SamplingRun, Scheduler } from './scheduler.js';

/** Predicts noise (or velocity) for latents [1, C, h, w], scaled as the network is to see them, at a step. */
export type Denoiser = (latents: Tensor, at: { timestep: number; index: number }) => Promise<Float32Array>;

/**
 * What networks beside the UNet add at step `index`: ControlNets `down0`, `down1`, ... and `mid`, T2I-Adapters `feat0`,
 * `feat1`, ...; zeros where none act.
 *
 * @param feeds what the UNet is fed, with the latents alone as `sample`
 */
export type Residuals = (feeds: Readonly<Record<string, Tensor>>, index: number) => Promise<Record<string, Tensor>>;

/** What a sampler tells after each step. */
export interface SampledStep {
  /** 0-based. */
  index: number;
  timestep: number;
  /** Latents after the step. */
  latents: Tensor;
  /** Current estimate of the clean latents. */
  denoised: Tensor;
}

/** Gives the latents [1, C, h, w] that a step begins with in place of these, which are not scaled for the network. */
export type Move = (latents: Tensor, at: MoveStep) => Promise<Tensor>;

export interface MoveStep {
  /** 0-based. */
  index: number;
  timestep: number;
  run: SamplingRun;
}

export interface SampleOptions {
  scheduler: Scheduler;
  steps: number;
  /** Unit normal noise [1, C, h, w]. */
  noise: Tensor;
  /** Unit normal noise of step `index` for stochastic schedulers, as many values as `noise` has. */
  stepNoise?: (index: number) => Float32Array;
  /** Begins at step `first` from `clean` latents under that step's noise; absent, from noise alone. */
  start?: { clean: Tensor; first: number };
  /** Moves the latents before a step, e.g. along a gradient. */
  move?: Move;
  /** Changes the latents after each step; `run.addNoise` brings clean ones to the level of step `next`, if there is one. */
  adjust?: (latents: Float32Array, at: { run: SamplingRun; next: number | undefined }) => Float32Array;
  signal?: AbortSignal;
  onStep?: (step: SampledStep) => void;
}

/**
 * Runs the scheduler from noise to clean latents.
 *
 * @returns latents of the noise's shape
 * @throws ContrappostoError `aborted` between two steps, `invalid-input` for an impossible number of steps
 */
export async function sample(denoiser: Denoiser, options: SampleOptions): Promise<Tensor> {
  const { scheduler, steps, noise, stepNoise, start, move, adjust, signal, onStep } = options;
  const first = start?.first ?? 0;
  const run = scheduler.begin(steps, { first, noise: stepNoise });
  const begin = start
    ? run.addNoise(first, floats(start.clean), floats(noise))
    : floats(noise).map((v) => v * run.initNoiseSigma);
  let latents = float32(begin, noise.shape);
  for (const [index, timestep] of run.timesteps.entries()) {
    if (index < first) continue;
    throwIfAborted(signal, 'sample');
    if (move) latents = await move(latents, { index, timestep, run });
    const input = run.scaleModelInput(index, floats(latents));
    const prediction = await denoiser(float32(input, noise.shape), { timestep, index });
    const { sample: stepped, denoised } = run.step(index, prediction, floats(latents));
    const next = index + 1 < run.timesteps.length ? index + 1 : undefined;
    latents = float32(adjust ? adjust(stepped, { run, next }) : stepped, noise.shape);
    onStep?.({ index, timestep, latents, denoised: float32(denoised, noise.shape) });
  }
  return latents;
}

export interface GuidanceOptions {
  /** A session of `unetGraph` with batch 2 (batch 1 without guidance). */
  session: Session;
  /** Text tokens of prompt and negative prompt, each [1, T, D]. */
  prompt: Tensor;
  negativePrompt?: Tensor;
  guidanceScale: number;
  /** Channels [1, E, h, w] that the network sees after the latents. */
  extraChannels?: Tensor;
  /** Further inputs of the session, already of its batch: SDXL's `text_embeds` and `time_ids`. */
  feeds?: Readonly<Record<string, Tensor>>;
  /** Where the session takes residuals. */
  residuals?: Residuals;
  /** Told every output of the network at each step. */
  onOutputs?: (outputs: Readonly<Record<string, Tensor>>) => void;
  signal?: AbortSignal;
}

/**
 * Classifier-free guidance (Ho and Salimans 2022), both branches in one batch:
 * `prediction = negative + guidanceScale (prompt - negative)`. Without a negative prompt the network runs once.
 */
export function guidedDenoiser(options: GuidanceOptions): Denoiser {
  const { session, prompt, negativePrompt, guidanceScale, extraChannels, residuals, onOutputs, signal } = options;
  const context = negativePrompt ? stack([negativePrompt, prompt]) : prompt; // [2 or 1, T, D]
  return async (latents, { timestep, index }) => {
    const seen = extraChannels ? concatChannels(latents, extraChannels) : latents;
    const feeds = {
      sample: negativePrompt ? stack([seen, seen]) : seen,
      timestep: float32([timestep], [1]),
      encoder_hidden_states: context,
      ...options.feeds,
    };
    const steered = await residuals?.(
      { ...feeds, sample: negativePrompt ? stack([latents, latents]) : latents },
      index,
    );
    const outputs = await session.run({ ...feeds, ...steered }, { signal });
    onOutputs?.(outputs);
    const out = floats(outputs.out);
    if (!negativePrompt) return out;
    const half = out.length / 2;
    const guided = new Float32Array(half);
    for (let i = 0; i < half; i++) guided[i] = out[i] + guidanceScale * (out[half + i] - out[i]);
    return guided;
  };
}

/** Joins float32 tensors of one shape along the batch axis. */
export function stack(tensors: readonly Tensor[]): Tensor {
  const [first] = tensors;
  const data = new Float32Array(first.data.length * tensors.length);
  tensors.forEach((t, i) => {
    data.set(floats(t), i * first.data.length);
  });
  return float32(data, [first.shape[0] * tensors.length, ...first.shape.slice(1)]);
}

/** [1, A, h, w] and [1, B, h, w] -> [1, A + B, h, w] */
export function concatChannels(a: Tensor, b: Tensor): Tensor {
  const data = new Float32Array(a.data.length + b.data.length);
  data.set(floats(a));
  data.set(floats(b), a.data.length);
  return float32(data, [1, a.shape[1] + b.shape[1], ...a.shape.slice(2)]);
}
