// What every pipeline takes: options, their defaults from the checkpoint, and the checks before anything is computed.
import { ContrappostoError } from '../core/errors.js';
import type { Image } from '../core/image.js';
import type { OnProgress } from '../core/progress.js';
import type { Tensor } from '../core/tensor.js';
import { type Adapter, requireAdapters } from './adapter.js';
import type { AttentionRecorder } from './attention-control/attention-recorder.js';
import { type Control, requireControls } from './control.js';
import { type Pipeline, requireDivisible } from './pipeline.js';
import type { Scheduler } from './scheduler.js';
import { createScheduler, type SchedulerName } from './schedulers.js';

export interface GenerationOptions {
  prompt: string;
  negativePrompt?: string;
  /** A prompt beyond the text encoder's length is cut with a warning (default), or read in chunks of that length. */
  longPrompts?: 'cut' | 'chunk';
  /** Sampling steps. Default 20. */
  steps?: number;
  /** Weight of the prompt against the negative prompt; 1 or less samples without guidance. Default 7.5. */
  guidanceScale?: number;
  /** Picture i is made from seed + i. Default 0. */
  seed?: number | bigint;
  /** Pixels; multiples of the autoencoder's scale factor. Default: what the UNet was trained for. */
  width?: number;
  height?: number;
  /** Pictures to make, one after another. Default 1. */
  count?: number;
  /** A short name, or a scheduler made before; default the checkpoint's own. */
  scheduler?: SchedulerName | Scheduler;
  /** ControlNets that steer the run, any number at once. */
  controls?: readonly Control[];
  /** T2I-Adapters that steer it, any number, also beside ControlNets. */
  adapters?: readonly Adapter[];
  /** Unit normal noise [1, C, h, w] to start from in place of the seed's; only with `count` 1. */
  noise?: Tensor;
  /** Told what the network attends to at each step, for one picture. */
  attention?: AttentionRecorder;
  /** Release each network as soon as the run no longer needs it: less memory, slower next run. */
  lowMemory?: boolean;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

export interface GeneratedImage {
  image: Image;
  seed: number | bigint;
  /** Final latents [1, C, h, w], as the UNet sees them. */
  latents: Tensor;
}

export interface GenerationSettings extends GenerationOptions {
  longPrompts: 'cut' | 'chunk';
  steps: number;
  guidanceScale: number;
  seed: number | bigint;
  width: number;
  height: number;
  count: number;
  scheduler: Scheduler;
}

/** Height and width in pixels that the UNet was trained for. */
export function trainedSize({ unetConfig, vae }: Pipeline): { height: number; width: number } {
  const [height, width] = (unetConfig.sampleSize ?? [64, 64]).map((side) => side * vae.scaleFactor);
  return { height, width };
}

/**
 * The options with every default filled in.
 *
 * @throws ContrappostoError `invalid-input` for settings out of range, `usage` for an unknown scheduler, `shape` for noise
 */
export function generationSettings(
  pipeline: Pipeline,
  options: GenerationOptions,
  { operation }: { operation: string },
): GenerationSettings {
  const { scaleFactor, latentChannels } = pipeline.vae;
  const scheduler =
    typeof options.scheduler === 'object'
      ? options.scheduler
      : createScheduler(pipeline.schedulerConfig, options.scheduler);
  const defaults = { steps: 20, guidanceScale: 7.5, seed: 0, ...trainedSize(pipeline), count: 1, longPrompts: 'cut' };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings = { ...defaults, ...given, scheduler } as GenerationSettings;
  requireDivisible(operation, { height: settings.height, width: settings.width }, scaleFactor);
  requireSettings(settings, operation);
  requireControls(pipeline, settings.controls ?? [], operation);
  const size = { heightPx: settings.height, widthPx: settings.width };
  requireAdapters(pipeline, settings.adapters ?? [], { operation, size });
  requireNoise(settings, {
    operation,
    shape: [1, latentChannels, settings.height / scaleFactor, settings.width / scaleFactor],
  });
  return settings;
}

function requireSettings({ count, guidanceScale, seed, scheduler, steps }: GenerationSettings, operation: string) {
  if (!Number.isInteger(count) || count < 1) {
    throw new ContrappostoError('invalid-input', { operation, expected: 'count of at least 1', got: `${count}` });
  }
  if (!Number.isFinite(guidanceScale) || guidanceScale < 0) {
    const expected = 'a guidanceScale of at least 0';
    throw new ContrappostoError('invalid-input', { operation, expected, got: `${guidanceScale}` });
  }
  if (typeof seed === 'number' && !Number.isSafeInteger(seed)) {
    const hint = 'give seeds beyond 2^53 as bigint';
    throw new ContrappostoError('invalid-input', { operation, expected: 'a whole seed', got: `${seed}`, hint });
  }
  scheduler.begin(steps); // refuses an impossible number before anything is loaded
}

function requireNoise(
  { noise, count }: GenerationSettings,
  { operation, shape }: { operation: string; shape: readonly number[] },
): void {
  if (!noise) return;
  if (count === 1 && noise.shape.join() === shape.join()) return;
  throw new ContrappostoError('shape', {
    operation: `${operation}: noise`,
    expected: `[${shape}] and count 1`,
    got: `[${noise.shape}] and count ${count}`,
  });
}

/**
 * The first of `steps` steps of a run that changes a picture: as diffusers, the last `floor(steps * strength)` are taken.
 *
 * @param strength above 0 (nothing changes) up to 1 (nothing stays)
 * @throws ContrappostoError `invalid-input` for a strength out of range or one that leaves no step
 */
export function firstStep(operation: string, { steps, strength }: { steps: number; strength: number }): number {
  if (!(strength > 0 && strength <= 1)) {
    const expected = 'a strength above 0 and at most 1';
    throw new ContrappostoError('invalid-input', { operation, expected, got: `${strength}` });
  }
  const taken = Math.floor(steps * strength);
  if (taken >= 1) return steps - taken;
  throw new ContrappostoError('invalid-input', {
    operation,
    expected: 'at least one step of denoising',
    got: `strength ${strength} of ${steps} steps`,
    hint: `use at least ${Math.ceil(1 / strength)} steps, or a strength of ${1 / steps} or more`,
  });
}
