// The small autoencoder without normalisation or attention (diffusers' AutoencoderTiny, known from TAESD).
import { z } from 'zod';
import { Add, Div, Graph, Mul, Relu, type Scope, Sub, scope, Tanh, type Value } from '../graph/index.js';
import { activationName, activations } from '../nn/activation.js';
import { conv2d, nearest } from '../nn/convolution.js';
import { count, only, parseConfig } from './config.js';

const schema = z
  .looseObject({
    in_channels: count.default(3),
    out_channels: count.default(3),
    latent_channels: count.default(4),
    encoder_block_out_channels: z.array(count).min(1).default([64, 64, 64, 64]),
    decoder_block_out_channels: z.array(count).min(1).default([64, 64, 64, 64]),
    num_encoder_blocks: z.array(z.int().nonnegative()).default([1, 3, 3, 3]),
    num_decoder_blocks: z.array(z.int().nonnegative()).default([3, 3, 3, 1]),
    act_fn: activationName.default('relu'),
    scaling_factor: z.number().default(1),
    shift_factor: z.number().nullish(),
    upsample_fn: only('nearest'),
    upsampling_scaling_factor: only(2),
  })
  .refine((c) => c.num_encoder_blocks.length === c.encoder_block_out_channels.length, {
    path: ['num_encoder_blocks'],
    error: 'needs one entry for each of encoder_block_out_channels',
  })
  .refine((c) => c.num_decoder_blocks.length === c.decoder_block_out_channels.length, {
    path: ['num_decoder_blocks'],
    error: 'needs one entry for each of decoder_block_out_channels',
  })
  .refine((c) => c.encoder_block_out_channels.length === c.decoder_block_out_channels.length, {
    path: ['decoder_block_out_channels'],
    error: 'needs as many entries as encoder_block_out_channels',
  });

/** The fields of an AutoencoderTiny config that matter here, under their own names. */
export type AutoencoderTinyConfig = z.infer<typeof schema>;

/** Reads `vae/config.json` of class AutoencoderTiny. Unknown fields are ignored. Throws `unsupported`. */
export function parseAutoencoderTinyConfig(config: unknown): AutoencoderTinyConfig {
  return parseConfig(schema, config, 'AutoencoderTiny');
}

/**
 * Encodes pictures; there is no posterior, latents are deterministic.
 *
 * @param image [N, 3, H, W] in [-1, 1], H and W divisible by the scale factor
 * @returns latents [N, latent_channels, h, w]
 */
export function autoencoderTinyEncode(p: Scope, config: AutoencoderTinyConfig, image: Value): Value {
  const layers = moduleList(p.at('encoder', 'layers'));
  let x = Div(Add(image, 1), 2); // the network works on [0, 1]
  config.encoder_block_out_channels.forEach((out, level) => {
    x =
      level === 0
        ? conv2d(layers.next(), x, { out, kernel: 3, padding: 1 })
        : conv2d(layers.next(), x, { out, kernel: 3, padding: 1, stride: 2, bias: false });
    for (let i = 0; i < config.num_encoder_blocks[level]; i++) x = block(layers.next(), x, { config, out });
  });
  return conv2d(layers.next(), x, { out: config.latent_channels, kernel: 3, padding: 1 });
}

/**
 * Decodes latents.
 *
 * @param latents [N, latent_channels, h, w], already divided by the scaling factor; softly limited to (-3, 3)
 * @returns pictures [N, 3, H, W], about [-1, 1]
 */
export function autoencoderTinyDecode(p: Scope, config: AutoencoderTinyConfig, latents: Value): Value {
  const layers = moduleList(p.at('decoder', 'layers'));
  const channels = config.decoder_block_out_channels;
  const act = activations[config.act_fn];
  let x = Mul(Tanh(Div(latents, 3)), 3);
  x = act(conv2d(layers.next(), x, { out: channels[0], kernel: 3, padding: 1 }));
  layers.skip(); // the activation has a number in the Sequential
  channels.forEach((out, level) => {
    const last = level === channels.length - 1;
    for (let i = 0; i < config.num_decoder_blocks[level]; i++) x = block(layers.next(), x, { config, out });
    if (!last) {
      x = nearest(x);
      layers.skip();
    }
    x = conv2d(layers.next(), x, { out: last ? config.out_channels : out, kernel: 3, padding: 1, bias: last });
  });
  return Sub(Mul(x, 2), 1); // [0, 1] -> [-1, 1]
}

/** Three convolutions numbered as PyTorch's Sequential with activations between them does, plus the input. */
function block(p: Scope, x: Value, { config, out }: { config: AutoencoderTinyConfig; out: number }): Value {
  const act = activations[config.act_fn];
  const conv = (index: number, from: Value) => conv2d(p.at('conv', index), from, { out, kernel: 3, padding: 1 });
  const skip = x.shape[1] === out ? x : conv2d(p.at('skip'), x, { out, kernel: 1, bias: false });
  return Relu(Add(conv(4, act(conv(2, act(conv(0, x))))), skip));
}

/** Scopes numbered 0, 1, 2, ... as in a PyTorch Sequential. */
function moduleList(p: Scope): { next(): Scope; skip(): void } {
  let index = 0;
  return {
    next: () => p.at(index++),
    skip: () => {
      index++;
    },
  };
}

/** `image` [batch, 3, height, width] in [-1, 1] -> `latents`. */
export function autoencoderTinyEncodeGraph(
  config: AutoencoderTinyConfig,
  size: { batch: number; height: number; width: number },
): Graph {
  const graph = new Graph('vae_encoder');
  const image = graph.input('image', 'float32', [size.batch, config.in_channels, size.height, size.width]);
  graph.output('latents', autoencoderTinyEncode(scope(graph), config, image));
  return graph;
}

/** `latents` [batch, latent_channels, height, width] (latent pixels) -> `image`. */
export function autoencoderTinyDecodeGraph(
  config: AutoencoderTinyConfig,
  size: { batch: number; height: number; width: number },
): Graph {
  const graph = new Graph('vae_decoder');
  const latents = graph.input('latents', 'float32', [size.batch, config.latent_channels, size.height, size.width]);
  graph.output('image', autoencoderTinyDecode(scope(graph), config, latents));
  return graph;
}
