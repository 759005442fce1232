// Inpainting: by a UNet that was trained to see mask and masked picture, or by blending into any other UNet's sampling.
import { ContrappostoError } from '../core/errors.js';
import { type Image, resizeImage } from '../core/image.js';
import { float32, floats, type Tensor } from '../core/tensor.js';
import { generatePictures, type Steering, toImage } from './generation.js';
import { firstStep, type GeneratedImage, type GenerationSettings, generationSettings } from './generation-settings.js';
import { fitted, type ImageToImageOptions, withSizeOf } from './image-to-image.js';
import type { Pipeline } from './pipeline.js';
import { concatChannels } from './sampling.js';

export interface InpaintOptions extends ImageToImageOptions {
  /** White where the picture is to be painted anew, black where it stays; greys blend the seam. Sized like `image`. */
  mask: Image;
  /** Above 0 and at most 1. Default 1: what lies under the mask has no say. */
  strength?: number;
}

/**
 * Paints a part of a picture anew. Pixels that are black in the mask come back as they were.
 *
 * @throws ContrappostoError as `imageToImage`, and `invalid-input` for a mask of another proportion or without white
 */
export async function inpaint(pipeline: Pipeline, options: InpaintOptions): Promise<GeneratedImage[]> {
  const stage = 'inpaint';
  const { image, mask, strength = 1, ...general } = options;
  const settings = generationSettings(pipeline, withSizeOf(pipeline, image, general), { operation: stage });
  const sees = seesMask(pipeline, stage);
  requireSameSize(image, mask);
  const first = firstStep(stage, { steps: settings.steps, strength });
  const prepare = async () => {
    settings.onProgress?.({ type: 'stage', stage: 'encode picture' });
    const picture = await fitted(image, settings);
    const cover = await coverage(mask, settings);
    const masked = { picture, cover, settings };
    const start = strength < 1 || !sees ? await pipeline.encode(picture, settings) : undefined;
    const steering = sees
      ? await throughTheNetwork(pipeline, masked)
      : byBlending(pipeline, { ...masked, clean: start! });
    const finish = (made: Image) => composite(made, toImage(picture), cover);
    return { ...steering, finish, start: strength < 1 && start ? { clean: start, first } : undefined };
  };
  return generatePictures(pipeline, settings, { stage, prepare });
}

interface Masked {
  /** [1, 3, H, W] */
  picture: Tensor;
  /** H * W values: how much of each pixel is painted anew, in [0, 1]. */
  cover: Float32Array;
  settings: GenerationSettings;
}

/** Whether the UNet takes latents, mask and masked latents (9 channels for 4), or latents alone. */
function seesMask({ unetConfig, vae }: Pipeline, operation: string): boolean {
  const { inChannels } = unetConfig;
  const inpainting = 2 * vae.latentChannels + 1;
  if (inChannels === vae.latentChannels || inChannels === inpainting) return inChannels === inpainting;
  throw new ContrappostoError('unsupported', {
    operation,
    expected: `a UNet that takes ${vae.latentChannels} or ${inpainting} channels`,
    got: `one that takes ${inChannels}`,
  });
}

function requireSameSize(image: Image, mask: Image): void {
  if (image.widthPx === mask.widthPx && image.heightPx === mask.heightPx) return;
  throw new ContrappostoError('invalid-input', {
    operation: 'inpaint: mask',
    expected: `${image.widthPx} by ${image.heightPx} pixels, as the picture has`,
    got: `${mask.widthPx} by ${mask.heightPx}`,
    hint: 'draw the mask over the picture itself',
  });
}

async function coverage(mask: Image, { width, height }: { width: number; height: number }): Promise<Float32Array> {
  const resized = await resizeImage(mask, { widthPx: width, heightPx: height, fit: 'cover', kernel: 'linear' });
  const cover = Float32Array.from({ length: width * height }, (_, i) => {
    const [r, g, b] = resized.data.subarray(3 * i, 3 * i + 3);
    return (r + g + b) / (3 * 255);
  });
  if (cover.some((v) => v >= 0.5)) return cover;
  throw new ContrappostoError('invalid-input', {
    operation: 'inpaint: mask',
    expected: 'white where the picture is to be painted anew',
    got: 'a mask without white',
    hint: 'swap black and white if the mask marks what is to stay',
  });
}

/** The mask at latent resolution, 0 or 1: the pixel at the upper left corner of each latent pixel decides, as in diffusers. */
export function latentMask(
  cover: Float32Array,
  { width, height, scaleFactor }: { width: number; height: number; scaleFactor: number },
): Tensor {
  const [h, w] = [height / scaleFactor, width / scaleFactor];
  const at = (i: number) => Math.floor(i / w) * scaleFactor * width + (i % w) * scaleFactor;
  return float32(
    Float32Array.from({ length: h * w }, (_, i) => (cover[at(i)] >= 0.5 ? 1 : 0)),
    [1, 1, h, w],
  );
}

/** Rombach et al. 2022, section 4.5: mask and encoded masked picture as further channels. */
async function throughTheNetwork(pipeline: Pipeline, { picture, cover, settings }: Masked): Promise<Steering> {
  const mask = latentMask(cover, { ...settings, scaleFactor: pipeline.vae.scaleFactor });
  const visible = floats(picture).map((v, i) => (cover[i % cover.length] >= 0.5 ? 0 : v));
  const latents = await pipeline.encode(float32(visible, picture.shape), settings);
  return { extraChannels: concatChannels(mask, latents) };
}

/** After each step, what is to stay is the picture itself under the noise of the next step. */
function byBlending(pipeline: Pipeline, { cover, settings, clean }: Masked & { clean: Tensor }): Steering {
  const mask = floats(latentMask(cover, { ...settings, scaleFactor: pipeline.vae.scaleFactor }));
  const known = floats(clean);
  return {
    adjust: (latents, { run, next, noise }) => {
      const kept = next === undefined ? known : run.addNoise(next, known, floats(noise));
      return latents.map((v, i) => (mask[i % mask.length] === 1 ? v : kept[i]));
    },
  };
}

function composite(made: Image, original: Image, cover: Float32Array): Image {
  const data = made.data.map((v, i) => {
    const share = cover[Math.floor(i / 3)];
    return Math.round(share * v + (1 - share) * original.data[i]);
  });
  return { ...made, data };
}
