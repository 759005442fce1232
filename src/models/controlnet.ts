// ControlNet (Zhang, Rao, Agrawala 2023): a copy of the UNet's way down that sees a condition picture and steers the skips.
import { z } from 'zod';
import { ContrappostoError } from '../core/errors.js';
import type { Shape } from '../core/tensor.js';
import { Add, Concat, Expand, Graph, Mul, ReduceMean, type Scope, Split, scope, type Value } from '../graph/index.js';
import { silu } from '../nn/activation.js';
import { conv2d } from '../nn/convolution.js';
import { count, only, parseConfig } from './config.js';
import { downBlock, midBlock, type TimeInputs, timeEmbedding, type UNetBlockContext } from './unet-2d-blocks.js';
import { addedInputs } from './unet-2d-condition.js';
import { parseUNet2DConditionConfig, type UNet2DConditionConfig } from './unet-2d-config.js';

const COMPONENT = 'ControlNetModel';

const schema = z.looseObject({
  conditioning_channels: count.default(3),
  conditioning_embedding_out_channels: z.array(count).min(1).default([16, 32, 96, 256]),
  controlnet_conditioning_channel_order: z.enum(['rgb', 'bgr']).default('rgb'),
  global_pool_conditions: z.boolean().default(false),
  down_block_types: z
    .array(z.string())
    .default(['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D']),
  mid_block_type: z.literal('UNetMidBlock2DCrossAttn').default('UNetMidBlock2DCrossAttn'),
  encoder_hid_dim: only(),
});

export interface ControlNetConfig {
  /** The network's own UNet fields; those of the way up have no meaning. */
  unet: UNet2DConditionConfig;
  conditionChannels: number;
  /** Channels of the condition's embedding, from full to latent resolution: each after the first halves it. */
  conditionWidths: readonly number[];
  /** Condition pixels a latent pixel, on each axis. */
  conditionFactor: number;
  channelOrder: 'rgb' | 'bgr';
  /** Residuals become their averages over the picture. */
  globalPool: boolean;
}

/** Reads the `config.json` of a ControlNet in diffusers layout. Unknown fields are ignored. Throws `unsupported`. */
export function parseControlNetConfig(config: unknown): ControlNetConfig {
  const c = parseConfig(schema, config, COMPONENT);
  // The way up does not exist here; the mirror image of the way down keeps the UNet's reader content.
  const up_block_types = c.down_block_types.map((type) => type.replace('Down', 'Up')).reverse();
  return {
    unet: parseUNet2DConditionConfig({ ...c, up_block_types }),
    conditionChannels: c.conditioning_channels,
    conditionWidths: c.conditioning_embedding_out_channels,
    conditionFactor: 2 ** (c.conditioning_embedding_out_channels.length - 1),
    channelOrder: c.controlnet_conditioning_channel_order,
    globalPool: c.global_pool_conditions,
  };
}

export interface ControlNetInputs extends TimeInputs {
  /** Noisy latents [N, C, h, w]. */
  sample: Value;
  /** Text tokens [N, T, D]. */
  context: Value;
  /** Condition picture in [0, 1], [N or 1, conditionChannels, h * conditionFactor, w * conditionFactor]. */
  condition: Value;
  /** Scalar that multiplies every residual. */
  scale: Value;
}

export interface ControlNetOutput {
  /** For the UNet's `downResiduals`. */
  down: Value[];
  /** For the UNet's `midResidual`. */
  mid: Value;
}

/**
 * One evaluation: what a UNet of the same layout adds to its skip connections and to its middle.
 *
 * @throws ContrappostoError `shape` when the condition's size does not fit the latents
 */
export function controlNet(p: Scope, config: ControlNetConfig, inputs: ControlNetInputs): ControlNetOutput {
  const { unet } = config;
  const b: UNetBlockContext = { root: p, config: unet, time: timeEmbedding(p, unet, inputs), context: inputs.context };
  const stem = conv2d(p.at('conv_in'), inputs.sample, { out: unet.levels[0].channels, kernel: 3, padding: 1 });
  let x = Add(stem, conditionEmbedding(p.at('controlnet_cond_embedding'), config, { ...inputs, stem }));
  const skips = [x];
  for (const level of unet.levels.keys()) {
    const outputs = downBlock(b, x, { level });
    skips.push(...outputs);
    x = outputs[outputs.length - 1];
  }
  x = midBlock(b, x);
  const residual = (at: Scope, of: Value) => {
    const projected = Mul(conv2d(at, of, { out: of.shape[1], kernel: 1 }), inputs.scale);
    return config.globalPool ? Expand(ReduceMean(projected, { axes: [2, 3] }), projected.shape) : projected;
  };
  const down = skips.map((skip, i) => residual(p.at('controlnet_down_blocks', i), skip));
  return { down, mid: residual(p.at('controlnet_mid_block'), x) };
}

/** The condition at latent resolution, as wide as the network's first level. */
function conditionEmbedding(
  p: Scope,
  config: ControlNetConfig,
  { condition, stem }: { condition: Value; stem: Value },
): Value {
  const [first, ...wider] = config.conditionWidths;
  let x = config.channelOrder === 'bgr' ? reversedChannels(condition) : condition;
  x = silu(conv2d(p.at('conv_in'), x, { out: first, kernel: 3, padding: 1 }));
  wider.forEach((out, i) => {
    x = silu(conv2d(p.at('blocks', 2 * i), x, { out: x.shape[1], kernel: 3, padding: 1 }));
    x = silu(conv2d(p.at('blocks', 2 * i + 1), x, { out, kernel: 3, padding: 1, stride: 2 }));
  });
  x = conv2d(p.at('conv_out'), x, { out: stem.shape[1], kernel: 3, padding: 1 });
  if (x.shape.slice(2).join() === stem.shape.slice(2).join()) return x;
  throw new ContrappostoError('shape', {
    operation: COMPONENT,
    expected: `a condition of ${conditionShape(config, stem.shape).slice(2).join(' by ')} pixels`,
    got: `${condition.shape.slice(2).join(' by ')}`,
    hint: `the condition has ${config.conditionFactor} pixels for each latent pixel`,
  });
}

function reversedChannels(x: Value): Value {
  const each = Split(x, new Array<number>(x.shape[1]).fill(1), { axis: 1 });
  return Concat([...each].reverse(), { axis: 1 });
}

function conditionShape(config: ControlNetConfig, [batch, , height, width]: Shape): Shape {
  return [batch, config.conditionChannels, height * config.conditionFactor, width * config.conditionFactor];
}

export interface ControlNetGraphOptions {
  batch: number;
  /** Latent pixels. */
  height: number;
  width: number;
  /** Text tokens. Default 77. */
  tokens?: number;
}

/**
 * A whole graph: the UNet's `sample`, `timestep` [1], `encoder_hidden_states` (and SDXL's), `cond` [batch, 3, H, W] and
 * the scalar `conditioning_scale` -> `down0`, `down1`, ... and `mid`, the inputs of `unetGraph` with `residuals`.
 */
export function controlNetGraph(config: ControlNetConfig, options: ControlNetGraphOptions): Graph {
  const { batch, height, width, tokens = 77 } = options;
  const { unet } = config;
  const graph = new Graph('controlnet');
  const latents = [batch, unet.inChannels, height, width];
  const { down, mid } = controlNet(scope(graph), config, {
    sample: graph.input('sample', 'float32', latents),
    timestep: graph.input('timestep', 'float32', [1]),
    context: graph.input('encoder_hidden_states', 'float32', [batch, tokens, unet.levels[0].contextWidth]),
    condition: graph.input('cond', 'float32', conditionShape(config, latents)),
    scale: graph.input('conditioning_scale', 'float32', []),
    added: addedInputs(graph, unet, batch),
  });
  for (const [i, value] of down.entries()) graph.output(`down${i}`, value);
  graph.output('mid', mid);
  return graph;
}
