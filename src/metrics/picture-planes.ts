// Pictures as separate channels of numbers, which is how measures read them.
import { ContrappostoError } from '../core/errors.js';
import type { Image } from '../core/image.js';
import { requireFinite } from './check-input.js';

/** Channels of a picture, one after another; values of any range. */
export interface Planes {
  channels: number;
  heightPx: number;
  widthPx: number;
  /** CHW: length `channels * heightPx * widthPx`. */
  data: ArrayLike<number>;
}

/** A picture's red, green and blue in 0..255. */
export function planesOf({ widthPx, heightPx, data }: Image): Planes {
  const plane = widthPx * heightPx;
  const out = new Float64Array(3 * plane);
  for (let i = 0; i < plane; i++) for (let c = 0; c < 3; c++) out[c * plane + i] = data[3 * i + c];
  return { channels: 3, heightPx, widthPx, data: out };
}

/** Throws `shape` for pictures of two sizes or data that does not fit the size, `invalid-input` for NaN or infinity. */
export function requireSamePlanes(operation: string, a: Planes, b: Planes): void {
  const size = (p: Planes) => `${p.channels} x ${p.heightPx} x ${p.widthPx}`;
  for (const p of [a, b]) {
    const count = p.channels * p.heightPx * p.widthPx;
    if (size(p) !== size(a) || p.data.length !== count || count === 0) {
      throw new ContrappostoError('shape', {
        operation,
        expected: `two pictures of ${size(a)}`,
        got: `${size(p)} with ${p.data.length} values`,
        hint: 'resize or crop one of them; a measure must not do that silently',
      });
    }
    requireFinite(operation, p.data);
  }
}

/** The picture between `columns` white columns on each side, as PATN's evaluation pads 256 x 176 to 256 x 256. */
export function padWhite(image: Image, columns: number): Image {
  const widthPx = image.widthPx + 2 * columns;
  const data = new Uint8Array(3 * widthPx * image.heightPx).fill(255);
  for (let y = 0; y < image.heightPx; y++) {
    const row = image.data.subarray(3 * y * image.widthPx, 3 * (y + 1) * image.widthPx);
    data.set(row, 3 * (y * widthPx + columns));
  }
  return { widthPx, heightPx: image.heightPx, data };
}
