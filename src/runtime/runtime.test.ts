import { afterAll, describe, expect, it } from 'vitest';
import { ContrappostoError } from '../core/errors.js';
import { float32, type Tensor, type WeightSource } from '../core/tensor.js';
import { Add, Conv, Graph, MatMul, Mul, Relu, Softmax } from '../graph/index.js';
import { createRuntime } from './index.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

function source(tensors: Record<string, Tensor>): WeightSource {
  return {
    has: (name) => name in tensors,
    names: () => Object.keys(tensors),
    info: (name) => tensors[name],
    read: (name) => tensors[name],
  };
}

function affine(): Graph {
  const g = new Graph('affine');
  const x = g.input('x', 'float32', [2, 3]);
  g.output('y', Add(MatMul(x, g.parameter('weight', [3, 2])), g.parameter('bias', [2])));
  return g;
}

const weights = source({
  weight: float32([1, 2, 3, 4, 5, 6], [3, 2]),
  bias: float32([10, 20], [2]),
});

describe('runtime', () => {
  it('computes a graph with external parameters', async () => {
    const session = await runtime.session(affine(), weights);
    const { y } = await session.run({ x: float32([1, 0, 0, 0, 1, 1], [2, 3]) });
    expect([...(y.data as Float32Array)]).toEqual([11, 22, 18, 30]);
    expect(y.shape).toEqual([2, 2]);
  });

  it('caches sessions by graph and weights until released', async () => {
    const first = await runtime.session(affine(), weights);
    expect(await runtime.session(affine(), weights)).toBe(first);
    await first.release();
    const second = await runtime.session(affine(), weights);
    expect(second).not.toBe(first);
    await expect(first.run({ x: float32(new Float32Array(6), [2, 3]) })).rejects.toThrow('released');
  });

  it('keeps the event loop free while it computes', async () => {
    const g = new Graph('busy');
    let x = g.input('x', 'float32', [1, 32, 96, 96]);
    const w = g.constant(float32(new Float32Array(32 * 32 * 9).fill(0.01), [32, 32, 3, 3]));
    for (let i = 0; i < 24; i++) x = Relu(Conv(x, w, undefined, { pads: [1, 1, 1, 1] }));
    g.output('y', Softmax(x, { axis: 1 }));
    const session = await runtime.session(g, source({}));
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    await session.run({ x: float32(new Float32Array(32 * 96 * 96), [1, 32, 96, 96]) });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(3);
  });

  it('refuses feeds of another shape, dtype or name before ONNX Runtime sees them', async () => {
    const session = await runtime.session(affine(), weights);
    await expect(session.run({ x: float32([1, 2, 3], [1, 3]) })).rejects.toThrow(
      'input "x" float32 [2,3], got float32 [1,3]',
    );
    await expect(session.run({})).rejects.toThrow('nothing of that name');
    const extra = { x: float32(new Float32Array(6), [2, 3]), z: float32([1], [1]) };
    await expect(session.run(extra)).rejects.toThrow('got "z"');
  });

  it('names the parameter that is missing or has another shape', async () => {
    const missing = source({ weight: float32(new Float32Array(6), [3, 2]) });
    await expect(runtime.session(affine(), missing)).rejects.toThrow('load "bias" of affine');
    const wrong = source({ weight: float32(new Float32Array(6), [2, 3]), bias: float32([1, 2], [2]) });
    await expect(runtime.session(affine(), wrong)).rejects.toThrow('expected [3,2], got [2,3]');
  });

  it('stops before a run when the signal has fired', async () => {
    const session = await runtime.session(affine(), weights);
    const run = session.run({ x: float32(new Float32Array(6), [2, 3]) }, { signal: AbortSignal.abort() });
    await expect(run).rejects.toSatisfy((e: unknown) => e instanceof ContrappostoError && e.code === 'aborted');
  });

  it('reports what ONNX Runtime refuses as an error of ours', async () => {
    const g = new Graph('bad');
    const x = g.input('x', 'float32', [2]);
    g.output('y', g.add('NoSuchOperator', { inputs: [x], outputs: [x] })[0]);
    await expect(runtime.session(g, source({}))).rejects.toSatisfy(
      (e: unknown) => e instanceof ContrappostoError && e.code === 'runtime' && e.message.includes('NoSuchOperator'),
    );
  });

  it('runs a scalar operand of the other dtype', async () => {
    const g = new Graph('scalar');
    g.output('y', Mul(g.input('x', 'int64', [2]), 3));
    const session = await runtime.session(g, source({}));
    const { y } = await session.run({ x: { dtype: 'int64', shape: [2], data: BigInt64Array.from([2n, 5n]) } });
    expect([...y.data]).toEqual([6n, 15n]);
  });
});
