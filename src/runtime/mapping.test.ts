import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { float32, floats, type Tensor, type WeightSource } from '../core/tensor.js';
import { Add, Graph, MatMul } from '../graph/index.js';
import { encodeBfloat16, encodeFloat16 } from '../weights/float16.js';
import { mergeSources, openSafetensors, writeSafetensors } from '../weights/index.js';
import { createRuntime } from './index.js';
import { layOut, sessionSource } from './parameters.js';

const folder = mkdtempSync(join(tmpdir(), 'mapping-'));
const mapping = createRuntime({ threads: 1, mapFrom: 0 });
const copying = createRuntime({ threads: 1 });
const values = Float32Array.from({ length: 64 }, (_, i) => (i - 30) / 8);
const stored: Record<string, Tensor> = {
  single: float32(values, [8, 8]),
  half: { dtype: 'float16', shape: [8, 8], data: encodeFloat16(values.map((v) => v / 3)) },
  brain: { dtype: 'bfloat16', shape: [8, 8], data: encodeBfloat16(values.map((v) => v / 7)) },
  bias: float32([3], [1]),
};
let weights: WeightSource;

beforeAll(async () => {
  const path = join(folder, 'weights.safetensors');
  await writeSafetensors(path, stored);
  weights = openSafetensors(path);
});

afterAll(async () => {
  await Promise.all([mapping.close(), copying.close()]);
  rmSync(folder, { recursive: true });
});

/** x W1 W2 W3 + b, with the half used twice. */
function chain(): Graph {
  const graph = new Graph('chain');
  const w = (name: string) => graph.parameter(name, [8, 8]);
  const x = graph.input('x', 'float32', [2, 8]);
  const y = MatMul(MatMul(MatMul(MatMul(x, w('single')), w('half')), w('brain')), w('half'));
  graph.output('y', Add(y, graph.parameter('bias', [])));
  return graph;
}

const x = float32(
  Array.from({ length: 16 }, (_, i) => Math.sin(i)),
  [2, 8],
);

async function run(runtime: typeof mapping, source: WeightSource): Promise<Float32Array> {
  const session = await runtime.session(chain(), source);
  return floats((await session.run({ x })).y);
}

describe('mapped parameters', () => {
  it('are read by ONNX Runtime from the file, widened where they are stored in 16 bits', async () => {
    const layout = layOut(chain(), weights, 0);
    expect(layout.mapped).toMatchObject({ widened: true });
    expect(layout.byteLength).toBe(0);
    expect([...(await run(mapping, weights))]).toEqual([...(await run(copying, weights))]);
  });

  it('are copied below the limit', () => {
    const layout = layOut(chain(), weights);
    expect(layout.mapped).toBeUndefined();
    expect(layout.copied.size).toBe(4);
    const { parameters } = sessionSource(chain(), weights, layout);
    const { offset } = layout.copied.get('brain')!;
    expect(new Float32Array(parameters.buffer, offset, 64)).toEqual(floats(weights.read('brain')));
  });

  it('mix with copied ones, which win where they are changed', async () => {
    const changed = float32(new Float32Array(64).fill(0.5), [8, 8]);
    const source: WeightSource = {
      ...{ has: (name) => weights.has(name), names: () => weights.names(), info: (name) => weights.info(name) },
      read: (name) => (name === 'half' ? changed : weights.read(name)),
      locate: (name) => (name === 'half' ? undefined : weights.locate?.(name)),
    };
    const layout = layOut(chain(), source, 0);
    expect([...layout.copied.keys()]).toEqual(['half']);
    const got = await run(mapping, source);
    expect([...got]).toEqual([...(await run(copying, source))]);
    expect([...got]).not.toEqual([...(await run(copying, weights))]);
  });

  it('may be reached through a link into another folder, as in the cache of the hub', async () => {
    const snapshot = join(folder, 'snapshot');
    mkdirSync(snapshot);
    symlinkSync(join('..', 'weights.safetensors'), join(snapshot, 'model.safetensors'));
    const linked = openSafetensors(join(snapshot, 'model.safetensors'));
    expect([...(await run(mapping, linked))]).toEqual([...(await run(copying, weights))]);
  });

  it('come from one folder; those of another are copied', async () => {
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    await writeSafetensors(join(elsewhere, 'bias.safetensors'), { bias: float32([7], [1]) });
    const both = mergeSources(openSafetensors(join(elsewhere, 'bias.safetensors')), weights);
    const layout = layOut(chain(), both, 0);
    expect([...layout.copied.keys()]).toEqual(['bias']);
    expect([...(await run(mapping, both))]).toEqual([...(await run(copying, both))]);
  });
});
