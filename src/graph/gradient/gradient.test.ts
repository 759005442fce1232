// The sweep itself: accumulation, pruning, barriers, errors, gradients of gradients.
import { afterAll, describe, expect, it } from 'vitest';
import { float32, floats } from '../../core/tensor.js';
import { createRuntime } from '../../runtime/index.js';
import { memorySource } from '../../weights/index.js';
import { Add, ArgMax, Cast, Exp, Graph, liveNodes, Mul, ReduceSum, Reshape, Split, Transpose } from '../index.js';
import { gradient, pullback, stopGradient } from './index.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

const total = (x: Parameters<typeof ReduceSum>[0]) => ReduceSum(x, { keepdims: false });

async function evaluate(graph: Graph, x: number[], shape: readonly number[] = [x.length]) {
  const session = await runtime.session(graph, memorySource({}));
  const out = await session.run({ x: float32(x, shape) });
  await session.release();
  return Object.fromEntries(Object.entries(out).map(([name, tensor]) => [name, [...floats(tensor)]]));
}

describe('gradient', () => {
  it('adds up over all uses of a value', async () => {
    const graph = new Graph('uses');
    const x = graph.input('x', 'float32', [2]);
    const square = Mul(x, x);
    const loss = total(Add(Add(square, Mul(square, x)), x)); // x + x^2 + x^3
    graph.output('dx', gradient(graph, loss, [x])[0]);
    expect((await evaluate(graph, [2, -1])).dx).toEqual([1 + 4 + 12, 1 - 2 + 3]);
  });

  it('gives gradients of values on the way as well as behind them', async () => {
    const graph = new Graph('way');
    const x = graph.input('x', 'float32', [1]);
    const y = Mul(x, 3);
    const [dx, dy] = gradient(graph, total(Mul(y, y)), [x, y]);
    graph.output('dx', dx);
    graph.output('dy', dy);
    expect(await evaluate(graph, [2])).toEqual({ dx: [36], dy: [12] });
  });

  it('takes constants, integers and stopped values as fixed', async () => {
    const graph = new Graph('fixed');
    const x = graph.input('x', 'float32', [2]);
    const stopped = stopGradient(Mul(x, 2));
    const index = Cast(ArgMax(x, { axis: 0, keepdims: false }), { to: 'float32' });
    graph.output('dx', gradient(graph, total(Add(Mul(x, stopped), Mul(x, index))), [x])[0]);
    expect((await evaluate(graph, [1, 5])).dx).toEqual([2 + 1, 10 + 1]);
  });

  it('uses the outputs of one node that the loss depends on, and no others', async () => {
    const graph = new Graph('split');
    const x = graph.input('x', 'float32', [3]);
    const [, last] = Split(x, [2, 1], { axis: 0 });
    graph.output('dx', gradient(graph, total(Mul(last, last)), [x])[0]);
    expect((await evaluate(graph, [7, 8, 9])).dx).toEqual([0, 0, 18]);
  });

  it('can be differentiated again', async () => {
    const graph = new Graph('twice');
    const x = graph.input('x', 'float32', [2]);
    const [first] = gradient(graph, total(Mul(Mul(x, x), x)), [x]);
    graph.output('ddx', gradient(graph, total(first), [x])[0]);
    expect((await evaluate(graph, [2, -1])).ddx).toEqual([12, -6]);
  });

  it('computes nothing for what is not asked', () => {
    const graph = new Graph('pruned');
    const x = graph.input('x', 'float32', [2]);
    const w = graph.parameter('w', [2]);
    const loss = total(Mul(Exp(w), x));
    graph.output('dx', gradient(graph, loss, [x])[0]);
    // d(sum w' x) / dx = w' itself: neither the product nor the sum nor the slope of Exp is needed.
    expect(liveNodes(graph).map((n) => n.op)).not.toContain('ReduceSum');
    expect(liveNodes(graph).filter((n) => n.op === 'Exp')).toHaveLength(1);
  });

  it('keeps the shape of what it differentiates by', () => {
    const graph = new Graph('shapes');
    const x = graph.input('x', 'float32', [3, 1]);
    const b = graph.parameter('b', [4]);
    const scalar = graph.parameter('s', []);
    const y = Mul(Add(Transpose(Reshape(x, [1, 3]), [1, 0]), b), scalar);
    const wrt = [x, b, scalar];
    expect(gradient(graph, total(y), wrt).map((g) => g.shape)).toEqual(wrt.map((v) => v.shape));
  });

  it('refuses what has no meaning, saying what would have', () => {
    const graph = new Graph('refusals');
    const x = graph.input('x', 'float32', [2]);
    const ids = graph.input('ids', 'int64', [2]);
    expect(() => gradient(graph, x, [x])).toThrow(/expected a loss of one floating-point number, got float32 \[2\]/);
    expect(() => gradient(graph, total(x), [ids])).toThrow(/expected floating-point values, got "ids" int64/);
    expect(() => gradient(graph, total(x), [graph.parameter('w', [3])])).toThrow(/a loss that depends on "w"/);
    expect(() => gradient(graph, total(x), [new Graph('other').input('z', 'float32', [1])])).toThrow(
      /graph "refusals"/,
    );
    const [y] = graph.add('NoSuchOperator', { inputs: [x], outputs: [x] });
    expect(() => gradient(graph, total(y), [x])).toThrow(/operators with a rule.*NoSuchOperator/s);
  });
});

describe('pullback', () => {
  it('multiplies by the derivative from given gradients on, for several values at once', async () => {
    const graph = new Graph('pull');
    const x = graph.input('x', 'float32', [2]);
    const [a, b] = [Mul(x, x), Mul(x, 5)];
    const seeds = new Map([
      [a, graph.constant([1, 10])],
      [b, graph.constant([100, 1000])],
    ]);
    graph.output('dx', pullback(graph, seeds, [x]).get(x)!);
    expect((await evaluate(graph, [3, 4])).dx).toEqual([6 + 500, 80 + 5000]);
  });

  it('leaves out what nothing flows to', () => {
    const graph = new Graph('none');
    const [x, z] = ['x', 'z'].map((name) => graph.input(name, 'float32', [1]));
    const found = pullback(graph, new Map([[Mul(x, 2), graph.constant([1])]]), [x, z]);
    expect([...found.keys()]).toEqual([x]);
  });
});
