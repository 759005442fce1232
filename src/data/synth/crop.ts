// Cuts pictures of other shapes out of the renderer's square ones.
import type { Composition } from './compose.js';
import type { PictureSize } from './types.js';

/** The upper left `size` of a square composition; the same one when it is as large. */
export function cropped(composition: Composition, size: PictureSize): Composition {
  const { picture, personFree, labels } = composition;
  const side = Math.sqrt(labels.length);
  if (size.widthPx === side && size.heightPx === side) return composition;
  const cut = (values: Uint8Array, channels: number) => cutRows(values, side * channels, { ...size, channels });
  return { picture: cut(picture, 3), labels: cut(labels, 1), ...(personFree && { personFree: cut(personFree, 3) }) };
}

function cutRows(values: Uint8Array, stride: number, options: PictureSize & { channels: number }): Uint8Array {
  const width = options.widthPx * options.channels;
  const cut = new Uint8Array(width * options.heightPx);
  for (let y = 0; y < options.heightPx; y++) cut.set(values.subarray(y * stride, y * stride + width), y * width);
  return cut;
}
