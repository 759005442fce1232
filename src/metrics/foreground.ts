// Pictures without their background, for the foreground-only distances of Giving a Hand (FID fg, KID fg).
import { ContrappostoError } from '../core/errors.js';
import type { Image } from '../core/image.js';
import { personLikelihood } from '../pose/detect/selfie.js';
import { keepMasked, type Mask } from './pose-mask.js';

export interface ForegroundOptions {
  /** What to keep; default: where selfie segmentation sees a person (the paper used SAM, prompted by keypoints). */
  mask?: Mask;
  /** From here on a pixel belongs to the person, in (0, 1); default 0.5. */
  threshold?: number;
  /** Less of the picture than this is nobody; default 0.01. */
  minShare?: number;
  signal?: AbortSignal;
}

/**
 * The person before black, ready for features; real and made pictures have to be treated alike.
 * Undefined where nobody is seen: such a picture is left out, with its partner, and counted.
 *
 * @throws `shape` for a mask of another size, `usage` for a threshold or share that is none, `not-found` without the model
 *   package, `aborted`
 */
export async function foregroundOf(image: Image, options: ForegroundOptions = {}): Promise<Image | undefined> {
  const { threshold = 0.5, minShare = 0.01, signal } = options;
  if (!(threshold > 0 && threshold < 1 && minShare >= 0 && minShare <= 1)) {
    throw new ContrappostoError('usage', {
      operation: 'foreground of a picture',
      expected: 'a threshold and a share between 0 and 1',
      got: `${threshold} and ${minShare}`,
    });
  }
  const mask = options.mask ?? (await personLikelihood(image, { signal })).map((v) => (v >= threshold ? 1 : 0));
  const bytes = mask instanceof Uint8Array ? mask : Uint8Array.from(mask);
  const kept = keepMasked(image, bytes);
  const count = bytes.reduce((sum, v) => sum + (v ? 1 : 0), 0);
  return count >= Math.max(1, minShare * bytes.length) ? kept : undefined;
}
