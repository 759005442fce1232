// The run that all pipelines share: prompts, one picture after another, decoding; a task says what else steers it.
import { throwIfAborted } from '../core/errors.js';
import { fromTensor, type Image } from '../core/image.js';
import { randomNormal } from '../core/random.js';
import { floats, type Tensor } from '../core/tensor.js';
import { combineControls } from './attention-control/network-control.js';
import type { GeneratedImage, GenerationSettings } from './generation-settings.js';
import type { Pipeline } from './pipeline.js';
import { encodePrompts, type PromptConditions } from './prompts.js';
import { guidedDenoiser, type Move, sample } from './sampling.js';
import type { SamplingRun } from './scheduler.js';
import { steeringNetworks } from './steering-networks.js';

/** What steers sampling besides the prompt. It is the same for every picture of a run. */
export interface Steering {
  /** Begins at step `first` from these latents [1, C, h, w], noised. */
  start?: { clean: Tensor; first: number };
  /** Channels [1, E, h, w] that the UNet sees after the latents at every step. */
  extraChannels?: Tensor;
  /** Moves the latents before each step. */
  move?: Move;
  /** Changes the latents after each step; `noise` is what this picture began with. */
  adjust?: (latents: Float32Array, at: { run: SamplingRun; next: number | undefined; noise: Tensor }) => Float32Array;
  /** The finished picture of a decoded one. */
  finish?: (image: Image) => Image;
}

/**
 * Makes `settings.count` pictures one after another through the same sessions, so that picture i equals a single run with
 * seed + i bit for bit.
 *
 * @param task `stage` names the pipeline in progress events; `prepare` runs before the UNet is loaded
 */
export async function generatePictures(
  pipeline: Pipeline,
  settings: GenerationSettings,
  task: { stage: string; prepare?: (context: PromptConditions) => Promise<Steering> },
): Promise<GeneratedImage[]> {
  const started = performance.now();
  const { onProgress, lowMemory } = settings;
  onProgress?.({ type: 'stage', stage: 'encode prompt' });
  const encoding = encodePrompts(pipeline, settings);
  if (!lowMemory) openAhead(pipeline, settings);
  const context = await encoding;
  const steering = (await task.prepare?.(context)) ?? {};
  if (lowMemory) await pipeline.release('text_encoder', 'vae_encoder');

  const sampled: { seed: number | bigint; latents: Tensor }[] = [];
  for (let i = 0; i < settings.count; i++) {
    const seed = offset(settings.seed, i);
    onProgress?.({ type: 'stage', stage: 'denoise', detail: `picture ${i + 1} of ${settings.count}, seed ${seed}` });
    sampled.push({ seed, latents: await samplePicture(pipeline, settings, { context, seed, steering }) });
  }
  if (lowMemory) await pipeline.release('unet', 'controlnet');

  onProgress?.({ type: 'stage', stage: 'decode' });
  const images: GeneratedImage[] = [];
  for (const { seed, latents } of sampled) {
    throwIfAborted(settings.signal, 'decode');
    const image = toImage(await pipeline.decode(latents, settings));
    images.push({ image: steering.finish?.(image) ?? image, seed, latents });
  }
  if (lowMemory) await pipeline.release('vae_decoder');
  onProgress?.({ type: 'done', stage: task.stage, elapsedMs: performance.now() - started });
  return images;
}

/**
 * Has the UNet opened in ONNX Runtime's thread while this one prepares the prompt. A guess: the run asks again, and gets
 * the same session when nothing steers it; it also meets the error of one that cannot be opened.
 */
function openAhead(pipeline: Pipeline, { guidanceScale, longPrompts, signal, ...settings }: GenerationSettings): void {
  if (longPrompts !== 'cut' || settings.controls?.length || settings.adapters?.length || settings.attention) return;
  const { scaleFactor } = pipeline.vae;
  const [height, width] = [settings.height / scaleFactor, settings.width / scaleFactor];
  pipeline.unetSession({ batch: guidanceScale > 1 ? 2 : 1, height, width }, { signal }).catch(() => undefined);
}

/** The picture of a decoded tensor [1, 3, H, W] in [-1, 1]. */
export function toImage(decoded: Tensor): Image {
  const [, , heightPx, widthPx] = decoded.shape;
  return fromTensor(floats(decoded), { widthPx, heightPx });
}

async function samplePicture(
  pipeline: Pipeline,
  settings: GenerationSettings,
  { context, seed, steering }: { context: PromptConditions; seed: number | bigint; steering: Steering },
): Promise<Tensor> {
  const { steps, guidanceScale, scheduler, attention, signal, onProgress } = settings;
  const { start, extraChannels, move, adjust } = steering;
  const { scaleFactor, latentChannels } = pipeline.vae;
  const [height, width] = [settings.height / scaleFactor, settings.width / scaleFactor];
  const { prompt, negativePrompt } = context;
  const branches = negativePrompt ? [negativePrompt, prompt] : [prompt];
  const size = { batch: branches.length, height, width, tokens: prompt.tokens.shape[1] };
  const first = start?.first ?? 0;
  // Some schedulers evaluate the network more often than once a step.
  const taken = scheduler.begin(steps, { first }).timesteps.length - first;
  const networks = await steeringNetworks(pipeline, settings, { size, first, steps: taken });
  const denoiser = guidedDenoiser({
    session: await pipeline.unetSession(
      { ...size, ...networks.inputs, ...(attention && combineControls(attention.control(size.batch))) },
      { signal },
    ),
    residuals: networks.residuals,
    onOutputs: attention && ((outputs) => attention.add(outputs)),
    prompt: prompt.tokens,
    negativePrompt: negativePrompt?.tokens,
    guidanceScale,
    extraChannels,
    feeds: pipeline.addedConditions(branches, { heightPx: settings.height, widthPx: settings.width }),
    signal,
  });
  const noise = settings.noise ?? randomNormal(seed, { shape: [1, latentChannels, height, width] });
  return sample(denoiser, {
    scheduler,
    steps,
    noise,
    stepNoise: (index) => floats(randomNormal(seed, { shape: noise.shape, stream: index + 1 })),
    start,
    move,
    adjust: adjust && ((latents, at) => adjust(latents, { ...at, noise })),
    signal,
    onStep: ({ index, denoised }) => {
      const preview = async () => toImage(await pipeline.decode(denoised, { signal }));
      onProgress?.({ type: 'step', stage: 'denoise', step: index - first + 1, steps: taken, preview });
    },
  });
}

function offset(seed: number | bigint, i: number): number | bigint {
  return typeof seed === 'bigint' ? seed + BigInt(i) : seed + i;
}
