// The spatial transformer: pixels as tokens through self-attention, cross-attention and a gated feed-forward layer.
import { Add, Reshape, type Scope, Transpose, type Value } from '../graph/index.js';
import { geglu } from './activation.js';
import { attention, type ProbabilityHook } from './attention.js';
import { conv2d } from './convolution.js';
import { linear } from './linear.js';
import { groupNorm, layerNorm } from './normalization.js';

/** Finds the hook of one attention layer, or none. */
export type HookOf = (kind: 'self' | 'cross', p: Scope) => ProbabilityHook | undefined;

export interface TransformerBlockOptions {
  heads: number;
  /** Text tokens [N, S, Dc]. */
  context: Value;
  hookOf?: HookOf;
}

/**
 * diffusers' BasicTransformerBlock: `attn1` on itself, `attn2` on the context, `ff`; each after a layer norm and added.
 *
 * @param x [N, T, D]
 * @returns [N, T, D]
 */
export function transformerBlock(p: Scope, x: Value, options: TransformerBlockOptions): Value {
  const { heads, context, hookOf } = options;
  const width = x.shape[2];
  const norm = (name: string, from: Value) => layerNorm(p.at(name), from, { epsilon: 1e-5 });
  const attend = (name: 'attn1' | 'attn2', from: Value, to?: Value) => {
    const hook = hookOf?.(name === 'attn1' ? 'self' : 'cross', p.at(name));
    return attention(p.at(name), from, { heads, context: to, hook });
  };
  let h = Add(attend('attn1', norm('norm1', x)), x);
  h = Add(attend('attn2', norm('norm2', h), context), h);
  const gated = geglu(p.at('ff', 'net', 0), norm('norm3', h), { out: 4 * width });
  return Add(linear(p.at('ff', 'net', 2), gated, { out: width }), h);
}

export interface SpatialTransformerOptions {
  heads: number;
  layers: number;
  groups: number;
  context: Value;
  /** `proj_in` and `proj_out` are linear layers on tokens; otherwise 1x1 convolutions on pixels. */
  linearProjection: boolean;
  /** Finds the hook of an attention layer of block `block`. */
  hookOf?: (block: number, ...args: Parameters<HookOf>) => ReturnType<HookOf>;
}

/**
 * diffusers' Transformer2DModel on a picture: norm, `proj_in`, `transformer_blocks`, `proj_out`, plus the input.
 *
 * @param x [N, C, H, W]
 * @returns [N, C, H, W]
 */
export function spatialTransformer(p: Scope, x: Value, options: SpatialTransformerOptions): Value {
  const { heads, layers, groups, context, linearProjection, hookOf } = options;
  const [batch, channels, height, width] = x.shape;
  const toTokens = (v: Value) => Transpose(Reshape(v, [batch, channels, height * width]), [0, 2, 1]); // [N, HW, C]
  const toPixels = (v: Value) => Reshape(Transpose(v, [0, 2, 1]), [batch, channels, height, width]); // [N, C, H, W]
  const normal = groupNorm(p.at('norm'), x, { groups, epsilon: 1e-6 });
  let h = linearProjection
    ? linear(p.at('proj_in'), toTokens(normal), { out: channels })
    : toTokens(conv2d(p.at('proj_in'), normal, { out: channels, kernel: 1 })); // [N, HW, C]
  for (let i = 0; i < layers; i++) {
    h = transformerBlock(p.at('transformer_blocks', i), h, {
      heads,
      context,
      hookOf: hookOf && ((kind, scope) => hookOf(i, kind, scope)),
    });
  }
  const projected = linearProjection
    ? toPixels(linear(p.at('proj_out'), h, { out: channels }))
    : conv2d(p.at('proj_out'), toPixels(h), { out: channels, kernel: 1 }); // [N, C, H, W]
  return Add(projected, x);
}
