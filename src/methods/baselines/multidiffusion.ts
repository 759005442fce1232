// MultiDiffusion (Bar-Tal et al. 2023), region form: every region is denoised with its own prompt, and the results are fused.
import { throwIfAborted } from '../../core/errors.js';
import { randomNormal } from '../../core/random.js';
import { float32, floats, type Tensor } from '../../core/tensor.js';
import type { CanvasBox } from '../../diffusion/attention-control/index.js';
import { toImage } from '../../diffusion/generation.js';
import {
  type GeneratedImage,
  type GenerationOptions,
  type GenerationSettings,
  generationSettings,
} from '../../diffusion/generation-settings.js';
import type { Pipeline } from '../../diffusion/pipeline.js';
import type { StepResult } from '../../diffusion/scheduler.js';
import type { TextCondition } from '../../diffusion/text-condition.js';
import { requirePlainUNet } from '../../diffusion/text-to-image.js';
import { definedOnly, SAMPLING } from './defaults.js';
import { Backgrounds, openRegions } from './region-network.js';
import { blended, cropped, fuse, type Grid, regionMasks, views } from './regions.js';

export interface Region {
  /** What is drawn there. */
  prompt: string;
  /** On the canvas of 512. */
  box: CanvasBox;
}

export interface MultiDiffusionOptions
  extends Omit<GenerationOptions, 'longPrompts' | 'count' | 'controls' | 'adapters'> {
  /** Foreground regions; the prompt is drawn where none of them is. */
  regions: readonly Region[];
  settings?: Partial<MultiDiffusionSettings>;
}

export interface MultiDiffusionSettings {
  /** Share of the steps in which a region stands before a background of one colour: 20 of 50. */
  bootstrapShare: number;
  /** Such backgrounds to choose from. */
  backgrounds: number;
  /** Sides of the windows in latent pixels, of canvases larger than that; default what the network was trained for. */
  window?: number;
  /** From window to window; default an eighth of it. */
  stride?: number;
}

const PUBLISHED: MultiDiffusionSettings = { bootstrapShare: 20 / 50, backgrounds: 20 };

/**
 * Makes one picture.
 *
 * @throws ContrappostoError `invalid-input` for boxes without area and settings out of range, `aborted`
 */
export async function multiDiffusion(pipeline: Pipeline, options: MultiDiffusionOptions): Promise<GeneratedImage> {
  const stage = 'multidiffusion';
  const sampling = generationSettings(
    pipeline,
    { ...SAMPLING, ...definedOnly(options), prompt: options.prompt, count: 1 },
    { operation: stage },
  );
  requirePlainUNet(pipeline, stage);
  const { scaleFactor, latentChannels } = pipeline.vae;
  const { seed, signal, onProgress } = sampling;
  const grid: Grid = { height: sampling.height / scaleFactor, width: sampling.width / scaleFactor };
  const boxes = options.regions.map(({ box }) => box);
  const latents = await denoiseRegions(pipeline, {
    sampling,
    settings: { ...PUBLISHED, ...definedOnly(options.settings ?? {}) },
    prompts: options.regions.map(({ prompt }) => prompt),
    masks: regionMasks(boxes, grid),
    grid,
    noise: sampling.noise ?? randomNormal(seed, { shape: [1, latentChannels, grid.height, grid.width] }),
  });
  onProgress?.({ type: 'stage', stage: 'decode' });
  return { image: toImage(await pipeline.decode(latents, { signal })), seed, latents };
}

interface RegionsRun {
  sampling: GenerationSettings;
  settings: MultiDiffusionSettings;
  /** Of the foreground regions. */
  prompts: readonly string[];
  /** The background's last. */
  masks: readonly Float32Array[];
  grid: Grid;
  noise: Tensor;
}

async function denoiseRegions(pipeline: Pipeline, run: RegionsRun): Promise<Tensor> {
  const { sampling, settings, masks, grid, noise } = run;
  const { signal, onProgress, steps, seed, scheduler } = sampling;
  const side = settings.window ?? pipeline.unetConfig.sampleSize?.[0] ?? Math.max(grid.height, grid.width);
  const windows = views(grid, { window: side, stride: settings.stride ?? Math.max(1, Math.floor(side / 8)) });
  const network = await openRegions(pipeline, { ...(await encode(pipeline, run)), view: windows[0], sampling });
  const backgrounds = new Backgrounds(pipeline, { count: settings.backgrounds, seed, view: windows[0], signal });
  const stepNoise = (index: number) => floats(randomNormal(seed, { shape: noise.shape, stream: index + 1 }));
  const runs = windows.map((view) =>
    masks.map(() => scheduler.begin(steps, { noise: (i) => cropped(stepNoise(i), { grid, view }) })),
  );
  const { initNoiseSigma, timesteps } = runs[0][0];
  let latents: Float32Array = floats(noise).map((v) => v * initNoiseSigma);
  for (let index = 0; index < timesteps.length; index++) {
    throwIfAborted(signal, 'multidiffusion');
    const results: StepResult[][] = [];
    for (const [w, view] of windows.entries()) {
      const crop = (values: Float32Array) => cropped(values, { grid, view });
      const begins = masks.map(() => crop(latents));
      // Bootstrapping: while the layout forms, a region does not see what is around it.
      if (index < Math.round(settings.bootstrapShare * timesteps.length)) {
        for (const [r, mask] of masks.slice(0, -1).entries()) {
          const flat = runs[w][r].addNoise(index, await backgrounds.pick(), crop(floats(noise)));
          begins[r] = blended(begins[r], flat, crop(mask));
        }
      }
      results.push(await network.step(begins, { index, runs: runs[w] }));
    }
    const fused = (pick: (result: StepResult) => Float32Array) =>
      fuse(
        results.map((window) => window.map(pick)),
        { masks, windows, grid },
      );
    latents = fused(({ sample }) => sample); // MultiDiffusion eq. 5
    const denoised = float32(
      fused((result) => result.denoised),
      noise.shape,
    );
    const preview = async () => toImage(await pipeline.decode(denoised, { signal }));
    onProgress?.({ type: 'step', stage: 'denoise', step: index + 1, steps: timesteps.length, preview });
  }
  return float32(latents, noise.shape);
}

/** Conditions of all regions, the background's last, where a recorder of attention looks for the prompt. */
async function encode(pipeline: Pipeline, { sampling, prompts }: RegionsRun) {
  const { signal, onProgress, prompt, negativePrompt, guidanceScale } = sampling;
  onProgress?.({ type: 'stage', stage: 'encode prompt' });
  const conditions: TextCondition[] = [];
  for (const text of [...prompts, prompt]) conditions.push(await pipeline.condition(text, { signal, onProgress }));
  const negative = guidanceScale > 1 ? await pipeline.negativeCondition(negativePrompt, { signal }) : undefined;
  return { conditions, negative };
}
