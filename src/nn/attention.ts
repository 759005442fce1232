// Multi-head attention with a hook through which methods read or replace the attention probabilities.
import { ContrappostoError } from '../core/errors.js';
import { Add, type Graph, MatMul, Mul, Reshape, type Scope, Softmax, Transpose, type Value } from '../graph/index.js';
import { linear } from './linear.js';

/** What an attention layer has at hand while its graph is built. */
export interface AttentionEnvironment {
  graph: Graph;
  /** Queries [N, heads, T, D / heads], not yet scaled. */
  query: Value;
  /** Keys [N, heads, S, D / heads]. */
  key: Value;
  /** Values [N, heads, S, D / heads]. */
  value: Value;
}

/**
 * Called at build time with symbolic probabilities [N, heads, T, S] (rows sum to one); returns those to go on with.
 * It may add graph inputs and outputs.
 */
export type ProbabilityHook = (probs: Value, env: AttentionEnvironment) => Value;

export interface ScaledAttentionOptions {
  heads: number;
  /** Added to the scores, broadcast to [N, heads, T, S]; minus infinity forbids. */
  mask?: Value;
  hook?: ProbabilityHook;
}

/** Projected queries, keys and values. */
export interface ProjectedAttention {
  /** [N, T, D] */
  query: Value;
  /** [N, S, D] */
  key: Value;
  /** [N, S, D] */
  value: Value;
}

/**
 * `softmax(Q Kᵀ / sqrt(D / heads) + mask) V` per head.
 *
 * @returns [N, T, D], heads joined
 */
export function scaledAttention(projected: ProjectedAttention, options: ScaledAttentionOptions): Value {
  const { heads, mask, hook } = options;
  const [batch, tokens, width] = projected.query.shape;
  if (width % heads !== 0) {
    throw new ContrappostoError('shape', {
      operation: 'attention',
      expected: `a width divisible by ${heads} heads`,
      got: `width ${width}`,
    });
  }
  const query = splitHeads(projected.query, heads); // [N, heads, T, D/heads]
  const key = splitHeads(projected.key, heads); // [N, heads, S, D/heads]
  const value = splitHeads(projected.value, heads); // [N, heads, S, D/heads]
  // Scaling the queries touches T * D numbers instead of the T * S scores.
  const scaled = Mul(query, 1 / Math.sqrt(width / heads));
  let scores = MatMul(scaled, Transpose(key, [0, 1, 3, 2])); // [N, heads, T, S]
  if (mask) scores = Add(scores, mask);
  let probs = Softmax(scores, { axis: -1 }); // [N, heads, T, S]
  if (hook) probs = hook(probs, { graph: probs.graph, query, key, value });
  const joined = Transpose(MatMul(probs, value), [0, 2, 1, 3]); // [N, T, heads, D/heads]
  return Reshape(joined, [batch, tokens, width]); // [N, T, D]
}

function splitHeads(x: Value, heads: number): Value {
  const [batch, tokens, width] = x.shape;
  return Transpose(Reshape(x, [batch, tokens, heads, width / heads]), [0, 2, 1, 3]); // [N, heads, T, D/heads]
}

export interface AttentionOptions extends ScaledAttentionOptions {
  /** What is attended to [N, S, Dc]; the input itself when absent. */
  context?: Value;
  /** Whether `to_q`, `to_k`, `to_v` have a bias (the autoencoder's do). */
  projectionBias?: boolean;
}

/**
 * Attention with diffusers' parameter names `to_q`, `to_k`, `to_v`, `to_out.0`.
 *
 * @param x [N, T, D]
 * @returns [N, T, D]
 */
export function attention(p: Scope, x: Value, options: AttentionOptions): Value {
  const { context = x, projectionBias = false, ...scaled } = options;
  const out = x.shape[2];
  const project = (name: string, from: Value) => linear(p.at(name), from, { out, bias: projectionBias });
  const joined = scaledAttention(
    { query: project('to_q', x), key: project('to_k', context), value: project('to_v', context) },
    scaled,
  );
  return linear(p.at('to_out', 0), joined, { out });
}
