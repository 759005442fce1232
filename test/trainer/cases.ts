// One small graph for every operator and attribute that the trainer must read as ONNX Runtime does.
import type { DType, Tensor } from '../../src/core/tensor.js';
import * as o from '../../src/graph/index.js';
import { Graph, scope, type Value } from '../../src/graph/index.js';
import { embedding, gelu, groupNorm, layerNorm, linear, scaledAttention, silu } from '../../src/nn/index.js';

export interface Case {
  name: string;
  graph: Graph;
}

/** Declares inputs named a, b, c, ... with the shapes given. */
class Build {
  readonly graph: Graph;
  #inputs = 0;

  constructor(name: string) {
    this.graph = new Graph(name);
  }

  input(shape: number[], dtype: DType = 'float32'): Value {
    return this.graph.input('abcdef'[this.#inputs++], dtype, shape);
  }

  constant(values: number[], dtype: DType = 'float32', shape = [values.length]): Value {
    return this.graph.constant(values, { dtype, shape });
  }

  ids(values: number[], shape = [values.length]): Value {
    return this.constant(values, 'int64', shape);
  }
}

const all: Case[] = [];

function add(name: string, build: (b: Build) => Value | Value[]): void {
  const b = new Build(name);
  const built = build(b);
  (Array.isArray(built) ? built : [built]).forEach((value, i) => {
    b.graph.output(`y${i}`, value);
  });
  all.push({ name, graph: b.graph });
}

type Unary = (x: Value) => Value;

const unary: Record<string, Unary> = {
  ...{ Neg: o.Neg, Abs: o.Abs, Sign: o.Sign, Floor: o.Floor, Ceil: o.Ceil, Exp: o.Exp, Sin: o.Sin, Cos: o.Cos },
  ...{ Tanh: o.Tanh, Erf: o.Erf, Sigmoid: o.Sigmoid, Relu: o.Relu, Softplus: o.Softplus, HardSwish: o.HardSwish },
  ...{ Identity: o.Identity, Reciprocal: o.Reciprocal, LeakyRelu: o.LeakyRelu, Elu: o.Elu, Gelu: o.Gelu },
  Log: (x) => o.Log(o.Abs(x)),
  Sqrt: (x) => o.Sqrt(o.Abs(x)),
  Round: (x) => o.Round(o.Mul(x, 4)),
  'Round half to even': (x) => o.Add(x, o.Round(x.graph.constant([0.5, 1.5, 2.5, -0.5, -1.5], { shape: [5] }))),
  'Elu alpha': (x) => o.Elu(x, { alpha: 0.3 }),
  'LeakyRelu alpha': (x) => o.LeakyRelu(x, { alpha: 0.2 }),
  'Gelu tanh': (x) => o.Gelu(x, { approximate: 'tanh' }),
  'Clip both': (x) => o.Clip(x, -0.5, 0.25),
  'Clip min': (x) => o.Clip(x, -0.5),
  'Clip max': (x) => o.Clip(x, undefined, 0.25),
  'Clip none': (x) => o.Clip(x),
  'scalar minus x': (x) => o.Sub(1, x),
  'scalar over x': (x) => o.Div(2, o.Add(o.Abs(x), 1)),
  'power 2': (x) => o.Pow(x, 2),
  'scalar to the x': (x) => o.Pow(2, x),
  'Cast to int32': (x) => o.Cast(o.Mul(x, 3), { to: 'int32' }),
  'Cast to bool': (x) => o.Cast(o.Cast(x, { to: 'int32' }), { to: 'bool' }),
  'Cast to uint8': (x) => o.Cast(o.Mul(o.Abs(x), 40), { to: 'uint8' }),
  Not: (x) => o.Not(o.Greater(x, 0)),
  'x sigmoid(x)': silu,
  'nn gelu': gelu,
};
for (const [name, f] of Object.entries(unary)) add(name, (b) => f(b.input([3, 4, 5])));

const binary: Record<string, (a: Value, b: Value) => Value> = {
  ...{ Add: o.Add, Sub: o.Sub, Mul: o.Mul, Div: o.Div, Min: o.Min, Max: o.Max },
  ...{ Less: o.Less, Greater: o.Greater, LessOrEqual: o.LessOrEqual, GreaterOrEqual: o.GreaterOrEqual },
  Equal: (a, b) => o.Equal(o.Round(a), o.Round(b)),
  Pow: (a, b) => o.Pow(o.Abs(a), b),
  Where: (a, b) => o.Where(o.Less(a, b), a, b),
  'Where scalar': (a, b) => o.Where(o.Less(a, b), a, -3),
  'And Or': (a, b) => o.Or(o.And(o.Less(a, 0), o.Less(b, 0)), o.Greater(a, b)),
  'Mod fmod': (a, b) => o.Mod(o.Mul(a, 5), b, { fmod: 1 }),
  'Div int': (a, b) =>
    o.Div(o.Cast(o.Mul(a, 30), { to: 'int32' }), o.Cast(o.Add(o.Abs(o.Mul(b, 4)), 1), { to: 'int32' })),
  'Mod int': (a, b) =>
    o.Mod(o.Cast(o.Mul(a, 30), { to: 'int32' }), o.Cast(o.Add(o.Abs(o.Mul(b, 4)), 1), { to: 'int32' })),
};
for (const [name, f] of Object.entries(binary)) {
  add(name, (b) => f(b.input([2, 3, 4]), b.input([2, 3, 4])));
  add(`${name} broadcast`, (b) => f(b.input([2, 3, 4]), b.input([3, 1])));
}

function shapes(): void {
  add('Reshape -1', (b) => o.Reshape(b.input([2, 3, 4]), [4, -1]));
  add('Flatten', (b) => o.Flatten(b.input([2, 3, 4]), { axis: 2 }));
  add('Transpose', (b) => o.Transpose(b.input([2, 3, 4, 5]), [0, 3, 1, 2]));
  add('Concat', (b) =>
    o.Concat([b.input([2, 3]), b.input([2, 5]), b.constant([1, 2], 'float32', [2, 1])], { axis: -1 }),
  );
  add('Split', (b) => o.Split(b.input([2, 7, 3]), [1, 4, 2], { axis: 1 }));
  add('Slice', (b) => o.Slice(b.input([5, 6, 7]), { starts: [1, -4], ends: [4, -1], axes: [0, 2] }));
  add('Slice step', (b) => o.Slice(b.input([5, 9]), { starts: [0, 8], ends: [5, 1], steps: [2, -3] }));
  add('Slice reverse all', (b) => o.Slice(b.input([5, 4]), { starts: [-1], ends: [-100], axes: [0], steps: [-1] }));
  add('Slice far end', (b) => o.Slice(b.input([5, 4]), { starts: [2], ends: [1000], axes: [1] }));
  add('Expand', (b) => o.Expand(b.input([3, 1, 4]), [2, 1, 5, 1]));
  add('Squeeze', (b) => o.Squeeze(b.input([1, 3, 1, 4]), [0, -2]));
  add('Unsqueeze', (b) => o.Unsqueeze(b.input([3, 4]), [0, -1]));
  add('Tile', (b) => o.Tile(b.input([2, 3]), [2, 3]));
  add('Pad constant', (b) => o.Pad(b.input([2, 3, 4]), [0, 1, 2, 1, 0, 3], { value: 0.5 }));
  add('Pad crop', (b) => o.Pad(b.input([2, 5]), [0, -1, 1, -2]));
  add('Pad reflect', (b) => o.Pad(b.input([1, 2, 4, 5]), [0, 0, 2, 3, 0, 0, 1, 4], { mode: 'reflect' }));
  add('Pad edge', (b) => o.Pad(b.input([2, 4, 5]), [1, 2, 0, 0, 1, 3], { mode: 'edge' }));
  add('DepthToSpace DCR', (b) => o.DepthToSpace(b.input([2, 12, 3, 2]), { blocksize: 2 }));
  add('DepthToSpace CRD', (b) => o.DepthToSpace(b.input([2, 12, 3, 2]), { blocksize: 2, mode: 'CRD' }));
  add('SpaceToDepth', (b) => o.SpaceToDepth(b.input([2, 3, 4, 6]), { blocksize: 2 }));
  add('Trilu upper', (b) => o.Trilu(b.input([2, 4, 5]), { k: 1 }));
  add('Trilu lower', (b) => o.Trilu(b.input([4, 4]), { upper: false, k: -1 }));
}

function indexing(): void {
  add('Gather axis 1', (b) => o.Gather(b.input([2, 5, 3]), b.ids([0, -1, 2, 2], [2, 2]), { axis: 1 }));
  add('Gather table', (b) => o.Gather(b.input([6, 3]), b.ids([5, -6, 1]), { axis: 0 }));
  add('Gather scalar', (b) => o.Gather(b.input([2, 5]), b.ids([-2], []), { axis: 1 }));
  add('Gather computed', (b) => o.Gather(b.constant([1, 2, 3, 4]), o.Cast(o.Abs(b.input([3])), { to: 'int64' })));
  add('GatherElements', (b) => o.GatherElements(b.input([3, 4]), b.ids([0, -1, 2, 1], [2, 2]), { axis: 1 }));
  add('GatherND', (b) => o.GatherND(b.input([3, 4, 2]), b.ids([0, 1, -1, 3], [2, 2])));
  for (const reduction of ['none', 'add'] as const) {
    const options = (b: Build) => ({ updates: b.input([2, 3]), reduction });
    add(`ScatterND ${reduction}`, (b) => o.ScatterND(b.input([4, 3]), b.ids([1, 3], [2, 1]), options(b)));
  }
  add('TopK', (b) => o.TopK(b.input([3, 7]), 3));
  add('TopK smallest', (b) => o.TopK(b.input([7, 2]), 2, { axis: 0, largest: false }));
  add('ArgMax', (b) => o.ArgMax(b.input([3, 5]), { axis: 1, keepdims: false }));
  add('ArgMin', (b) => o.ArgMin(b.input([3, 5]), { axis: 0 }));
  add('CumSum', (b) => o.CumSum(b.input([3, 5]), { axis: 1 }));
  add('CumSum exclusive reverse', (b) => o.CumSum(b.input([3, 5]), { axis: 0, exclusive: true, reverse: true }));
}

function reductions(): void {
  const functions = {
    ...{ Mean: o.ReduceMean, Sum: o.ReduceSum, Max: o.ReduceMax, Min: o.ReduceMin, Prod: o.ReduceProd },
    ...{ L2: o.ReduceL2, SumSquare: o.ReduceSumSquare, LogSumExp: o.ReduceLogSumExp },
  };
  for (const [name, f] of Object.entries(functions)) {
    add(`Reduce${name}`, (b) => f(b.input([2, 3, 4]), { axes: [0, 2], keepdims: false }));
    add(`Reduce${name} all`, (b) => f(b.input([2, 3, 4])));
    add(`Reduce${name} negative axis`, (b) => f(b.input([2, 3, 4]), { axes: [-2] }));
  }
  add('Softmax', (b) => o.Softmax(b.input([2, 3, 4]), { axis: 1 }));
  add('LogSoftmax', (b) => o.LogSoftmax(b.input([2, 3, 4]), { axis: -1 }));
}

function products(): void {
  add('MatMul', (b) => o.MatMul(b.input([2, 3, 4]), b.input([2, 4, 5])));
  add('MatMul broadcast', (b) => o.MatMul(b.input([2, 1, 3, 4]), b.input([5, 4, 2])));
  add('Gemm', (b) => o.Gemm(b.input([3, 4]), b.input([4, 5]), b.input([5])));
  add('Gemm transposed', (b) =>
    o.Gemm(b.input([4, 3]), b.input([5, 4]), b.input([3, 1]), { transA: true, transB: true, alpha: 0.5, beta: 2 }),
  );
  add('Gemm no bias', (b) => o.Gemm(b.input([3, 4]), b.input([5, 4]), undefined, { transB: true }));
  add('Einsum', (b) => o.Einsum('bhc,bwc->bhw', [b.input([2, 3, 4]), b.input([2, 5, 4])]));
  add('Conv 1-D', (b) => o.Conv(b.input([2, 3, 9]), b.input([4, 3, 3]), b.input([4]), { strides: [2], pads: [1, 0] }));
  add('Conv 2-D', (b) =>
    o.Conv(b.input([1, 4, 8, 7]), b.input([6, 2, 3, 2]), b.input([6]), {
      group: 2,
      strides: [2, 1],
      pads: [1, 0, 1, 0],
    }),
  );
  add('Conv asymmetric', (b) =>
    o.Conv(b.input([1, 2, 8, 8]), b.input([3, 2, 3, 3]), undefined, { strides: [2, 2], pads: [0, 0, 1, 1] }),
  );
  add('Conv dilated', (b) => o.Conv(b.input([1, 2, 9, 9]), b.input([3, 2, 3, 3]), undefined, { dilations: [2, 3] }));
  add('ConvTranspose', (b) =>
    o.ConvTranspose(b.input([1, 4, 5, 6]), b.input([4, 3, 3, 3]), b.input([3]), {
      strides: [2, 2],
      pads: [1, 1, 1, 1],
      output_padding: [1, 1],
    }),
  );
  add('ConvTranspose grouped', (b) =>
    o.ConvTranspose(b.input([1, 4, 5, 6]), b.input([4, 2, 4, 4]), undefined, {
      strides: [2, 2],
      pads: [1, 0, 2, 1],
      group: 2,
      dilations: [1, 2],
    }),
  );
}

function spatial(): void {
  add('AveragePool', (b) => o.AveragePool(b.input([1, 2, 6, 7]), { kernel_shape: [2, 3], strides: [2, 2] }));
  for (const count_include_pad of [false, true]) {
    const options = { kernel_shape: [3, 3], strides: [2, 2], count_include_pad };
    add(`AveragePool pads ${count_include_pad}`, (b) =>
      o.AveragePool(b.input([1, 2, 7, 7]), { ...options, pads: [1, 1, 1, 1] }),
    );
    add(`AveragePool uneven pads ${count_include_pad}`, (b) =>
      o.AveragePool(b.input([1, 2, 7, 7]), { ...options, pads: [1, 0, 2, 1] }),
    );
  }
  add('MaxPool', (b) =>
    o.MaxPool(b.input([1, 2, 7, 8]), { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  );
  add('MaxPool ceil', (b) =>
    o.MaxPool(b.input([1, 2, 6, 6]), { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: true }),
  );
  add('GlobalAveragePool', (b) => o.GlobalAveragePool(b.input([2, 3, 4, 5])));
  add('InstanceNormalization', (b) =>
    o.InstanceNormalization(b.input([2, 3, 4, 5]), b.input([3]), b.input([3]), { epsilon: 1e-3 }),
  );
  add('GroupNormalization', (b) =>
    o.GroupNormalization(b.input([2, 6, 4, 5]), b.input([6]), b.input([6]), { num_groups: 3 }),
  );
  add('LayerNormalization', (b) => o.LayerNormalization(b.input([2, 3, 8]), b.input([8]), b.input([8])));
  add('LayerNormalization axis', (b) =>
    o.LayerNormalization(b.input([2, 3, 8]), b.input([3, 8]), undefined, { axis: 1 }),
  );
  for (const mode of ['linear', 'nearest', 'cubic'] as const) {
    for (const padding_mode of ['zeros', 'border', 'reflection'] as const) {
      const align_corners = padding_mode === 'border';
      add(`GridSample ${mode} ${padding_mode}`, (b) =>
        o.GridSample(b.input([1, 2, 5, 6]), b.input([1, 3, 4, 2]), { mode, padding_mode, align_corners }),
      );
    }
  }
}

function resizes(): void {
  const modes = ['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'] as const;
  for (const coordinate_transformation_mode of modes) {
    for (const nearest_mode of ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const) {
      const options = { coordinate_transformation_mode, nearest_mode };
      const name = `Resize nearest ${coordinate_transformation_mode} ${nearest_mode}`;
      add(`${name} x2`, (b) => o.Resize(b.input([1, 2, 3, 4]), { ...options, scales: [1, 1, 2, 2] }));
      add(`${name} sizes`, (b) => o.Resize(b.input([1, 2, 5, 4]), { ...options, sizes: [1, 2, 3, 7] }));
    }
    for (const mode of ['linear', 'cubic'] as const) {
      const options = { coordinate_transformation_mode, mode };
      const name = `Resize ${mode} ${coordinate_transformation_mode}`;
      add(`${name} up`, (b) => o.Resize(b.input([1, 2, 3, 4]), { ...options, scales: [1, 1, 2, 1.5] }));
      add(`${name} down`, (b) => o.Resize(b.input([1, 2, 8, 9]), { ...options, sizes: [1, 2, 3, 5] }));
    }
  }
  for (const mode of ['linear', 'cubic'] as const) {
    add(`Resize ${mode} antialias`, (b) =>
      o.Resize(b.input([1, 2, 9, 12]), { mode, antialias: true, sizes: [1, 2, 4, 5] }),
    );
  }
}

function blocks(): void {
  add('linear', (b) => linear(scope(b.graph, 'p'), b.input([2, 3, 4]), { out: 5 }));
  add('groupNorm', (b) => groupNorm(scope(b.graph, 'p'), b.input([2, 8, 3, 4]), { groups: 4, epsilon: 1e-5 }));
  add('layerNorm', (b) => layerNorm(scope(b.graph, 'p'), b.input([2, 3, 8]), { epsilon: 1e-5 }));
  add('embedding', (b) =>
    embedding(scope(b.graph, 'p'), o.Cast(o.Abs(o.Mul(b.input([2, 3]), 2)), { to: 'int64' }), { count: 9, width: 4 }),
  );
  add('attention', (b) =>
    scaledAttention({ query: b.input([2, 5, 8]), key: b.input([2, 6, 8]), value: b.input([2, 6, 8]) }, { heads: 2 }),
  );
  add('attention with mask', (b) => {
    const mask = o.Trilu(b.constant(new Array(25).fill(-1e4), 'float32', [5, 5]), { k: 1 });
    return scaledAttention(
      { query: b.input([2, 5, 8]), key: b.input([2, 5, 8]), value: b.input([2, 5, 8]) },
      { heads: 2, mask },
    );
  });
  add('scores behind product', (b) => {
    const [q, k, v] = [b.input([6, 5, 4]), b.input([6, 7, 4]), b.input([6, 7, 3])];
    return o.MatMul(o.Softmax(o.Mul(o.MatMul(q, o.Transpose(k, [0, 2, 1])), 0.5), { axis: -1 }), v);
  });
  add('probabilities read twice', (b) => {
    const probs = o.Softmax(o.MatMul(b.input([2, 5, 4]), b.input([2, 4, 6])), { axis: -1 });
    return [o.MatMul(probs, b.input([2, 6, 3])), probs];
  });
}

shapes();
indexing();
reductions();
products();
spatial();
resizes();
blocks();

/** Every case; names are unique. */
export const cases: readonly Case[] = all;

/** Deterministic values in about [-2, 2], none near a half integer where rounding would be a toss-up. */
export function values(shape: readonly number[], seed: number): Tensor {
  let state = (seed * 2654435761 + 12345) >>> 0;
  const data = new Float32Array(shape.reduce((n, d) => n * d, 1));
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = (state / 2 ** 32 - 0.5) * 3.9 + 0.003;
  }
  return { dtype: 'float32', shape, data };
}
