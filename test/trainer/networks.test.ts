// Whole networks through the trainer against reference tensors of the original implementation.
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { float32, floats, type Tensor } from '../../src/core/tensor.js';
import { liveParameters, serialise } from '../../src/graph/index.js';
import { parseUNet2DConditionConfig, unetGraph } from '../../src/models/index.js';
import { openCheckpoint, openSafetensors, writeSafetensors } from '../../src/weights/index.js';
import { noPython, python, runPython } from './python.js';

const shared = process.env['CONTRAPPOSTO_SHARED'] ?? fileURLToPath(new URL('../../../shared', import.meta.url));
const golden = join(shared, 'golden');
const ready = python && existsSync(join(golden, 'tiny-sd'));
const why = python ? 'no reference data (set CONTRAPPOSTO_SHARED)' : noPython;

describe.skipIf(!ready)(`trainer networks${ready ? '' : ` (${why})`}`, () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'trainer-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('computes the reference UNet, fused and node by node', async () => {
    const reference = openSafetensors(join(golden, 'tiny-sd-io', 'components.safetensors'));
    const { config, weights } = openCheckpoint(join(golden, 'tiny-sd')).component('unet');
    const name = [...reference.names()].find((n) => /^unet_out_t\d+$/.test(n))!;
    const sample = reference.read('sample');
    const context = reference.read('encoder_hidden_states');
    const [batch, , height, width] = sample.shape;
    const graph = unetGraph(parseUNet2DConditionConfig(config), { batch, height, width, tokens: context.shape[1] });
    await writeFile(join(folder, 'unet.onnx'), serialise(graph));
    const parameters = Object.fromEntries(liveParameters(graph).map((p) => [p.name, weights.read(p.name)]));
    await writeSafetensors(join(folder, 'parameters'), parameters as Record<string, Tensor>);
    const states = float32(floats(context).slice(-batch * context.shape[1] * context.shape[2]), [
      batch,
      ...context.shape.slice(1),
    ]);
    const timestep = float32([Number(/\d+$/.exec(name)![0])], [1]);
    await writeSafetensors(join(folder, 'inputs'), { sample, timestep, encoder_hidden_states: states });
    for (const flags of [[], ['--no-fuse']]) {
      const files = ['--inputs', join(folder, 'inputs'), '--outputs', join(folder, 'outputs')];
      const done = await runPython(
        'trainer',
        'run',
        join(folder, 'unet.onnx'),
        ...files,
        '--parameters',
        join(folder, 'parameters'),
        ...flags,
      );
      expect(done.code, done.stderr).toBe(0);
      const got = floats(openSafetensors(join(folder, 'outputs')).read('out'));
      const expected = floats(reference.read(name));
      expect(got.length).toBe(expected.length);
      const scale = Math.max(...expected.map(Math.abs));
      const worst = expected.reduce((w, v, i) => Math.max(w, Math.abs(v - got[i])), 0);
      expect(worst / scale).toBeLessThan(1e-4);
      expect(got.every(Number.isFinite)).toBe(true);
    }
  });
});
