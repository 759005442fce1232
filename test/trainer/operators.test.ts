// The trainer's PyTorch operators against ONNX Runtime, case by case, with and without fusion.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tensor, WeightSource } from '../../src/core/tensor.js';
import { serialise } from '../../src/graph/index.js';
import { createRuntime } from '../../src/runtime/index.js';
import { openSafetensors, writeSafetensors } from '../../src/weights/index.js';
import { type Case, cases, values } from './cases.js';
import { noPython, python, runPython } from './python.js';

const runtime = createRuntime({ threads: 1 });
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-'));
});
afterAll(async () => {
  await runtime.close();
  await rm(folder, { recursive: true, force: true });
});

function tensorsOf(list: Iterable<{ name: string; shape: readonly number[] }>, seed: number): Record<string, Tensor> {
  return Object.fromEntries([...list].map((v, i) => [v.name, values(v.shape, seed + i)]));
}

function source(tensors: Record<string, Tensor>): WeightSource {
  return {
    has: (name) => name in tensors,
    names: () => Object.keys(tensors),
    info: (name) => tensors[name],
    read: (name) => tensors[name],
  };
}

/** Writes every case and its inputs; returns ONNX Runtime's outputs. */
async function prepare(): Promise<Map<string, Record<string, Tensor>>> {
  const expected = new Map<string, Record<string, Tensor>>();
  const list = [];
  for (const [i, { name, graph }] of cases.entries()) {
    const inputs = tensorsOf(graph.inputs.values(), i);
    const parameters = tensorsOf(graph.parameters.values(), 1000 + i);
    const session = await runtime.session(graph, source(parameters));
    expected.set(name, await session.run(inputs));
    await session.release();
    await writeFile(join(folder, `${i}.onnx`), serialise(graph));
    await writeSafetensors(join(folder, `${i}.in`), inputs);
    await writeSafetensors(join(folder, `${i}.par`), parameters);
    list.push({ graph: `${i}.onnx`, inputs: `${i}.in`, parameters: `${i}.par`, outputs: `${i}.out` });
  }
  await writeFile(join(folder, 'cases.json'), JSON.stringify(list));
  return expected;
}

/** The largest difference relative to the largest expected value (at least 1). */
function difference(got: Tensor, expected: Tensor): number {
  expect(got.shape).toEqual(expected.shape);
  expect(got.data.length).toBe(expected.data.length);
  let [scale, worst] = [1, 0];
  for (const v of expected.data) scale = Math.max(scale, Math.abs(Number(v)));
  got.data.forEach((v: number | bigint, i: number) => {
    const distance = Math.abs(Number(v) - Number(expected.data[i]));
    if (!(distance <= worst)) worst = distance;
  });
  return worst / scale;
}

async function mismatches(expected: Map<string, Record<string, Tensor>>, report: string[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const [i, { name }] of cases.entries()) {
    const status = JSON.parse(report[i]) as { ok: boolean; error?: string };
    if (!status.ok) {
      wrong.push(`${name}: ${status.error}`);
      continue;
    }
    const file = await openSafetensors(join(folder, `${i}.out`));
    for (const [output, tensor] of Object.entries(expected.get(name)!)) {
      const got = file.read(output);
      const distance = got.shape.join() === tensor.shape.join() ? difference(got, tensor) : Number.NaN;
      if (!(distance < 2e-5))
        wrong.push(`${name} ${output}: [${got.shape}] against [${tensor.shape}], off by ${distance}`);
    }
  }
  return wrong;
}

describe.skipIf(!python)(`trainer operators${python ? '' : ` (${noPython})`}`, () => {
  it('has a name of its own for every case', () => {
    expect(new Set(cases.map((c: Case) => c.name)).size).toBe(cases.length);
  });

  it('computes what ONNX Runtime computes', async () => {
    const expected = await prepare();
    for (const flags of [[], ['--no-fuse']]) {
      const done = await runPython('trainer', 'run', '--cases', join(folder, 'cases.json'), ...flags);
      const report = done.stdout.trim().split('\n');
      expect(report.length, done.stderr).toBe(cases.length);
      expect(await mismatches(expected, report)).toEqual([]);
    }
  });

  it('names the node and the operator that it does not know', async () => {
    const model = serialise(cases.find((c) => c.name === 'HardSwish')!.graph);
    const bytes = Buffer.from(model);
    // the operator's name stands alone, the node's name goes on with a number
    bytes.write('HardSwisk', bytes.indexOf('"\tHardSwish') + 2);
    await writeFile(join(folder, 'unknown.onnx'), bytes);
    const done = await runPython('trainer', 'run', join(folder, 'unknown.onnx'), '--outputs', join(folder, 'none'));
    expect(done.code).toBe(2);
    expect(done.stderr).toContain('operator HardSwisk (node');
  });

  it('refuses a file that is no ONNX model in one line', async () => {
    await writeFile(join(folder, 'text.onnx'), 'this is not a model');
    const done = await runPython('trainer', 'run', join(folder, 'text.onnx'), '--outputs', join(folder, 'none'));
    expect(done.code).toBe(2);
    expect(done.stderr.trim()).toMatch(/^error: read graph .*text\.onnx/);
    expect(await readFile(join(folder, 'text.onnx'), 'utf8')).toBe('this is not a model');
  });
});
