// Convolution, pooling, normalisation and resampling over NCHW (N = batch, C = channels, then spatial axes).
import type { Attributes, Value } from '../graph.js';
import { emit, normaliseAxis, requireRank, shapeError } from './check.js';

export interface WindowOptions {
  /** Begins of all spatial axes, then ends, e.g. [top, left, bottom, right]. */
  pads?: readonly number[];
  strides?: readonly number[];
  dilations?: readonly number[];
}

export interface ConvOptions extends WindowOptions {
  group?: number;
}

interface Window {
  pads: readonly number[];
  strides: readonly number[];
  dilations: readonly number[];
}

function window(op: string, spatial: number, options: WindowOptions): Window {
  const pads = options.pads ?? new Array(2 * spatial).fill(0);
  const strides = options.strides ?? new Array(spatial).fill(1);
  const dilations = options.dilations ?? new Array(spatial).fill(1);
  if (pads.length !== 2 * spatial || strides.length !== spatial || dilations.length !== spatial) {
    const expected = `${2 * spatial} pads, ${spatial} strides and dilations`;
    throw shapeError(op, 'attributes', {
      expected,
      got: `pads [${pads}] strides [${strides}] dilations [${dilations}]`,
    });
  }
  return { pads, strides, dilations };
}

function windowAttributes(w: Window): Attributes {
  return { pads: { ints: w.pads }, strides: { ints: w.strides }, dilations: { ints: w.dilations } };
}

function slid(op: string, x: Value, geometry: { kernel: readonly number[]; window: Window; ceil?: boolean }): number[] {
  const { kernel, window: w, ceil } = geometry;
  return kernel.map((k, i) => {
    const span = x.shape[2 + i] + w.pads[i] + w.pads[i + kernel.length] - w.dilations[i] * (k - 1) - 1;
    const size = (ceil ? Math.ceil : Math.floor)(span / w.strides[i]) + 1;
    if (span < 0) throw shapeError(op, 'X', { expected: `at least the kernel [${kernel}]`, got: `[${x.shape}]` });
    return size;
  });
}

function checkBias(op: string, bias: Value | undefined, channels: number): void {
  if (bias && bias.shape.join() !== `${channels}`) {
    throw shapeError(op, 'B', { expected: `[${channels}]`, got: `[${bias.shape}]` });
  }
}

/** Convolution: X [N, C, ...], W [M, C/group, ...k], B [M] -> [N, M, ...]. */
export function Conv(x: Value, w: Value, b?: Value | undefined, options: ConvOptions = {}): Value {
  requireRank('Conv', w, x.shape.length, 'W');
  const group = options.group ?? 1;
  const [m, c, ...kernel] = w.shape;
  if (x.shape[1] !== c * group || m % group !== 0) {
    throw shapeError('Conv', 'W', {
      expected: `${x.shape[1] / group} channels for X [${x.shape}]`,
      got: `[${w.shape}]`,
    });
  }
  checkBias('Conv', b, m);
  const geometry = window('Conv', kernel.length, options);
  const shape = [x.shape[0], m, ...slid('Conv', x, { kernel, window: geometry })];
  const attributes = { ...windowAttributes(geometry), kernel_shape: { ints: kernel }, group: { int: group } };
  return emit('Conv', b ? [x, w, b] : [x, w], { dtype: x.dtype, shape, attributes });
}

export interface ConvTransposeOptions extends ConvOptions {
  output_padding?: readonly number[];
}

/** Transposed convolution: X [N, C, ...], W [C, M/group, ...k] -> [N, M, ...]. */
export function ConvTranspose(x: Value, w: Value, b?: Value | undefined, options: ConvTransposeOptions = {}): Value {
  requireRank('ConvTranspose', w, x.shape.length, 'W');
  const group = options.group ?? 1;
  const [c, perGroup, ...kernel] = w.shape;
  if (x.shape[1] !== c) throw shapeError('ConvTranspose', 'W', { expected: `${x.shape[1]} rows`, got: `[${w.shape}]` });
  checkBias('ConvTranspose', b, perGroup * group);
  const g = window('ConvTranspose', kernel.length, options);
  const extra = options.output_padding ?? kernel.map(() => 0);
  const sizes = kernel.map(
    (k, i) =>
      g.strides[i] * (x.shape[2 + i] - 1) +
      extra[i] +
      (k - 1) * g.dilations[i] +
      1 -
      g.pads[i] -
      g.pads[i + kernel.length],
  );
  const attributes: Attributes = {
    ...windowAttributes(g),
    kernel_shape: { ints: kernel },
    group: { int: group },
    output_padding: { ints: extra },
  };
  const shape = [x.shape[0], perGroup * group, ...sizes];
  return emit('ConvTranspose', b ? [x, w, b] : [x, w], { dtype: x.dtype, shape, attributes });
}

export interface PoolOptions extends WindowOptions {
  kernel_shape: readonly number[];
  ceil_mode?: boolean;
  count_include_pad?: boolean;
}

function pool(op: 'AveragePool' | 'MaxPool') {
  return (x: Value, options: PoolOptions): Value => {
    const kernel = options.kernel_shape;
    requireRank(op, x, kernel.length + 2);
    const g = window(op, kernel.length, options);
    const shape = [...x.shape.slice(0, 2), ...slid(op, x, { kernel, window: g, ceil: options.ceil_mode })];
    const attributes: Attributes = {
      ...windowAttributes(g),
      kernel_shape: { ints: kernel },
      ceil_mode: { int: options.ceil_mode ? 1 : 0 },
      ...(op === 'AveragePool' ? { count_include_pad: { int: options.count_include_pad ? 1 : 0 } } : {}),
    };
    return emit(op, [x], { dtype: x.dtype, shape, attributes });
  };
}

export const AveragePool = pool('AveragePool');
export const MaxPool = pool('MaxPool');

export function GlobalAveragePool(x: Value): Value {
  const shape = x.shape.map((d, i) => (i < 2 ? d : 1));
  return emit('GlobalAveragePool', [x], { dtype: x.dtype, shape });
}

function checkChannels(op: string, x: Value, rule: { scale: Value; bias?: Value; size: number }): void {
  for (const [name, v] of [
    ['scale', rule.scale],
    ['B', rule.bias],
  ] as const) {
    if (v && v.shape.join() !== `${rule.size}`) {
      throw shapeError(op, name, { expected: `[${rule.size}] for X [${x.shape}]`, got: `[${v.shape}]` });
    }
  }
}

/** Normalises each channel of each picture over its spatial axes; scale and bias are [C]. */
export function InstanceNormalization(x: Value, scale: Value, bias: Value, options: { epsilon?: number } = {}): Value {
  checkChannels('InstanceNormalization', x, { scale, bias, size: x.shape[1] });
  const attributes: Attributes = { epsilon: { float: options.epsilon ?? 1e-5 } };
  return emit('InstanceNormalization', [x, scale, bias], { dtype: x.dtype, shape: x.shape, attributes });
}

/** Normalises groups of channels; scale and bias are [C] (opset 21 form). */
export function GroupNormalization(
  x: Value,
  scale: Value,
  bias: Value,
  options: { num_groups: number; epsilon?: number },
): Value {
  checkChannels('GroupNormalization', x, { scale, bias, size: x.shape[1] });
  if (x.shape[1] % options.num_groups !== 0) {
    const expected = `channels divisible by ${options.num_groups} groups`;
    throw shapeError('GroupNormalization', 'X', { expected, got: `[${x.shape}]` });
  }
  const attributes: Attributes = {
    num_groups: { int: options.num_groups },
    epsilon: { float: options.epsilon ?? 1e-5 },
  };
  return emit('GroupNormalization', [x, scale, bias], { dtype: x.dtype, shape: x.shape, attributes });
}

/** Normalises over the axes from `axis` on; scale and bias have those axes' shape. */
export function LayerNormalization(
  x: Value,
  scale: Value,
  bias?: Value | undefined,
  options: { axis?: number; epsilon?: number } = {},
): Value {
  const axis = normaliseAxis('LayerNormalization', options.axis ?? -1, x.shape);
  const tail = x.shape.slice(axis).join();
  for (const v of [scale, bias]) {
    if (v && v.shape.join() !== tail) {
      throw shapeError('LayerNormalization', 'scale', {
        expected: `[${tail}] for X [${x.shape}]`,
        got: `[${v.shape}]`,
      });
    }
  }
  const attributes: Attributes = { axis: { int: axis }, epsilon: { float: options.epsilon ?? 1e-5 } };
  return emit('LayerNormalization', bias ? [x, scale, bias] : [x, scale], {
    dtype: x.dtype,
    shape: x.shape,
    attributes,
  });
}

export interface ResizeOptions {
  /** Target sizes of all axes; give either these or `scales`. */
  sizes?: readonly number[];
  scales?: readonly number[];
  mode?: 'nearest' | 'linear' | 'cubic';
  coordinate_transformation_mode?: 'half_pixel' | 'pytorch_half_pixel' | 'align_corners' | 'asymmetric';
  nearest_mode?: 'round_prefer_floor' | 'round_prefer_ceil' | 'floor' | 'ceil';
  antialias?: boolean;
  cubic_coeff_a?: number;
}

export function Resize(x: Value, options: ResizeOptions): Value {
  const given = options.sizes ?? options.scales;
  if (!given || (options.sizes && options.scales) || given.length !== x.shape.length) {
    throw shapeError('Resize', 'sizes', { expected: `sizes or scales for [${x.shape}]`, got: `[${given ?? ''}]` });
  }
  const { sizes, scales } = options;
  const shape = sizes ? [...sizes] : x.shape.map((d, i) => Math.floor(d * scales![i]));
  const attributes: Attributes = {
    mode: { string: options.mode ?? 'nearest' },
    coordinate_transformation_mode: { string: options.coordinate_transformation_mode ?? 'half_pixel' },
    nearest_mode: { string: options.nearest_mode ?? 'round_prefer_floor' },
    antialias: { int: options.antialias ? 1 : 0 },
    cubic_coeff_a: { float: options.cubic_coeff_a ?? -0.75 },
  };
  const scaleInput = scales && x.graph.constant(scales, { dtype: 'float32', shape: [scales.length] });
  const sizeInput = sizes && x.graph.constant(sizes, { dtype: 'int64', shape: [sizes.length] });
  const inputs = sizeInput ? [x, undefined, undefined, sizeInput] : [x, undefined, scaleInput];
  return emit('Resize', inputs, { dtype: x.dtype, shape, attributes });
}

export interface GridSampleOptions {
  mode?: 'linear' | 'nearest' | 'cubic';
  padding_mode?: 'zeros' | 'border' | 'reflection';
  align_corners?: boolean;
}

/** Samples X [N, C, H, W] at grid [N, h, w, 2] of (x, y) in [-1, 1] -> [N, C, h, w]. */
export function GridSample(x: Value, grid: Value, options: GridSampleOptions = {}): Value {
  requireRank('GridSample', x, 4);
  requireRank('GridSample', grid, 4, 'grid');
  if (grid.shape[0] !== x.shape[0] || grid.shape[3] !== 2) {
    throw shapeError('GridSample', 'grid', { expected: `[${x.shape[0]},h,w,2]`, got: `[${grid.shape}]` });
  }
  const attributes: Attributes = {
    mode: { string: options.mode ?? 'linear' },
    padding_mode: { string: options.padding_mode ?? 'zeros' },
    align_corners: { int: options.align_corners ? 1 : 0 },
  };
  const shape = [x.shape[0], x.shape[1], grid.shape[1], grid.shape[2]];
  return emit('GridSample', [x, grid], { dtype: x.dtype, shape, attributes });
}
