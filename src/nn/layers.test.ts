// Layers against plain loops written from their definitions.
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { randomNormal } from '../core/random.js';
import { float32, floats, int64, type Tensor } from '../core/tensor.js';
import { Graph, type Scope, scope, type Value } from '../graph/index.js';
import { createRuntime } from '../runtime/index.js';
import { memorySource } from '../weights/index.js';
import {
  conv2d,
  downsample,
  embedding,
  geglu,
  gelu,
  groupNorm,
  linear,
  nearest,
  quickGelu,
  silu,
  sinusoidalEmbedding,
} from './index.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

/** Runs one layer on `x`; parameters are the given ones, or normal numbers seeded by their order. */
async function evaluate(build: (p: Scope, x: Value) => Value, x: Tensor, given: Record<string, Tensor> = {}) {
  const graph = new Graph('layer');
  const y = build(scope(graph), graph.input('x', x.dtype, x.shape));
  graph.output('y', y);
  const made = [...graph.parameters.values()].map(({ name, shape }, i) => [name, randomNormal(100 + i, { shape })]);
  const parameters: Record<string, Tensor> = { ...Object.fromEntries(made), ...given };
  const session = await runtime.session(graph, memorySource(parameters));
  const out = (await session.run({ x })).y;
  await session.release();
  return { out, y: floats(out), parameters };
}

function expectClose(ours: ArrayLike<number>, reference: ArrayLike<number>): void {
  expect(ours.length).toBe(reference.length);
  const worst = Array.from(reference, (r, i) => Math.abs(r - ours[i])).reduce((a, b) => Math.max(a, b), 0);
  expect(worst).toBeLessThan(1e-5 * Math.max(1, ...Array.from(reference, Math.abs)));
}

describe('linear', () => {
  it('multiplies by the stored matrix over the last axis of any rank', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }), async (lead) => {
        const x = randomNormal(1, { shape: [...lead, 3] });
        const { y, out, parameters } = await evaluate((p, v) => linear(p, v, { out: 2 }), x);
        expect(out.shape).toEqual([...lead, 2]);
        const [w, b, v] = [parameters.weight, parameters.bias, x].map(floats);
        const reference = y.map((_, i) => {
          const [row, o] = [Math.floor(i / 2), i % 2];
          return b[o] + [0, 1, 2].reduce((sum, k) => sum + v[row * 3 + k] * w[o * 3 + k], 0);
        });
        expectClose(y, reference);
      }),
      { numRuns: 10 },
    );
  });
});

describe('embedding', () => {
  it('picks rows', async () => {
    const ids = int64([2, 0, 2], [1, 3]);
    const { out, y, parameters } = await evaluate((p, v) => embedding(p, v, { count: 4, width: 2 }), ids);
    const rows = floats(parameters.weight);
    expect(out.shape).toEqual([1, 3, 2]);
    expect([...y]).toEqual([rows[4], rows[5], rows[0], rows[1], rows[4], rows[5]]);
  });
});

describe('groupNorm', () => {
  it('normalises each group of each sample, then scales and shifts channels', async () => {
    const [batch, channels, groups, plane] = [2, 6, 3, 4];
    const x = randomNormal(5, { shape: [batch, channels, 2, 2] });
    const { y, parameters } = await evaluate((p, v) => groupNorm(p, v, { groups, epsilon: 1e-5 }), x);
    const each = (channels / groups) * plane;
    const reference = floats(x).map((v, i) => {
      const start = Math.floor(i / each) * each;
      const group = floats(x).slice(start, start + each);
      const mean = group.reduce((a, b) => a + b) / each;
      const variance = group.reduce((a, b) => a + (b - mean) ** 2, 0) / each;
      const c = Math.floor(i / plane) % channels;
      const normal = (v - mean) / Math.sqrt(variance + 1e-5);
      return normal * floats(parameters.weight)[c] + floats(parameters.bias)[c];
    });
    expectClose(y, reference);
  });

  it('refuses groups that do not divide the channels', () => {
    const graph = new Graph('g');
    const x = graph.input('x', 'float32', [1, 6, 2, 2]);
    expect(() => groupNorm(scope(graph, 'norm1'), x, { groups: 4, epsilon: 1e-5 })).toThrow(
      /norm1.*4 groups.*6 channels/,
    );
  });
});

describe('resolution', () => {
  const ones = { 'conv.weight': float32(new Float32Array(9).fill(1), [1, 1, 3, 3]), 'conv.bias': float32([0], [1]) };
  const picture = float32([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], [1, 1, 4, 4]);

  it('pads the autoencoder below and to the right only', async () => {
    const { y } = await evaluate((p, x) => downsample(p, x, { out: 1, padding: 0 }), picture, ones);
    expect([...y]).toEqual([54, 45, 72, 54]); // windows at rows and columns 0 and 2, zeros after the end
  });

  it('pads the UNet on every side', async () => {
    const { y } = await evaluate((p, x) => downsample(p, x, { out: 1, padding: 1 }), picture, ones);
    expect([...y]).toEqual([14, 30, 57, 99]); // windows centred on rows and columns 0 and 2
  });

  it('repeats pixels, also to odd sizes', async () => {
    const square = float32([1, 2, 3, 4], [1, 1, 2, 2]);
    expect([...(await evaluate((_, x) => nearest(x), square)).y]).toEqual([
      1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4,
    ]);
    expect([...(await evaluate((_, x) => nearest(x, [3, 3]), square)).y]).toEqual([1, 1, 2, 1, 1, 2, 3, 3, 4]);
  });

  it('keeps groups apart in a convolution', async () => {
    const x = float32([1, 10], [1, 2, 1, 1]);
    const given = { weight: float32([2, 3], [2, 1, 1, 1]) };
    const { y } = await evaluate((p, v) => conv2d(p, v, { out: 2, kernel: 1, groups: 2, bias: false }), x, given);
    expect([...y]).toEqual([2, 30]);
  });
});

describe('activations', () => {
  const x = float32([-2, -0.5, 0, 0.5, 2], [5]);
  const normalCdf = [0.0227501319, 0.3085375387, 0.5, 0.6914624613, 0.9772498681]; // tables of the normal distribution

  it('have their defining values', async () => {
    const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
    expectClose(
      (await evaluate((_, v) => silu(v), x)).y,
      floats(x).map((v) => v * sigmoid(v)),
    );
    expectClose(
      (await evaluate((_, v) => quickGelu(v), x)).y,
      floats(x).map((v) => v * sigmoid(1.702 * v)),
    );
    expectClose(
      (await evaluate((_, v) => gelu(v), x)).y,
      floats(x).map((v, i) => v * normalCdf[i]),
    );
  });

  it('gates the first half by the second', async () => {
    const given = { 'proj.weight': float32([1, 0, 0, 1], [2, 2]), 'proj.bias': float32([0, 0], [2]) };
    const { y } = await evaluate((p, v) => geglu(p, v, { out: 1 }), float32([3, 2], [1, 2]), given);
    expect(y[0]).toBeCloseTo(3 * 2 * 0.9772498681, 5);
  });
});

describe('sinusoidalEmbedding', () => {
  it.each([
    { flipSinToCos: true, frequencyShift: 0 },
    { flipSinToCos: false, frequencyShift: 1 },
  ])('follows %o', async ({ flipSinToCos, frequencyShift }) => {
    const t = int64([0, 7], [2]);
    const options = { width: 6, flipSinToCos, frequencyShift };
    const { y } = await evaluate((_, v) => sinusoidalEmbedding(v, options), t);
    const row = (time: number) => {
      const angles = [0, 1, 2].map((i) => time * 10_000 ** (-i / (3 - frequencyShift)));
      const [sin, cos] = [angles.map(Math.sin), angles.map(Math.cos)];
      return flipSinToCos ? [...cos, ...sin] : [...sin, ...cos];
    };
    expectClose(y, [...row(0), ...row(7)]);
  });
});
