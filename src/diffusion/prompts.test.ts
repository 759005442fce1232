// Prompts longer than the text encoder reads, on a tiny random checkpoint of 8 tokens.
import { afterAll, describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../core/progress.js';
import { floats } from '../core/tensor.js';
import { createRuntime } from '../runtime/index.js';
import { generationSettings } from './generation-settings.js';
import { loadPipeline } from './pipeline.js';
import { encodePrompts } from './prompts.js';
import { testCheckpoint } from './test-checkpoint.js';
import { textToImage } from './text-to-image.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());
const pipeline = loadPipeline(testCheckpoint(), runtime);

function encode(prompt: string, options: { negativePrompt?: string; longPrompts?: 'cut' | 'chunk' } = {}) {
  return encodePrompts(pipeline, generationSettings(pipeline, { prompt, ...options }, { operation: 'test' }));
}

describe('encodePrompts', () => {
  it('reads a long prompt in chunks, and fills the shorter one up with empty chunks', async () => {
    const long = await encode('a b c d e f g h', { negativePrompt: 'q', longPrompts: 'chunk' });
    expect([long.prompt.tokens.shape, long.negativePrompt?.tokens.shape]).toEqual([
      [1, 16, 8],
      [1, 16, 8],
    ]);
    const row = async (...texts: string[]) => {
      const parts: number[] = [];
      for (const text of texts) parts.push(...floats(await pipeline.encodePrompt(text)));
      return Float32Array.from(parts);
    };
    expect(floats(long.prompt.tokens)).toEqual(await row('a b c d e f', 'g h'));
    expect(floats(long.negativePrompt!.tokens)).toEqual(await row('q', ''));
  });

  it('is the same either way for a prompt that fits', async () => {
    const texts = { negativePrompt: 'c d' };
    expect(await encode('a b', { ...texts, longPrompts: 'chunk' })).toEqual(await encode('a b', texts));
  });

  it('lets words beyond the limit have a say, without a warning', async () => {
    const events: ProgressEvent[] = [];
    const latents = async (prompt: string, longPrompts: 'cut' | 'chunk') => {
      const options = { prompt, longPrompts, steps: 2, onProgress: (e: ProgressEvent) => events.push(e) };
      return (await textToImage(pipeline, options))[0].latents;
    };
    expect(await latents('a b c d e f g', 'chunk')).not.toEqual(await latents('a b c d e f h', 'chunk'));
    expect(events.some((e) => e.type === 'warning')).toBe(false);
    expect(await latents('a b c d e f g', 'cut')).toEqual(await latents('a b c d e f h', 'cut'));
    expect(events.some((e) => e.type === 'warning')).toBe(true);
  });
});
