// Pictures of random pixels for the tests of measures.
import type { Image } from '../core/image.js';
import { Philox } from '../core/random.js';

/** Uniform bytes. */
export function noisePicture(seed: number, { widthPx, heightPx }: { widthPx: number; heightPx: number }): Image {
  const source = new Philox(seed);
  return { widthPx, heightPx, data: Uint8Array.from({ length: 3 * widthPx * heightPx }, () => source.uniform() * 256) };
}

/** One grey value everywhere. */
export function flatPicture(value: number, { widthPx, heightPx }: { widthPx: number; heightPx: number }): Image {
  return { widthPx, heightPx, data: new Uint8Array(3 * widthPx * heightPx).fill(value) };
}

/** Rows of standard normal values, scaled and moved. */
export function normalRows(
  seed: number,
  { rows, columns, scale = 1, shift = 0 }: { rows: number; columns: number; scale?: number; shift?: number },
): Float64Array[] {
  const source = new Philox(seed);
  return Array.from({ length: rows }, () =>
    Float64Array.from({ length: columns }, () => source.normal() * scale + shift),
  );
}
