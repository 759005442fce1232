// Reductions, softmax, top-k and running sums.
import type { DType } from '../../core/tensor.js';
import type { Attributes, Value } from '../graph.js';
import { emit, indices, normaliseAxis, shapeError } from './check.js';

export interface ReduceOptions {
  /** Axes to reduce; all when omitted. */
  axes?: readonly number[];
  /** Keep reduced axes as size 1; true by default, as in ONNX. */
  keepdims?: boolean;
}

function reducer(op: string) {
  return (x: Value, options: ReduceOptions = {}): Value => {
    const axes = (options.axes ?? x.shape.map((_, i) => i)).map((a) => normaliseAxis(op, a, x.shape));
    const keep = options.keepdims ?? true;
    const shape = keep
      ? x.shape.map((d, i) => (axes.includes(i) ? 1 : d))
      : x.shape.filter((_, i) => !axes.includes(i));
    const attributes: Attributes = { keepdims: { int: keep ? 1 : 0 } };
    return emit(op, [x, indices(x, axes)], { dtype: x.dtype, shape, attributes });
  };
}

export const ReduceMean = reducer('ReduceMean');
export const ReduceSum = reducer('ReduceSum');
export const ReduceMax = reducer('ReduceMax');
export const ReduceMin = reducer('ReduceMin');
export const ReduceProd = reducer('ReduceProd');
export const ReduceL2 = reducer('ReduceL2');
export const ReduceSumSquare = reducer('ReduceSumSquare');
export const ReduceLogSumExp = reducer('ReduceLogSumExp');

function argReducer(op: 'ArgMax' | 'ArgMin') {
  return (x: Value, options: { axis?: number; keepdims?: boolean } = {}): Value => {
    const axis = normaliseAxis(op, options.axis ?? 0, x.shape);
    const keep = options.keepdims ?? true;
    const shape = keep ? x.shape.map((d, i) => (i === axis ? 1 : d)) : x.shape.filter((_, i) => i !== axis);
    const attributes: Attributes = { axis: { int: axis }, keepdims: { int: keep ? 1 : 0 } };
    return emit(op, [x], { dtype: 'int64' as DType, shape, attributes });
  };
}

export const ArgMax = argReducer('ArgMax');
export const ArgMin = argReducer('ArgMin');

function softmaxLike(op: 'Softmax' | 'LogSoftmax') {
  return (x: Value, options: { axis?: number } = {}): Value => {
    const axis = normaliseAxis(op, options.axis ?? -1, x.shape);
    return emit(op, [x], { dtype: x.dtype, shape: x.shape, attributes: { axis: { int: axis } } });
  };
}

export const Softmax = softmaxLike('Softmax');
export const LogSoftmax = softmaxLike('LogSoftmax');

export function CumSum(x: Value, options: { axis: number; exclusive?: boolean; reverse?: boolean }): Value {
  const axis = normaliseAxis('CumSum', options.axis, x.shape);
  const attributes: Attributes = {
    exclusive: { int: options.exclusive ? 1 : 0 },
    reverse: { int: options.reverse ? 1 : 0 },
  };
  return emit('CumSum', [x, x.graph.constant(axis, { dtype: 'int64' })], {
    dtype: x.dtype,
    shape: x.shape,
    attributes,
  });
}

/** The `k` largest (or smallest) along `axis`, sorted: values and int64 positions. */
export function TopK(x: Value, k: number, options: { axis?: number; largest?: boolean } = {}): [Value, Value] {
  const axis = normaliseAxis('TopK', options.axis ?? -1, x.shape);
  if (k < 1 || k > x.shape[axis]) {
    throw shapeError('TopK', 'K', { expected: `1..${x.shape[axis]} for axis ${axis} of [${x.shape}]`, got: `${k}` });
  }
  const shape = x.shape.map((d, i) => (i === axis ? k : d));
  const attributes: Attributes = { axis: { int: axis }, largest: { int: options.largest === false ? 0 : 1 } };
  const outputs = [
    { dtype: x.dtype, shape },
    { dtype: 'int64' as const, shape },
  ];
  return x.graph.add('TopK', { inputs: [x, indices(x, [k])], attributes, outputs }) as [Value, Value];
}
