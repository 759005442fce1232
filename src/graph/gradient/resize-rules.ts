// Gradients of resampling: along each axis Resize is a matrix, known while the graph is built; its transpose goes back.
import type { GraphNode, Value } from '../graph.js';
import { MatMul } from '../ops/linear.js';
import { ReduceSum } from '../ops/reduce.js';
import { Reshape, Transpose } from '../ops/shape.js';
import {
  constantInput,
  type Differentiated,
  floatAttribute,
  type GradientRule,
  intAttribute,
  noRule,
  type RuleTable,
  stringAttribute,
} from './rule.js';

interface Axis {
  /** Sizes before and after. */
  from: number;
  to: number;
  /** Output pixels a pixel of the input. */
  scale: number;
}

/** Position in the input of the centre of output pixel i. */
function position(node: GraphNode, i: number, { from, to, scale }: Axis): number {
  switch (stringAttribute(node, 'coordinate_transformation_mode', 'half_pixel')) {
    case 'asymmetric':
      return i / scale;
    case 'align_corners':
      return to === 1 ? 0 : (i * (from - 1)) / (to - 1);
    case 'pytorch_half_pixel':
      return to === 1 ? 0 : (i + 0.5) / scale - 0.5;
    default:
      return (i + 0.5) / scale - 0.5;
  }
}

function nearestIndex(node: GraphNode, at: number): number {
  switch (stringAttribute(node, 'nearest_mode', 'round_prefer_floor')) {
    case 'floor':
      return Math.floor(at);
    case 'ceil':
      return Math.ceil(at);
    case 'round_prefer_ceil':
      return Math.floor(at + 0.5);
    default:
      return Math.ceil(at - 0.5);
  }
}

/** Weight of an input pixel at a distance, in input pixels. */
function weightAt(node: GraphNode, distance: number): number {
  const d = Math.abs(distance);
  if (stringAttribute(node, 'mode', 'nearest') === 'linear') return Math.max(0, 1 - d);
  const a = floatAttribute(node, 'cubic_coeff_a', -0.75); // Keys 1981, eq. 4
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/** Weights [to, from] of one axis. Places beyond the border count as the border. */
function resampling(node: GraphNode, axis: Axis): Float32Array {
  const { from, to, scale } = axis;
  const mode = stringAttribute(node, 'mode', 'nearest');
  const matrix = new Float32Array(to * from);
  const clamp = (i: number) => Math.min(Math.max(i, 0), from - 1);
  const stretch = intAttribute(node, 'antialias', 0) === 1 ? Math.max(1, 1 / scale) : 1;
  const reach = Math.ceil((mode === 'cubic' ? 2 : 1) * stretch);
  for (let i = 0; i < to; i++) {
    const at = position(node, i, axis);
    if (mode === 'nearest') {
      matrix[i * from + clamp(nearestIndex(node, at))] = 1;
      continue;
    }
    const taps: [number, number][] = [];
    for (let k = Math.floor(at) - reach; k <= Math.floor(at) + reach + 1; k++) {
      taps.push([clamp(k), weightAt(node, (k - at) / stretch)]);
    }
    const total = taps.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [k, weight] of taps) matrix[i * from + k] += weight / total;
  }
  return matrix;
}

/** Multiplies along one axis: `x` [..., to, ...] by [to, from] -> [..., from, ...]. */
function backAlong(x: Value, axis: number, { matrix, from, to }: { matrix: Float32Array; from: number; to: number }) {
  const weights = x.graph.constant({ dtype: 'float32', shape: [to, from], data: matrix });
  const last = x.shape.length - 1;
  const swapped = x.shape.map((_, i) => (i === axis ? last : i === last ? axis : i));
  if (axis === last) return MatMul(x, weights);
  return Transpose(MatMul(Transpose(x, swapped), weights), swapped);
}

/** Enlarged by whole factors, each pixel became a block of equal ones. */
function blockSums(dy: Value, shape: readonly number[]): Value {
  const blocks = shape.flatMap((size, i) => [size, dy.shape[i] / size]);
  const axes = shape.flatMap((size, i) => (dy.shape[i] === size ? [] : [2 * i + 1]));
  return Reshape(ReduceSum(Reshape(dy, blocks), { axes }), shape);
}

function axesOf(at: Differentiated): Axis[] {
  const { inputs, output } = at;
  const scales = inputs[2] ? constantInput(at, 2) : undefined;
  return inputs[0].shape.map((from, i) => {
    const to = output.shape[i];
    return { from, to, scale: scales ? scales[i] : to / from };
  });
}

const resize: GradientRule = (at) => [
  () => {
    const { node, inputs, gradient: dy } = at;
    const [x] = inputs;
    if (x.dtype !== 'float32') throw noRule(node, x.dtype);
    const axes = axesOf(at);
    const isNearest = stringAttribute(node, 'mode', 'nearest') === 'nearest';
    const floors = stringAttribute(node, 'nearest_mode', '') === 'floor';
    const asymmetric = stringAttribute(node, 'coordinate_transformation_mode', '') === 'asymmetric';
    const whole = axes.every(({ from, to }) => to % from === 0);
    if (isNearest && floors && asymmetric && whole) return blockSums(dy, x.shape);
    return axes.reduce(
      (part, axis, i) =>
        axis.from === axis.to && axis.scale === 1
          ? part
          : backAlong(part, i, { ...axis, matrix: resampling(node, axis) }),
      dy,
    );
  },
];

export const RESIZE_RULES: RuleTable = { Resize: resize };
