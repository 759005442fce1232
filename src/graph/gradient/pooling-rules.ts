// Gradients of pooling: means give back evenly, maxima to the place they came from.
import { sizeOf } from '../../core/tensor.js';
import type { GraphNode, Value } from '../graph.js';
import { Div, Mul } from '../ops/elementwise.js';
import { Expand, Reshape } from '../ops/shape.js';
import { ConvTranspose } from '../ops/spatial.js';
import { scatterAdd } from './indexing-rules.js';
import { type GradientRule, intAttribute, intsAttribute, type RuleTable } from './rule.js';

interface Windows {
  kernel: readonly number[];
  strides: readonly number[];
  dilations: readonly number[];
  pads: readonly number[];
}

function windowsOf(node: GraphNode): Windows {
  const kernel = intsAttribute(node, 'kernel_shape', []);
  const all = (n: number, count = kernel.length) => new Array<number>(count).fill(n);
  return {
    kernel,
    strides: intsAttribute(node, 'strides', all(1)),
    dilations: intsAttribute(node, 'dilations', all(1)),
    pads: intsAttribute(node, 'pads', all(0, 2 * kernel.length)),
  };
}

const averagePool: GradientRule = ({ node, inputs: [x], gradient: dy }) => [
  () => {
    const windows = windowsOf(node);
    const { kernel, strides, pads } = windows;
    const tiled = kernel.every((k, i) => k === strides[i] && k * dy.shape[2 + i] === x.shape[2 + i]);
    if (tiled && pads.every((p) => p === 0)) return repeated(Mul(dy, 1 / sizeOf(kernel)), kernel);
    const countPads = intAttribute(node, 'count_include_pad', 0) === 1;
    const shares = Div(dy, windowCounts(dy, x, { windows, countPads }));
    return overlapped(shares, x, windows);
  },
];

/** Each number as a block of the kernel's size. */
function repeated(x: Value, kernel: readonly number[]): Value {
  const [n, c, ...space] = x.shape;
  const apart = [n, c, ...space.flatMap((size) => [size, 1])];
  const blocks = [n, c, ...space.flatMap((size, i) => [size, kernel[i]])];
  return Reshape(Expand(Reshape(x, apart), blocks), [n, c, ...space.map((size, i) => size * kernel[i])]);
}

/** How many numbers each window averaged: [1, 1, ...positions]. */
function windowCounts(dy: Value, x: Value, { windows, countPads }: { windows: Windows; countPads: boolean }): Value {
  const { kernel, strides, dilations, pads } = windows;
  const perAxis = kernel.map((k, i) =>
    Array.from({ length: dy.shape[2 + i] }, (_, position) => {
      const start = position * strides[i] - pads[i];
      const [low, high] = countPads ? [-pads[i], x.shape[2 + i] + pads[i + kernel.length]] : [0, x.shape[2 + i]];
      const taps = Array.from({ length: k }, (_, tap) => start + tap * dilations[i]);
      return taps.filter((at) => at >= low && at < high).length;
    }),
  );
  const counts = perAxis.reduce((product, axis) => product.flatMap((p) => axis.map((n) => p * n)), [1]);
  return dy.graph.constant(counts, { dtype: dy.dtype, shape: [1, 1, ...dy.shape.slice(2)] });
}

/** Adds each share to all places of its window. */
function overlapped(shares: Value, x: Value, { kernel, strides, dilations, pads }: Windows): Value {
  const [n, c, ...space] = shares.shape;
  const ends: number[] = [];
  const output_padding = kernel.map((k, i) => {
    const left = (space[i] - 1) * strides[i] + dilations[i] * (k - 1) + 1 - pads[i] - x.shape[2 + i];
    // Windows may end beyond the padded picture when sizes are rounded up.
    ends[i] = Math.max(0, left);
    return Math.max(0, -left);
  });
  const ones = x.graph.constant(new Array<number>(sizeOf(kernel)).fill(1), {
    dtype: x.dtype,
    shape: [1, 1, ...kernel],
  });
  const flat = Reshape(shares, [n * c, 1, ...space]);
  const options = { strides, dilations, pads: [...pads.slice(0, kernel.length), ...ends], output_padding };
  return Reshape(ConvTranspose(flat, ones, undefined, options), x.shape);
}

/** The first of equal maxima, as ONNX Runtime and PyTorch find them. */
const maxPool: GradientRule = ({ graph, node, inputs: [x], output: y, gradient: dy }) => [
  () => {
    const outputs = [
      { dtype: y.dtype, shape: y.shape },
      { dtype: 'int64' as const, shape: y.shape },
    ];
    const [, places] = graph.add('MaxPool', { inputs: [x], attributes: node.attributes, outputs });
    const flat = (v: Value) => Reshape(v, [sizeOf(y.shape)]);
    const sum = scatterAdd([sizeOf(x.shape)], flat(places), { updates: flat(dy), axis: 0 });
    return Reshape(sum, x.shape);
  },
];

const globalAveragePool: GradientRule = ({ inputs: [x], gradient: dy }) => [
  () => Expand(Mul(dy, 1 / sizeOf(x.shape.slice(2))), x.shape),
];

export const POOLING_RULES: RuleTable = {
  AveragePool: averagePool,
  MaxPool: maxPool,
  GlobalAveragePool: globalAveragePool,
};
