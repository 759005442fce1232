// Decoding of large latents in overlapping tiles, so that memory is bounded by a tile and not by the picture.
import { throwIfAborted } from '../core/errors.js';
import { float32, floats, type Tensor } from '../core/tensor.js';

export interface TileOptions {
  /** Side of a tile in latent pixels. */
  tile: number;
  /** Latent pixels that neighbouring tiles share at least; there one fades into the other. */
  overlap: number;
  /** Pixels a latent pixel. */
  scaleFactor: number;
  signal?: AbortSignal;
}

/**
 * Pictures [N, C, H, W] of latents [N, c, h, w]. Away from the seams they equal those of decoding at once as far as the
 * decoder looks no further than the overlap; a decoder that normalises over the whole picture differs a little.
 *
 * @param decode a decoder of latents [N, c, height, width]; all tiles have one size
 */
export async function decodeInTiles(
  latents: Tensor,
  decode: (tile: Tensor) => Promise<Tensor>,
  { tile, overlap, scaleFactor, signal }: TileOptions,
): Promise<Tensor> {
  const [batch, , height, width] = latents.shape;
  const rows = tileStarts(height, { tile, overlap });
  const columns = tileStarts(width, { tile, overlap });
  const size = { height: Math.min(tile, height), width: Math.min(tile, width) };
  const [down, across] = [
    fadeWeights(rows, { side: size.height, scaleFactor }),
    fadeWeights(columns, { side: size.width, scaleFactor }),
  ];
  let out: Tensor | undefined;
  for (const [i, top] of rows.entries()) {
    for (const [j, left] of columns.entries()) {
      throwIfAborted(signal, 'decode');
      const decoded = await decode(crop(latents, { top, left, ...size }));
      out ??= emptyPicture([batch, decoded.shape[1], height * scaleFactor, width * scaleFactor]);
      addTile(out, decoded, { top: top * scaleFactor, left: left * scaleFactor, down: down[i], across: across[j] });
    }
  }
  return out!;
}

/** Evenly spread beginnings of tiles that cover `length`, neighbours sharing `overlap` or more. */
export function tileStarts(length: number, { tile, overlap }: { tile: number; overlap: number }): number[] {
  if (length <= tile) return [0];
  const count = Math.ceil((length - overlap) / (tile - overlap));
  return Array.from({ length: count }, (_, i) => Math.round((i * (length - tile)) / (count - 1)));
}

/** Weights along one axis, in pixels, one array a tile: they rise and fall linearly where tiles overlap, and add up to 1. */
export function fadeWeights(
  starts: readonly number[],
  { side, scaleFactor }: { side: number; scaleFactor: number },
): Float32Array[] {
  const pixels = side * scaleFactor;
  const ramp = (shared: number, at: number) => Math.min(1, (at + 0.5) / shared);
  const fades = starts.map((start, i) => {
    const before = i > 0 ? (starts[i - 1] + side - start) * scaleFactor : 0;
    const after = i + 1 < starts.length ? (start + side - starts[i + 1]) * scaleFactor : 0;
    return Float32Array.from({ length: pixels }, (_, at) => {
      const rising = before > 0 ? ramp(before, at) : 1;
      const falling = after > 0 ? ramp(after, pixels - 1 - at) : 1;
      return Math.min(rising, falling);
    });
  });
  // Where a third tile reaches into the overlap of two, the ramps alone add up to more than one.
  const total = new Float64Array((starts[starts.length - 1] + side) * scaleFactor);
  starts.forEach((start, i) => {
    fades[i].forEach((v, at) => {
      total[start * scaleFactor + at] += v;
    });
  });
  return fades.map((fade, i) => fade.map((v, at) => v / total[starts[i] * scaleFactor + at]));
}

function crop(x: Tensor, at: { top: number; left: number; height: number; width: number }): Tensor {
  const [batch, channels, height, width] = x.shape;
  const source = floats(x);
  const data = new Float32Array(batch * channels * at.height * at.width);
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let y = 0; y < at.height; y++) {
      const from = (plane * height + at.top + y) * width + at.left;
      data.set(source.subarray(from, from + at.width), (plane * at.height + y) * at.width);
    }
  }
  return float32(data, [batch, channels, at.height, at.width]);
}

function emptyPicture(shape: readonly number[]): Tensor {
  return float32(new Float32Array(shape.reduce((n, d) => n * d, 1)), shape);
}

function addTile(
  picture: Tensor,
  tile: Tensor,
  { top, left, down, across }: { top: number; left: number; down: Float32Array; across: Float32Array },
): void {
  const [batch, channels, height, width] = picture.shape;
  const out = floats(picture);
  const source = floats(tile);
  for (let plane = 0; plane < batch * channels; plane++) {
    for (let y = 0; y < down.length; y++) {
      const to = (plane * height + top + y) * width + left;
      const from = (plane * down.length + y) * across.length;
      for (let x = 0; x < across.length; x++) out[to + x] += down[y] * across[x] * source[from + x];
    }
  }
}
