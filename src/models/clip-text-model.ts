// CLIP's text tower: causal transformer over byte-pair tokens (transformers' CLIPTextModel, with or without projection).
import { z } from 'zod';
import { Add, ArgMax, Cast, Equal, Gather, Graph, Reshape, type Scope, scope, type Value } from '../graph/index.js';
import { activationName, activations } from '../nn/activation.js';
import { scaledAttention } from '../nn/attention.js';
import { embedding, linear } from '../nn/linear.js';
import { layerNorm } from '../nn/normalization.js';
import { count, parseConfig } from './config.js';

const schema = z.looseObject({
  architectures: z.array(z.string()).optional(),
  vocab_size: count,
  hidden_size: count,
  intermediate_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  max_position_embeddings: count.default(77),
  hidden_act: activationName.default('quick_gelu'),
  layer_norm_eps: z.number().positive().default(1e-5),
  eos_token_id: z.int().default(2),
  projection_dim: count.default(512),
});

/** The fields of a CLIP text config that matter here, under their own names. */
export type ClipTextConfig = z.infer<typeof schema>;

/** Reads `text_encoder/config.json`, or the `text_config` of a two-tower CLIP. Throws `unsupported`. */
export function parseClipTextConfig(config: unknown): ClipTextConfig {
  return parseConfig(schema, config, 'CLIPTextModel');
}

export interface ClipTextOutput {
  /** After the final layer norm [N, T, D]: what Stable Diffusion 1 and 2 attend to. */
  hidden: Value;
  /** After the last but one layer, without a norm [N, T, D]: what SDXL attends to. */
  penultimate: Value;
  /** Final hidden state at the end-of-text token [N, D], before any projection. */
  pooled: Value;
}

/**
 * The text tower on token ids.
 *
 * @param p scope of `embeddings`, `encoder` and `final_layer_norm` (`text_model` in most checkpoints)
 * @param ids int64 [N, T], T at most `max_position_embeddings`
 */
export function clipTextModel(p: Scope, config: ClipTextConfig, ids: Value): ClipTextOutput {
  const width = config.hidden_size;
  const tokens = ids.shape[1];
  const embeddings = p.at('embeddings');
  const words = embedding(embeddings.at('token_embedding'), ids, { count: config.vocab_size, width }); // [N, T, D]
  const positions = embedding(embeddings.at('position_embedding'), positionIds(p.graph, tokens), {
    count: config.max_position_embeddings,
    width,
  }); // [T, D]
  const mask = causalMask(p.graph, tokens);
  let hidden = Add(words, positions); // [N, T, D]
  let penultimate = hidden;
  for (let i = 0; i < config.num_hidden_layers; i++) {
    penultimate = hidden;
    hidden = encoderLayer(p.at('encoder', 'layers', i), hidden, { config, mask });
  }
  hidden = layerNorm(p.at('final_layer_norm'), hidden, { epsilon: config.layer_norm_eps });
  return { hidden, penultimate, pooled: endOfText(config, { ids, hidden }) };
}

/** Projects the pooled state into the space shared with pictures: `text_projection` [N, projection_dim]. */
export function clipTextProjection(p: Scope, config: ClipTextConfig, pooled: Value): Value {
  return linear(p.at('text_projection'), pooled, { out: config.projection_dim, bias: false });
}

export interface ClipLayerOptions {
  config: Pick<ClipTextConfig, 'num_attention_heads' | 'intermediate_size' | 'hidden_act' | 'layer_norm_eps'>;
  /** Added to the attention scores; absent in the image tower. */
  mask?: Value;
}

/** One pre-norm layer of either CLIP tower. [N, T, D] -> [N, T, D] */
export function encoderLayer(p: Scope, x: Value, options: ClipLayerOptions): Value {
  const { config, mask } = options;
  const out = x.shape[2];
  const norm = { epsilon: config.layer_norm_eps };
  const attend = p.at('self_attn');
  const y = layerNorm(p.at('layer_norm1'), x, norm);
  const joined = scaledAttention(
    {
      query: linear(attend.at('q_proj'), y, { out }),
      key: linear(attend.at('k_proj'), y, { out }),
      value: linear(attend.at('v_proj'), y, { out }),
    },
    { heads: config.num_attention_heads, mask },
  );
  const h = Add(x, linear(attend.at('out_proj'), joined, { out }));
  const inner = linear(p.at('mlp', 'fc1'), layerNorm(p.at('layer_norm2'), h, norm), { out: config.intermediate_size });
  return Add(h, linear(p.at('mlp', 'fc2'), activations[config.hidden_act](inner), { out }));
}

function positionIds(graph: Graph, tokens: number): Value {
  return graph.constant(
    Array.from({ length: tokens }, (_, i) => i),
    { dtype: 'int64', shape: [tokens] },
  );
}

/** [T, T]: 0 on and below the diagonal, the lowest float32 above it. */
function causalMask(graph: Graph, tokens: number): Value {
  const lowest = -3.4028234663852886e38;
  const values = Array.from({ length: tokens * tokens }, (_, i) => (i % tokens > Math.floor(i / tokens) ? lowest : 0));
  return graph.constant(values, { shape: [tokens, tokens] });
}

/** Rows of `hidden` at the first end-of-text token [N, D]. */
function endOfText(config: ClipTextConfig, { ids, hidden }: { ids: Value; hidden: Value }): Value {
  const [batch, tokens, width] = hidden.shape;
  // Configs of the first CLIP releases say 2 where the vocabulary has 49407; the highest id is the end token there.
  const score =
    config.eos_token_id === 2
      ? Cast(ids, { to: 'float32' })
      : Cast(Equal(ids, ids.graph.constant(config.eos_token_id, { dtype: ids.dtype })), { to: 'float32' });
  const position = ArgMax(score, { axis: 1, keepdims: false }); // [N], the first of equal ones
  const rowStarts = ids.graph.constant(
    Array.from({ length: batch }, (_, n) => n * tokens),
    { dtype: 'int64', shape: [batch] },
  );
  return Gather(Reshape(hidden, [batch * tokens, width]), Add(position, rowStarts), { axis: 0 });
}

/** The scope under which a checkpoint keeps the tower: recent files have no `text_model.` before the names. */
export function clipTextPrefix(weights: { has(name: string): boolean }): '' | 'text_model' {
  return weights.has('text_model.embeddings.token_embedding.weight') ? 'text_model' : '';
}

/** Outputs of {@link clipTextGraph}; `projected` is `pooled` after the projection [N, projection_dim]. */
export type ClipTextGraphOutput = keyof ClipTextOutput | 'projected';

/**
 * A whole graph: `input_ids` int64 [batch, tokens] -> `hidden`, or the outputs asked for.
 *
 * @param options.prefix from {@link clipTextPrefix}
 */
export function clipTextGraph(
  config: ClipTextConfig,
  options: { batch: number; tokens?: number; prefix?: string; outputs?: readonly ClipTextGraphOutput[] },
): Graph {
  const { batch, tokens = config.max_position_embeddings, prefix = '', outputs = ['hidden'] } = options;
  const graph = new Graph('text_encoder');
  const result = clipTextModel(scope(graph, prefix), config, graph.input('input_ids', 'int64', [batch, tokens]));
  for (const name of outputs) {
    const projected = () => clipTextProjection(scope(graph), config, result.pooled);
    graph.output(name, name === 'projected' ? projected() : result[name]);
  }
  return graph;
}
