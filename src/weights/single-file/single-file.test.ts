import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { float32, type Tensor, type WeightSource } from '../../core/tensor.js';
import {
  clipTextGraph,
  openAutoencoder,
  parseClipTextConfig,
  parseUNet2DConditionConfig,
  randomWeights,
  unetGraph,
} from '../../models/index.js';
import { openCheckpoint } from '../checkpoint.js';
import { writeSafetensors } from '../safetensors-writer.js';
import { memorySource, mergeSources } from '../sources.js';
import { writeTokenizer } from '../tokenizer-folder.js';
import { unetConfig, vaeConfig } from './configs.js';
import { unetPlaces, vaePlaces } from './networks.js';
import {
  asConvolutions,
  asOpenClip,
  originalUnetName,
  originalVaeName,
  renamedTensors,
} from './test-original-names.js';
import { viewSource } from './view.js';

const SHARED = resolve(process.env['CONTRAPPOSTO_SHARED'] ?? '../shared', 'golden');
const scratch = mkdtempSync(join(tmpdir(), 'single-file-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function expectEqual(view: WeightSource, original: WeightSource): void {
  expect([...view.names()].sort()).toEqual([...original.names()].sort());
  for (const name of original.names()) {
    const { shape, data } = original.read(name);
    expect(view.info(name).shape, name).toEqual(shape);
    const got = view.read(name);
    expect(got.shape, name).toEqual(shape);
    expect(
      Buffer.from(got.data.buffer, got.data.byteOffset, got.data.byteLength).equals(
        Buffer.from(data.buffer, data.byteOffset, data.byteLength),
      ),
      name,
    ).toBe(true);
  }
}

const SMALL_VAE = {
  block_out_channels: [32, 32, 64],
  down_block_types: new Array(3).fill('DownEncoderBlock2D'),
  up_block_types: new Array(3).fill('UpDecoderBlock2D'),
  latent_channels: 4,
  layers_per_block: 1,
  norm_num_groups: 32,
};
const SMALL_XL = {
  block_out_channels: [64, 128, 128],
  down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
  up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
  transformer_layers_per_block: [1, 1, 2],
  attention_head_dim: [1, 2, 2],
  cross_attention_dim: 192,
  use_linear_projection: true,
  layers_per_block: 2,
  addition_embed_type: 'text_time',
  addition_time_embed_dim: 8,
  projection_class_embeddings_input_dim: 96 + 48,
};
const clip = (hidden: number) => ({
  vocab_size: 514,
  hidden_size: hidden,
  intermediate_size: 2 * hidden,
  num_hidden_layers: 2,
  num_attention_heads: hidden / 64,
  max_position_embeddings: 77,
});

/** Bytes as symbols, alone and at the end of a word, and the two markers: 514 words. */
function vocabulary(): Record<string, number> {
  const symbols = Array.from({ length: 255 }, (_, i) => String.fromCharCode(i < 94 ? 33 + i : 162 + i)).concat('Ā');
  const words = [...symbols, ...symbols.map((symbol) => `${symbol}</w>`), '<|startoftext|>', '<|endoftext|>'];
  return Object.fromEntries(words.map((word, id) => [word, id]));
}

describe('a file of SDXL', () => {
  const unet = randomWeights(unetGraph(parseUNet2DConditionConfig(SMALL_XL), { batch: 1, height: 8, width: 8 }), 1);
  const autoencoder = openAutoencoder(SMALL_VAE);
  const size = { batch: 1, height: 8, width: 8 };
  const vae = mergeSources(
    randomWeights(autoencoder.encodeGraph({ ...size, height: 32, width: 32 }), 2),
    randomWeights(autoencoder.decodeGraph(size), 2),
  );
  const encoder = (hidden: number, seed: number) =>
    randomWeights(clipTextGraph(parseClipTextConfig(clip(hidden)), { batch: 1, prefix: 'text_model' }), seed);
  const first = encoder(64, 3);
  const projection = float32(
    Array.from({ length: 96 * 128 }, (_, i) => i / 7),
    [96, 128],
  );
  const second = mergeSources(encoder(128, 4), {
    has: (name) => name === 'text_projection.weight',
    names: () => ['text_projection.weight'],
    info: () => projection,
    read: () => projection,
  });
  const path = join(scratch, 'xl', 'checkpoint.safetensors');
  const env = { HF_HOME: join(scratch, 'home') };

  beforeAll(async () => {
    const { mkdirSync } = await import('node:fs');
    mkdirSync(join(scratch, 'xl'));
    const about = { layers: 2, levels: 3, upAttention: [true, true, false] };
    const tensors: Record<string, Tensor> = {
      ...renamedTensors(unet, (name) => originalUnetName(name, about)),
      ...asConvolutions(renamedTensors(vae, (name) => originalVaeName(name, 3))),
      ...renamedTensors(first, (name) => `conditioner.embedders.0.transformer.${name}`),
      ...asOpenClip(second, 'conditioner.embedders.1.model.'),
      'model_ema.decay': float32([1], []),
    };
    await writeSafetensors(path, tensors);
  });

  it('reads back what was written under the original names', () => {
    const checkpoint = openCheckpoint(path);
    expect(checkpoint.components).toEqual(['text_encoder', 'text_encoder_2', 'unet', 'vae']);
    expectEqual(checkpoint.component('unet').weights, unet);
    expectEqual(checkpoint.component('vae').weights, vae);
    expectEqual(checkpoint.component('text_encoder').weights, first);
    expectEqual(checkpoint.component('text_encoder_2').weights, second);
    checkpoint.close();
  });

  it('reads the configurations off the shapes', () => {
    const checkpoint = openCheckpoint(path);
    const { sampleSize, ...parsed } = parseUNet2DConditionConfig(checkpoint.component('unet').config);
    const { sampleSize: _, ...expected } = parseUNet2DConditionConfig(SMALL_XL);
    expect(parsed).toEqual(expected);
    expect(sampleSize).toEqual([128, 128]);
    expect(checkpoint.component('vae').config).toMatchObject({ ...SMALL_VAE, scaling_factor: 0.13025 });
    expect(checkpoint.component('text_encoder').config).toMatchObject({ ...clip(64), hidden_act: 'quick_gelu' });
    const two = { ...clip(128), hidden_act: 'gelu', projection_dim: 96 };
    expect(checkpoint.component('text_encoder_2').config).toMatchObject(two);
    checkpoint.close();
  });

  it('asks for a vocabulary, and takes it from the option, beside the file, or the cache of the hub', async () => {
    const open = (options = {}) => openCheckpoint(path, { ...options, env });
    expect(() => open().tokenizer()).toThrow(/--tokenizer FOLDER/);
    await writeTokenizer(join(scratch, 'other'), { vocab: { '<|startoftext|>': 0, '<|endoftext|>': 1 }, merges: [] });
    expect(() => open({ tokenizer: join(scratch, 'other') }).tokenizer()).toThrow(/expected 514 words/);
    const words = { vocab: vocabulary(), merges: [] };
    const cached = join(scratch, 'home/hub/models--org--clip/snapshots', 'a'.repeat(40));
    await writeTokenizer(cached, words);
    expect(open().tokenizer().encode('a').ids.slice(0, 3)).toEqual([512, 256 + 64, 513]);
    // The second encoder's padding is "!", the first word.
    expect(open().tokenizer('tokenizer_2').padId).toBe(0);
    expect(open().tokenizer().padId).toBe(513);
    rmSync(join(scratch, 'home'), { recursive: true });
    await writeTokenizer(join(scratch, 'given'), words);
    expect(open({ tokenizer: join(scratch, 'given') }).tokenizer().vocabSize).toBe(514);
  });
});

describe('a file of Stable Diffusion 2', () => {
  const config = {
    ...{ block_out_channels: [64, 128], layers_per_block: 1, attention_head_dim: [1, 2], cross_attention_dim: 128 },
    ...{
      down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
      up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
    },
    use_linear_projection: true,
  };
  const size = { batch: 1, height: 8, width: 8 };
  const unet = randomWeights(unetGraph(parseUNet2DConditionConfig(config), size), 1);
  const autoencoder = openAutoencoder(SMALL_VAE);
  const vae = mergeSources(
    randomWeights(autoencoder.encodeGraph({ ...size, height: 32, width: 32 }), 2),
    randomWeights(autoencoder.decodeGraph(size), 2),
  );
  const encoder = (layers: number) =>
    randomWeights(
      clipTextGraph(parseClipTextConfig({ ...clip(128), num_hidden_layers: layers }), {
        batch: 1,
        prefix: 'text_model',
      }),
      3,
    );
  const projection = { 'text_projection.weight': float32(new Float32Array(128 * 128), [128, 128]) };
  const whole = mergeSources(encoder(3), memorySource(projection));
  const tensors = {
    ...renamedTensors(unet, (name) => originalUnetName(name, { layers: 1, levels: 2, upAttention: [false, true] })),
    ...asConvolutions(renamedTensors(vae, (name) => originalVaeName(name, 3))),
    ...asOpenClip(whole, 'cond_stage_model.model.'),
    'cond_stage_model.model.logit_scale': float32([1], []),
  };
  const write = async (name: string, metadata?: Record<string, string>) => {
    const path = join(scratch, name);
    await writeSafetensors(path, tensors, { metadata });
    return path;
  };

  it('is read without the last layer of its text encoder', async () => {
    const checkpoint = openCheckpoint(await write('v2-1_768-ema-pruned.safetensors'));
    expect(checkpoint.components).toEqual(['text_encoder', 'unet', 'vae']);
    expectEqual(checkpoint.component('unet').weights, unet);
    expectEqual(checkpoint.component('vae').weights, vae);
    const text = checkpoint.component('text_encoder');
    expect(text.config).toMatchObject({ ...clip(128), num_hidden_layers: 2, hidden_act: 'gelu' });
    const names = [...encoder(2).names()];
    expect([...text.weights.names()].sort()).toEqual(names.sort());
    for (const name of names) expect(text.weights.read(name).data, name).toEqual(whole.read(name).data);
    const { sampleSize, ...parsed } = parseUNet2DConditionConfig(checkpoint.component('unet').config);
    const { sampleSize: _, ...expected } = parseUNet2DConditionConfig(config);
    expect([parsed, sampleSize]).toEqual([expected, [96, 96]]);
    expect(checkpoint.schedulerConfig()).toMatchObject({ prediction_type: 'v_prediction' });
    checkpoint.close();
  });

  it('predicts what its name, its metadata or the .yaml beside it says, and is refused when nothing does', async () => {
    const kind = (path: string) => {
      const checkpoint = openCheckpoint(path);
      const said = (checkpoint.schedulerConfig() as { prediction_type: string }).prediction_type;
      checkpoint.close();
      return said;
    };
    expect(kind(await write('512-base-ema.safetensors'))).toBe('epsilon');
    expect(kind(await write('mine.safetensors', { 'modelspec.prediction_type': 'v' }))).toBe('v_prediction');
    expect(kind(await write('mine.safetensors', { 'modelspec.prediction_type': 'epsilon' }))).toBe('epsilon');
    const silent = await write('silent.safetensors');
    expect(() => openCheckpoint(silent)).toThrow(/got a file that does not say.*\.yaml beside it/s);
    writeFileSync(join(scratch, 'silent.yaml'), 'model:\n  params:\n    parameterization: "v"\n');
    expect(kind(silent)).toBe('v_prediction');
    writeFileSync(join(scratch, 'silent.yaml'), 'model:\n  params:\n    linear_start: 0.00085\n');
    expect(kind(silent)).toBe('epsilon');
  });
});

describe('real sizes', () => {
  /** Shapes alone: no such weights are made. */
  const shapesOf = (shapes: Map<string, readonly number[]>): WeightSource => ({
    has: (name) => shapes.has(name),
    names: () => shapes.keys(),
    info: (name) => ({ dtype: 'float16', shape: shapes.get(name)! }),
    read: () => expect.fail('nothing is to be read'),
  });

  it.each([
    ['sd1', { sample_size: 64, cross_attention_dim: 768 }],
    ['sd1', { sample_size: 64, cross_attention_dim: 768, in_channels: 9 }],
    [
      'sd2',
      { sample_size: 64, cross_attention_dim: 1024, attention_head_dim: [5, 10, 20, 20], use_linear_projection: true },
    ],
    [
      'sdxl',
      {
        sample_size: 128,
        block_out_channels: [320, 640, 1280],
        down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
        up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
        transformer_layers_per_block: [1, 2, 10],
        attention_head_dim: [5, 10, 20],
        cross_attention_dim: 2048,
        use_linear_projection: true,
        addition_embed_type: 'text_time',
        addition_time_embed_dim: 256,
        projection_class_embeddings_input_dim: 2816,
      },
    ],
  ] as const)('finds the published configuration of %s', (family, config) => {
    const expected = parseUNet2DConditionConfig(config);
    const about = { layers: 2, levels: expected.levels.length, upAttention: expected.upAttention };
    const graph = unetGraph(expected, { batch: 1, height: 8, width: 8 });
    const shapes = Array.from(graph.parameters.values(), (p) => [originalUnetName(p.name, about), p.shape] as const);
    const source = shapesOf(new Map(shapes));
    const view = viewSource(source, unetPlaces(new Set(source.names())));
    expect(parseUNet2DConditionConfig(unetConfig(view, family, { pooledWidth: 1280 }))).toEqual(expected);
    expect([...view.names()].length).toBe(graph.parameters.size);
  });
});

describe('the reference checkpoint', () => {
  it.skipIf(!existsSync(SHARED))('survives being renamed (needs CONTRAPPOSTO_SHARED)', () => {
    const checkpoint = openCheckpoint(join(SHARED, 'tiny-sd'));
    const unet = checkpoint.component('unet');
    const { levels, upAttention } = parseUNet2DConditionConfig(unet.config);
    const about = { layers: 1, levels: levels.length, upAttention };
    const tensors = renamedTensors(unet.weights, (name) => originalUnetName(name, about));
    const source = { ...fromRecord(tensors) };
    expectEqual(viewSource(source, unetPlaces(new Set(source.names()))), unet.weights);
    const vae = checkpoint.component('vae');
    const original = fromRecord(asConvolutions(renamedTensors(vae.weights, (name) => originalVaeName(name, 3))));
    const view = viewSource(original, vaePlaces(new Set(original.names()), { levels: 3 }));
    expectEqual(view, vae.weights);
    const config = vae.config as Record<string, unknown>;
    expect(vaeConfig(view, 'sd1')).toMatchObject({
      block_out_channels: config['block_out_channels'],
      latent_channels: 4,
    });
    checkpoint.close();
  });

  const fromRecord = (tensors: Record<string, Tensor>): WeightSource => ({
    has: (name) => name in tensors,
    names: () => Object.keys(tensors),
    info: (name) => tensors[name],
    read: (name) => tensors[name],
  });
});

describe('other files', () => {
  it.each([
    ['a LoRA file', 'lora_unet_mid.lora_down.weight'],
    ['Stable Diffusion 2', 'cond_stage_model.model.ln_final.weight'],
    ['the refiner', 'conditioner.embedders.0.model.ln_final.weight'],
    ['1 tensors under other names', 'weight'],
  ])('are refused by what they are: %s', async (what, name) => {
    const path = join(scratch, 'other.safetensors');
    await writeSafetensors(path, { [name]: float32([1], [1]) });
    expect(() => openCheckpoint(path)).toThrow(new RegExp(`got ${what}[^]*--lora`));
  });
});
