// Writes a small checkpoint with random weights in diffusers layout, so that the commands can be tested without any model.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomNormal } from '../../src/core/random.js';
import { sizeOf, type Tensor } from '../../src/core/tensor.js';
import type { Graph } from '../../src/graph/index.js';
import {
  clipTextGraph,
  controlNetGraph,
  openAutoencoder,
  parseClipTextConfig,
  parseControlNetConfig,
  parseT2IAdapterConfig,
  parseUNet2DConditionConfig,
  t2iAdapterGraph,
  unetGraph,
} from '../../src/models/index.js';
import { writeSafetensors } from '../../src/weights/index.js';

const UNET = {
  _class_name: 'UNet2DConditionModel',
  act_fn: 'silu',
  attention_head_dim: 4,
  block_out_channels: [16, 32],
  cross_attention_dim: 32,
  down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
  mid_block_type: 'UNetMidBlock2DCrossAttn',
  flip_sin_to_cos: true,
  freq_shift: 0,
  in_channels: 4,
  out_channels: 4,
  layers_per_block: 1,
  norm_eps: 1e-5,
  norm_num_groups: 8,
  sample_size: 16,
};

const VAE = {
  _class_name: 'AutoencoderKL',
  act_fn: 'silu',
  block_out_channels: [8, 16, 16],
  down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D', 'DownEncoderBlock2D'],
  up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D', 'UpDecoderBlock2D'],
  in_channels: 3,
  out_channels: 3,
  latent_channels: 4,
  layers_per_block: 1,
  norm_num_groups: 8,
  sample_size: 64,
  scaling_factor: 0.18215,
};

const SCHEDULER = {
  _class_name: 'DDIMScheduler',
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  clip_sample: false,
  num_train_timesteps: 1000,
  prediction_type: 'epsilon',
  set_alpha_to_one: false,
  steps_offset: 1,
  timestep_spacing: 'leading',
};

/** Writes the checkpoint (64x64 pixels, a few hundred kilobytes) into `folder`, the same bytes every time. */
export async function writeTinyCheckpoint(folder: string): Promise<void> {
  const { vocabulary, merges } = byteVocabulary();
  const size = Object.keys(vocabulary).length;
  const text = {
    architectures: ['CLIPTextModel'],
    model_type: 'clip_text_model',
    bos_token_id: size - 2,
    eos_token_id: size - 1,
    pad_token_id: size - 1,
    hidden_act: 'quick_gelu',
    hidden_size: 32,
    intermediate_size: 64,
    layer_norm_eps: 1e-5,
    max_position_embeddings: 77,
    num_attention_heads: 4,
    num_hidden_layers: 2,
    vocab_size: size,
  };
  const vae = openAutoencoder(VAE);
  const pixels = { batch: 1, height: 64, width: 64 };
  const latents = { batch: 1, height: 16, width: 16 };
  await component(folder, 'unet', { config: UNET, graphs: [unetGraph(parseUNet2DConditionConfig(UNET), latents)] });
  await component(folder, 'vae', { config: VAE, graphs: [vae.encodeGraph(pixels), vae.decodeGraph(latents)] });
  await component(folder, 'text_encoder', {
    config: text,
    graphs: [clipTextGraph(parseClipTextConfig(text), { batch: 1 })],
  });
  json(folder, 'scheduler/scheduler_config.json', SCHEDULER);
  json(folder, 'tokenizer/vocab.json', vocabulary);
  json(folder, 'tokenizer/tokenizer_config.json', { model_max_length: 77, tokenizer_class: 'CLIPTokenizer' });
  writeFileSync(join(folder, 'tokenizer/merges.txt'), merges);
  json(folder, 'model_index.json', {
    _class_name: 'StableDiffusionPipeline',
    scheduler: ['diffusers', SCHEDULER._class_name],
    text_encoder: ['transformers', 'CLIPTextModel'],
    tokenizer: ['transformers', 'CLIPTokenizer'],
    unet: ['diffusers', UNET._class_name],
    vae: ['diffusers', VAE._class_name],
  });
}

/** Writes a ControlNet of the checkpoint's family into `folder`, changed by `fields` of its config. */
export async function writeTinyControlNet(folder: string, fields: object = {}): Promise<void> {
  const { up_block_types: _, out_channels: __, ...shared } = UNET;
  const own = { _class_name: 'ControlNetModel', conditioning_embedding_out_channels: [8, 16, 16] };
  const config = { ...shared, ...own, ...fields };
  const graph = controlNetGraph(parseControlNetConfig(config), { batch: 1, height: 16, width: 16 });
  await component(folder, '.', { config, graphs: [graph] });
}

/** Writes a T2I-Adapter of the checkpoint's family into `folder`. */
export async function writeTinyAdapter(folder: string, fields: object = {}): Promise<void> {
  const config = { _class_name: 'T2IAdapter', channels: [16, 32], downscale_factor: 4, num_res_blocks: 1, ...fields };
  const graph = t2iAdapterGraph(parseT2IAdapterConfig(config), { batch: 1, height: 64, width: 64 });
  await component(folder, '.', { config, graphs: [graph] });
}

async function component(folder: string, name: string, { config, graphs }: { config: object; graphs: Graph[] }) {
  json(folder, `${name}/config.json`, config);
  const file = name === 'text_encoder' ? 'model.safetensors' : 'diffusion_pytorch_model.safetensors';
  const parameters = new Map(graphs.flatMap((graph) => [...graph.parameters]));
  const tensors = [...parameters].map(([key, { shape }], i) => [key, initial(key, { shape, seed: i })] as const);
  await writeSafetensors(join(folder, name, file), Object.fromEntries(tensors));
}

/** Norms begin at one and biases at zero; the rest is normal, scaled down by the width it sums over. */
function initial(name: string, { shape, seed }: { shape: readonly number[]; seed: number }): Tensor {
  if (name.endsWith('bias')) return { dtype: 'float32', shape, data: new Float32Array(sizeOf(shape)) };
  if (shape.length === 1) return { dtype: 'float32', shape, data: new Float32Array(sizeOf(shape)).fill(1) };
  const noise = randomNormal(seed, { shape }).data as Float32Array;
  const scale = 1 / Math.sqrt(sizeOf(shape.slice(1)));
  return { dtype: 'float32', shape, data: noise.map((x) => x * scale) };
}

function json(folder: string, path: string, content: object): void {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), JSON.stringify(content, null, 2));
}

/** Byte-level vocabulary of CLIP's form: 256 characters, the same ending a word, a few merges, the two markers. */
function byteVocabulary(): { vocabulary: Record<string, number>; merges: string } {
  const printable = (b: number) => (b > 32 && b < 127) || (b > 160 && b < 173) || b > 173;
  const bytes = Array.from({ length: 256 }, (_, b) => b);
  const hidden = bytes.filter((b) => !printable(b));
  const characters = bytes.map((b) => String.fromCharCode(printable(b) ? b : 256 + hidden.indexOf(b)));
  const merges = [
    ['a', 'n</w>'],
    ['m', 'an</w>'],
  ];
  const tokens = [
    ...characters,
    ...characters.map((c) => `${c}</w>`),
    ...merges.map((pair) => pair.join('')),
    '<|startoftext|>',
    '<|endoftext|>',
  ];
  const vocabulary = Object.fromEntries(tokens.map((token, i) => [token, i]));
  return { vocabulary, merges: `#version: 0.2\n${merges.map((pair) => pair.join(' ')).join('\n')}\n` };
}
