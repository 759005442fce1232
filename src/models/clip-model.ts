// CLIP (Radford et al. 2021): both towers, projected into one space where the cosine says how well text and picture agree.
import { z } from 'zod';
import { Div, Exp, Graph, MatMul, Mul, ReduceL2, type Scope, scope, Transpose, type Value } from '../graph/index.js';
import { linear } from '../nn/linear.js';
import { type ClipTextConfig, clipTextModel, parseClipTextConfig } from './clip-text-model.js';
import { type ClipVisionConfig, clipVisionModel, parseClipVisionConfig } from './clip-vision-model.js';
import { count, parseConfig } from './config.js';

const schema = z.looseObject({
  text_config: z.unknown(),
  vision_config: z.unknown(),
  projection_dim: count.default(512),
});

export interface ClipConfig {
  text: ClipTextConfig;
  vision: ClipVisionConfig;
  /** Width of the space that both towers are projected into. */
  projectionWidth: number;
}

/** Reads the `config.json` of a CLIP with both towers. Throws `unsupported`. */
export function parseClipConfig(config: unknown): ClipConfig {
  const c = parseConfig(schema, config, 'CLIPModel');
  return {
    text: parseClipTextConfig(c.text_config),
    vision: parseClipVisionConfig(c.vision_config),
    projectionWidth: c.projection_dim,
  };
}

/** Texts in the common space, of length 1: token ids int64 [N, T] -> [N, projectionWidth]. */
export function clipTextEmbeds(p: Scope, config: ClipConfig, ids: Value): Value {
  const { pooled } = clipTextModel(p.at('text_model'), config.text, ids);
  return normalised(linear(p.at('text_projection'), pooled, { out: config.projectionWidth, bias: false }));
}

/** Pictures in the common space, of length 1: [N, C, H, W] -> [N, projectionWidth]. */
export function clipImageEmbeds(p: Scope, config: ClipConfig, pixels: Value): Value {
  const { pooled } = clipVisionModel(p.at('vision_model'), config.vision, pixels);
  return normalised(linear(p.at('visual_projection'), pooled, { out: config.projectionWidth, bias: false }));
}

/** Cosines of pictures [N, D] and texts [M, D] of length 1, times the trained `exp(logit_scale)`: [N, M]. */
export function clipLogits(p: Scope, embeds: { image: Value; text: Value }): Value {
  return Mul(MatMul(embeds.image, Transpose(embeds.text, [1, 0])), Exp(p.parameter('logit_scale', [])));
}

function normalised(x: Value): Value {
  return Div(x, ReduceL2(x, { axes: [1] }));
}

export interface ClipGraphOptions {
  /** Texts. */
  texts: number;
  /** Pictures. */
  images: number;
  /** Tokens of each text. Default: as many as the tower reads. */
  tokens?: number;
}

/**
 * A whole graph: `input_ids` int64 [texts, tokens] and `pixel_values` [images, C, side, side] -> `text_embeds`,
 * `image_embeds` and `logits_per_image` [images, texts].
 */
export function clipGraph(config: ClipConfig, options: ClipGraphOptions): Graph {
  const { texts, images, tokens = config.text.max_position_embeddings } = options;
  const { num_channels: channels, image_size: side } = config.vision;
  const graph = new Graph('clip');
  const p = scope(graph);
  const text = clipTextEmbeds(p, config, graph.input('input_ids', 'int64', [texts, tokens]));
  const image = clipImageEmbeds(p, config, graph.input('pixel_values', 'float32', [images, channels, side, side]));
  graph.output('text_embeds', text);
  graph.output('image_embeds', image);
  graph.output('logits_per_image', clipLogits(p, { image, text }));
  return graph;
}

/** The image tower alone: `pixel_values` [batch, C, side, side] -> `image_embeds` of length 1. */
export function clipImageGraph(config: ClipConfig, { batch }: { batch: number }): Graph {
  const { num_channels: channels, image_size: side } = config.vision;
  const graph = new Graph('clip_image');
  const pixels = graph.input('pixel_values', 'float32', [batch, channels, side, side]);
  graph.output('image_embeds', clipImageEmbeds(scope(graph), config, pixels));
  return graph;
}

/** The text tower alone: `input_ids` int64 [batch, tokens] -> `text_embeds` of length 1. */
export function clipTextEmbedsGraph(config: ClipConfig, { batch }: { batch: number }): Graph {
  const graph = new Graph('clip_text');
  const ids = graph.input('input_ids', 'int64', [batch, config.text.max_position_embeddings]);
  graph.output('text_embeds', clipTextEmbeds(scope(graph), config, ids));
  return graph;
}
