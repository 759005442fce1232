// Recomputes a run of the inpainting UNet, which sees the mask and the encoded masked picture beside the latents.
import { float32, floats, type Tensor } from '../core/tensor.js';
import { loadPipeline } from '../diffusion/pipeline.js';
import { concatChannels, guidedDenoiser, sample } from '../diffusion/sampling.js';
import { createScheduler } from '../diffusion/schedulers.js';
import { parseUNet2DConditionConfig, unetGraph } from '../models/index.js';
import { metadataNumber, metadataText, type ParityFamily } from './family.js';
import type { NetworkKind } from './networks.js';
import { type Check, compare, EVALUATION_TOLERANCE, LOOP_TOLERANCE } from './report.js';

const INPAINTING_UNET: NetworkKind = {
  name: 'UNet2DConditionModel of 9 channels',
  matches: (config) => config._class_name === 'UNet2DConditionModel' && config.in_channels === 9,
};

/**
 * `inpaint.safetensors`: `image` [1, 3, H, W] and `mask` [1, 1, H, W] (1 where it is painted anew) ->
 * `masked_latents_mode`; from `latents` (unit noise) DDIM steps with guidance -> `final_latents`.
 */
export const inpaintRun: ParityFamily = {
  stem: 'inpaint',
  async recompute(file, { checkpoint, network, runtime, signal }) {
    const pipeline = loadPipeline(checkpoint(), runtime);
    const unet = network(INPAINTING_UNET);
    const checks: Check[] = [];
    const check = (tensor: string, ours: Tensor, tolerance: number) => {
      if (!file.names.has(tensor)) return;
      checks.push(compare({ file: file.path, tensor, tolerance }, floats(ours), file.read(tensor)));
    };
    const mask = file.read('mask');
    const maskedLatents = await pipeline.encode(withoutMasked(centred(file.read('image')), mask));
    check('masked_latents_mode', maskedLatents, EVALUATION_TOLERANCE);

    const noise = file.read('latents');
    const [, , height, width] = noise.shape;
    const guidanceScale = metadataNumber(file, 'guidance_scale');
    const prompt = await pipeline.encodePrompt(metadataText(file, 'prompt') ?? '');
    const against = metadataText(file, 'negative_prompt') ?? '';
    const negativePrompt = guidanceScale > 1 ? await pipeline.encodePrompt(against) : undefined;
    const size = { batch: negativePrompt ? 2 : 1, height, width, tokens: prompt.shape[1] };
    const session = await runtime.session(unetGraph(parseUNet2DConditionConfig(unet.config), size), unet.weights);
    const extraChannels = concatChannels(nearestMask(mask, { height, width }), maskedLatents);
    const denoiser = guidedDenoiser({ session, prompt, negativePrompt, guidanceScale, extraChannels, signal });
    const scheduler = createScheduler(pipeline.schedulerConfig, 'ddim');
    const final = await sample(denoiser, { scheduler, steps: metadataNumber(file, 'steps'), noise, signal });
    check('final_latents', final, LOOP_TOLERANCE);
    await session.release();
    await pipeline.release();
    return { checks, inputs: ['image', 'mask', 'latents'] };
  },
};

/** A picture in [-1, 1]; those without negative values count as [0, 1], as diffusers has it. */
function centred(image: Tensor): Tensor {
  const values = floats(image);
  return values.some((v) => v < 0)
    ? image
    : float32(
        values.map((v) => 2 * v - 1),
        image.shape,
      );
}

/** The picture with zeros, which are grey, where the mask is at least one half. */
function withoutMasked(image: Tensor, mask: Tensor): Tensor {
  const cover = floats(mask);
  return float32(
    floats(image).map((v, i) => (cover[i % cover.length] >= 0.5 ? 0 : v)),
    image.shape,
  );
}

/** The mask at latent resolution: the pixel at the upper left corner of each latent pixel. */
function nearestMask(mask: Tensor, { height, width }: { height: number; width: number }): Tensor {
  const [, , rows, columns] = mask.shape;
  const pixels = floats(mask);
  const at = (i: number) =>
    Math.floor((Math.floor(i / width) * rows) / height) * columns + Math.floor(((i % width) * columns) / width);
  return float32(
    Float32Array.from({ length: height * width }, (_, i) => (pixels[at(i)] >= 0.5 ? 1 : 0)),
    [1, 1, height, width],
  );
}
