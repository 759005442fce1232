import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { float32, floats, type WeightSource } from '../core/tensor.js';
import { Add, Conv, Graph, MatMul, Reshape } from '../graph/index.js';
import {
  encodeSafetensors,
  memorySource,
  mergeSources,
  openSafetensors,
  packTensors,
  writeSafetensors,
} from '../weights/index.js';
import { createRuntime } from './index.js';
import { layOut, sessionSource } from './parameters.js';

const runtime = createRuntime({ threads: 1 });
const mapping = createRuntime({ threads: 1, mapFrom: 0 });
const folder = mkdtempSync(join(tmpdir(), 'quantised-'));
afterAll(async () => {
  await Promise.all([runtime.close(), mapping.close()]);
  rmSync(folder, { recursive: true });
});

/** A convolution and a product, both in int8, and a bias that is not. */
function network(): Graph {
  const graph = new Graph('network');
  const x = graph.input('x', 'float32', [1, 3, 5, 5]);
  const y = Conv(x, graph.parameter('kernel', [4, 3, 3, 3]), graph.parameter('bias', [4]), { pads: [1, 1, 1, 1] });
  graph.output('y', Add(MatMul(Reshape(y, [4, 25]), graph.parameter('matrix', [25, 6])), 0.5)); // [4, 6]
  return graph;
}

function stored(values: readonly number[]) {
  const pick = (count: number, from: number) =>
    Array.from({ length: count }, (_, i) => values[(i + from) % values.length]);
  const tensors = {
    kernel: float32(pick(108, 0), [4, 3, 3, 3]),
    matrix: float32(pick(150, 7), [25, 6]),
    bias: float32(pick(4, 3), [4]),
  };
  return packTensors(tensors, (name) => (name === 'bias' ? 'float32' : 'int8'));
}

const x = float32(
  Array.from({ length: 75 }, (_, i) => Math.sin(i)),
  [1, 3, 5, 5],
);

async function run(source: WeightSource, on = runtime): Promise<number[]> {
  const session = await on.session(network(), source);
  const { y } = await session.run({ x });
  await session.release();
  return [...floats(y)];
}

describe('parameters in 8 bits', () => {
  it('give what they give widened, bit for bit', async () => {
    const value = fc.double({ min: -100, max: 100, noNaN: true });
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 20, maxLength: 40 }), async (values) => {
        const file = openSafetensors(encodeSafetensors(stored(values)));
        const widened = memorySource(Object.fromEntries([...file.names()].map((name) => [name, file.read(name)])));
        expect(await run(file)).toEqual(await run(widened));
      }),
      { numRuns: 20 },
    );
  });

  it('go to ONNX Runtime as they are stored, also through other sources', () => {
    const file = openSafetensors(encodeSafetensors(stored([1, -2, 3])));
    const source = mergeSources(memorySource({ bias: float32([1, 2, 3, 4], [4]) }), file);
    const layout = layOut(network(), source);
    expect(layout.copied.get('kernel')).toMatchObject({ length: 108, stored: 'int8', scale: { length: 16 } });
    expect(layout.copied.get('bias')?.stored).toBeUndefined();
    const { parameters, quantised } = sessionSource(network(), source, layout);
    expect(quantised).toBe(true);
    const { offset, scale } = layout.copied.get('kernel')!;
    const { values, scale: scales } = file.quantised('kernel')!.read();
    expect(new Int8Array(parameters.buffer, offset, 108)).toEqual(values.data);
    expect(new Float32Array(parameters.buffer, scale!.offset, 4)).toEqual(scales.data);
  });

  it('travel widened beside parameters that are mapped', async () => {
    const path = join(folder, 'mixed.safetensors');
    await writeSafetensors(path, stored([0.5, -1.25, 2, 7]));
    const file = openSafetensors(path);
    const layout = layOut(network(), file, 0);
    expect(layout.mapped).toBeDefined();
    expect([...layout.copied.values()].map((at) => at.stored)).toEqual([undefined, undefined]);
    const [mapped, copied] = [await run(file, mapping), await run(file)];
    mapped.forEach((value, i) => {
      expect(value).toBeCloseTo(copied[i], 3);
    });
  });
});
