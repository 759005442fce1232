// The variational autoencoder of Stable Diffusion (diffusers' AutoencoderKL): pictures <-> latents.
import { z } from 'zod';
import {
  Add,
  Clip,
  Exp,
  Graph,
  Mul,
  Reshape,
  type Scope,
  Split,
  scope,
  Transpose,
  type Value,
} from '../graph/index.js';
import { silu } from '../nn/activation.js';
import { attention } from '../nn/attention.js';
import { conv2d, downsample, upsample } from '../nn/convolution.js';
import { groupNorm } from '../nn/normalization.js';
import { resnetBlock } from '../nn/resnet-block.js';
import { count, only, parseConfig } from './config.js';

const schema = z.looseObject({
  in_channels: count.default(3),
  out_channels: count.default(3),
  latent_channels: count.default(4),
  block_out_channels: z.array(count).min(1).default([64]),
  down_block_types: z.array(z.literal('DownEncoderBlock2D')).optional(),
  up_block_types: z.array(z.literal('UpDecoderBlock2D')).optional(),
  layers_per_block: count.default(1),
  norm_num_groups: count.default(32),
  scaling_factor: z.number().default(0.18215),
  shift_factor: z.number().nullish(),
  mid_block_add_attention: z.boolean().default(true),
  use_quant_conv: z.boolean().default(true),
  use_post_quant_conv: z.boolean().default(true),
  act_fn: only('silu', 'swish'),
  latents_mean: only(),
  latents_std: only(),
});

/** The fields of an AutoencoderKL config that matter here, under their own names. */
export type AutoencoderKLConfig = z.infer<typeof schema>;

/** Reads `vae/config.json` of class AutoencoderKL. Unknown fields are ignored. Throws `unsupported`. */
export function parseAutoencoderKLConfig(config: unknown): AutoencoderKLConfig {
  return parseConfig(schema, config, 'AutoencoderKL');
}

/** diffusers fixes this epsilon for every norm of the autoencoder; the config does not hold it. */
const EPSILON = 1e-6;

/** The posterior's parameters, each [N, latent_channels, h, w], before the scaling factor. */
export interface Posterior {
  mean: Value;
  /** Clamped to [-30, 20]. */
  logvar: Value;
}

/**
 * Encodes pictures.
 *
 * @param image [N, 3, H, W] in [-1, 1], H and W divisible by the scale factor
 */
export function autoencoderKLEncode(p: Scope, config: AutoencoderKLConfig, image: Value): Posterior {
  const { block_out_channels: channels, latent_channels: latents, layers_per_block: layers } = config;
  const encoder = p.at('encoder');
  let x = conv2d(encoder.at('conv_in'), image, { out: channels[0], kernel: 3, padding: 1 });
  channels.forEach((out, level) => {
    const block = encoder.at('down_blocks', level);
    for (let i = 0; i < layers; i++) x = resnet(block.at('resnets', i), x, { config, out });
    if (level < channels.length - 1) x = downsample(block.at('downsamplers', 0), x, { out, padding: 0 });
  });
  x = midBlock(encoder.at('mid_block'), x, config);
  x = silu(norm(encoder.at('conv_norm_out'), x, config));
  x = conv2d(encoder.at('conv_out'), x, { out: 2 * latents, kernel: 3, padding: 1 });
  if (config.use_quant_conv) x = conv2d(p.at('quant_conv'), x, { out: 2 * latents, kernel: 1 });
  const [mean, logvar] = Split(x, [latents, latents], { axis: 1 });
  return { mean, logvar: Clip(logvar, -30, 20) };
}

/** A sample of the posterior: `mean + exp(logvar / 2) noise`. */
export function samplePosterior(posterior: Posterior, noise: Value): Value {
  return Add(posterior.mean, Mul(Exp(Mul(posterior.logvar, 0.5)), noise));
}

/**
 * Decodes latents.
 *
 * @param latents [N, latent_channels, h, w], already divided by the scaling factor
 * @returns pictures [N, 3, H, W], about [-1, 1]
 */
export function autoencoderKLDecode(p: Scope, config: AutoencoderKLConfig, latents: Value): Value {
  const { block_out_channels: channels, latent_channels, layers_per_block: layers } = config;
  const decoder = p.at('decoder');
  const coarse = channels[channels.length - 1];
  let x = latents;
  if (config.use_post_quant_conv) x = conv2d(p.at('post_quant_conv'), x, { out: latent_channels, kernel: 1 });
  x = conv2d(decoder.at('conv_in'), x, { out: coarse, kernel: 3, padding: 1 });
  x = midBlock(decoder.at('mid_block'), x, config);
  channels.toReversed().forEach((out, level) => {
    const block = decoder.at('up_blocks', level);
    for (let i = 0; i <= layers; i++) x = resnet(block.at('resnets', i), x, { config, out });
    if (level < channels.length - 1) x = upsample(block.at('upsamplers', 0), x, { out });
  });
  x = silu(norm(decoder.at('conv_norm_out'), x, config));
  return conv2d(decoder.at('conv_out'), x, { out: config.out_channels, kernel: 3, padding: 1 });
}

function norm(p: Scope, x: Value, config: AutoencoderKLConfig): Value {
  return groupNorm(p, x, { groups: config.norm_num_groups, epsilon: EPSILON });
}

function resnet(p: Scope, x: Value, { config, out }: { config: AutoencoderKLConfig; out: number }): Value {
  return resnetBlock(p, x, { out, groups: config.norm_num_groups, epsilon: EPSILON });
}

function midBlock(p: Scope, input: Value, config: AutoencoderKLConfig): Value {
  const out = input.shape[1];
  let x = resnet(p.at('resnets', 0), input, { config, out });
  if (config.mid_block_add_attention) x = pixelAttention(p.at('attentions', 0), x, config);
  return resnet(p.at('resnets', 1), x, { config, out });
}

/** Single-head self-attention over pixels, added to its input. [N, C, h, w] */
function pixelAttention(p: Scope, x: Value, config: AutoencoderKLConfig): Value {
  const [batch, channels, height, width] = x.shape;
  const flat = Reshape(norm(p.at('group_norm'), x, config), [batch, channels, height * width]); // [N, C, hw]
  const tokens = Transpose(flat, [0, 2, 1]); // [N, hw, C]
  const attended = attention(p, tokens, { heads: 1, projectionBias: true }); // [N, hw, C]
  return Add(x, Reshape(Transpose(attended, [0, 2, 1]), x.shape)); // [N, C, h, w]
}

/** `image` [batch, 3, height, width] in [-1, 1] -> `mean`, `logvar` [batch, latent_channels, h, w]. */
export function autoencoderKLEncodeGraph(
  config: AutoencoderKLConfig,
  size: { batch: number; height: number; width: number },
): Graph {
  const graph = new Graph('vae_encoder');
  const image = graph.input('image', 'float32', [size.batch, config.in_channels, size.height, size.width]);
  const { mean, logvar } = autoencoderKLEncode(scope(graph), config, image);
  graph.output('mean', mean);
  graph.output('logvar', logvar);
  return graph;
}

/** `latents` [batch, latent_channels, height, width] (latent pixels) -> `image`. */
export function autoencoderKLDecodeGraph(
  config: AutoencoderKLConfig,
  size: { batch: number; height: number; width: number },
): Graph {
  const graph = new Graph('vae_decoder');
  const latents = graph.input('latents', 'float32', [size.batch, config.latent_channels, size.height, size.width]);
  graph.output('image', autoencoderKLDecode(scope(graph), config, latents));
  return graph;
}
