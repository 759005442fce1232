// Two-dimensional convolution and the two changes of resolution that diffusion networks use.
import { Conv, Resize, type Scope, type Value } from '../graph/index.js';

export interface Conv2dOptions {
  /** Output channels. */
  out: number;
  /** Side of the square kernel. */
  kernel: number;
  stride?: number;
  /** Zeros on every side, or `[top, left, bottom, right]`. Default 0. */
  padding?: number | readonly [number, number, number, number];
  groups?: number;
  dilation?: number;
  bias?: boolean;
}

/**
 * Parameters `weight` [out, in / groups, kernel, kernel] and `bias` [out].
 *
 * @param x [N, C, H, W]
 * @returns [N, out, H', W']
 */
export function conv2d(p: Scope, x: Value, options: Conv2dOptions): Value {
  const { out, kernel, stride = 1, padding = 0, groups = 1, dilation = 1, bias = true } = options;
  const weight = p.parameter('weight', [out, x.shape[1] / groups, kernel, kernel]);
  return Conv(x, weight, bias ? p.parameter('bias', [out]) : undefined, {
    pads: typeof padding === 'number' ? [padding, padding, padding, padding] : [...padding],
    strides: [stride, stride],
    dilations: [dilation, dilation],
    group: groups,
  });
}

/**
 * Halves the resolution by a 3x3 convolution of stride 2 named `conv` (diffusers' Downsample2D).
 *
 * @param options.padding 1 pads every side; 0 pads one row below and one column to the right only, as the
 *   autoencoders do. The two differ by half a pixel: a checkpoint needs the one it was trained with.
 * @returns [N, out, ceil(H / 2), ceil(W / 2)] for padding 1, [N, out, floor(H / 2), floor(W / 2)] for padding 0
 */
export function downsample(p: Scope, x: Value, options: { out: number; padding: 0 | 1 }): Value {
  const padding = options.padding === 0 ? ([0, 0, 1, 1] as const) : 1;
  return conv2d(p.at('conv'), x, { out: options.out, kernel: 3, stride: 2, padding });
}

/**
 * Nearest-neighbour enlargement followed by a 3x3 convolution named `conv` (diffusers' Upsample2D).
 *
 * @param options.size target [height, width]; default twice the input. Odd sizes occur where a skip connection of an
 *   odd resolution has to be met.
 * @returns [N, out, height, width]
 */
export function upsample(p: Scope, x: Value, options: { out: number; size?: readonly [number, number] }): Value {
  return conv2d(p.at('conv'), nearest(x, options.size), { out: options.out, kernel: 3, padding: 1 });
}

/** Nearest-neighbour enlargement to `size` [height, width], by default twice the input; PyTorch's index rule. */
export function nearest(x: Value, size?: readonly [number, number]): Value {
  const [batch, channels, height, width] = x.shape;
  const rule = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' } as const;
  // Exact doubling has its own fast kernel in ONNX Runtime, chosen by scales and not by sizes.
  if (!size || (size[0] === 2 * height && size[1] === 2 * width)) return Resize(x, { scales: [1, 1, 2, 2], ...rule });
  return Resize(x, { sizes: [batch, channels, size[0], size[1]], ...rule });
}
