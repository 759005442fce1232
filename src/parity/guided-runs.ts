// Recomputes whole runs whose latents are guided by gradients of attention: Attend-and-Excite and BoxDiff.
import { z } from 'zod';
import { ContrappostoError } from '../core/errors.js';
import { floats, type Tensor } from '../core/tensor.js';
import { CANVAS, type CanvasBox } from '../diffusion/attention-control/index.js';
import { loadPipeline, type Pipeline } from '../diffusion/pipeline.js';
import { textToImage } from '../diffusion/text-to-image.js';
import { attendExcite } from '../methods/baselines/attend-excite.js';
import { boxDiff } from '../methods/baselines/boxdiff.js';
import type { GuidanceSettings } from '../methods/baselines/guidance-settings.js';
import { metadata, metadataNumber, metadataText, type ParityFamily, type ReferenceFile } from './family.js';
import { type Check, compare, GUIDED_TOLERANCE, LOOP_TOLERANCE } from './report.js';

/** At most so many updates at a step with a threshold. Small networks take fewer by default (`guidanceSettings`). */
const PUBLISHED_REFINEMENTS = 20;

/** `attend-and-excite.safetensors`: `latents` (unit noise) -> `final_latents`, and `plain_final_latents` without guidance. */
export const attendExciteRun: ParityFamily = {
  stem: 'attend-and-excite',
  accepts: (file) => 'token_indices' in file.metadata,
  recompute: (file, { checkpoint, runtime, signal }) => {
    const steps = metadataNumber(file, 'steps');
    const [side] = parsed(file, 'attn_res', z.union([z.array(z.number()), z.number().transform((v) => [v])]));
    const settings: Partial<GuidanceSettings> = {
      guidanceShare: metadataNumber(file, 'max_iter_to_alter') / steps,
      scaleFactor: metadataNumber(file, 'scale_factor'),
      thresholds: thresholdsOf(parsed(file, 'thresholds', thresholdSchema), steps),
      refinements: PUBLISHED_REFINEMENTS,
      stepRule: 'raw',
      competing: 'all',
      shrink: latentHeight(file) / side,
    };
    const tokens = parsed(file, 'token_indices', z.array(z.number()));
    return recompute(file, loadPipeline(checkpoint(), runtime), (pipeline, options) =>
      attendExcite(pipeline, { ...options, settings, tokens, signal }),
    );
  },
};

/** `boxdiff.safetensors`, likewise; its boxes are relative to the picture's sides. */
export const boxDiffRun: ParityFamily = {
  stem: 'boxdiff',
  accepts: (file) => 'boxes' in file.metadata && 'kwargs' in file.metadata,
  recompute: (file, { checkpoint, runtime, signal }) => {
    const steps = metadataNumber(file, 'steps');
    const kwargs = parsed(file, 'kwargs', kwargsSchema);
    const boxes = parsed(file, 'boxes', z.array(z.array(z.number()).length(4)));
    const settings = {
      guidanceShare: kwargs.max_iter_to_alter / steps,
      scaleFactor: kwargs.scale_factor,
      thresholds: kwargs.refine ? thresholdsOf(kwargs.loss_thresholds, steps) : [],
      refinements: PUBLISHED_REFINEMENTS,
      stepRule: 'raw' as const,
      competing: kwargs.normalize_eot ? ('prompt' as const) : ('all' as const),
      smoothing: kwargs.smooth_attentions ? { kernelSize: kwargs.kernel_size, sigma: kwargs.sigma } : null,
      shrink: latentHeight(file) / kwargs.attention_res,
      topFraction: kwargs.P,
      cornerWidth: kwargs.L,
    };
    const canvas = boxes.map((box) => box.map((v) => v * CANVAS) as unknown as CanvasBox);
    return recompute(file, loadPipeline(checkpoint(), runtime), (pipeline, options) =>
      boxDiff(pipeline, { ...options, settings, boxes: canvas, signal }),
    );
  },
};

const thresholdSchema = z.record(z.string(), z.number());
const kwargsSchema = z.object({
  attention_res: z.number(),
  max_iter_to_alter: z.number(),
  P: z.number(),
  L: z.number(),
  refine: z.boolean(),
  loss_thresholds: thresholdSchema,
  scale_factor: z.number(),
  smooth_attentions: z.boolean(),
  sigma: z.number(),
  kernel_size: z.number(),
  normalize_eot: z.boolean(),
});

interface RunOptions {
  prompt: string;
  steps: number;
  guidanceScale: number;
  width: number;
  height: number;
  noise: Tensor;
  scheduler: 'ddim';
}

async function recompute(
  file: ReferenceFile,
  pipeline: Pipeline,
  guided: (pipeline: Pipeline, options: RunOptions) => Promise<{ latents: Tensor }[]>,
): Promise<{ checks: Check[]; inputs: string[] }> {
  const noise = file.read('latents');
  const [, , height, width] = noise.shape;
  const { scaleFactor } = pipeline.vae;
  const options: RunOptions = {
    prompt: metadataText(file, 'prompt') ?? '',
    steps: metadataNumber(file, 'steps'),
    guidanceScale: metadataNumber(file, 'guidance_scale'),
    width: width * scaleFactor,
    height: height * scaleFactor,
    noise,
    scheduler: 'ddim',
  };
  const checks: Check[] = [];
  const check = async (tensor: string, tolerance: number, run: () => Promise<{ latents: Tensor }[]>) => {
    if (!file.names.has(tensor)) return;
    const [{ latents }] = await run();
    checks.push(compare({ file: file.path, tensor, tolerance }, floats(latents), file.read(tensor)));
  };
  await check('final_latents', GUIDED_TOLERANCE, () => guided(pipeline, options));
  await check('plain_final_latents', LOOP_TOLERANCE, () => textToImage(pipeline, options));
  await pipeline.release();
  return { checks, inputs: ['latents'] };
}

function latentHeight(file: ReferenceFile): number {
  return file.read('latents').shape[2];
}

/** Thresholds by step, as shares of the steps. */
function thresholdsOf(byStep: Readonly<Record<string, number>>, steps: number): GuidanceSettings['thresholds'] {
  return Object.entries(byStep).map(([step, threshold]) => ({ at: Number(step) / steps, threshold }));
}

function parsed<T>(file: ReferenceFile, key: string, schema: z.ZodType<T>): T {
  const result = schema.safeParse(metadata(file, key));
  if (result.success) return result.data;
  throw new ContrappostoError('corrupt-file', {
    operation: `metadata of ${file.path}`,
    expected: `"${key}" of a guided run`,
    got: file.metadata[key],
  });
}
