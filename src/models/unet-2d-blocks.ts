// Blocks of conditional denoising networks, shared by the UNet and its ControlNets.
import { ContrappostoError } from '../core/errors.js';
import { Add, Concat, Reshape, type Scope, type Value } from '../graph/index.js';
import { silu } from '../nn/activation.js';
import { downsample, upsample } from '../nn/convolution.js';
import { resnetBlock } from '../nn/resnet-block.js';
import { sinusoidalEmbedding, timestepMlp } from '../nn/timestep-embedding.js';
import { spatialTransformer } from '../nn/transformer-block.js';
import type { AttentionControl, AttentionSite } from './attention-control.js';
import type { UNet2DConditionConfig, UNetLevel } from './unet-2d-config.js';

/** What every block needs besides its input. */
export interface UNetBlockContext {
  root: Scope;
  config: UNet2DConditionConfig;
  /** Activated time embedding [N or 1, timeWidth]. */
  time: Value;
  context: Value;
  attentionControl?: AttentionControl;
}

/** What the time embedding is made of. */
export interface TimeInputs {
  /** [N] or [1], float32 or int64. */
  timestep: Value;
  /** SDXL: pooled text [N, P] and six numbers a picture [N, 6]. */
  added?: { textEmbeds: Value; timeIds: Value };
}

type Part = AttentionSite['part'];

/** Embedding of timestep, and of size and pooled text where the config says so, activated: [N or 1, timeWidth]. */
export function timeEmbedding(p: Scope, config: UNet2DConditionConfig, inputs: TimeInputs): Value {
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
export function downBlock(b: UNetBlockContext, input: Value, options: { level: number; feature?: Value }): Value[] {
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

/** ResNet, transformer, ResNet at the coarsest level. */
export function midBlock(b: UNetBlockContext, input: Value): Value {
  const p = b.root.at('mid_block');
  const about = b.config.levels[b.config.levels.length - 1];
  let x = resnet(b, p.at('resnets', 0), { x: input, out: about.channels });
  x = transformer(b, p.at('attentions', 0), { x, about, part: 'mid', level: 0, index: 0 });
  return resnet(b, p.at('resnets', 1), { x, out: about.channels });
}

/** Takes its skip connections off the end of `skips`. `index` counts from the coarsest level. */
export function upBlock(b: UNetBlockContext, input: Value, options: { index: number; skips: Value[] }): Value {
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

function resnet(b: UNetBlockContext, p: Scope, { x, out }: { x: Value; out: number }): Value {
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

function transformer(b: UNetBlockContext, p: Scope, { x, about, part, level, index }: TransformerPlace): Value {
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
