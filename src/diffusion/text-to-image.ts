// Plain text-to-image sampling with classifier-free guidance.
import { ContrappostoError } from '../core/errors.js';
import { generatePictures } from './generation.js';
import { type GeneratedImage, type GenerationOptions, generationSettings } from './generation-settings.js';
import type { Pipeline } from './pipeline.js';

export type { GeneratedImage };
export type TextToImageOptions = GenerationOptions;

/**
 * Makes pictures of a prompt. Picture i equals a single run with seed + i bit for bit.
 *
 * @throws ContrappostoError `invalid-input` for settings out of range, `unsupported` for an inpainting checkpoint, `aborted`
 */
export async function textToImage(pipeline: Pipeline, options: TextToImageOptions): Promise<GeneratedImage[]> {
  const stage = 'text to image';
  const settings = generationSettings(pipeline, options, { operation: stage });
  requirePlainUNet(pipeline, stage);
  return generatePictures(pipeline, settings, { stage });
}

/** Throws `unsupported` when the UNet wants more than latents. */
export function requirePlainUNet({ unetConfig, vae }: Pipeline, operation: string): void {
  if (unetConfig.inChannels === vae.latentChannels) return;
  throw new ContrappostoError('unsupported', {
    operation,
    expected: `a UNet that takes ${vae.latentChannels} latent channels`,
    got: `one that takes ${unetConfig.inChannels}`,
    hint: 'this checkpoint is for inpainting; it needs a picture and a mask',
  });
}
