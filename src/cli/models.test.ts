import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeTinyCheckpoint } from '../../test/e2e/tiny-checkpoint.js';
import type { ProgressEvent } from '../core/progress.js';
import type { Tensor } from '../core/tensor.js';
import { LINEAR, onnxBytes } from '../graph/onnx/test-models.js';
import { startTestHub, type TestHub } from '../weights/hub/test-hub.js';
import { openSafetensors, writeSafetensors } from '../weights/index.js';
import { listModels, modelInfo, pullModel, verifyModel } from './models.js';

const scratch = mkdtempSync(join(tmpdir(), 'models-'));
const tiny = join(scratch, 'tiny');
let hub: TestHub;
const events: ProgressEvent[] = [];
const context = { signal: new AbortController().signal, onProgress: (event: ProgressEvent) => void events.push(event) };

beforeAll(() => writeTinyCheckpoint(tiny));
beforeEach(async () => {
  const paths = (readdirSync(tiny, { recursive: true }) as string[]).filter((path) =>
    statSync(join(tiny, path)).isFile(),
  );
  const files = Object.fromEntries(paths.map((path) => [path, new Uint8Array(readFileSync(join(tiny, path)))]));
  hub = await startTestHub({ 'org/tiny': { commit: 'c'.repeat(40), files } });
  vi.stubEnv('HF_ENDPOINT', hub.endpoint);
  vi.stubEnv('HF_HOME', mkdtempSync(join(scratch, 'home-')));
  for (const name of ['HF_HUB_CACHE', 'HUGGINGFACE_HUB_CACHE', 'HF_TOKEN', 'HF_HUB_OFFLINE']) vi.stubEnv(name, '');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.close();
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe('models', () => {
  it('describes an ONNX file, and refuses what only has its name', async () => {
    const path = join(scratch, 'linear.onnx');
    writeFileSync(path, onnxBytes(LINEAR));
    const { json, text } = await modelInfo(path, context);
    expect(json).toMatchObject({
      inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 2] }],
      operators: { Add: 1, MatMul: 1 },
      parameters: 9,
      dimensions: ['batch'],
    });
    expect(text).toMatch(/input {3}x {2}float32 \[batch, 2\]\n.*MatMul 1\n {2}open sizes {2}batch$/s);
    writeFileSync(path, 'no model');
    await expect(modelInfo(path, context)).rejects.toThrow(/expected an ONNX model/);
  });

  it('pulls from the hub, then lists, describes and verifies what it has pulled without a network', async () => {
    const { json } = await pullModel('org/tiny', { context });
    expect(json).toMatchObject({ name: 'org/tiny', bytes: expect.any(Number) });
    await hub.close();
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    const listed = await listModels();
    expect(listed.json['cached']).toEqual([{ ...json, pipeline: true }]);
    expect(listed.text).toContain('org/tiny');
    const info = await modelInfo('org/tiny', context);
    expect(info.json).toMatchObject({
      pipeline: 'StableDiffusionPipeline',
      scheduler: 'DDIMScheduler',
      components: [
        { name: 'text_encoder', class: 'CLIPTextModel', dtypes: ['float32'] },
        { name: 'unet', class: 'UNet2DConditionModel' },
        { name: 'vae', class: 'AutoencoderKL' },
      ],
    });
    const verified = await verifyModel('org/tiny', context);
    const local = await verifyModel(tiny, context);
    expect(verified.json).toMatchObject({ valid: true, fingerprint: local.json['fingerprint'] });
    await expect(pullModel('org/tiny', { context })).rejects.toMatchObject({ code: 'usage' });
  });

  it.each(['judge', 'scorer', 'layout'])('verifies the embedded network %s against its config', async (name) => {
    events.length = 0;
    const { json } = await verifyModel(name, context);
    expect(json).toMatchObject({ name, valid: true });
    expect(events.filter((event) => event.type === 'warning')).toEqual([]);
    const { json: listed } = await listModels();
    expect(listed['networks']).toContainEqual(expect.objectContaining({ name, fingerprint: json['fingerprint'] }));
  });

  it('refuses to pull what is no name on the hub', async () => {
    await expect(pullModel('mini', { context })).rejects.toMatchObject({ code: 'usage' });
  });

  it('finds tensors of another shape, missing ones and values that are no numbers', async () => {
    const damaged = join(scratch, 'damaged');
    const path = join(damaged, 'unet/diffusion_pytorch_model.safetensors');
    const verify = async (change: (tensors: Record<string, Tensor>) => void) => {
      cpSync(tiny, damaged, { recursive: true });
      const file = openSafetensors(path);
      const tensors = Object.fromEntries(Array.from(file.names(), (name) => [name, file.read(name)]));
      file.close();
      change(tensors);
      await writeSafetensors(path, tensors);
      return verifyModel(damaged, context);
    };
    await verify(() => undefined);
    const name = 'conv_out.bias';
    const code = 'corrupt-file';
    await expect(verify((t) => delete t[name])).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/conv_out\.bias \[4\].*none/),
    });
    const short = { dtype: 'float32' as const, shape: [3], data: new Float32Array(3) };
    await expect(verify((t) => Object.assign(t, { [name]: short }))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/got \[3\]/),
    });
    const broken = { dtype: 'float32' as const, shape: [4], data: new Float32Array(4).fill(Number.NaN) };
    await expect(verify((t) => Object.assign(t, { [name]: broken }))).rejects.toMatchObject({
      code,
      message: expect.stringMatching(/NaN/),
    });
  });

  it('says which networks it cannot check', async () => {
    const other = join(scratch, 'other');
    cpSync(tiny, other, { recursive: true });
    mkdirSync(join(other, 'image_encoder'));
    writeFileSync(join(other, 'image_encoder/config.json'), '{"architectures": ["CLIPVisionModelWithProjection"]}');
    cpSync(join(tiny, 'text_encoder/model.safetensors'), join(other, 'image_encoder/model.safetensors'));
    events.length = 0;
    await verifyModel(other, context);
    expect(events).toContainEqual({ type: 'warning', message: expect.stringMatching(/image_encoder .*not checked/) });
  });
});
