// Overlap removal: attention of every other token is damped where an object's token attends.
import { ContrappostoError } from '../../core/errors.js';
import { float32, type Tensor } from '../../core/tensor.js';
import { scaleInput } from './branch-swap.js';
import { type Resolution, resolutionName } from './network-control.js';

export type MaskNorm = 'none' | 'minmax' | 'rowSoftmax';

/** A map over a grid, row-major. */
export interface GridMap {
  resolution: Resolution;
  values: Float32Array;
}

export interface InverseMaskOptions {
  /** Map and token of each object; a map holds probabilities in [0, 1]. */
  objects: readonly { token: number; map: GridMap }[];
  /** Positions of the text; those from `length` on are padding and stay. */
  tokens: number;
  length: number;
  /** How a map is normalised before it is used. Default `none`: raw probabilities, as published. */
  norm?: MaskNorm;
  /** lambda in `1 - lambda A_m`. Default 1. */
  strength?: number;
}

/**
 * Feeds of `branchSwap` with scales: for token n the product of `1 - strength * A_m` over all objects m other than n;
 * 1 for padding.
 */
export function inverseMaskFeeds(
  resolutions: readonly Resolution[],
  options: InverseMaskOptions,
): Record<string, Tensor> {
  const { objects, norm = 'none', strength = 1 } = options;
  const normal = objects.map(({ token, map }) => ({ token, map: normalised(map, norm) }));
  const feeds: Record<string, Tensor> = {};
  for (const resolution of resolutions) {
    const masks = normal.map(({ token, map }) => ({
      token,
      inverse: resizeMap(map, resolution).values.map((v) => 1 - strength * v),
    }));
    feeds[scaleInput(resolution)] = scaleOf(masks, { resolution, ...options });
  }
  return feeds;
}

/** Feeds that change nothing. */
export function neutralScales(resolutions: readonly Resolution[], tokens: number): Record<string, Tensor> {
  const ones = ([h, w]: Resolution) => float32(new Float32Array(h * w * tokens).fill(1), [1, 1, h * w, tokens]);
  return Object.fromEntries(resolutions.map((resolution) => [scaleInput(resolution), ones(resolution)]));
}

function scaleOf(
  masks: readonly { token: number; inverse: Float32Array }[],
  { resolution: [height, width], tokens, length }: { resolution: Resolution; tokens: number; length: number },
): Tensor {
  const queries = height * width;
  const scale = new Float32Array(queries * tokens).fill(1);
  for (const { token, inverse } of masks) {
    for (let p = 0; p < queries; p++) {
      for (let n = 0; n < length; n++) if (n !== token) scale[p * tokens + n] *= inverse[p];
    }
  }
  return float32(scale, [1, 1, queries, tokens]);
}

function normalised(map: GridMap, norm: MaskNorm): GridMap {
  if (norm === 'none') return map;
  const { resolution, values } = map;
  if (norm === 'minmax') {
    const low = values.reduce((a, b) => Math.min(a, b));
    const span = values.reduce((a, b) => Math.max(a, b)) - low;
    return { resolution, values: values.map((v) => (span > 0 ? (v - low) / span : 0)) };
  }
  const [height, width] = resolution;
  const out = new Float32Array(values.length);
  for (let y = 0; y < height; y++) {
    const row = Array.from(values.subarray(y * width, (y + 1) * width), Math.exp);
    const sum = row.reduce((a, b) => a + b);
    out.set(
      row.map((v) => v / sum),
      y * width,
    );
  }
  return { resolution, values: out };
}

/** A map on another grid: bilinear between cell centres (corners not aligned), as PyTorch's `interpolate`. */
export function resizeMap(map: GridMap, to: Resolution): GridMap {
  const [height, width] = map.resolution;
  if (map.values.length !== height * width) {
    throw new ContrappostoError('shape', {
      operation: 'resize map',
      expected: `${height * width} values for ${resolutionName(map.resolution)}`,
      got: `${map.values.length}`,
    });
  }
  const [toHeight, toWidth] = to;
  if (height === toHeight && width === toWidth) return map;
  const [rows, columns] = [axis(height, toHeight), axis(width, toWidth)];
  const values = new Float32Array(toHeight * toWidth);
  rows.forEach((y, i) => {
    columns.forEach((x, j) => {
      const mix = (row: number) =>
        map.values[row * width + x.low] * (1 - x.share) + map.values[row * width + x.high] * x.share;
      values[i * toWidth + j] = mix(y.low) * (1 - y.share) + mix(y.high) * y.share;
    });
  });
  return { resolution: to, values };
}

function axis(from: number, to: number): { low: number; high: number; share: number }[] {
  return Array.from({ length: to }, (_, i) => {
    const place = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const low = Math.min(from - 1, Math.floor(place));
    return { low, high: Math.min(from - 1, low + 1), share: place - low };
  });
}
