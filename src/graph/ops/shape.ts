// Operators that move values without computing: reshape, transpose, slice, gather, pad and their kin.
import { sizeOf } from '../../core/tensor.js';
import type { Attributes, Value } from '../graph.js';
import { broadcast, emit, indices, normaliseAxis, requireDType, requireRank, shapeError } from './check.js';

/** Same values, another shape; one size may be -1 and is computed. */
export function Reshape(x: Value, shape: readonly number[]): Value {
  const known = shape.reduce((n, d) => (d === -1 ? n : n * d), 1);
  const open = shape.filter((d) => d === -1).length;
  const target = shape.map((d) => (d === -1 ? sizeOf(x.shape) / known : d));
  if (open > 1 || target.some((d) => !Number.isInteger(d)) || sizeOf(target) !== sizeOf(x.shape)) {
    throw shapeError('Reshape', 'shape', { expected: `${sizeOf(x.shape)} values of [${x.shape}]`, got: `[${shape}]` });
  }
  if (target.join() === x.shape.join()) return x;
  // A zero would mean "copy the size" to ONNX, so empty tensors need allowzero.
  const attributes: Attributes = target.includes(0) ? { allowzero: { int: 1 } } : {};
  return emit('Reshape', [x, indices(x, target)], { dtype: x.dtype, shape: target, attributes });
}

export function Flatten(x: Value, options: { axis?: number } = {}): Value {
  const axis = normaliseAxis('Flatten', options.axis ?? 1, x.shape, true);
  return Reshape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
}

export function Transpose(x: Value, perm: readonly number[]): Value {
  const sorted = [...perm].sort((a, b) => a - b);
  if (perm.length !== x.shape.length || sorted.some((d, i) => d !== i)) {
    throw shapeError('Transpose', 'perm', { expected: `a permutation for [${x.shape}]`, got: `[${perm}]` });
  }
  const shape = perm.map((d) => x.shape[d]);
  return emit('Transpose', [x], { dtype: x.dtype, shape, attributes: { perm: { ints: perm } } });
}

export function Concat(values: readonly Value[], options: { axis: number }): Value {
  const [first] = values;
  if (!first) throw shapeError('Concat', 'inputs', { expected: 'at least one value', got: 'none' });
  const axis = normaliseAxis('Concat', options.axis, first.shape);
  let size = 0;
  values.forEach((v, i) => {
    if (v.shape.length !== first.shape.length || v.shape.some((d, k) => k !== axis && d !== first.shape[k])) {
      throw shapeError('Concat', `${i}`, { expected: `[${first.shape}] except axis ${axis}`, got: `[${v.shape}]` });
    }
    if (v.dtype !== first.dtype) throw shapeError('Concat', `${i}`, { expected: first.dtype, got: v.dtype });
    size += v.shape[axis];
  });
  const shape = first.shape.map((d, k) => (k === axis ? size : d));
  return emit('Concat', values, { dtype: first.dtype, shape, attributes: { axis: { int: axis } } });
}

export function Split(x: Value, sizes: readonly number[], options: { axis: number }): Value[] {
  const axis = normaliseAxis('Split', options.axis, x.shape);
  if (sizes.reduce((a, b) => a + b, 0) !== x.shape[axis]) {
    throw shapeError('Split', 'split', {
      expected: `sizes adding to ${x.shape[axis]} of [${x.shape}]`,
      got: `[${sizes}]`,
    });
  }
  const outputs = sizes.map((n) => ({ dtype: x.dtype, shape: x.shape.map((d, k) => (k === axis ? n : d)) }));
  const attributes: Attributes = { axis: { int: axis } };
  return x.graph.add('Split', { inputs: [x, indices(x, sizes)], attributes, outputs });
}

export interface SliceOptions {
  starts: readonly number[];
  ends: readonly number[];
  axes?: readonly number[];
  steps?: readonly number[];
}

/** Python slicing along `axes` (default: the first ones); negative positions count from the end, steps may be negative. */
export function Slice(x: Value, options: SliceOptions): Value {
  const { starts, ends } = options;
  const axes = (options.axes ?? starts.map((_, i) => i)).map((a) => normaliseAxis('Slice', a, x.shape));
  const steps = options.steps ?? starts.map(() => 1);
  if (
    ends.length !== starts.length ||
    axes.length !== starts.length ||
    steps.length !== starts.length ||
    steps.includes(0)
  ) {
    throw shapeError('Slice', 'starts', {
      expected: 'as many starts, ends, axes and non-zero steps',
      got: `[${starts}]`,
    });
  }
  const shape = [...x.shape];
  axes.forEach((axis, i) => {
    shape[axis] = sliceLength(x.shape[axis], { start: starts[i], end: ends[i], step: steps[i] });
  });
  const inputs = [x, indices(x, starts), indices(x, ends), indices(x, axes), indices(x, steps)];
  return emit('Slice', inputs, { dtype: x.dtype, shape });
}

function sliceLength(size: number, { start, end, step }: { start: number; end: number; step: number }): number {
  const clamp = (v: number, low: number, high: number) => Math.min(high, Math.max(low, v < 0 ? v + size : v));
  if (step > 0) return Math.max(0, Math.ceil((clamp(end, 0, size) - clamp(start, 0, size)) / step));
  const last = end < -size ? -1 : clamp(end, -1, size - 1);
  return Math.max(0, Math.ceil((clamp(start, 0, size - 1) - last) / -step));
}

export function Gather(data: Value, index: Value, options: { axis?: number } = {}): Value {
  requireDType('Gather', index, ['int64', 'int32'], 'indices');
  const axis = normaliseAxis('Gather', options.axis ?? 0, data.shape);
  const shape = [...data.shape.slice(0, axis), ...index.shape, ...data.shape.slice(axis + 1)];
  return emit('Gather', [data, index], { dtype: data.dtype, shape, attributes: { axis: { int: axis } } });
}

export function GatherElements(data: Value, index: Value, options: { axis?: number } = {}): Value {
  requireDType('GatherElements', index, ['int64', 'int32'], 'indices');
  requireRank('GatherElements', index, data.shape.length, 'indices');
  const axis = normaliseAxis('GatherElements', options.axis ?? 0, data.shape);
  const attributes: Attributes = { axis: { int: axis } };
  return emit('GatherElements', [data, index], { dtype: data.dtype, shape: index.shape, attributes });
}

export function GatherND(data: Value, index: Value): Value {
  requireDType('GatherND', index, ['int64'], 'indices');
  const depth = index.shape.at(-1) ?? 0;
  if (depth < 1 || depth > data.shape.length) {
    throw shapeError('GatherND', 'indices', { expected: `last size 1..${data.shape.length}`, got: `[${index.shape}]` });
  }
  const shape = [...index.shape.slice(0, -1), ...data.shape.slice(depth)];
  return emit('GatherND', [data, index], { dtype: data.dtype, shape });
}

type Reduction = 'none' | 'add' | 'mul' | 'min' | 'max';

export function ScatterND(
  data: Value,
  index: Value,
  { updates, reduction = 'none' as Reduction }: { updates: Value; reduction?: Reduction },
): Value {
  requireDType('ScatterND', index, ['int64'], 'indices');
  const depth = index.shape.at(-1) ?? 0;
  const expected = [...index.shape.slice(0, -1), ...data.shape.slice(depth)];
  if (updates.shape.join() !== expected.join()) {
    throw shapeError('ScatterND', 'updates', { expected: `[${expected}]`, got: `[${updates.shape}]` });
  }
  const attributes: Attributes = { reduction: { string: reduction } };
  return emit('ScatterND', [data, index, updates], { dtype: data.dtype, shape: data.shape, attributes });
}

/** Broadcasts to `shape` (bidirectional, as ONNX: sizes of 1 in `shape` keep the input's). */
export function Expand(x: Value, shape: readonly number[]): Value {
  const result = broadcast('Expand', x.shape, shape);
  if (result.join() === x.shape.join()) return x;
  return emit('Expand', [x, indices(x, shape)], { dtype: x.dtype, shape: result });
}

export function Squeeze(x: Value, axes: readonly number[]): Value {
  const drop = axes.map((a) => normaliseAxis('Squeeze', a, x.shape));
  for (const axis of drop) {
    if (x.shape[axis] !== 1)
      throw shapeError('Squeeze', 'axes', { expected: `size 1 at ${axis}`, got: `[${x.shape}]` });
  }
  const shape = x.shape.filter((_, i) => !drop.includes(i));
  return emit('Squeeze', [x, indices(x, drop)], { dtype: x.dtype, shape });
}

export function Unsqueeze(x: Value, axes: readonly number[]): Value {
  const rank = x.shape.length + axes.length;
  const at = axes.map((a) => normaliseAxis('Unsqueeze', a, new Array(rank).fill(1)));
  const rest = [...x.shape];
  const shape = Array.from({ length: rank }, (_, i) => (at.includes(i) ? 1 : rest.shift()!));
  return emit('Unsqueeze', [x, indices(x, at)], { dtype: x.dtype, shape });
}

export function Tile(x: Value, repeats: readonly number[]): Value {
  requireRank('Tile', x, repeats.length, 'input');
  return emit('Tile', [x, indices(x, repeats)], { dtype: x.dtype, shape: x.shape.map((d, i) => d * repeats[i]) });
}

export interface PadOptions {
  mode?: 'constant' | 'reflect' | 'edge' | 'wrap';
  value?: number;
}

/** Pads as ONNX orders them: all begins, then all ends, one a dimension; negative ones crop. */
export function Pad(x: Value, pads: readonly number[], options: PadOptions = {}): Value {
  const rank = x.shape.length;
  if (pads.length !== 2 * rank) {
    throw shapeError('Pad', 'pads', { expected: `${2 * rank} numbers for [${x.shape}]`, got: `[${pads}]` });
  }
  const shape = x.shape.map((d, i) => d + pads[i] + pads[i + rank]);
  const attributes: Attributes = { mode: { string: options.mode ?? 'constant' } };
  const fill = options.value === undefined ? undefined : x.graph.constant(options.value, { dtype: x.dtype });
  return emit('Pad', fill ? [x, indices(x, pads), fill] : [x, indices(x, pads)], { dtype: x.dtype, shape, attributes });
}

function blocks(
  op: 'DepthToSpace' | 'SpaceToDepth',
  x: Value,
  attributes: Attributes & { blocksize: { int: number } },
): Value {
  requireRank(op, x, 4);
  const b = attributes.blocksize.int;
  const [n, c, h, w] = x.shape;
  const shape = op === 'DepthToSpace' ? [n, c / (b * b), h * b, w * b] : [n, c * b * b, h / b, w / b];
  if (shape.some((d) => !Number.isInteger(d))) {
    throw shapeError(op, 'X', { expected: `sizes divisible for block ${b}`, got: `[${x.shape}]` });
  }
  return emit(op, [x], { dtype: x.dtype, shape, attributes });
}

export function DepthToSpace(x: Value, options: { blocksize: number; mode?: 'DCR' | 'CRD' }): Value {
  return blocks('DepthToSpace', x, { blocksize: { int: options.blocksize }, mode: { string: options.mode ?? 'DCR' } });
}

export function SpaceToDepth(x: Value, options: { blocksize: number }): Value {
  return blocks('SpaceToDepth', x, { blocksize: { int: options.blocksize } });
}

/** Upper (default) or lower triangle of the last two axes, `k` diagonals away; the rest becomes zero. */
export function Trilu(x: Value, options: { upper?: boolean; k?: number } = {}): Value {
  const attributes: Attributes = { upper: { int: options.upper === false ? 0 : 1 } };
  const k = x.graph.constant(options.k ?? 0, { dtype: 'int64' });
  return emit('Trilu', [x, k], { dtype: x.dtype, shape: x.shape, attributes });
}
