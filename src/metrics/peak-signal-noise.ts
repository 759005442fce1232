// Peak signal-to-noise ratio of two pictures.
import type { Image } from '../core/image.js';
import { type Planes, planesOf, requireSamePlanes } from './picture-planes.js';

/**
 * `10 log10(L^2 / mean((a - b)^2))` in decibels with L = 255; infinite for equal pictures.
 * @throws `shape` for pictures of two sizes
 */
export function psnr(a: Image, b: Image): number {
  return psnrOfPlanes(planesOf(a), planesOf(b), { range: 255 });
}

/**
 * `psnr` of numbers that are not bytes.
 * @param options.range L, e.g. 1 for values in [0, 1]
 * @throws `shape` for pictures of two sizes, `invalid-input` for NaN or infinity
 */
export function psnrOfPlanes(a: Planes, b: Planes, { range }: { range: number }): number {
  requireSamePlanes('PSNR', a, b);
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += (a.data[i] - b.data[i]) ** 2;
  return 10 * Math.log10((range ** 2 * a.data.length) / sum);
}
