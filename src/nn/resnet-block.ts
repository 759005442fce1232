// The residual block of diffusion networks and autoencoders (diffusers' ResnetBlock2D).
import { Add, Mul, Reshape, type Scope, Split, type Value } from '../graph/index.js';
import { silu } from './activation.js';
import { conv2d } from './convolution.js';
import { linear } from './linear.js';
import { groupNorm } from './normalization.js';

export interface ResnetBlockOptions {
  /** Output channels; a 1x1 `conv_shortcut` appears where they differ from the input's. */
  out: number;
  groups: number;
  epsilon: number;
  /** Time embedding [N or 1, D] after its activation: that is the same in every block, so it is computed once. */
  time?: Value;
  /** How the embedding enters: added before the second normalisation, or scaling and shifting its result. */
  timeMode?: 'default' | 'scale_shift';
}

/**
 * norm1, SiLU, conv1, time, norm2, SiLU, conv2, plus the input.
 *
 * @param x [N, C, H, W]
 * @returns [N, out, H, W]
 */
export function resnetBlock(p: Scope, x: Value, options: ResnetBlockOptions): Value {
  const { out, groups, epsilon, time, timeMode = 'default' } = options;
  const norm = { groups, epsilon };
  let h = conv2d(p.at('conv1'), silu(groupNorm(p.at('norm1'), x, norm)), { out, kernel: 3, padding: 1 });
  if (time && timeMode === 'default') {
    h = Add(h, Reshape(linear(p.at('time_emb_proj'), time, { out }), [time.shape[0], out, 1, 1]));
  }
  h = groupNorm(p.at('norm2'), h, norm);
  if (time && timeMode === 'scale_shift') {
    const both = Reshape(linear(p.at('time_emb_proj'), time, { out: 2 * out }), [time.shape[0], 2 * out, 1, 1]);
    const [scale, shift] = Split(both, [out, out], { axis: 1 });
    h = Add(Mul(h, Add(scale, 1)), shift);
  }
  h = conv2d(p.at('conv2'), silu(h), { out, kernel: 3, padding: 1 });
  const shortcut = x.shape[1] === out ? x : conv2d(p.at('conv_shortcut'), x, { out, kernel: 1 });
  return Add(shortcut, h);
}
