// Every rule against central differences on random shapes, and PyTorch's conventions where no difference exists.
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { float32, floats, int64, type Shape, type Tensor } from '../../core/tensor.js';
import { createRuntime } from '../../runtime/index.js';
import { memorySource } from '../../weights/index.js';
import * as ops from '../index.js';
import { Graph, gradient, type Value } from '../index.js';
import { CONSTANT_ALMOST_EVERYWHERE, RULES } from './rules.js';
import { broadcastable, Draw, disagreement, type Problem } from './test-finite-differences.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

type Case = (draw: Draw) => Problem;
type Kind = 'normal' | 'positive' | 'spaced';

const unary =
  (f: (x: Value) => Value, kind: Kind = 'normal'): Case =>
  (draw) => ({ inputs: [draw[kind](draw.shape())], build: f });

const binary =
  (f: (a: Value, b: Value) => Value, kinds: readonly [Kind, Kind] = ['normal', 'normal']): Case =>
  (draw) => {
    const shape = draw.shape({ min: 0, max: 4 });
    const shapes = [shape, broadcastable(draw, shape)];
    if (draw.int(0, 1) === 1) shapes.reverse();
    return { inputs: shapes.map((s, i) => draw[kinds[i]](s)), build: f };
  };

/** Both operands out of one list of numbers that are all apart. */
const apart =
  (f: (a: Value, b: Value) => Value): Case =>
  (draw) => {
    const shape = draw.shape();
    const both = floats(draw.spaced([2, ...shape]));
    const half = both.length / 2;
    return { inputs: [float32(both.slice(0, half), shape), float32(both.slice(half), shape)], build: f };
  };

const someAxes = (draw: Draw, shape: Shape) => shape.flatMap((_, i) => (draw.int(0, 1) === 1 ? [i] : []));

const reducer =
  (f: (x: Value, options: ops.ReduceOptions) => Value, kind: Kind = 'normal'): Case =>
  (draw) => {
    const shape = draw.shape();
    const axes = someAxes(draw, shape);
    const options = { axes: axes.length > 0 ? axes : undefined, keepdims: draw.int(0, 1) === 1 };
    return { inputs: [draw[kind](shape)], build: (x) => f(x, options) };
  };

const alongAxis =
  (f: (x: Value, axis: number) => Value, kind: Kind = 'normal'): Case =>
  (draw) => {
    const shape = draw.shape();
    const axis = draw.int(-shape.length, shape.length - 1);
    return { inputs: [draw[kind](shape)], build: (x) => f(x, axis) };
  };

const indices = (draw: Draw, shape: Shape, below: number): Tensor =>
  int64(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => draw.int(-below, below - 1)),
    shape,
  );

const ELEMENTWISE: Record<string, Case> = {
  Identity: unary(ops.Identity),
  Add: binary(ops.Add),
  Sub: binary(ops.Sub),
  Mul: binary(ops.Mul),
  'Mul by itself': unary((x) => ops.Mul(x, x)),
  Div: binary(ops.Div, ['normal', 'positive']),
  Mod: (draw) => ({
    inputs: [float32([5.3, -2.2, 1.1], [3]), float32([2, 1.5, 4], [3])],
    build: (a, b) => ops.Mod(a, ops.Mul(b, draw.pick(1, 1.1)), { fmod: 1 }),
  }),
  Max: apart(ops.Max),
  Min: apart(ops.Min),
  'Pow of values': binary(ops.Pow, ['positive', 'positive']),
  'Pow of a number': (draw) => unary((x) => ops.Pow(x, draw.pick(2, 3, 0.5, -1, 1)), 'positive')(draw),
  'Pow of a negative base': unary((x) => ops.Add(ops.Pow(x, 2), ops.Pow(x, 3))),
  Where: (draw) => {
    const shape = draw.shape();
    const condition = (v: Value) => ops.Greater(v, v.graph.constant(0.3));
    const inputs = [draw.normal(shape), draw.normal(broadcastable(draw, shape)), draw.spaced(shape)];
    return { inputs, differentiated: 2, build: (a, b, c) => ops.Where(condition(c), a, b) };
  },
  Clip: (draw) => unary((x) => ops.Clip(x, draw.pick(undefined, -0.5), draw.pick(undefined, 0.75)), 'spaced')(draw),
  Cast: unary((x) => ops.Cast(ops.Cast(x, { to: 'float64' }), { to: 'float32' })),
  Neg: unary(ops.Neg),
  Abs: unary(ops.Abs, 'spaced'),
  Exp: unary(ops.Exp),
  Log: unary(ops.Log, 'positive'),
  Sqrt: unary(ops.Sqrt, 'positive'),
  Reciprocal: unary(ops.Reciprocal, 'positive'),
  Sin: unary(ops.Sin),
  Cos: unary(ops.Cos),
  Erf: unary(ops.Erf),
  Softplus: unary(ops.Softplus),
  Tanh: unary(ops.Tanh),
  Sigmoid: unary(ops.Sigmoid),
  Relu: unary(ops.Relu, 'spaced'),
  LeakyRelu: unary((x) => ops.LeakyRelu(x, { alpha: 0.2 }), 'spaced'),
  Elu: unary((x) => ops.Elu(x, { alpha: 0.7 }), 'spaced'),
  HardSwish: unary(ops.HardSwish, 'spaced'),
  Gelu: (draw) => unary((x) => ops.Gelu(x, { approximate: draw.pick('none', 'tanh') }))(draw),
  'x sigmoid(a x)': unary((x) => ops.Mul(x, ops.Sigmoid(ops.Mul(x, 1.702)))),
};

const REDUCTIONS: Record<string, Case> = {
  ReduceSum: reducer(ops.ReduceSum),
  ReduceMean: reducer(ops.ReduceMean),
  ReduceMax: reducer(ops.ReduceMax, 'spaced'),
  ReduceMin: reducer(ops.ReduceMin, 'spaced'),
  ReduceProd: reducer(ops.ReduceProd, 'positive'),
  ReduceL2: reducer(ops.ReduceL2, 'positive'),
  ReduceSumSquare: reducer(ops.ReduceSumSquare),
  ReduceLogSumExp: reducer(ops.ReduceLogSumExp),
  Softmax: alongAxis((x, axis) => ops.Softmax(x, { axis })),
  LogSoftmax: alongAxis((x, axis) => ops.LogSoftmax(x, { axis })),
  CumSum: (draw) => {
    const flags = { exclusive: draw.int(0, 1) === 1, reverse: draw.int(0, 1) === 1 };
    return alongAxis((x, axis) => ops.CumSum(x, { axis, ...flags }))(draw);
  },
  TopK: (draw) => {
    const largest = draw.int(0, 1) === 1;
    return alongAxis((x, axis) => ops.TopK(x, Math.min(2, x.shape.at(axis)!), { axis, largest })[0], 'spaced')(draw);
  },
};

const MOVEMENTS: Record<string, Case> = {
  Reshape: unary((x) => ops.Reshape(ops.Mul(x, x), [-1, 1])),
  Squeeze: unary((x) => ops.Squeeze(ops.Unsqueeze(x, [0]), [0])),
  Unsqueeze: unary((x) => ops.Unsqueeze(x, [0, 2])),
  Transpose: (draw) => {
    const shape = draw.shape({ min: 2 });
    const perm = shape.map((_, i) => (i + draw.int(0, 1) + 1) % shape.length);
    const valid = new Set(perm).size === shape.length ? perm : shape.map((_, i) => (i + 1) % shape.length);
    return { inputs: [draw.normal(shape)], build: (x) => ops.Transpose(x, valid) };
  },
  Expand: (draw) => {
    const shape = draw.shape();
    return { inputs: [draw.normal(broadcastable(draw, shape))], build: (x) => ops.Expand(x, shape) };
  },
  Concat: (draw) => {
    const shape = draw.shape();
    const axis = draw.int(0, shape.length - 1);
    const other = shape.with(axis, draw.int(1, 3));
    return { inputs: [draw.normal(shape), draw.normal(other)], build: (a, b) => ops.Concat([a, b, a], { axis }) };
  },
  Split: (draw) => {
    const sizes = [draw.int(1, 3), draw.int(1, 3), draw.int(1, 2)];
    const shape = [2, sizes.reduce((a, b) => a + b), 2];
    const kept = draw.int(0, 2);
    return { inputs: [draw.normal(shape)], build: (x) => ops.Split(x, sizes, { axis: 1 })[kept] };
  },
  Slice: (draw) => {
    const shape = draw.shape().map((size) => size + 2);
    const one = () =>
      draw.int(0, 1) === 1 ? [draw.int(-1, 1), 99, draw.int(1, 3)] : [draw.int(-2, 99), -99, -draw.int(1, 3)];
    const cuts = shape.map(one);
    const [starts, ends, steps] = [0, 1, 2].map((k) => cuts.map((cut) => cut[k]));
    return { inputs: [draw.normal(shape)], build: (x) => ops.Slice(x, { starts, ends, steps }) };
  },
  Pad: (draw) => {
    const shape = draw.shape().map((size) => size + 2);
    const mode = draw.pick('constant', 'reflect', 'edge', 'wrap');
    const pads = [...shape, ...shape].map(() => draw.int(mode === 'constant' ? -1 : 0, 2));
    return { inputs: [draw.normal(shape)], build: (x) => ops.Pad(x, pads, { mode }) };
  },
  Tile: (draw) => {
    const shape = draw.shape();
    const repeats = shape.map(() => draw.int(1, 3));
    return { inputs: [draw.normal(shape)], build: (x) => ops.Tile(x, repeats) };
  },
  Trilu: (draw) => ({
    inputs: [draw.normal([2, draw.int(1, 4), draw.int(1, 4)])],
    build: (x) => ops.Trilu(x, { upper: draw.int(0, 1) === 1, k: draw.int(-1, 1) }),
  }),
  DepthToSpace: (draw) => ({
    inputs: [draw.normal([2, 8, draw.int(1, 3), draw.int(1, 3)])],
    build: (x) => ops.DepthToSpace(x, { blocksize: 2, mode: draw.pick('DCR', 'CRD') }),
  }),
  SpaceToDepth: (draw) => ({
    inputs: [draw.normal([2, 3, 2 * draw.int(1, 3), 4])],
    build: (x) => ops.SpaceToDepth(x, { blocksize: 2 }),
  }),
  Gather: (draw) => {
    const shape = draw.shape();
    const axis = draw.int(0, shape.length - 1);
    const index = indices(draw, draw.shape({ min: 0, max: 2 }), shape[axis]);
    return { inputs: [draw.normal(shape), index], differentiated: 1, build: (x, i) => ops.Gather(x, i, { axis }) };
  },
  GatherElements: (draw) => {
    const shape = draw.shape();
    const axis = draw.int(0, shape.length - 1);
    const index = indices(draw, shape.with(axis, draw.int(1, 5)), shape[axis]);
    return {
      inputs: [draw.normal(shape), index],
      differentiated: 1,
      build: (x, i) => ops.GatherElements(x, i, { axis }),
    };
  },
  GatherND: (draw) => ({
    inputs: [draw.normal([3, 3, draw.int(1, 3)]), indices(draw, [draw.int(1, 5), draw.int(1, 2)], 3)],
    differentiated: 1,
    build: ops.GatherND,
  }),
  ScatterND: (draw) => {
    const [rows, width] = [draw.int(1, 3), draw.int(1, 3)];
    const reduction = draw.pick('none', 'add');
    const order = Array.from({ length: rows }, (_, i) => (reduction === 'add' ? draw.int(0, 3) : i + 1));
    return {
      inputs: [draw.normal([4, width]), draw.normal([rows, width]), int64(order, [rows, 1])],
      differentiated: 2,
      build: (x, updates, index) => ops.ScatterND(x, index, { updates, reduction }),
    };
  },
};

const PRODUCTS: Record<string, Case> = {
  MatMul: (draw) => {
    const [m, k, n] = [draw.int(1, 4), draw.int(1, 4), draw.int(1, 4)];
    const batch = draw.shape({ min: 0, max: 2 });
    const shapes = [
      [...batch, m, k],
      [...broadcastable(draw, batch), k, n],
    ];
    return { inputs: shapes.map((s) => draw.normal(s)), build: ops.MatMul };
  },
  Gemm: (draw) => {
    const [m, k, n] = [draw.int(1, 4), draw.int(1, 4), draw.int(1, 4)];
    const [transA, transB] = [draw.int(0, 1) === 1, draw.int(0, 1) === 1];
    const options = { transA, transB, alpha: draw.pick(1, 0.5), beta: draw.pick(1, 2) };
    const shapes = [transA ? [k, m] : [m, k], transB ? [n, k] : [k, n], broadcastable(draw, [m, n])];
    return { inputs: shapes.map((s) => draw.normal(s)), build: (a, b, c) => ops.Gemm(a, b, c, options) };
  },
  Einsum: (draw) => {
    const [a, b, c, d] = [draw.int(1, 3), draw.int(1, 3), draw.int(1, 3), draw.int(1, 3)];
    const [equation, left, right] = draw.pick<[string, number[], number[]]>(
      ['abc,abd->acd', [a, b, c], [a, b, d]],
      ['ab,bc->ca', [a, b], [b, c]],
      ['abc,d->bd', [a, b, c], [d]],
    );
    return { inputs: [draw.normal(left), draw.normal(right)], build: (x, y) => ops.Einsum(equation, [x, y]) };
  },
};

function windows(draw: Draw, spatial: number) {
  const each = (min: number, max: number, count = spatial) => Array.from({ length: count }, () => draw.int(min, max));
  const kernel = each(1, 3);
  const pads = Array.from({ length: 2 * spatial }, (_, i) => draw.int(0, kernel[i % spatial] - 1));
  return { kernel, strides: each(1, 2), dilations: each(1, 2), pads };
}

const SPATIAL: Record<string, Case> = {
  Conv: (draw) => {
    const spatial = draw.int(1, 2);
    const { kernel, ...options } = windows(draw, spatial);
    const group = draw.int(1, 2);
    const [inputs, outputs] = [draw.int(1, 2), draw.int(1, 2)];
    const x = [draw.int(1, 2), group * inputs, ...kernel.map(() => draw.int(5, 7))];
    const w = [group * outputs, inputs, ...kernel];
    return {
      inputs: [draw.normal(x), draw.normal(w), draw.normal([group * outputs])],
      build: (v, weights, b) => ops.Conv(v, weights, b, { ...options, group }),
    };
  },
  'Conv without overlap': (draw) => ({
    inputs: [draw.normal([2, 3, 4, draw.int(4, 5)]), draw.normal([4, 3, 1, 1])],
    build: (x, w) => ops.Conv(x, w, undefined, { pads: draw.pick([0, 0, 0, 0], [1, 0, 0, 1]) }),
  }),
  'Conv of small pictures': (draw) => ({
    inputs: [draw.normal([3, 4, 2, 2]), draw.normal([12, 4 / draw.pick(1, 2), 3, 3])],
    build: (x, w) => ops.Conv(x, w, undefined, { pads: [1, 1, 1, 1], group: x.shape[1] / w.shape[1] }),
  }),
  'Conv of a large picture': (draw) => {
    const pads = draw.pick([1, 1, 1, 1], [0, 2, 1, 0]);
    const dilations = draw.pick([1, 1], [2, 1]);
    const group = draw.pick(1, 2);
    return {
      inputs: [draw.normal([1, 2, 26, 25]), draw.normal([2, 2 / group, 3, 3])],
      build: (x, w) => ops.Conv(x, w, undefined, { pads, dilations, group }),
    };
  },
  ConvTranspose: (draw) => {
    const { kernel, strides, pads } = windows(draw, 2);
    const group = draw.int(1, 2);
    const output_padding = strides.map((s) => draw.int(0, s - 1));
    return {
      inputs: [draw.normal([2, 2 * group, 3, 4]), draw.normal([2 * group, 2, ...kernel]), draw.normal([2 * group])],
      build: (x, w, b) => ops.ConvTranspose(x, w, b, { strides, pads, group, output_padding }),
    };
  },
  AveragePool: (draw) => {
    const { kernel, strides, pads } = windows(draw, 2);
    const flags = { ceil_mode: draw.int(0, 1) === 1, count_include_pad: draw.int(0, 1) === 1 };
    // Rounded up, a window must still begin inside.
    const kernel_shape = kernel.map((k, i) => (flags.ceil_mode ? Math.max(k, strides[i]) : k));
    const ends = flags.ceil_mode ? [0, 0, 0, 0] : pads;
    return {
      inputs: [draw.normal([2, 2, draw.int(4, 6), draw.int(4, 6)])],
      build: (x) => ops.AveragePool(x, { kernel_shape, strides, pads: ends, ...flags }),
    };
  },
  'AveragePool of tiles': (draw) => ({
    inputs: [draw.normal([2, 3, 4, 6])],
    build: (x) => ops.AveragePool(x, { kernel_shape: [2, 3], strides: [2, draw.pick(3, 1)] }),
  }),
  MaxPool: (draw) => {
    const { kernel, strides, pads } = windows(draw, 2);
    return {
      inputs: [draw.spaced([2, 2, 5, draw.int(4, 6)])],
      build: (x) => ops.MaxPool(x, { kernel_shape: kernel, strides, pads }),
    };
  },
  GlobalAveragePool: (draw) => ({ inputs: [draw.normal([2, 3, draw.int(1, 4), 3])], build: ops.GlobalAveragePool }),
  InstanceNormalization: (draw) => ({
    inputs: [draw.normal([2, 3, draw.int(2, 4), 3]), draw.positive([3]), draw.normal([3])],
    build: (x, s, b) => ops.InstanceNormalization(x, s, b, { epsilon: 0.1 }),
  }),
  GroupNormalization: (draw) => ({
    inputs: [draw.normal([2, 4, draw.int(1, 4), 3]), draw.positive([4]), draw.normal([4])],
    build: (x, s, b) => ops.GroupNormalization(x, s, b, { num_groups: draw.pick(1, 2), epsilon: 0.1 }),
  }),
  LayerNormalization: (draw) => {
    const tail = draw.shape({ max: 2 }).map((size) => size + 1);
    return {
      inputs: [draw.normal([draw.int(1, 3), ...tail]), draw.positive(tail), draw.normal(tail)],
      build: (x, s, b) => ops.LayerNormalization(x, s, b, { axis: 1, epsilon: 0.1 }),
    };
  },
  'Resize nearest': (draw) => {
    const coordinate_transformation_mode = draw.pick('asymmetric', 'half_pixel', 'align_corners');
    const nearest_mode = draw.pick('floor', 'ceil', 'round_prefer_floor', 'round_prefer_ceil');
    const sizes = [2, 2, draw.int(2, 7), draw.int(2, 7)];
    const build = (x: Value) => ops.Resize(x, { sizes, mode: 'nearest', coordinate_transformation_mode, nearest_mode });
    return { inputs: [draw.normal([2, 2, 3, 3])], build };
  },
  'Resize doubled': (draw) => ({
    inputs: [draw.normal([1, 2, draw.int(1, 3), 3])],
    build: (x) =>
      ops.Resize(x, { scales: [1, 1, 2, 2], coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }),
  }),
  'Resize smoothly': (draw) => {
    const mode = draw.pick('linear', 'cubic');
    const coordinate_transformation_mode = draw.pick('asymmetric', 'half_pixel', 'align_corners', 'pytorch_half_pixel');
    const sizes = [1, 2, draw.int(2, 9), draw.int(2, 9)];
    const antialias = coordinate_transformation_mode === 'half_pixel' && draw.int(0, 1) === 1;
    const build = (x: Value) => ops.Resize(x, { sizes, mode, coordinate_transformation_mode, antialias });
    return { inputs: [draw.normal([1, 2, 5, 4])], build };
  },
};

const FAMILIES = { ELEMENTWISE, REDUCTIONS, MOVEMENTS, PRODUCTS, SPATIAL };
const seen = new Set<string>();

describe.each(Object.entries(FAMILIES))('%s', (_, cases) => {
  it.each(Object.entries(cases))('%s agrees with central differences', async (_, problem) => {
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (gen) => {
        const { worst, ops: used } = await disagreement(runtime, problem(new Draw(gen)));
        for (const op of used) seen.add(op);
        expect(worst).toBeLessThan(1e-3);
      }),
      { numRuns: 6 },
    );
  });
});

describe('rules', () => {
  it('were all compared', () => {
    expect(Object.keys(RULES).filter((op) => !seen.has(op))).toEqual([]);
  });

  it('do not exist where the slope is zero anyway', () => {
    expect([...CONSTANT_ALMOST_EVERYWHERE].filter((op) => Object.hasOwn(RULES, op))).toEqual([]);
  });
});

async function slopes(x: number[], f: (x: Value) => Value, shape: readonly number[] = [x.length]) {
  const graph = new Graph('kinks');
  const value = graph.input('x', 'float32', shape);
  const loss = ops.ReduceSum(f(value), { keepdims: false });
  graph.output('dx', gradient(graph, loss, [value])[0]);
  const session = await runtime.session(graph, memorySource({}));
  const { dx } = await session.run({ x: float32(x, shape) });
  await session.release();
  return [...floats(dx)];
}

describe('conventions at kinks are PyTorch’s', () => {
  it.each<[string, number[], (x: Value) => Value, number[]]>([
    ['relu at 0', [0, -1, 1], ops.Relu, [0, 0, 1]],
    ['abs at 0', [0, -1, 1], ops.Abs, [0, -1, 1]],
    ['clip at its bounds', [-1, 1, 2], (x) => ops.Clip(x, -1, 1), [1, 1, 0]],
    ['equal maxima share', [3, 1, 3], (x) => ops.ReduceMax(x), [0.5, 0, 0.5]],
    ['equal operands of max share', [2, 5], (x) => ops.Max(x, 2), [0.5, 1]],
    ['the norm at the origin', [0, 0], (x) => ops.ReduceL2(x), [0, 0]],
    ['a product with one zero', [0, 2, 3], (x) => ops.ReduceProd(x), [6, 0, 0]],
    ['a product with two zeros', [0, 2, 0], (x) => ops.ReduceProd(x), [0, 0, 0]],
    ['0 to a power', [0, 2], (x) => ops.Pow(x, 1), [1, 1]],
  ])('%s', async (_, x, f, expected) => {
    expect(await slopes(x, f)).toEqual(expected);
  });

  it('the first of equal maxima of a window', async () => {
    const pool = (x: Value) => ops.MaxPool(x, { kernel_shape: [2, 2], strides: [2, 2] });
    expect(await slopes([1, 5, 5, 5], pool, [1, 1, 2, 2])).toEqual([0, 1, 0, 0]);
  });

  it('many lookups of one row add up whatever the number of threads', async () => {
    const count = 50_000;
    const parallel = createRuntime({ threads: 2 });
    const graph = new Graph('rows');
    const table = graph.input('table', 'float32', [2, 3]);
    const index = graph.input('index', 'int64', [count]);
    const loss = ops.ReduceSum(ops.Gather(table, index), { keepdims: false });
    graph.output('dx', gradient(graph, loss, [table])[0]);
    const session = await parallel.session(graph, memorySource({}));
    const rows = int64(new BigInt64Array(count), [count]);
    const { dx } = await session.run({ table: float32([1, 2, 3, 4, 5, 6], [2, 3]), index: rows });
    await parallel.close();
    expect([...floats(dx)]).toEqual([count, count, count, 0, 0, 0]);
  });
});
