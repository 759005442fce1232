// The denoising network of Stable Diffusion 1, 2 and XL (diffusers' UNet2DConditionModel) with its parameter names.
import { ContrappostoError } from '../core/errors.js';
import type { DType } from '../core/tensor.js';
import { Add, Concat, Graph, Mul, Reshape, type Scope, Sub, scope, type Value } from '../graph/index.js';
import { silu } from '../nn/activation.js';
import { conv2d, downsample, upsample } from '../nn/convolution.js';
import { groupNorm } from '../nn/normalization.js';
import { resnetBlock } from '../nn/resnet-block.js';
import { sinusoidalEmbedding, timestepMlp } from '../nn/timestep-embedding.js';
import { spatialTransformer } from '../nn/transformer-block.js';
import type { AttentionControl, AttentionSite } from './attention-control.js';
import { TIME_IDS, type UNet2DConditionConfig, type UNetLevel } from './unet-2d-config.js';

export { parseUNet2DConditionConfig, type UNet2DConditionConfig } from './unet-2d-config.js';

/** What a UNet is called with. */
export interface UNetInputs {
  /** Noisy latents [N, C, h, w]; any size. */
  sample: Value;
  /** [N] or [1], float32 or int64: position on the training schedule. */
  timestep: Value;
  /** Text tokens [N, T, D]. */
  context: Value;
  /** SDXL: pooled text [N, P] and six numbers a picture [N, 6]. */
  added?: { textEmbeds: Value; timeIds: Value };
  /** ControlNet: added to the skip connections, in their order, and to the middle. */
  downResiduals?: readonly Value[];
  midResidual?: Value;
  /** T2I-Adapter: one feature a block on the way down, added before the block's last output is kept. */
  adapterFeatures?: readonly Value[];
  attentionControl?: AttentionControl;
}

/** What every block needs besides its input. */
interface BlockContext {
  root: Scope;
  config: UNet2DConditionConfig;
  /** Activated time embedding [N or 1, timeWidth]. */
  time: Value;
  context: Value;
  attentionControl?: AttentionControl;
}

type Part = AttentionSite['part'];

/**
 * One evaluation of the network.
 *
 * @returns the prediction (noise, or velocity: the scheduler's `prediction_type` says) [N, outChannels, h, w]
 */
export function unet2DCondition(p: Scope, config: UNet2DConditionConfig, inputs: UNetInputs): Value {
  const { context, attentionControl, midResidual } = inputs;
  const b: BlockContext = { root: p, config, time: timeEmbedding(p, config, inputs), context, attentionControl };
  const sample = config.centerInput ? Sub(Mul(inputs.sample, 2), 1) : inputs.sample;
  let x = conv2d(p.at('conv_in'), sample, { out: config.levels[0].channels, kernel: 3, padding: 1 });

  let skips: Value[] = [x];
  const features = [...(inputs.adapterFeatures ?? [])];
  config.levels.forEach((_, i) => {
    const down = downBlock(b, x, { level: i, feature: features.shift() });
    x = down[down.length - 1];
    skips.push(...down);
  });
  skips = withResiduals(skips, inputs.downResiduals);

  if (config.midBlock) x = midBlock(b, x);
  if (features.length > 0 && features[0].shape.join() === x.shape.join()) x = Add(x, features[0]);
  if (midResidual) x = Add(x, midResidual);

  for (let i = 0; i < config.levels.length; i++) x = upBlock(b, x, { index: i, skips });
  x = silu(groupNorm(p.at('conv_norm_out'), x, { groups: config.groups, epsilon: config.epsilon }));
  return conv2d(p.at('conv_out'), x, { out: config.outChannels, kernel: 3, padding: 1 });
}

/** Shapes of the skip connections [N, C, h, w] that a ControlNet's `downResiduals` have to match, in order. */
export function unetSkipShapes(config: UNet2DConditionConfig, sample: readonly number[]): number[][] {
  const [batch, , height, width] = sample;
  let size = [height, width];
  const halve = (d: number) => (config.downsamplePadding === 1 ? Math.ceil(d / 2) : Math.floor(d / 2));
  const shapes = [[batch, config.levels[0].channels, ...size]];
  config.levels.forEach(({ channels, layers }, i) => {
    for (let k = 0; k < layers; k++) shapes.push([batch, channels, ...size]);
    if (i === config.levels.length - 1) return;
    size = size.map(halve);
    shapes.push([batch, channels, ...size]);
  });
  return shapes;
}

function timeEmbedding(p: Scope, config: UNet2DConditionConfig, inputs: UNetInputs): Value {
  const { flipSinToCos, frequencyShift, timeWidth, addedTimeWidth } = config;
  const waves = { flipSinToCos, frequencyShift };
  const width = config.levels[0].channels;
  const embedded = timestepMlp(p.at('time_embedding'), sinusoidalEmbedding(inputs.timestep, { width, ...waves }), {
    out: timeWidth,
  }); // [N or 1, timeWidth]
  if (addedTimeWidth === undefined) return silu(embedded);
  if (!inputs.added) {
    throw new ContrappostoError('usage', {
      operation: 'UNet2DConditionModel',
      expected: 'textEmbeds and timeIds (addition_embed_type "text_time")',
      got: 'neither',
    });
  }
  const { textEmbeds, timeIds } = inputs.added;
  const [batch, numbers] = timeIds.shape;
  const flat = Reshape(timeIds, [batch * numbers]);
  const ids = sinusoidalEmbedding(flat, { width: addedTimeWidth, ...waves }); // [N * 6, addedTimeWidth]
  const joined = Concat([textEmbeds, Reshape(ids, [batch, numbers * addedTimeWidth])], { axis: 1 });
  return silu(Add(embedded, timestepMlp(p.at('add_embedding'), joined, { out: timeWidth })));
}

/** Every output of a block on the way down, each of which becomes a skip connection. */
function downBlock(b: BlockContext, input: Value, options: { level: number; feature?: Value }): Value[] {
  const { level, feature } = options;
  const p = b.root.at('down_blocks', level);
  const about = b.config.levels[level];
  const attends = b.config.downAttention[level];
  const outputs: Value[] = [];
  let x = input;
  for (let i = 0; i < about.layers; i++) {
    x = resnet(b, p.at('resnets', i), { x, out: about.channels });
    if (attends) x = transformer(b, p.at('attentions', i), { x, about, part: 'down', level, index: i });
    if (feature && attends && i === about.layers - 1) x = Add(x, feature);
    outputs.push(x);
  }
  if (level < b.config.levels.length - 1) {
    x = downsample(p.at('downsamplers', 0), x, { out: about.channels, padding: b.config.downsamplePadding });
    outputs.push(x);
  }
  // diffusers adds the feature to a block without attention after its downsampler, in place: the skip sees it too.
  if (feature && !attends) outputs[outputs.length - 1] = Add(x, feature);
  return outputs;
}

function midBlock(b: BlockContext, input: Value): Value {
  const p = b.root.at('mid_block');
  const about = b.config.levels[b.config.levels.length - 1];
  let x = resnet(b, p.at('resnets', 0), { x: input, out: about.channels });
  x = transformer(b, p.at('attentions', 0), { x, about, part: 'mid', level: 0, index: 0 });
  return resnet(b, p.at('resnets', 1), { x, out: about.channels });
}

/** Takes its skip connections off the end of `skips`. `index` counts from the coarsest level. */
function upBlock(b: BlockContext, input: Value, options: { index: number; skips: Value[] }): Value {
  const { index, skips } = options;
  const p = b.root.at('up_blocks', index);
  const about = b.config.levels[b.config.levels.length - 1 - index];
  let x = input;
  for (let i = 0; i <= about.layers; i++) {
    x = resnet(b, p.at('resnets', i), { x: Concat([x, skips.pop()!], { axis: 1 }), out: about.channels });
    if (b.config.upAttention[index]) {
      x = transformer(b, p.at('attentions', i), { x, about, part: 'up', level: index, index: i });
    }
  }
  if (skips.length === 0) return x;
  const [, , height, width] = skips[skips.length - 1].shape;
  return upsample(p.at('upsamplers', 0), x, { out: about.channels, size: [height, width] });
}

function resnet(b: BlockContext, p: Scope, { x, out }: { x: Value; out: number }): Value {
  const { groups, epsilon, timeMode } = b.config;
  return resnetBlock(p, x, { out, groups, epsilon, time: b.time, timeMode });
}

interface TransformerPlace {
  x: Value;
  about: UNetLevel;
  part: Part;
  level: number;
  index: number;
}

function transformer(b: BlockContext, p: Scope, { x, about, part, level, index }: TransformerPlace): Value {
  const { root, config, context, attentionControl } = b;
  if (context.shape[2] !== about.contextWidth) {
    throw new ContrappostoError('shape', {
      operation: `UNet2DConditionModel ${p.path}`,
      expected: `context of width ${about.contextWidth}`,
      got: `[${context.shape}]`,
      hint: 'the text encoder belongs to another checkpoint',
    });
  }
  const resolution = [x.shape[2], x.shape[3]] as const;
  const nameOf = (at: Scope) => at.path.slice(root.path === '' ? 0 : root.path.length + 1);
  return spatialTransformer(p, x, {
    heads: about.heads,
    layers: about.transformerLayers,
    groups: config.groups,
    context,
    linearProjection: config.linearProjection,
    hookOf:
      attentionControl &&
      ((layer, kind, at) => {
        const site: AttentionSite = {
          name: nameOf(at),
          part,
          level,
          index,
          layer,
          kind,
          heads: about.heads,
          resolution,
        };
        return (probs, env) => attentionControl(site, probs, env);
      }),
  });
}

function withResiduals(skips: Value[], residuals: readonly Value[] | undefined): Value[] {
  if (!residuals) return skips;
  if (residuals.length !== skips.length) {
    throw new ContrappostoError('shape', {
      operation: 'UNet2DConditionModel',
      expected: `${skips.length} residuals, one a skip connection`,
      got: `${residuals.length}`,
      hint: 'the ControlNet was made for a UNet of another layout',
    });
  }
  return skips.map((skip, i) => Add(skip, residuals[i]));
}

export interface UNetGraphOptions {
  batch: number;
  /** Latent pixels. */
  height: number;
  width: number;
  /** Text tokens. Default 77. */
  tokens?: number;
  /** One timestep for the whole batch (default), or one a sample. */
  timesteps?: number;
  timestepDType?: Extract<DType, 'float32' | 'int64'>;
  attentionControl?: AttentionControl;
}

/**
 * A whole graph: `sample` [batch, C, height, width], `timestep` [1], `encoder_hidden_states` [batch, tokens, D] (and
 * `text_embeds`, `time_ids` for SDXL) -> `out`.
 */
export function unetGraph(config: UNet2DConditionConfig, options: UNetGraphOptions): Graph {
  const { batch, height, width, tokens = 77, timesteps = 1, timestepDType = 'float32', attentionControl } = options;
  const graph = new Graph('unet');
  const sample = graph.input('sample', 'float32', [batch, config.inChannels, height, width]);
  const timestep = graph.input('timestep', timestepDType, [timesteps]);
  const context = graph.input('encoder_hidden_states', 'float32', [batch, tokens, config.levels[0].contextWidth]);
  const added = addedInputs(graph, config, batch);
  graph.output('out', unet2DCondition(scope(graph), config, { sample, timestep, context, added, attentionControl }));
  return graph;
}

function addedInputs(graph: Graph, config: UNet2DConditionConfig, batch: number): UNetInputs['added'] {
  if (config.addedTimeWidth === undefined || config.pooledWidth === undefined) return undefined;
  return {
    textEmbeds: graph.input('text_embeds', 'float32', [batch, config.pooledWidth]),
    timeIds: graph.input('time_ids', 'float32', [batch, TIME_IDS]),
  };
}
