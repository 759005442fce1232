// The step graph against AdamW, clipping and averaging written out in loops.
import { afterAll, describe, expect, it } from 'vitest';
import { float32, floats, type Tensor } from '../../core/tensor.js';
import { Exp, Graph, Mul, ReduceSum, Sub } from '../../graph/index.js';
import { createRuntime } from '../../runtime/index.js';
import { memorySource } from '../../weights/index.js';
import { fromRow, parameterGroup, toRow } from './parameter-group.js';
import { STATE, stepGraph } from './step-graph.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

const OPTIMIZER = { lr: 0.1, betas: [0.9, 0.99] as const, eps: 1e-8, weightDecay: 0.02, clip: 1 };

/** Loss `sum (a - x)^2 * scale`, with b not used by it and c of another group. */
function lossGraph(): Graph {
  const graph = new Graph('quadratic');
  const x = graph.input('x', 'float32', [3]);
  const scale = graph.input('scale', 'float32', []);
  const difference = Sub(graph.parameter('net.a', [3]), x);
  const c = graph.parameter('fixed.c', [1]);
  graph.output('loss', ReduceSum(Mul(Mul(Mul(difference, difference), scale), c), { keepdims: false }));
  graph.output('size', ReduceSum(Exp(graph.parameter('net.b', [2, 1])), { keepdims: false }));
  return graph;
}

const group = parameterGroup([lossGraph()], ['net.']);
const fixed = parameterGroup([lossGraph()], ['fixed.']);
const graph = stepGraph(lossGraph(), {
  objective: { loss: 'loss', metrics: ['size'], optimizer: OPTIMIZER },
  group,
  others: [fixed],
});

const scalar = (v: number) => float32([v], []);
const zero = () => float32(new Float32Array(group.size), [group.size]);
const begin = new Map([
  ['net.a', float32([1, -2, 0.5], [3])],
  ['net.b', float32([0.25, -0.75], [2, 1])],
]);

async function train(scales: number[]) {
  const session = await runtime.session(graph, memorySource({}));
  let state: Record<string, Tensor> = { values: toRow(begin, group), average: toRow(begin, group), count: scalar(0) };
  state = { ...state, first: zero(), second: zero() };
  const losses: number[] = [];
  const norms: number[] = [];
  const skipped: number[] = [];
  for (const scale of scales) {
    const feeds = Object.fromEntries(STATE.map((name) => [`state.${name}`, state[name]]));
    const given = { x: float32([0, 1, 2], [3]), scale: scalar(scale), 'other.fixed.': float32([2], [1]) };
    const out = await session.run({ ...feeds, ...given, rate: scalar(0.1), averaging: scalar(0.3) });
    state = Object.fromEntries(STATE.map((name) => [name, out[`next.${name}`]]));
    losses.push(floats(out.loss)[0]);
    norms.push(floats(out.grad_norm)[0]);
    skipped.push(floats(out.skipped)[0]);
  }
  await session.release();
  return { losses, norms, skipped, state };
}

/** The same in doubles. */
function loops(scales: number[]) {
  const [a, x] = [
    [1, -2, 0.5, 0.25, -0.75],
    [0, 1, 2],
  ];
  const [first, second, average] = [a.map(() => 0), a.map(() => 0), [...a]];
  const losses: number[] = [];
  const norms: number[] = [];
  scales.forEach((scale, n) => {
    const slope = a.map((v, i) => (i < 3 ? 4 * scale * (v - x[i]) : 0));
    losses.push(x.reduce((sum, v, i) => sum + 2 * scale * (a[i] - v) ** 2, 0));
    const norm = Math.hypot(...slope);
    norms.push(norm);
    slope.forEach((s, i) => {
      const g = s * Math.min(1, 1 / (norm + 1e-6));
      first[i] += 0.1 * (g - first[i]);
      second[i] += 0.01 * (g * g - second[i]);
      const root = Math.sqrt(second[i] / (1 - 0.99 ** (n + 1))) + 1e-8;
      a[i] = a[i] * (1 - 0.1 * 0.02) - ((0.1 / (1 - 0.9 ** (n + 1))) * first[i]) / root;
      average[i] += 0.3 * (a[i] - average[i]);
    });
  });
  return { losses, norms, a, average };
}

describe('stepGraph', () => {
  it('takes the steps that AdamW takes by its definition', async () => {
    const scales = [1, 0.05, 0.5, 2];
    const [ours, reference] = [await train(scales), loops(scales)];
    for (const [i, v] of ours.losses.entries()) expect(v / reference.losses[i]).toBeCloseTo(1, 5);
    for (const [i, v] of ours.norms.entries()) expect(v / reference.norms[i]).toBeCloseTo(1, 5);
    for (const [i, v] of floats(ours.state.values).entries()) expect(v).toBeCloseTo(reference.a[i], 5);
    for (const [i, v] of floats(ours.state.average).entries()) expect(v).toBeCloseTo(reference.average[i], 5);
  });

  it('leaves everything as it is when the gradient is not finite, and goes on afterwards', async () => {
    const [clean, disturbed] = [await train([1, 0.5]), await train([1, Number.NaN, 0.5])];
    expect(disturbed.skipped).toEqual([0, 1, 0]);
    for (const name of ['values', 'first', 'second', 'count']) {
      expect([...floats(disturbed.state[name])]).toEqual([...floats(clean.state[name])]);
    }
  });

  it('packs and unpacks a group without loss', () => {
    const back = fromRow(toRow(begin, group), group);
    for (const [name, tensor] of begin) expect(back.get(name)).toEqual(tensor);
  });

  it('refuses prefixes that no parameter has', () => {
    expect(() => parameterGroup([lossGraph()], ['unet.'])).toThrow(/begin with unet\./);
  });
});
