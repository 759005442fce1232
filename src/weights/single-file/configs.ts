// Configurations that a single-file checkpoint does not have: read off its shapes, the rest as these families have it.
import type { Shape, WeightSource } from '../../core/tensor.js';
import { layersOfUnet } from '../unet-names.js';

export type Family = 'sd1' | 'sd2' | 'sdxl';

/** Width of an attention head in the UNets after Stable Diffusion 1 and in all of CLIP's text encoders. */
const HEAD_WIDTH = 64;

/** Latent pixels a side that a family was trained for; Stable Diffusion 2 has two sizes. */
const SIDES: Record<Family, number> = { sd1: 64, sd2: 64, sdxl: 128 };

/** `unet/config.json` of a UNet under diffusers' names. */
export function unetConfig(
  weights: WeightSource,
  family: Family,
  { pooledWidth, side = SIDES[family] }: { pooledWidth?: number; side?: number },
): object {
  const shape = (name: string): Shape => weights.info(name).shape;
  const layers = layersOfUnet(weights.names());
  const levels = layers.length;
  const channels = layers.map((_, level) => shape(`down_blocks.${level}.resnets.0.conv1.weight`)[0]);
  const depth = (block: string) => count(weights, (i) => `${block}.transformer_blocks.${i}.norm1.weight`);
  const down = layers.map((_, level) => depth(`down_blocks.${level}.attentions.0`));
  const up = layers.map((_, level) => depth(`up_blocks.${level}.attentions.0`));
  const attention = 'mid_block.attentions.0';
  const added = 'add_embedding.linear_1.weight';
  const addedWidth = weights.has(added) ? shape(added)[1] : undefined;
  return {
    _class_name: 'UNet2DConditionModel',
    act_fn: 'silu',
    sample_size: side,
    in_channels: shape('conv_in.weight')[1],
    out_channels: shape('conv_out.weight')[0],
    block_out_channels: channels,
    layers_per_block: layers.every((n) => n === layers[0]) ? layers[0] : layers,
    down_block_types: down.map((n) => (n > 0 ? 'CrossAttnDownBlock2D' : 'DownBlock2D')),
    mid_block_type: 'UNetMidBlock2DCrossAttn',
    up_block_types: up.map((n) => (n > 0 ? 'CrossAttnUpBlock2D' : 'UpBlock2D')),
    transformer_layers_per_block: down.map((n, level) => Math.max(1, n || up[levels - 1 - level])),
    attention_head_dim: family === 'sd1' ? 8 : channels.map((n) => Math.max(1, n / HEAD_WIDTH)),
    cross_attention_dim: shape(`${attention}.transformer_blocks.0.attn2.to_k.weight`)[1],
    use_linear_projection: shape(`${attention}.proj_in.weight`).length === 2,
    norm_num_groups: 32,
    norm_eps: 1e-5,
    flip_sin_to_cos: true,
    freq_shift: 0,
    downsample_padding: 1,
    ...(addedWidth !== undefined && {
      addition_embed_type: 'text_time',
      projection_class_embeddings_input_dim: addedWidth,
      // Six numbers beside the pooled text: two sizes and a corner.
      addition_time_embed_dim: (addedWidth - (pooledWidth ?? 0)) / 6,
    }),
  };
}

/** `vae/config.json` of an AutoencoderKL under diffusers' names. */
export function vaeConfig(weights: WeightSource, family: Family): object {
  const levels = count(weights, (i) => `encoder.down_blocks.${i}.resnets.0.conv1.weight`);
  const shape = (name: string): Shape => weights.info(name).shape;
  return {
    _class_name: 'AutoencoderKL',
    act_fn: 'silu',
    sample_size: family === 'sdxl' ? 1024 : 512,
    in_channels: shape('encoder.conv_in.weight')[1],
    out_channels: shape('decoder.conv_out.weight')[0],
    latent_channels: shape('decoder.conv_in.weight')[1],
    block_out_channels: Array.from(
      { length: levels },
      (_, i) => shape(`encoder.down_blocks.${i}.resnets.0.conv1.weight`)[0],
    ),
    down_block_types: new Array(levels).fill('DownEncoderBlock2D'),
    up_block_types: new Array(levels).fill('UpDecoderBlock2D'),
    layers_per_block: count(weights, (i) => `encoder.down_blocks.0.resnets.${i}.conv1.weight`),
    norm_num_groups: 32,
    scaling_factor: family === 'sdxl' ? 0.13025 : 0.18215,
  };
}

/** `text_encoder/config.json` of a CLIP text tower under transformers' names. */
export function clipConfig(
  weights: WeightSource,
  { projected, openClip }: { projected: boolean; openClip: boolean },
): object {
  const shape = (name: string): Shape => weights.info(`text_model.${name}`).shape;
  const [words, width] = shape('embeddings.token_embedding.weight');
  return {
    architectures: [projected ? 'CLIPTextModelWithProjection' : 'CLIPTextModel'],
    model_type: 'clip_text_model',
    vocab_size: words,
    hidden_size: width,
    intermediate_size: shape('encoder.layers.0.mlp.fc1.weight')[0],
    num_hidden_layers: count(weights, (i) => `text_model.encoder.layers.${i}.layer_norm1.weight`),
    num_attention_heads: Math.max(1, width / HEAD_WIDTH),
    max_position_embeddings: shape('embeddings.position_embedding.weight')[0],
    // OpenAI's encoder was trained with the approximation, OpenCLIP's with the exact function.
    hidden_act: openClip ? 'gelu' : 'quick_gelu',
    layer_norm_eps: 1e-5,
    projection_dim: projected ? weights.info('text_projection.weight').shape[0] : width,
    bos_token_id: words - 2,
    eos_token_id: words - 1,
  };
}

/** `scheduler/scheduler_config.json`: how these families were trained. */
export function schedulerConfig(family: Family, { velocity }: { velocity: boolean }): object {
  const training = {
    beta_start: 0.00085,
    beta_end: 0.012,
    beta_schedule: 'scaled_linear',
    num_train_timesteps: 1000,
    prediction_type: velocity ? 'v_prediction' : 'epsilon',
    steps_offset: 1,
    timestep_spacing: 'leading',
  };
  if (family === 'sdxl') return { _class_name: 'EulerDiscreteScheduler', ...training };
  return { _class_name: 'DDIMScheduler', ...training, clip_sample: false, set_alpha_to_one: false };
}

function count(weights: WeightSource, name: (index: number) => string): number {
  let n = 0;
  while (weights.has(name(n))) n++;
  return n;
}
