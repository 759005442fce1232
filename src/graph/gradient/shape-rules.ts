// Gradients of operators that only move numbers: the same movement backwards.
import type { Shape } from '../../core/tensor.js';
import type { Value } from '../graph.js';
import { ReduceSum } from '../ops/reduce.js';
import { Concat, DepthToSpace, Pad, Reshape, Slice, SpaceToDepth, Transpose, Trilu, Unsqueeze } from '../ops/shape.js';
import { gatherGradient } from './indexing-rules.js';
import {
  constantInput,
  type GradientRule,
  intAttribute,
  intsAttribute,
  type RuleTable,
  stringAttribute,
  unbroadcast,
  zeros,
} from './rule.js';

/** For operators that keep every number in its order. */
const reshaped: GradientRule = ({ inputs: [x], gradient: dy }) => [() => Reshape(dy, x.shape)];

const transpose: GradientRule = ({ node, inputs: [x], gradient: dy }) => {
  const perm = intsAttribute(node, 'perm', x.shape.map((_, i) => i).reverse());
  const inverse = x.shape.map((_, i) => perm.indexOf(i));
  return [() => Transpose(dy, inverse)];
};

const expand: GradientRule = ({ inputs: [x], gradient: dy }) => [() => unbroadcast(dy, x.shape)];

const concat: GradientRule = ({ node, inputs, gradient: dy }) => {
  const axis = intAttribute(node, 'axis', 0);
  let end = 0;
  return inputs.map((x) => {
    const start = end;
    end += x.shape[axis];
    return () => Slice(dy, { starts: [start], ends: [start + x.shape[axis]], axes: [axis] });
  });
};

const split: GradientRule = ({ graph, node, gradients }) => [
  () => {
    const parts = node.outputs.map((part, i) => gradients[i] ?? zeros(graph, part.shape, part.dtype));
    return parts.length === 1 ? parts[0] : Concat(parts, { axis: intAttribute(node, 'axis', 0) });
  },
  undefined,
];

/** Zeros between and around the slice's numbers, turned back where it ran backwards. */
const slice: GradientRule = (at) => [
  () => {
    const [starts, , axes, steps] = [1, 2, 3, 4].map((i) => constantInput(at, i));
    const [x] = at.inputs;
    return axes.reduce(
      (dy, axis, i) => {
        const size = x.shape[axis];
        const [step, count] = [steps[i], at.output.shape[axis]];
        if (count === 0) return dy;
        const from = starts[i] < 0 ? starts[i] + size : starts[i];
        const first = step > 0 ? Math.max(0, from) : Math.min(size - 1, from);
        const forward = step > 0 ? dy : reversed(dy, axis);
        const lowest = step > 0 ? first : first + (count - 1) * step;
        return spreadOut(forward, axis, { size, first: lowest, step: Math.abs(step) });
      },
      emptyToZeros(at.gradient, at.output.shape, x),
    );
  },
];

/** A slice of nothing has nothing to give back. */
function emptyToZeros(dy: Value, sliced: Shape, x: Value): Value {
  return sliced.includes(0) ? zeros(dy.graph, x.shape, x.dtype) : dy;
}

function reversed(x: Value, axis: number): Value {
  return Slice(x, { starts: [-1], ends: [-x.shape[axis] - 1], axes: [axis], steps: [-1] });
}

/** Puts the numbers along an axis of `size` at `first`, `first + step`, ... with zeros elsewhere. */
function spreadOut(x: Value, axis: number, place: { size: number; first: number; step: number }): Value {
  const { size, first, step } = place;
  const count = x.shape[axis];
  let wide = x;
  if (step > 1 && count > 1) {
    const gaps = padded(Unsqueeze(x, [axis + 1]), axis + 1, [0, step - 1]); // [..., count, step, ...]
    const joined = Reshape(
      gaps,
      x.shape.map((d, i) => (i === axis ? count * step : d)),
    );
    wide = Slice(joined, { starts: [0], ends: [(count - 1) * step + 1], axes: [axis] });
  }
  return padded(wide, axis, [first, size - first - wide.shape[axis]]);
}

function padded(x: Value, axis: number, [before, after]: readonly [number, number]): Value {
  if (before === 0 && after === 0) return x;
  const only = (n: number) => x.shape.map((_, i) => (i === axis ? n : 0));
  return Pad(x, [...only(before), ...only(after)]);
}

/** Constant borders are cut off; borders made of the picture give back to where they came from. */
const pad: GradientRule = (at) => [
  () => {
    const [x] = at.inputs;
    const pads = constantInput(at, 1);
    const mode = stringAttribute(at.node, 'mode', 'constant');
    if (mode === 'constant')
      return Pad(
        at.gradient,
        pads.map((n) => -n),
      );
    return x.shape.reduce((dy, size, axis) => {
      const [before, after] = [pads[axis], pads[axis + x.shape.length]];
      if (before === 0 && after === 0) return dy;
      const places = Array.from({ length: before + size + after }, (_, i) => source(i - before, size, mode));
      const index = dy.graph.constant(places, { dtype: 'int64', shape: [places.length] });
      const shape = dy.shape.map((d, i) => (i === axis ? size : d));
      return gatherGradient(dy, index, { shape, axis });
    }, at.gradient);
  },
];

/** Where position i of a padded axis is read from. */
function source(i: number, size: number, mode: string): number {
  if (mode === 'edge') return Math.min(Math.max(i, 0), size - 1);
  if (mode === 'wrap' || size === 1) return ((i % size) + size) % size;
  const period = 2 * (size - 1);
  const place = ((i % period) + period) % period;
  return place < size ? place : period - place;
}

const tile: GradientRule = ({ inputs: [x], output: y, gradient: dy }) => [
  () => {
    const blocks = x.shape.flatMap((size, i) => [y.shape[i] / size, size]);
    const axes = x.shape.map((_, i) => 2 * i);
    return ReduceSum(Reshape(dy, blocks), { axes, keepdims: false });
  },
];

const trilu: GradientRule = (at) => {
  const upper = intAttribute(at.node, 'upper', 1) === 1;
  return [() => Trilu(at.gradient, { upper, k: constantInput(at, 1)[0] })];
};

const depthToSpace: GradientRule = ({ node, inputs: [x], gradient: dy }) => {
  const blocksize = intAttribute(node, 'blocksize', 1);
  if (stringAttribute(node, 'mode', 'DCR') === 'DCR') return [() => SpaceToDepth(dy, { blocksize })];
  const [n, c, h, w] = x.shape;
  const cells = [n, c / blocksize ** 2, h, blocksize, w, blocksize];
  return [() => Reshape(Transpose(Reshape(dy, cells), [0, 1, 3, 5, 2, 4]), x.shape)];
};

const spaceToDepth: GradientRule = ({ node, gradient: dy }) => [
  () => DepthToSpace(dy, { blocksize: intAttribute(node, 'blocksize', 1) }),
];

export const SHAPE_RULES: RuleTable = {
  Reshape: reshaped,
  Squeeze: reshaped,
  Unsqueeze: reshaped,
  Transpose: transpose,
  Expand: expand,
  Concat: concat,
  Split: split,
  Slice: slice,
  Pad: pad,
  Tile: tile,
  Trilu: trilu,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
