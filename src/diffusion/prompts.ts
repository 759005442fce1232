// Prompts as the UNet takes them for both branches of guidance, also those longer than the text encoder reads at once.
import { throwIfAborted } from '../core/errors.js';
import { float32, floats, type Tensor } from '../core/tensor.js';
import type { GenerationSettings } from './generation-settings.js';
import type { Pipeline } from './pipeline.js';
import type { TextCondition } from './text-condition.js';

export interface PromptConditions {
  prompt: TextCondition;
  /** As many tokens as `prompt`; absent without guidance. */
  negativePrompt?: TextCondition;
}

/**
 * Encodes prompt and, where guidance needs it, negative prompt. In chunks, each part of 75 tokens is encoded on its own
 * between begin and end, and the hidden states are put in a row; the shorter text is filled up with empty chunks.
 */
export async function encodePrompts(pipeline: Pipeline, settings: GenerationSettings): Promise<PromptConditions> {
  const { prompt, negativePrompt, longPrompts, signal } = settings;
  const guided = settings.guidanceScale > 1;
  if (longPrompts === 'cut') {
    const both = [
      pipeline.condition(prompt, settings),
      guided ? pipeline.negativeCondition(negativePrompt, settings) : undefined,
    ] as const;
    const [condition, against] = await Promise.all(both);
    throwIfAborted(signal, 'encode prompt');
    return { prompt: condition, negativePrompt: against };
  }
  const chunks = pipeline.promptChunks(prompt);
  if (!guided) return { prompt: await encodeInARow(pipeline, chunks, signal) };
  const against = negativePrompt === undefined ? [] : pipeline.promptChunks(negativePrompt);
  const count = Math.max(chunks.length, against.length);
  const [empty] = pipeline.promptChunks('');
  const filled = (given: number[][][]) => Array.from({ length: count }, (_, i) => given[i] ?? empty);
  return {
    prompt: await encodeInARow(pipeline, filled(chunks), signal),
    negativePrompt:
      negativePrompt === undefined
        ? inARow(new Array<TextCondition>(count).fill(await pipeline.negativeCondition(undefined, { signal })))
        : await encodeInARow(pipeline, filled(against), signal),
  };
}

async function encodeInARow(pipeline: Pipeline, chunks: number[][][], signal?: AbortSignal): Promise<TextCondition> {
  const parts: TextCondition[] = [];
  for (const ids of chunks) {
    throwIfAborted(signal, 'encode prompt');
    parts.push(await pipeline.chunkCondition(ids, { signal }));
  }
  return inARow(parts);
}

/** Tokens one after another; the pooled embedding is that of the first chunk, which begins the sentence. */
function inARow(parts: readonly TextCondition[]): TextCondition {
  const [, tokens, width] = parts[0].tokens.shape;
  const data = new Float32Array(parts.length * tokens * width);
  parts.forEach((part, i) => {
    data.set(floats(part.tokens), i * tokens * width);
  });
  const row: Tensor = float32(data, [1, parts.length * tokens, width]);
  return { tokens: row, ...(parts[0].pooled && { pooled: parts[0].pooled }) };
}
