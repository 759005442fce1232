// Image-to-image (SDEdit, Meng et al. 2022): sampling begins part of the way down, from a noised picture.
import { type Image, resizeImage, toTensor } from '../core/image.js';
import { float32, type Tensor } from '../core/tensor.js';
import { generatePictures } from './generation.js';
import {
  firstStep,
  type GeneratedImage,
  type GenerationOptions,
  generationSettings,
  trainedSize,
} from './generation-settings.js';
import type { Pipeline } from './pipeline.js';
import { requirePlainUNet } from './text-to-image.js';

export interface ImageToImageOptions extends GenerationOptions {
  /** The picture to change; cropped around its centre when `width` and `height` have another proportion. */
  image: Image;
  /** How much is changed, above 0 and at most 1: this part of the steps is taken. Default 0.8. */
  strength?: number;
  /** Default: the picture's proportion on as many pixels as the UNet was trained for. */
  width?: number;
  height?: number;
}

/**
 * Changes a picture towards a prompt.
 *
 * @throws ContrappostoError as `textToImage`, and `invalid-input` for a strength that is out of range or leaves no step
 */
export async function imageToImage(pipeline: Pipeline, options: ImageToImageOptions): Promise<GeneratedImage[]> {
  const stage = 'image to image';
  const { image, strength = 0.8, ...general } = options;
  const settings = generationSettings(pipeline, withSizeOf(pipeline, image, general), { operation: stage });
  requirePlainUNet(pipeline, stage);
  const first = firstStep(stage, { steps: settings.steps, strength });
  const prepare = async () => {
    settings.onProgress?.({ type: 'stage', stage: 'encode picture' });
    return { start: { clean: await pipeline.encode(await fitted(image, settings), settings), first } };
  };
  return generatePictures(pipeline, settings, { stage, prepare });
}

/** Width and height that were not given, from the picture. */
export function withSizeOf<T extends { width?: number; height?: number }>(
  pipeline: Pipeline,
  image: Image,
  options: T,
): T & { width: number; height: number } {
  const { width, height } = fittingSize(pipeline, image);
  return { ...options, width: options.width ?? width, height: options.height ?? height };
}

/** The picture's proportion on about as many pixels as the UNet was trained for; multiples of 8 and the scale factor. */
export function fittingSize(pipeline: Pipeline, { widthPx, heightPx }: Image): { width: number; height: number } {
  const trained = trainedSize(pipeline);
  const zoom = Math.sqrt((trained.width * trained.height) / (widthPx * heightPx));
  const multiple = Math.max(8, pipeline.vae.scaleFactor);
  const side = (px: number) => Math.max(multiple, Math.round((px * zoom) / multiple) * multiple);
  return { width: side(widthPx), height: side(heightPx) };
}

/** [1, 3, height, width] in [-1, 1]. */
export async function fitted(image: Image, { width, height }: { width: number; height: number }): Promise<Tensor> {
  const resized = await resizeImage(image, { widthPx: width, heightPx: height, fit: 'cover' });
  return float32(toTensor(resized), [1, 3, height, width]);
}
