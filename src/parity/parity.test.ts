// The parity run itself: it must notice what is wrong, and never pass what it did not compute.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { randomNormal } from '../core/random.js';
import { float32, floats, int64, type Tensor } from '../core/tensor.js';
import { DDIMScheduler } from '../diffusion/ddim.js';
import { loadPipeline } from '../diffusion/pipeline.js';
import { unetGraph } from '../models/index.js';
import { createRuntime } from '../runtime/index.js';
import { openCheckpoint, writeSafetensors, writeTokenizer } from '../weights/index.js';
import { diffusersClass, findNetwork } from './networks.js';
import { compare, formatReport, relativeError } from './report.js';
import { runParity } from './run.js';

const runtime = createRuntime();
const folder = mkdtempSync(join(tmpdir(), 'parity-'));
afterAll(async () => {
  await runtime.close();
  rmSync(folder, { recursive: true });
});

const shared = process.env.CONTRAPPOSTO_SHARED ?? resolve(import.meta.dirname, '../../../shared');
const golden = join(shared, 'golden');
const hasGolden = existsSync(join(golden, 'tiny-sd'));

describe('relativeError', () => {
  it('is the ratio of norms, infinite for other lengths, and NaN never passes', () => {
    expect(relativeError([3, 4.5], [3, 4])).toBeCloseTo(0.1, 12);
    expect(relativeError([0, 0], [0, 0])).toBe(0);
    expect(relativeError([1], [1, 2])).toBe(Number.POSITIVE_INFINITY);
    expect(relativeError([1n, 2n], [1, 2])).toBe(0);
    const where = { file: 'f', tensor: 't', tolerance: 1 };
    expect(compare(where, [Number.NaN], float32([1], [1])).passed).toBe(false);
    expect(compare(where, [1], float32([0], [1])).passed).toBe(false);
  });
});

/** A file of scheduler runs as our own DDIM computes them, with a toy model of other numbers than the shared files'. */
function schedulerFile(): { tensors: Record<string, Tensor>; metadata: Record<string, string> } {
  const config = { class: 'DDIMScheduler', beta_end: 0.01, clip_sample: false };
  const scheduler = new DDIMScheduler(config);
  const noise = randomNormal(1, { shape: [1, 2, 2, 2] });
  const mix = [0.5, -0.2, 0.1, 0.3];
  const run = scheduler.begin(3);
  let x: Float32Array = floats(noise);
  run.timesteps.forEach((t, i) => {
    const answer = x.map((_, k) => {
      const row = Math.floor(k / 4);
      return Math.tanh(mix[2 * row] * x[k % 4] + mix[2 * row + 1] * x[4 + (k % 4)] + 0.002 * t);
    });
    x = run.step(i, answer, x).sample;
  });
  const tensors = {
    x_T_unit: noise,
    A: float32(mix, [2, 2]),
    'mine.3.final': float32(x, noise.shape),
    'mine.3.timesteps': float32([...run.timesteps], [3]),
    'other.3.final': noise,
    'add_noise.x0': noise,
    'add_noise.eps': noise,
    'add_noise.t': int64([10], [1]),
    'add_noise.out': scheduler.schedule.addNoise(noise, noise, [10]),
  };
  const configs = { mine: config, other: { class: 'HeunDiscreteScheduler' } };
  const model = 'tanh(A x + 0.002 t), A mixes the 2 channels';
  return { tensors, metadata: { configs: JSON.stringify(configs), model: JSON.stringify(model) } };
}

async function freshFolder(name: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(path, { recursive: true });
  return path;
}

describe('runParity', () => {
  it('recomputes from the file and its metadata, and lists the rest as not checked', async () => {
    const io = await freshFolder('right');
    const { tensors, metadata } = schedulerFile();
    await writeSafetensors(join(io, 'schedulers.safetensors'), tensors, { metadata });
    await writeSafetensors(join(io, 'unknown.safetensors'), { a: tensors.A });
    const report = await runParity({ io, checkpoints: io, runtime });
    expect(report.checks.map((c) => c.tensor)).toEqual(['mine.3.timesteps', 'mine.3.final', 'add_noise.out']);
    expect(report.checks.every((c) => c.passed)).toBe(true);
    expect(report.notChecked).toEqual(['schedulers.safetensors: other.3.final', 'unknown.safetensors (1 tensors)']);
    expect(formatReport(report)).toContain('3 checked, 0 above tolerance, 2 not checked');
  });

  it('fails a tensor that is off by two per mille', async () => {
    const io = await freshFolder('wrong');
    const { tensors, metadata } = schedulerFile();
    const final = tensors['mine.3.final'];
    tensors['mine.3.final'] = float32(
      floats(final).map((v) => v * 1.002),
      final.shape,
    );
    await writeSafetensors(join(io, 'schedulers.safetensors'), tensors, { metadata });
    const report = await runParity({ io, checkpoints: io, runtime });
    expect(report.checks.filter((c) => !c.passed).map((c) => c.tensor)).toEqual(['mine.3.final']);
    expect(formatReport(report)).toMatch(/^FAIL .*mine\.3\.final/m);
  });

  it('compares token ids exactly', async () => {
    const io = await freshFolder('tokens');
    const vocab = { '<|startoftext|>': 0, '<|endoftext|>': 1, a: 2, 'a</w>': 3 };
    await writeTokenizer(io, { vocab, merges: [], modelMaxLength: 4 });
    const cases = [
      { text: 'a', ids: [0, 3, 1, 1] },
      { text: 'aa', ids: [0, 3, 3, 1] },
    ];
    writeFileSync(join(io, 'cases.json'), JSON.stringify(cases));
    const report = await runParity({ io, checkpoints: io, runtime });
    expect(report.checks.map((c) => c.passed)).toEqual([true, false]);
  });

  it('refuses folders without anything to check, and files that lack an input', async () => {
    const io = await freshFolder('empty');
    const run = () => runParity({ io, checkpoints: io, runtime });
    await expect(run()).rejects.toMatchObject({ code: 'usage' });
    await expect(runParity({ io: join(io, 'none'), checkpoints: io, runtime })).rejects.toMatchObject({
      code: 'not-found',
    });
    const { tensors, metadata } = schedulerFile();
    const { A: _, ...without } = tensors;
    await writeSafetensors(join(io, 'schedulers.safetensors'), without, { metadata });
    await expect(run()).rejects.toThrow(/"A"/);
  });
});

describe('findNetwork', () => {
  it('takes the network of that kind whose name begins as the checkpoint', async () => {
    const checkpoints = await freshFolder('networks');
    const kinds = {
      'small-control': 'ControlNetModel',
      'tiny-control': 'ControlNetModel',
      'tiny-adapter': 'T2IAdapter',
    };
    for (const [name, _class_name] of Object.entries(kinds)) {
      await mkdir(join(checkpoints, name));
      writeFileSync(join(checkpoints, name, 'config.json'), JSON.stringify({ _class_name }));
    }
    const kind = diffusersClass('ControlNetModel');
    expect(findNetwork(checkpoints, { kind, near: 'tiny-sd' })).toBe(join(checkpoints, 'tiny-control'));
    expect(findNetwork(checkpoints, { kind, near: 'small-sd' })).toBe(join(checkpoints, 'small-control'));
    const single = join(checkpoints, 'tiny-control');
    expect(findNetwork(single, { kind, near: 'tiny-sd' })).toBe(single);
    const missing = () => findNetwork(checkpoints, { kind: diffusersClass('VQModel'), near: 'tiny-sd' });
    expect(missing).toThrow(/VQModel/);
  });
});

describe.skipIf(!hasGolden)('reference tensors of diffusers and transformers', () => {
  it('are reproduced within their tolerances', async () => {
    const { checks } = await runParity({ io: golden, checkpoints: golden, runtime });
    expect(checks.filter((c) => !c.passed)).toEqual([]);
    const files = new Set(checks.map((c) => c.file));
    for (const name of ['components', 'pipeline', 'attention-grad', 'controlnet', 't2iadapter', 'inpaint'])
      expect(files).toContain(`tiny-sd-io/${name}.safetensors`);
    for (const name of ['tiny-sdxl-io/pipeline', 'tiny-clip-io', 'resnet50-io'])
      expect(files).toContain(`${name}.safetensors`);
    expect(checks.length).toBeGreaterThan(50);
  });

  it('have the parameter names and shapes that the graphs ask for, all of them', () => {
    const checkpoint = openCheckpoint(join(golden, 'tiny-sd'));
    const pipeline = loadPipeline(checkpoint, runtime);
    const size = { batch: 1, height: 32, width: 32 };
    const unet = unetGraph(pipeline.unetConfig, size).parameters;
    expect([...unet.keys()].sort()).toEqual([...pipeline.unetWeights.names()].sort());
    const vae = [pipeline.vae.encodeGraph(size), pipeline.vae.decodeGraph(size)].flatMap((g) => [
      ...g.parameters.keys(),
    ]);
    expect(vae.sort()).toEqual([...pipeline.vaeWeights.names()].sort());
    checkpoint.close();
  });
});
