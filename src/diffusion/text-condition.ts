// What the UNet is told about a prompt: text tokens, and for SDXL also a pooled embedding and the picture's size.
import { float32, floats, int64, type Tensor, type WeightSource } from '../core/tensor.js';
import { type ClipTextConfig, clipTextGraph, clipTextPrefix, type UNet2DConditionConfig } from '../models/index.js';
import type { RunOptions, Runtime, Session } from '../runtime/index.js';
import type { ClipTokenizer } from '../weights/index.js';

/** A prompt as the UNet takes it. */
export interface TextCondition {
  /** Text tokens [1, T, D]. */
  tokens: Tensor;
  /** SDXL: the second encoder's projected embedding of the whole prompt [1, P]. */
  pooled?: Tensor;
}

/** A text encoder with its tokenizer. */
export interface TextEncoder {
  config: ClipTextConfig;
  weights: WeightSource;
  tokenizer: ClipTokenizer;
}

export interface EncodeTextOptions extends RunOptions {
  runtime: Runtime;
  /** Told of every session made. */
  keep: (session: Session) => void;
}

/**
 * Stable Diffusion 1 and 2 attend to the final hidden states of their one encoder. SDXL attends to the last but one
 * layer of both, side by side, and takes the second's projected embedding besides.
 *
 * @param ids token ids for each encoder, as its tokenizer frames them
 * @param encoders one, or SDXL's two
 */
export async function encodeIds(
  ids: readonly (readonly number[])[],
  encoders: readonly TextEncoder[],
  options: EncodeTextOptions,
): Promise<TextCondition> {
  if (encoders.length === 1) {
    const out = await run(ids[0], { encoder: encoders[0], outputs: ['hidden'] }, options);
    return { tokens: out.hidden };
  }
  const states: Tensor[] = [];
  let pooled: Tensor | undefined;
  for (const [i, encoder] of encoders.entries()) {
    const last = i === encoders.length - 1;
    const out = await run(ids[i], { encoder, outputs: last ? ['penultimate', 'projected'] : ['penultimate'] }, options);
    states.push(out.penultimate);
    pooled = out.projected;
  }
  return { tokens: sideBySide(states), pooled };
}

/** The condition of no text at all, all zeros: what SDXL was trained to take for "unconditioned". */
export function emptyCondition({ tokens, pooled }: TextCondition): TextCondition {
  const zeros = ({ data, shape }: Tensor) => float32(new Float32Array(data.length), shape);
  return { tokens: zeros(tokens), pooled: pooled && zeros(pooled) };
}

interface EncoderRun {
  encoder: TextEncoder;
  outputs: readonly ('hidden' | 'penultimate' | 'projected')[];
}

async function run(
  ids: readonly number[],
  { encoder, outputs }: EncoderRun,
  { runtime, keep, signal }: EncodeTextOptions,
) {
  const { config, weights } = encoder;
  const graph = clipTextGraph(config, { batch: 1, tokens: ids.length, prefix: clipTextPrefix(weights), outputs });
  const session = await runtime.session(graph, weights, { signal });
  keep(session);
  return session.run({ input_ids: int64(ids, [1, ids.length]) }, { signal });
}

/** Joins [1, T, D_i] along the last axis. */
function sideBySide(tensors: readonly Tensor[]): Tensor {
  const [batch, tokens] = tensors[0].shape;
  const width = tensors.reduce((sum, t) => sum + t.shape[2], 0);
  const data = new Float32Array(batch * tokens * width);
  let column = 0;
  for (const tensor of tensors) {
    const own = tensor.shape[2];
    for (let row = 0; row < batch * tokens; row++) {
      data.set(floats(tensor).subarray(row * own, (row + 1) * own), row * width + column);
    }
    column += own;
  }
  return float32(data, [batch, tokens, width]); // [1, T, sum of D_i]
}

/**
 * The further inputs of an SDXL UNet: `text_embeds` [N, P] and `time_ids` [N, 6] (original height and width, top and
 * left of the crop, height and width to make; in pixels); nothing for the other UNets.
 *
 * @param conditions one a sample of the UNet's batch
 * @param size of the picture
 */
export function addedConditions(
  config: UNet2DConditionConfig,
  conditions: readonly TextCondition[],
  size: { heightPx: number; widthPx: number },
): Record<string, Tensor> {
  if (config.addedTimeWidth === undefined || config.pooledWidth === undefined) return {};
  const pooled = conditions.flatMap(({ pooled }) => (pooled ? [...floats(pooled)] : []));
  const { heightPx, widthPx } = size;
  const numbers = [heightPx, widthPx, 0, 0, heightPx, widthPx];
  return {
    text_embeds: float32(pooled, [conditions.length, config.pooledWidth]),
    time_ids: float32(
      conditions.flatMap(() => numbers),
      [conditions.length, numbers.length],
    ),
  };
}
