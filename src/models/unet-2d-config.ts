// The config of a conditional UNet, checked and brought into one entry a block.
import { z } from 'zod';
import { count, only, parseConfig, perBlock, spread } from './config.js';

const downBlock = z.enum(['DownBlock2D', 'CrossAttnDownBlock2D']);
const upBlock = z.enum(['UpBlock2D', 'CrossAttnUpBlock2D']);

/** SDXL conditions on original size, crop corner and target size: six numbers. */
export const TIME_IDS = 6;

interface AddedFields {
  addition_time_embed_dim?: number | null;
  projection_class_embeddings_input_dim?: number | null;
}

function pooledWidth(config: AddedFields): number {
  const { addition_time_embed_dim: each, projection_class_embeddings_input_dim: all } = config;
  return each && all ? all - TIME_IDS * each : 0;
}

const schema = z
  .looseObject({
    sample_size: z.union([count, z.tuple([count, count])]).nullish(),
    in_channels: count.default(4),
    out_channels: count.default(4),
    block_out_channels: z.array(count).min(1).default([320, 640, 1280, 1280]),
    down_block_types: z
      .array(downBlock)
      .default(['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D']),
    mid_block_type: z.literal('UNetMidBlock2DCrossAttn').nullable().default('UNetMidBlock2DCrossAttn'),
    up_block_types: z
      .array(upBlock)
      .default(['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D']),
    layers_per_block: perBlock.default(2),
    transformer_layers_per_block: perBlock.default(1),
    attention_head_dim: perBlock.default(8),
    num_attention_heads: perBlock.nullish(),
    cross_attention_dim: perBlock.default(1280),
    use_linear_projection: z.boolean().default(false),
    downsample_padding: z.union([z.literal(0), z.literal(1)]).default(1),
    norm_num_groups: count.default(32),
    norm_eps: z.number().positive().default(1e-5),
    flip_sin_to_cos: z.boolean().default(true),
    freq_shift: z.number().default(0),
    center_input_sample: z.boolean().default(false),
    resnet_time_scale_shift: z.enum(['default', 'scale_shift']).default('default'),
    time_embedding_dim: count.nullish(),
    addition_embed_type: z.literal('text_time').nullish(),
    addition_time_embed_dim: count.nullish(),
    projection_class_embeddings_input_dim: count.nullish(),
    act_fn: only('silu', 'swish'),
    attention_type: only('default'),
    class_embed_type: only(),
    class_embeddings_concat: only(false),
    conv_in_kernel: only(3),
    conv_out_kernel: only(3),
    cross_attention_norm: only(),
    dual_cross_attention: only(false),
    encoder_hid_dim: only(),
    encoder_hid_dim_type: only(),
    mid_block_only_cross_attention: only(false),
    mid_block_scale_factor: only(1),
    num_class_embeds: only(),
    only_cross_attention: only(false),
    resnet_out_scale_factor: only(1),
    resnet_skip_time_act: only(false),
    reverse_transformer_layers_per_block: only(),
    time_cond_proj_dim: only(),
    time_embedding_act_fn: only(),
    time_embedding_type: only('positional'),
    timestep_post_act: only(),
  })
  .refine((c) => c.down_block_types.length === c.block_out_channels.length, {
    path: ['down_block_types'],
    error: 'needs one entry for each of block_out_channels',
  })
  .refine((c) => c.up_block_types.length === c.block_out_channels.length, {
    path: ['up_block_types'],
    error: 'needs one entry for each of block_out_channels',
  })
  .refine((c) => c.addition_embed_type !== 'text_time' || pooledWidth(c) > 0, {
    path: ['projection_class_embeddings_input_dim'],
    error: 'and addition_time_embed_dim are needed with addition_embed_type "text_time"',
  });

/** One resolution level of the network. */
export interface UNetLevel {
  channels: number;
  /** ResNet blocks on the way down; one more on the way up. */
  layers: number;
  heads: number;
  transformerLayers: number;
  contextWidth: number;
}

export interface UNet2DConditionConfig {
  inChannels: number;
  outChannels: number;
  /** Height and width in latent pixels that the network was trained for, where the config says. */
  sampleSize?: readonly [number, number];
  /** Levels from the finest to the coarsest. */
  levels: readonly UNetLevel[];
  /** Whether each block down and each block up (coarsest first) has attention. */
  downAttention: readonly boolean[];
  upAttention: readonly boolean[];
  midBlock: boolean;
  linearProjection: boolean;
  downsamplePadding: 0 | 1;
  groups: number;
  epsilon: number;
  flipSinToCos: boolean;
  frequencyShift: number;
  centerInput: boolean;
  timeMode: 'default' | 'scale_shift';
  timeWidth: number;
  /** SDXL's additional condition: width of each embedded number of `time_ids`. */
  addedTimeWidth?: number;
  /** SDXL: width of the pooled text that goes with six `time_ids`. */
  pooledWidth?: number;
}

/**
 * Reads `unet/config.json` of a diffusers checkpoint. Unknown fields are ignored.
 *
 * Note that `attention_head_dim` of Stable Diffusion 1 is the number of heads, not their width: diffusers keeps the
 * misnomer for compatibility, and so does this.
 *
 * @throws ContrappostoError `unsupported`
 */
export function parseUNet2DConditionConfig(config: unknown): UNet2DConditionConfig {
  const c = parseConfig(schema, config, 'UNet2DConditionModel');
  const blocks = c.block_out_channels.length;
  const layers = spread(c.layers_per_block, blocks, 'layers_per_block');
  const heads = spread(c.num_attention_heads ?? c.attention_head_dim, blocks, 'attention_head_dim');
  const depth = spread(c.transformer_layers_per_block, blocks, 'transformer_layers_per_block');
  const context = spread(c.cross_attention_dim, blocks, 'cross_attention_dim');
  const size = c.sample_size ?? undefined;
  return {
    inChannels: c.in_channels,
    outChannels: c.out_channels,
    sampleSize: typeof size === 'number' ? [size, size] : size,
    levels: c.block_out_channels.map((channels, i) => ({
      channels,
      layers: layers[i],
      heads: heads[i],
      transformerLayers: depth[i],
      contextWidth: context[i],
    })),
    downAttention: c.down_block_types.map((t) => t === 'CrossAttnDownBlock2D'),
    upAttention: c.up_block_types.map((t) => t === 'CrossAttnUpBlock2D'),
    midBlock: c.mid_block_type !== null,
    linearProjection: c.use_linear_projection,
    downsamplePadding: c.downsample_padding,
    groups: c.norm_num_groups,
    epsilon: c.norm_eps,
    flipSinToCos: c.flip_sin_to_cos,
    frequencyShift: c.freq_shift,
    centerInput: c.center_input_sample,
    timeMode: c.resnet_time_scale_shift,
    timeWidth: c.time_embedding_dim ?? 4 * c.block_out_channels[0],
    addedTimeWidth: c.addition_embed_type ? c.addition_time_embed_dim! : undefined,
    pooledWidth: c.addition_embed_type ? pooledWidth(c) : undefined,
  };
}
