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
  const { kernel, group } = at;
  const [batch, m] = dy.shape;
  const channels = x.shape[1];
  const positions = sizeOf(dy.shape.slice(2));
  const left = rows(dy, [group, m / group, batch * positions]);
  const taps = shiftedViews(x, dy, at).map((view) => {
    const right = rows(view, [group, channels / group, batch * positions]);
    return MatMul(left, transposed(right)); // [group, M / group, C / group]
  });
  const whole = [m, channels / group, ...kernel];
  if (taps.length === 1) return Reshape(taps[0], whole);
  const stacked = Concat(
    taps.map((tap) => Reshape(tap, [1, m * (channels / group)])),
    { axis: 0 },
  ); // [taps, M * C / group]
  return Reshape(Transpose(stacked, [1, 0]), whole);
}

/** [N, C, ...] as [group, C / group, N * positions]. */
function rows(x: Value, shape: readonly number[]): Value {
  const [, , ...space] = x.shape;
  const first = x.shape[0] === 1 ? x : Transpose(x, [1, 0, ...space.map((_, i) => i + 2)]);
  return Reshape(first, shape);
}

/** What each kernel tap saw of the input, in the kernel's order: [N, C, ...positions of dy]. */
function shiftedViews(x: Value, dy: Value, { kernel, strides, dilations, pads }: Geometry): Value[] {
  const spatial = kernel.length;
  const framed = pads.some((p) => p !== 0)
    ? Pad(x, [0, 0, ...pads.slice(0, spatial), 0, 0, ...pads.slice(spatial)])
    : x;
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
