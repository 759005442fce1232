// Attention control: methods see every attention layer's probabilities while the graph is built; layers know no method.
import type { Value } from '../graph/index.js';
import type { AttentionEnvironment } from '../nn/attention.js';

/** Which attention layer of a denoising network is being built. */
export interface AttentionSite {
  /** The checkpoint's name of the layer, e.g. `down_blocks.1.attentions.0.transformer_blocks.0.attn2`. */
  name: string;
  part: 'down' | 'mid' | 'up';
  /** Number of the block within its part, counted as in the parameter names; 0 in the middle. */
  level: number;
  /** Number of the spatial transformer within the block. */
  index: number;
  /** Number of the layer within the spatial transformer. */
  layer: number;
  kind: 'self' | 'cross';
  heads: number;
  /** Height and width of the query grid, in latent pixels of this level: T = height * width. */
  resolution: readonly [height: number, width: number];
}

/**
 * @param probs softmax probabilities [N, heads, T, S]; S is T for self-attention, the number of text tokens otherwise
 * @returns the probabilities to go on with, of the same shape; `probs` itself changes nothing
 */
export type AttentionControl = (site: AttentionSite, probs: Value, env: AttentionEnvironment) => Value;
