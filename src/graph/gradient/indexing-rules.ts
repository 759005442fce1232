// Gradients of looking up by index: what was read several times gets the sum.
import type { Shape } from '../../core/tensor.js';
import type { Value } from '../graph.js';
import { emit, normaliseAxis } from '../ops/check.js';
import { Cast } from '../ops/elementwise.js';
import { GatherND, Reshape, ScatterND, Transpose } from '../ops/shape.js';
import { type GradientRule, intAttribute, noRule, type RuleTable, stringAttribute, zeros } from './rule.js';

/** Zeros of `shape`, with `updates` added at `index` along the axis (both of one shape, as in GatherElements). */
export function scatterAdd(shape: Shape, index: Value, options: { updates: Value; axis: number }): Value {
  const { updates, axis } = options;
  const { dtype, graph } = updates;
  const attributes = { axis: { int: normaliseAxis('ScatterElements', axis, shape) }, reduction: { string: 'add' } };
  return emit('ScatterElements', [zeros(graph, shape, dtype), index, updates], { dtype, shape, attributes });
}

/**
 * The gradient of `Gather(x, index, axis)`: rows of `dy` added to zeros.
 *
 * @param shape of x
 * @param dy [...shape before the axis, ...index.shape, ...shape after it]
 */
export function gatherGradient(dy: Value, index: Value, { shape, axis }: { shape: Shape; axis: number }): Value {
  const rows = index.shape.length;
  const order = dy.shape.map((_, i) => i);
  // The looked-up axis comes first, for ScatterND looks at leading axes only.
  const perm = [...order.slice(axis, axis + rows), ...order.slice(0, axis), ...order.slice(axis + rows)];
  const first = [shape[axis], ...shape.slice(0, axis), ...shape.slice(axis + 1)];
  const at = Reshape(asInt64(index), [...index.shape, 1]);
  const empty = zeros(dy.graph, first, dy.dtype);
  const sum = ScatterND(empty, at, { updates: moved(dy, perm), reduction: 'add' });
  const back = shape.map((_, i) => (i === axis ? 0 : i < axis ? i + 1 : i));
  return moved(sum, back);
}

function moved(x: Value, perm: readonly number[]): Value {
  return perm.every((from, to) => from === to) ? x : Transpose(x, perm);
}

function asInt64(index: Value): Value {
  return Cast(index, { to: 'int64' });
}

const gather: GradientRule = ({ node, inputs: [x, index], gradient: dy }) => [
  () => gatherGradient(dy, index, { shape: x.shape, axis: intAttribute(node, 'axis', 0) }),
];

const gatherElements: GradientRule = ({ node, inputs: [x, index], gradient: dy }) => [
  () => scatterAdd(x.shape, index, { updates: dy, axis: intAttribute(node, 'axis', 0) }),
];

const gatherND: GradientRule = ({ graph, inputs: [x, index], gradient: dy }) => [
  () => ScatterND(zeros(graph, x.shape, x.dtype), index, { updates: dy, reduction: 'add' }),
];

/** Overwriting cuts what was there before; adding keeps it. Indices that overwrite twice are undefined in ONNX too. */
const scatterND: GradientRule = ({ graph, node, inputs: [, index, updates], gradient: dy }) => {
  const reduction = stringAttribute(node, 'reduction', 'none');
  if (reduction !== 'none' && reduction !== 'add') throw noRule(node, `reduction "${reduction}"`);
  const blank = () => zeros(graph, updates.shape, updates.dtype);
  return [
    () => (reduction === 'add' ? dy : ScatterND(dy, index, { updates: blank() })),
    undefined,
    () => GatherND(dy, index),
  ];
};

export const INDEXING_RULES: RuleTable = {
  Gather: gather,
  GatherElements: gatherElements,
  GatherND: gatherND,
  ScatterND: scatterND,
};
