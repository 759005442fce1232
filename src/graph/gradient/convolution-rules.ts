// Gradients of convolutions in the forms that ONNX Runtime is fast at: flipped weights, and one product a kernel tap.
import { sizeOf } from '../../core/tensor.js';
import type { GraphNode, Value } from '../graph.js';
import { MatMul } from '../ops/linear.js';
import { ReduceSum } from '../ops/reduce.js';
import { Concat, Pad, Reshape, Slice, Transpose } from '../ops/shape.js';
import { Conv, ConvTranspose } from '../ops/spatial.js';
import { transposed } from './linear-rules.js';
import { type GradientRule, intAttribute, intsAttribute, type RuleTable } from './rule.js';

interface Geometry {
  kernel: readonly number[];
  strides: readonly number[];
  dilations: readonly number[];
  /** Begins of all spatial axes, then ends. */
  pads: readonly number[];
  group: number;
}

function geometryOf(node: GraphNode, weights: Value): Geometry {
  const kernel = weights.shape.slice(2);
  const all = (n: number, count = kernel.length) => new Array<number>(count).fill(n);
  return {
    kernel,
    strides: intsAttribute(node, 'strides', all(1)),
    dilations: intsAttribute(node, 'dilations', all(1)),
    pads: intsAttribute(node, 'pads', all(0, 2 * kernel.length)),
    group: intAttribute(node, 'group', 1),
  };
}

/**
 * From so many positions on, weights turned around are faster than a transposed convolution. Below, where weights are
 * larger than pictures, turning them takes longer than it saves, or as much memory again as the network has (measured
 * with 3x3 kernels: 172 against 245 ms of 320 channels at 64 x 64, 426 against 322 ms of 1280 channels at 16 x 16).
 */
const FLIP_FROM_POSITIONS = 512;

/** dX of a convolution [N, C, ...] -> [N, M, ...] with weights [M, C / group, ...k]. */
function inputGradient(dy: Value, weights: Value, { x, at }: { x: Value; at: Geometry }): Value {
  const { kernel, strides, dilations, pads, group } = at;
  const reach = kernel.map((k, i) => dilations[i] * (k - 1));
  const mirrored = pads.map((p, i) => reach[i % kernel.length] - p);
  const pointwise = kernel.every((k) => k === 1);
  const large = pointwise || dy.shape[0] * sizeOf(dy.shape.slice(2)) >= FLIP_FROM_POSITIONS;
  if (large && strides.every((s) => s === 1) && mirrored.every((p) => p >= 0)) {
    return Conv(dy, flipped(weights, group), undefined, { pads: mirrored, dilations, group });
  }
  // Rows that no window reached, because the stride does not divide what is left.
  const output_padding = kernel.map((_, i) => {
    const spanned = (dy.shape[2 + i] - 1) * strides[i] + reach[i] + 1 - pads[i] - pads[i + kernel.length];
    return x.shape[2 + i] - spanned;
  });
  return ConvTranspose(dy, weights, undefined, { strides, dilations, pads, group, output_padding });
}

/** Weights [M, C / group, ...k] turned around in space, inputs and outputs exchanged: [C, M / group, ...k]. */
function flipped(weights: Value, group: number): Value {
  const [m, perGroup, ...kernel] = weights.shape;
  const axes = kernel.flatMap((k, i) => (k > 1 ? [i + 2] : []));
  const back = axes.map(() => -1);
  const around =
    axes.length === 0
      ? weights
      : Slice(weights, { starts: back, ends: axes.map((a) => -weights.shape[a] - 1), axes, steps: back });
  const grouped = Reshape(around, [group, m / group, perGroup, ...kernel]);
  const exchanged = Transpose(grouped, [0, 2, 1, ...kernel.map((_, i) => i + 3)]);
  return Reshape(exchanged, [group * perGroup, m / group, ...kernel]);
}

/**
 * dW of a convolution, one product for each kernel tap over shifted views of the input.
 *
 * @param x [N, C, ...]
 * @param dy [N, M, ...]
 * @returns [M, C / group, ...k]
 */
function weightGradient(x: Value, dy: Value, at: Geometry): Value {
  const { kernel, group, pads } = at;
  const [batch, m] = dy.shape;
  const perGroup = x.shape[1] / group;
  const positions = sizeOf(dy.shape.slice(2));
  // One product a picture and their sum, or, where kernels are larger than pictures, one product over all pictures.
  const joins = batch > 1 && m / group > positions;
  const rows = (v: Value, channels: number) =>
    Reshape(v, joins ? [1, group, channels, batch * positions] : [batch, group, channels, positions]);
  const swapped = (v: Value) => (joins ? Transpose(v, [1, 0, ...kernel.map((_, i) => i + 2)]) : v);
  const left = rows(swapped(dy), m / group);
  const spatial = kernel.length;
  const frame = [0, 0, ...pads.slice(0, spatial), 0, 0, ...pads.slice(spatial)];
  const framed = swapped(frame.some((p) => p !== 0) ? Pad(x, frame) : x);
  const taps = shiftedViews(framed, dy, at).map((view) => {
    const product = MatMul(left, transposed(rows(view, perGroup))); // [N or 1, group, M / group, C / group]
    const sum = product.shape[0] > 1 ? ReduceSum(product, { axes: [0] }) : product;
    return Reshape(sum, [1, m * perGroup]);
  });
  const whole = [m, perGroup, ...kernel];
  if (taps.length === 1) return Reshape(taps[0], whole);
  return Reshape(Transpose(Concat(taps, { axis: 0 }), [1, 0]), whole);
}

/** What each kernel tap saw of the framed input, in the kernel's order: [..., ...positions of dy]. */
function shiftedViews(framed: Value, dy: Value, { kernel, strides, dilations }: Geometry): Value[] {
  const spatial = kernel.length;
  const axes = kernel.map((_, i) => i + 2);
  return Array.from({ length: sizeOf(kernel) }, (_, tap) => {
    let rest = tap;
    const starts = kernel.map(() => 0);
    for (let i = spatial - 1; i >= 0; i--) {
      starts[i] = (rest % kernel[i]) * dilations[i];
      rest = Math.floor(rest / kernel[i]);
    }
    const ends = starts.map((start, i) => start + (dy.shape[2 + i] - 1) * strides[i] + 1);
    const whole = starts.every((s, i) => s === 0 && strides[i] === 1 && ends[i] === framed.shape[2 + i]);
    return whole ? framed : Slice(framed, { starts, ends, axes, steps: strides });
  });
}

/** Sums over everything but channels. */
function biasGradient(dy: Value): Value {
  const axes = dy.shape.flatMap((_, i) => (i === 1 ? [] : [i]));
  return ReduceSum(dy, { axes, keepdims: false });
}

const conv: GradientRule = ({ node, inputs: [x, weights], gradient: dy }) => {
  const at = geometryOf(node, weights);
  return [() => inputGradient(dy, weights, { x, at }), () => weightGradient(x, dy, at), () => biasGradient(dy)];
};

/** The transposed convolution is the other's dX, so its own gradients are that one's with the roles exchanged. */
const convTranspose: GradientRule = ({ node, inputs: [x, weights], gradient: dy }) => {
  const at = geometryOf(node, weights);
  const { strides, dilations, pads, group } = at;
  return [
    () => Conv(dy, weights, undefined, { strides, dilations, pads, group }),
    () => weightGradient(dy, x, at),
    () => biasGradient(dy),
  ];
};

export const CONVOLUTION_RULES: RuleTable = { Conv: conv, ConvTranspose: convTranspose };
