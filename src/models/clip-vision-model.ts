// CLIP's image tower: a vision transformer over square patches (transformers' CLIPVisionModel).
import { z } from 'zod';
import { ContrappostoError } from '../core/errors.js';
import { Add, Concat, Expand, Reshape, type Scope, Slice, Transpose, type Value } from '../graph/index.js';
import { activationName } from '../nn/activation.js';
import { conv2d } from '../nn/convolution.js';
import { layerNorm } from '../nn/normalization.js';
import { encoderLayer } from './clip-text-model.js';
import { count, parseConfig } from './config.js';

const COMPONENT = 'CLIPVisionModel';

const schema = z.looseObject({
  hidden_size: count.default(768),
  intermediate_size: count.default(3072),
  num_hidden_layers: count.default(12),
  num_attention_heads: count.default(12),
  num_channels: count.default(3),
  image_size: count.default(224),
  patch_size: count.default(32),
  hidden_act: activationName.default('quick_gelu'),
  layer_norm_eps: z.number().positive().default(1e-5),
});

/** The fields of a CLIP vision config that matter here, under their own names. */
export type ClipVisionConfig = z.infer<typeof schema>;

/** Reads `image_encoder/config.json`, or the `vision_config` of a two-tower CLIP. Throws `unsupported`. */
export function parseClipVisionConfig(config: unknown): ClipVisionConfig {
  return parseConfig(schema, config, COMPONENT);
}

export interface ClipVisionOutput {
  /** After the last layer, without a norm [N, 1 + patches, D]; the class token first. */
  hidden: Value;
  /** The class token after a norm [N, D], before any projection. */
  pooled: Value;
}

/**
 * The image tower.
 *
 * @param p scope of `embeddings`, `encoder`, `pre_layrnorm` (spelt so in all checkpoints) and `post_layernorm`
 * @param pixels [N, num_channels, image_size, image_size], normalised by CLIP's mean and deviation
 * @throws ContrappostoError `shape` for pictures of another size
 */
export function clipVisionModel(p: Scope, config: ClipVisionConfig, pixels: Value): ClipVisionOutput {
  const norm = { epsilon: config.layer_norm_eps };
  let hidden = layerNorm(p.at('pre_layrnorm'), embeddings(p.at('embeddings'), config, pixels), norm); // [N, 1 + P, D]
  for (let i = 0; i < config.num_hidden_layers; i++) {
    hidden = encoderLayer(p.at('encoder', 'layers', i), hidden, { config });
  }
  const first = Slice(hidden, { starts: [0], ends: [1], axes: [1] }); // [N, 1, D]
  const token = Reshape(first, [pixels.shape[0], config.hidden_size]); // [N, D]
  return { hidden, pooled: layerNorm(p.at('post_layernorm'), token, norm) };
}

/** Class token and patches with their positions [N, 1 + patches, D]. */
function embeddings(p: Scope, config: ClipVisionConfig, pixels: Value): Value {
  const { hidden_size: width, image_size: side, patch_size: patch, num_channels: channels } = config;
  const [batch, ...picture] = pixels.shape;
  if (picture.join() !== [channels, side, side].join()) {
    throw new ContrappostoError('shape', {
      operation: COMPONENT,
      expected: `pictures [N,${channels},${side},${side}]`,
      got: `[${pixels.shape}]`,
    });
  }
  const grid = conv2d(p.at('patch_embedding'), pixels, { out: width, kernel: patch, stride: patch, bias: false });
  const patches = grid.shape[2] * grid.shape[3];
  const tokens = Transpose(Reshape(grid, [batch, width, patches]), [0, 2, 1]); // [N, patches, D]
  const first = Expand(Reshape(p.parameter('class_embedding', [width]), [1, 1, width]), [batch, 1, width]);
  const positions = p.at('position_embedding').parameter('weight', [patches + 1, width]);
  return Add(Concat([first, tokens], { axis: 1 }), positions);
}
