// Plain text-to-image sampling with classifier-free guidance.
import { ContrappostoError, throwIfAborted } from '../core/errors.js';
import { fromTensor, type Image } from '../core/image.js';
import type { OnProgress } from '../core/progress.js';
import { randomNormal } from '../core/random.js';
import { floats, type Tensor } from '../core/tensor.js';
import { type Pipeline, requireDivisible } from './pipeline.js';
import { guidedDenoiser, sample } from './sampling.js';
import type { Scheduler } from './scheduler.js';
import { createScheduler, type SchedulerName } from './schedulers.js';

export interface TextToImageOptions {
  prompt: string;
  negativePrompt?: string;
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
  /** Unit normal noise [1, C, h, w] to start from in place of the seed's; only with `count` 1. */
  noise?: Tensor;
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

interface Settings extends TextToImageOptions {
  steps: number;
  guidanceScale: number;
  seed: number | bigint;
  width: number;
  height: number;
  count: number;
  scheduler: Scheduler;
}

/**
 * Makes pictures of a prompt. Pictures run one after another through the same sessions, so that picture i equals a
 * single run with seed + i bit for bit.
 *
 * @throws ContrappostoError `invalid-input` for settings out of range, `aborted`
 */
export async function textToImage(pipeline: Pipeline, options: TextToImageOptions): Promise<GeneratedImage[]> {
  const started = performance.now();
  const settings = withDefaults(pipeline, options);
  const { onProgress, lowMemory, scheduler } = settings;
  onProgress?.({ type: 'stage', stage: 'encode prompt' });
  const context = await encodePrompts(pipeline, settings);
  if (lowMemory) await pipeline.release('text_encoder');

  const sampled: { seed: number | bigint; latents: Tensor }[] = [];
  for (let i = 0; i < settings.count; i++) {
    const seed = offset(settings.seed, i);
    onProgress?.({ type: 'stage', stage: 'denoise', detail: `picture ${i + 1} of ${settings.count}, seed ${seed}` });
    sampled.push({ seed, latents: await samplePicture(pipeline, settings, { context, seed, scheduler }) });
  }
  if (lowMemory) await pipeline.release('unet');

  onProgress?.({ type: 'stage', stage: 'decode' });
  const images: GeneratedImage[] = [];
  for (const { seed, latents } of sampled) {
    throwIfAborted(settings.signal, 'decode');
    images.push({ image: toImage(await pipeline.decode(latents, settings)), seed, latents });
  }
  if (lowMemory) await pipeline.release('vae_decoder');
  onProgress?.({ type: 'done', stage: 'text to image', elapsedMs: performance.now() - started });
  return images;
}

/** The picture of a decoded tensor [1, 3, H, W] in [-1, 1]. */
export function toImage(decoded: Tensor): Image {
  const [, , heightPx, widthPx] = decoded.shape;
  return fromTensor(floats(decoded), { widthPx, heightPx });
}

interface PromptContext {
  prompt: Tensor;
  negativePrompt?: Tensor;
}

async function encodePrompts(pipeline: Pipeline, settings: Settings): Promise<PromptContext> {
  const prompt = await pipeline.encodePrompt(settings.prompt, settings);
  if (settings.guidanceScale <= 1) return { prompt };
  throwIfAborted(settings.signal, 'encode prompt');
  return { prompt, negativePrompt: await pipeline.encodePrompt(settings.negativePrompt ?? '', settings) };
}

async function samplePicture(
  pipeline: Pipeline,
  settings: Settings,
  { context, seed, scheduler }: { context: PromptContext; seed: number | bigint; scheduler: Scheduler },
): Promise<Tensor> {
  const { steps, guidanceScale, signal, onProgress } = settings;
  const { scaleFactor, latentChannels } = pipeline.vae;
  const [height, width] = [settings.height / scaleFactor, settings.width / scaleFactor];
  const batch = context.negativePrompt ? 2 : 1;
  const session = await pipeline.unetSession({ batch, height, width }, { signal });
  const noise = settings.noise ?? randomNormal(seed, { shape: [1, latentChannels, height, width] });
  return sample(guidedDenoiser({ session, ...context, guidanceScale, signal }), {
    scheduler,
    steps,
    noise,
    stepNoise: (index) => floats(randomNormal(seed, { shape: noise.shape, stream: index + 1 })),
    signal,
    onStep: ({ index, denoised }) => {
      const preview = async () => toImage(await pipeline.decode(denoised, { signal }));
      onProgress?.({ type: 'step', stage: 'denoise', step: index + 1, steps, preview });
    },
  });
}

function offset(seed: number | bigint, i: number): number | bigint {
  return typeof seed === 'bigint' ? seed + BigInt(i) : seed + i;
}

function withDefaults(pipeline: Pipeline, options: TextToImageOptions): Settings {
  const { scaleFactor, latentChannels } = pipeline.vae;
  const [height, width] = (pipeline.unetConfig.sampleSize ?? [64, 64]).map((side) => side * scaleFactor);
  const scheduler =
    typeof options.scheduler === 'object'
      ? options.scheduler
      : createScheduler(pipeline.schedulerConfig, options.scheduler);
  const defaults = { steps: 20, guidanceScale: 7.5, seed: 0, width, height, count: 1 };
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings: Settings = { ...defaults, ...(given as unknown as TextToImageOptions), scheduler };
  requireDivisible('text to image', { height: settings.height, width: settings.width }, scaleFactor);
  requireSettings(settings);
  if (pipeline.unetConfig.inChannels !== latentChannels) {
    throw new ContrappostoError('unsupported', {
      operation: 'text to image',
      expected: `a UNet that takes ${latentChannels} latent channels`,
      got: `one that takes ${pipeline.unetConfig.inChannels}`,
      hint: 'this checkpoint is for inpainting; it needs a picture and a mask',
    });
  }
  requireNoise(settings, [1, latentChannels, settings.height / scaleFactor, settings.width / scaleFactor]);
  return settings;
}

function requireSettings({ count, guidanceScale, seed, scheduler, steps }: Settings): void {
  const operation = 'text to image';
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

function requireNoise({ noise, count }: Settings, shape: readonly number[]): void {
  if (!noise) return;
  if (count === 1 && noise.shape.join() === shape.join()) return;
  throw new ContrappostoError('shape', {
    operation: 'text to image: noise',
    expected: `[${shape}] and count 1`,
    got: `[${noise.shape}] and count ${count}`,
  });
}
