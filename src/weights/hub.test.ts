import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../core/progress.js';
import { startTestHub, type TestHub } from './hub/test-hub.js';
import { hubSettings, parseHubId, resolveModel } from './hub.js';

const COMMIT = 'a'.repeat(40);
const text = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const large = (seed: number) => Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31 + seed + (i >> 8)) & 255);

/** A pipeline as published: two variants, pickles, pictures and parts that nothing here runs. */
function pipeline(): Record<string, Uint8Array> {
  return {
    'README.md': text('# readme'),
    'model_index.json': text({
      _class_name: 'StableDiffusionPipeline',
      unet: ['diffusers', 'UNet2DConditionModel'],
      tokenizer: ['transformers', 'CLIPTokenizer'],
      scheduler: ['diffusers', 'DDIMScheduler'],
      safety_checker: ['x', 'y'],
      image_encoder: [null, null],
    }),
    'safety_checker/config.json': text({}),
    'safety_checker/model.safetensors': large(9),
    'scheduler/scheduler_config.json': text({ scheduler: 1 }),
    'tokenizer/merges.txt': text('#version: 0.2\n'),
    'tokenizer/vocab.json': text({ a: 1 }),
    'tokenizer/tokenizer.json': text({ big: 1 }),
    'unet/config.json': text({ unet: 1 }),
    'unet/diffusion_pytorch_model.bin': large(3),
    'unet/diffusion_pytorch_model.fp16.safetensors': large(2),
    'unet/diffusion_pytorch_model.safetensors': large(1),
    'v1-5.ckpt': large(4),
  };
}

let scratch: string;
let hub: TestHub;
let env: Record<string, string>;

beforeEach(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'hub-'));
  hub = await startTestHub({ 'org/model': { commit: COMMIT, files: pipeline() } });
  env = { HF_ENDPOINT: `${hub.endpoint}/`, HF_HOME: scratch, HF_HUB_DOWNLOAD_TIMEOUT: '5' };
});
afterEach(async () => {
  await hub.close();
  rmSync(scratch, { recursive: true, force: true });
});

const repository = () => join(scratch, 'hub', 'models--org--model');
const filesBelow = (folder: string) =>
  (readdirSync(folder, { recursive: true }) as string[])
    .filter((path) => !lstatSync(join(folder, path)).isDirectory())
    .sort();
const downloaded = () => hub.requests.filter(({ path }) => path.startsWith('store') || path.includes('/resolve/'));

describe('download', () => {
  it('brings what a pipeline needs into the layout of huggingface_hub, and nothing else', async () => {
    const events: ProgressEvent[] = [];
    const folder = await resolveModel('org/model', { env, onProgress: (event) => events.push(event) });
    expect(folder).toBe(join(repository(), 'snapshots', COMMIT));
    expect(filesBelow(folder)).toEqual([
      'model_index.json',
      'scheduler/scheduler_config.json',
      'tokenizer/merges.txt',
      'tokenizer/vocab.json',
      'unet/config.json',
      'unet/diffusion_pytorch_model.safetensors',
    ]);
    for (const path of filesBelow(folder)) {
      expect(readFileSync(join(folder, path)).equals(pipeline()[path])).toBe(true);
    }
    expect(readFileSync(join(repository(), 'refs/main'), 'utf8')).toBe(COMMIT);
    expect(readlinkSync(join(folder, 'unet/config.json'))).toMatch(/^\.\.\/\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
    expect(readlinkSync(join(folder, 'unet/diffusion_pytorch_model.safetensors'))).toMatch(/blobs\/[0-9a-f]{64}$/);
    expect(filesBelow(join(repository(), 'blobs')).filter((name) => name.includes('.'))).toEqual([]);
    const last = events.filter((event) => event.type === 'load').at(-1);
    expect(last).toMatchObject({ name: 'org/model', loadedBytes: expect.any(Number) });
    expect(last?.type === 'load' && last.loadedBytes === last.totalBytes).toBe(true);
  });

  it('downloads nothing twice, and only what a new commit changes', async () => {
    await resolveModel('org/model', { env });
    hub.requests.length = 0;
    await resolveModel('org/model', { env });
    expect(downloaded()).toEqual([]);
    const commit = 'b'.repeat(40);
    hub.repositories['org/model'] = { commit, files: { ...pipeline(), 'unet/config.json': text({ unet: 2 }) } };
    const folder = await resolveModel('org/model', { env });
    expect(downloaded().map(({ path }) => path)).toEqual([`/org/model/resolve/${commit}/unet/config.json`]);
    expect(JSON.parse(readFileSync(join(folder, 'unet/config.json'), 'utf8'))).toEqual({ unet: 2 });
    expect(existsSync(join(repository(), 'snapshots', COMMIT, 'unet/config.json'))).toBe(true);
  });

  it('takes the variant asked for, shards with their index, and single files', async () => {
    const fp16 = await resolveModel('org/model', { env, variant: 'fp16' });
    expect(filesBelow(join(fp16, 'unet'))).toEqual(['config.json', 'diffusion_pytorch_model.fp16.safetensors']);
    const shard = (i: number) => `model-0000${i}-of-00002.safetensors`;
    const index = { weight_map: { a: shard(1), b: shard(2) } };
    const files = { 'config.json': text({}), [shard(1)]: large(1), [shard(2)]: large(2), 'other.bin': large(3) };
    const sharded = { ...files, 'model.safetensors.index.json': text(index) };
    hub.repositories['org/net'] = { commit: COMMIT, files: sharded };
    expect(filesBelow(await resolveModel('org/net', { env }))).toHaveLength(4);
    hub.repositories['org/lora'] = { commit: COMMIT, files: { 'README.md': text('x'), 'style.safetensors': large(5) } };
    expect(readFileSync(await resolveModel('org/lora', { env })).equals(large(5))).toBe(true);
    expect(await resolveModel('org/model@v1/unet/config.json', { env })).toMatch(/unet\/config\.json$/);
  });

  it('continues where the connection broke', async () => {
    let breaks = 2;
    hub.onFile = (response, { path, bytes }) => {
      if (!path.endsWith('.safetensors') || breaks-- <= 0) return bytes;
      const start = breaks === 1 ? 0 : 100_000;
      const range = start > 0 ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {};
      response.writeHead(start > 0 ? 206 : 200, { 'content-length': bytes.length - start, ...range });
      response.write(bytes.subarray(start, start + 100_000), () => response.destroy());
      return 'answered';
    };
    const folder = await resolveModel('org/model', { env });
    expect(readFileSync(join(folder, 'unet/diffusion_pytorch_model.safetensors')).equals(large(1))).toBe(true);
    const ranges = hub.requests.filter(({ path }) => path.includes('unet/diff')).map(({ range }) => range);
    expect(ranges).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
  });

  it('continues what an interrupted process left, and starts anew when the server cannot', async () => {
    const controller = new AbortController();
    hub.onFile = (response, { path, bytes }) => {
      if (!path.endsWith('.safetensors')) return bytes;
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 50_000), () => setTimeout(() => controller.abort(), 50));
      return 'answered';
    };
    await expect(resolveModel('org/model', { env, signal: controller.signal })).rejects.toMatchObject({
      code: 'aborted',
    });
    expect(existsSync(join(repository(), 'refs/main'))).toBe(false);
    const [left] = filesBelow(join(repository(), 'blobs')).filter((name) => name.endsWith('.incomplete'));
    expect(lstatSync(join(repository(), 'blobs', left)).size).toBe(50_000);
    hub.requests.length = 0;
    hub.onFile = (response, { path, bytes }) => {
      if (!path.endsWith('.safetensors')) return bytes;
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes); // takes no notice of the range
      return 'answered';
    };
    const folder = await resolveModel('org/model', { env });
    expect(hub.requests.map(({ range }) => range)).toContain('bytes=50000-');
    expect(readFileSync(join(folder, 'unet/diffusion_pytorch_model.safetensors')).equals(large(1))).toBe(true);
    expect(filesBelow(join(repository(), 'blobs')).some((name) => name.endsWith('.incomplete'))).toBe(false);
  });

  it('lets two processes download the same model at once', async () => {
    const folders = await Promise.all([1, 2, 3].map(() => resolveModel('org/model', { env })));
    expect(new Set(folders).size).toBe(1);
    expect(readFileSync(join(folders[0], 'unet/diffusion_pytorch_model.safetensors')).equals(large(1))).toBe(true);
  });
});

describe('refusals', () => {
  const refused = (model: string) =>
    resolveModel(model, { env }).then(
      () => expect.fail('it was accepted'),
      (error: { code: string; message: string }) => error,
    );

  it.each(['unet/diffusion_pytorch_model.safetensors', 'unet/config.json'])('keeps no damaged %s', async (damaged) => {
    hub.onFile = (_, { path, bytes }) =>
      path === damaged ? bytes.map((byte, i) => (i === 3 ? byte ^ 1 : byte)) : bytes;
    expect(await refused('org/model')).toMatchObject({ code: 'corrupt-file' });
    expect(existsSync(join(repository(), 'refs/main'))).toBe(false);
    expect(filesBelow(join(repository(), 'blobs')).some((name) => name.endsWith('.incomplete'))).toBe(false);
    hub.onFile = undefined;
    await resolveModel('org/model', { env });
  });

  it('says what to do about private, gated and misspelt models and revisions', async () => {
    hub.repositories['org/private'] = { commit: COMMIT, files: pipeline(), token: 'secret' };
    hub.repositories['org/gated'] = { commit: COMMIT, files: pipeline(), token: 'secret', gated: true };
    expect(await refused('org/private')).toMatchObject({
      code: 'invalid-input',
      message: expect.stringMatching(/HF_TOKEN/),
    });
    expect((await refused('org/gated')).message).toMatch(/accept the terms at .*org\/gated, then set HF_TOKEN/);
    expect((await refused('org/model@nowhere')).message).toMatch(/no revision "nowhere"/);
    expect(await refused('org/model/unet/none.json')).toMatchObject({ code: 'not-found' });
    env = { ...env, HF_TOKEN: 'secret\n' };
    expect(await refused('org/nothing')).toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(/spelling/),
    });
    await resolveModel('org/private', { env });
    const elsewhere = hub.requests.filter(({ path }) => path.startsWith('store'));
    expect(elsewhere.length).toBeGreaterThan(0);
    expect(elsewhere.every(({ authorization }) => authorization === undefined)).toBe(true);
  });

  it('refuses names that would lead out of the cache, and repositories without anything to use', async () => {
    hub.repositories['org/evil'] = { commit: COMMIT, files: { '../../evil.safetensors': large(1) } };
    expect(await refused('org/evil')).toMatchObject({ code: 'io' });
    expect(existsSync(join(scratch, 'hub/models--org--evil/snapshots'))).toBe(false);
    const pickles = { 'config.json': text({}), 'pytorch_model.bin': large(1) };
    hub.repositories['org/pickles'] = { commit: COMMIT, files: pickles };
    expect(await refused('org/pickles')).toMatchObject({ code: 'unsupported' });
    hub.repositories['org/many'] = { commit: COMMIT, files: { 'a.safetensors': large(1), 'b.safetensors': large(2) } };
    expect((await refused('org/many')).message).toMatch(/org\/many\/a\.safetensors/);
    expect(await refused('no-such-model')).toMatchObject({ code: 'not-found' });
  });

  it('uses the cache, and nothing else, when told that there is no network', async () => {
    const offline = { ...env, HF_HUB_OFFLINE: '1' };
    await expect(resolveModel('org/model', { env: offline })).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(/HF_HUB_OFFLINE/),
    });
    const folder = await resolveModel('org/model', { env });
    hub.requests.length = 0;
    expect(await resolveModel('org/model', { env: offline })).toBe(folder);
    expect(hub.requests).toEqual([]);
  });

  it('falls back on the cache with a warning when the hub does not answer', async () => {
    const folder = await resolveModel('org/model', { env });
    await hub.close();
    const warnings: string[] = [];
    const onProgress = (event: ProgressEvent) => event.type === 'warning' && warnings.push(event.message);
    expect(await resolveModel('org/model', { env, onProgress })).toBe(folder);
    expect(warnings).toEqual([expect.stringMatching(/cannot be reached; "org\/model" is used as it is in the cache/)]);
    expect(await refused('org/other')).toMatchObject({
      code: 'io',
      message: expect.stringMatching(/check the connection/),
    });
  });

  it('gives up on a hub that says nothing', async () => {
    hub.onFile = () => 'answered';
    env = { ...env, HF_HUB_DOWNLOAD_TIMEOUT: '0.05' };
    expect(await refused('org/model')).toMatchObject({
      code: 'io',
      message: expect.stringMatching(/no answer in time/),
    });
  });
});

describe('settings', () => {
  it('reads the variables of huggingface_hub', () => {
    expect(hubSettings({ XDG_CACHE_HOME: '/x' })).toMatchObject({
      endpoint: 'https://huggingface.co',
      cacheFolder: join('/x', 'huggingface', 'hub'),
      offline: false,
    });
    expect(hubSettings({ HF_HOME: '/h', HF_HUB_OFFLINE: 'YES' })).toMatchObject({
      cacheFolder: join('/h', 'hub'),
      offline: true,
    });
    expect(hubSettings({ HF_HOME: '/h', HF_HUB_CACHE: '/c', HF_ENDPOINT: 'https://mirror/' })).toMatchObject({
      cacheFolder: '/c',
      endpoint: 'https://mirror',
    });
    mkdirSync(join(scratch, 'home'));
    writeFileSync(join(scratch, 'home/token'), 'stored\n');
    expect(hubSettings({ HF_HOME: join(scratch, 'home') }).token).toBe('stored');
    expect(hubSettings({ HF_HOME: join(scratch, 'home'), HF_TOKEN: 'given' }).token).toBe('given');
    expect(hubSettings({ HF_HOME: join(scratch, 'home'), HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }).token).toBeUndefined();
  });

  it('tells ids of the hub from everything else', () => {
    expect(parseHubId('org/name')).toEqual({ name: 'org/name', revision: 'main' });
    expect(parseHubId('org/name@v1.0/a/b.safetensors')).toMatchObject({ revision: 'v1.0', file: 'a/b.safetensors' });
    for (const other of ['mini', './a/b', '/a/b', 'a/../b', 'a/b/../../c', 'a/b@../x', 'a--b/c', '', 'a/b/']) {
      expect(parseHubId(other), other).toBeUndefined();
    }
  });
});
