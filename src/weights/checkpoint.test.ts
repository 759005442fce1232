// Checkpoint folders: every layout that is published, and a clear word for every one that cannot be used.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { float32 } from '../core/tensor.js';
import { openCheckpoint, openModelFolder } from './checkpoint.js';
import { encodeSafetensors, packTensors } from './safetensors-writer.js';
import { memorySource, mergeSources, prefixSource } from './sources.js';
import { trainBpe } from './tokenizer-training.js';

const golden = join(process.env.CONTRAPPOSTO_SHARED ?? '../shared', 'golden');
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'checkpoint-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const weights = (value: number) => encodeSafetensors({ w: float32([value], [1]) });

/** Makes the files, by path under the root; objects become JSON. */
function put(files: Record<string, Uint8Array | string | object>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    const raw = typeof content === 'string' || content instanceof Uint8Array;
    writeFileSync(join(root, path), raw ? content : JSON.stringify(content));
  }
}

/** The one value of the unet's tensor `w`. */
function unetValue(variant?: string): number {
  const checkpoint = openCheckpoint(root, { variant });
  const { data } = checkpoint.component('unet').weights.read('w');
  checkpoint.close();
  return Number(data[0]);
}

describe('openCheckpoint', () => {
  it('opens networks, tokenizer and scheduler', () => {
    const { vocab, merges } = trainBpe(['a man'], { vocabSize: 514 });
    put({
      'model_index.json': { _class_name: 'StableDiffusionPipeline', unet: ['diffusers', 'UNet2DConditionModel'] },
      'unet/config.json': { in_channels: 4 },
      'unet/diffusion_pytorch_model.safetensors': weights(1),
      'text_encoder/config.json': {},
      'text_encoder/model.safetensors': weights(2),
      'scheduler/scheduler_config.json': { beta_start: 0.1 },
      'tokenizer/vocab.json': vocab,
      'tokenizer/merges.txt': `#version: 0.2\n${merges.join('\n')}\n`,
      'tokenizer/special_tokens_map.json': { pad_token: { content: '!', lstrip: false } },
    });
    const checkpoint = openCheckpoint(root);
    expect(checkpoint.pipelineClass).toBe('StableDiffusionPipeline');
    expect(checkpoint.components).toEqual(['text_encoder', 'unet']);
    expect(checkpoint.component('unet').config).toEqual({ in_channels: 4 });
    expect(checkpoint.component('unet')).toBe(checkpoint.component('unet'));
    expect(checkpoint.component('text_encoder').weights.read('w').data[0]).toBe(2);
    expect(checkpoint.schedulerConfig()).toEqual({ beta_start: 0.1 });
    expect(checkpoint.tokenizer().padId).toBe(vocab['!']);
    checkpoint.close();
  });

  it('reads a tokenizer that is one tokenizer.json', () => {
    const { vocab } = trainBpe([], { vocabSize: 514 });
    put({
      'unet/config.json': {},
      'tokenizer_2/tokenizer.json': { model: { type: 'BPE', vocab, merges: [['a', 'b']] } },
      'tokenizer_2/tokenizer_config.json': {
        model_max_length: 1e30,
        added_tokens_decoder: { 700: { content: '<me>' } },
      },
    });
    const tokenizer = openCheckpoint(root).tokenizer('tokenizer_2');
    expect(tokenizer.modelMaxLength).toBe(77);
    expect(tokenizer.encode('<me>').ids[1]).toBe(700);
  });

  it('prefers plain weights, then the variant asked for, then any single file', () => {
    put({ 'unet/config.json': {}, 'unet/other.safetensors': weights(1) });
    expect(unetValue()).toBe(1);
    put({ 'unet/diffusion_pytorch_model.fp16.safetensors': weights(2) });
    expect(unetValue()).toBe(2);
    put({ 'unet/diffusion_pytorch_model.safetensors': weights(3) });
    expect(unetValue()).toBe(3);
    expect(unetValue('fp16')).toBe(2);
    expect(unetValue('ema')).toBe(3);
  });

  it('refuses to guess between several files', () => {
    put({ 'unet/config.json': {}, 'unet/a.safetensors': weights(1), 'unet/b.safetensors': weights(2) });
    expect(() => unetValue()).toThrowError(expect.objectContaining({ code: 'invalid-input' }));
  });

  it('reads shards through their index, quantised ones too', () => {
    const quantised = packTensors({ q: float32([127, 1], [1, 2]) }, () => 'int8');
    put({
      'unet/config.json': {},
      'unet/model-00001-of-00002.safetensors': weights(1),
      'unet/model-00002-of-00002.safetensors': encodeSafetensors(quantised),
      'unet/model.safetensors.index.json': {
        metadata: {},
        weight_map: {
          w: 'model-00001-of-00002.safetensors',
          q: 'model-00002-of-00002.safetensors',
          'q.scale': 'model-00002-of-00002.safetensors',
        },
      },
    });
    const { weights: source } = openCheckpoint(root).component('unet');
    expect([...source.names()].sort()).toEqual(['q', 'w']);
    expect([...source.read('q').data]).toEqual([127, 1]);
  });

  it.each<[string, Record<string, string>, string, RegExp]>([
    ['a missing shard', { w: 'none.safetensors' }, 'not-found', /shard is missing/],
    ['a shard outside the folder', { w: '../w.safetensors' }, 'not-found', /shard is missing/],
    ['a tensor that its shard lacks', { v: 'model-00001-of-00001.safetensors' }, 'corrupt-file', /different versions/],
  ])('refuses an index with %s', (_, weight_map, code, hint) => {
    put({
      'w.safetensors': weights(1),
      'unet/config.json': {},
      'unet/model-00001-of-00001.safetensors': weights(1),
      'unet/model.safetensors.index.json': { weight_map },
    });
    expect(() => unetValue()).toThrowError(expect.objectContaining({ code, message: expect.stringMatching(hint) }));
  });

  it.each<[string, Record<string, string | object>, () => unknown, string, RegExp]>([
    ['no folder', {}, () => openCheckpoint(join(root, 'none')), 'not-found', /check the path/],
    [
      'a single pickle',
      { 'a.ckpt': 'x' },
      () => openCheckpoint(join(root, 'a.ckpt')),
      'corrupt-file',
      /PyTorch pickle/,
    ],
    ['an empty folder', {}, () => openCheckpoint(root), 'invalid-input', /layout of diffusers/],
    ['a single network', { 'config.json': {} }, () => openCheckpoint(root), 'invalid-input', /single network/],
    ['a broken index', { 'model_index.json': '{' }, () => openCheckpoint(root), 'corrupt-file', /JSON/],
    [
      'a missing component',
      { 'unet/config.json': {} },
      () => openCheckpoint(root).component('vae'),
      'not-found',
      /only unet/,
    ],
    ['a way out', { 'unet/config.json': {} }, () => openCheckpoint(root).component('..'), 'not-found', /sub-folder/],
    ['no tokenizer', { 'unet/config.json': {} }, () => openCheckpoint(root).tokenizer(), 'not-found', /tokenizer/],
    [
      'no scheduler',
      { 'unet/config.json': {} },
      () => openCheckpoint(root).schedulerConfig(),
      'not-found',
      /scheduler/,
    ],
    ['no weights', { 'unet/config.json': {} }, () => unetValue(), 'not-found', /incomplete/],
    ['a broken config', { 'unet/config.json': 'x' }, () => unetValue(), 'corrupt-file', /download the file again/],
    [
      'only pickles',
      { 'unet/config.json': {}, 'unet/a.bin': 'x' },
      () => unetValue(),
      'unsupported',
      /only a.bin[\s\S]*run any code/,
    ],
    [
      'a merges.txt short',
      { 'unet/config.json': {}, 'tokenizer/vocab.json': {} },
      () => openCheckpoint(root).tokenizer(),
      'not-found',
      /merges.txt/,
    ],
    [
      'a vocabulary of words',
      { 'unet/config.json': {}, 'tokenizer/vocab.json': { a: 'b' } },
      () => openCheckpoint(root).tokenizer(),
      'corrupt-file',
      /expected number/,
    ],
  ])('says what is wrong with %s', (_, files, open, code, reason) => {
    put(files);
    expect(open).toThrowError(expect.objectContaining({ code, message: expect.stringMatching(reason) }));
  });
});

describe('sources', () => {
  const a = memorySource({ x: float32([1], [1]), y: float32([2], [1]) });
  const b = memorySource({ y: float32([3], [1]), z: float32([4], [1, 1]) });

  it('merges with the first source counting', () => {
    const merged = mergeSources(a, b);
    expect([...merged.names()]).toEqual(['x', 'y', 'z']);
    expect(merged.read('y').data[0]).toBe(2);
    expect(merged.info('z')).toEqual({ dtype: 'float32', shape: [1, 1] });
    expect(merged.has('w')).toBe(false);
  });

  it('puts a prefix before names', () => {
    const prefixed = prefixSource(a, 'unet.');
    expect([...prefixed.names()]).toEqual(['unet.x', 'unet.y']);
    expect(prefixed.read('unet.x').data[0]).toBe(1);
    expect(prefixed.has('x')).toBe(false);
  });

  it.each([
    ['memory', () => a.read('toString')],
    ['a merged source', () => mergeSources(a, b).info('w')],
    ['a prefix', () => prefixSource(a, 'unet.').read('x')],
  ])('says what is missing in %s', (_, read) => {
    expect(read).toThrowError(expect.objectContaining({ code: 'not-found' }));
  });
});

describe.skipIf(!existsSync(golden))('published layouts (skipped without CONTRAPPOSTO_SHARED)', () => {
  it('opens the tiny checkpoints', () => {
    const sd = openCheckpoint(join(golden, 'tiny-sd'));
    expect(sd.components).toEqual(['text_encoder', 'unet', 'vae']);
    expect(sd.component('vae').weights.has('decoder.conv_in.weight')).toBe(true);
    expect(sd.schedulerConfig()).toMatchObject({ beta_schedule: 'scaled_linear' });
    sd.close();
    const xl = openCheckpoint(join(golden, 'tiny-sdxl'));
    expect(xl.pipelineClass).toBeUndefined();
    expect(xl.components).toEqual(['text_encoder', 'text_encoder_2', 'unet']);
    const control = openModelFolder(join(golden, 'tiny-controlnet'));
    expect(control.weights.has('conv_in.weight')).toBe(true);
    control.close();
  });
});
