// The pipeline on a tiny random checkpoint held in memory.
import { afterAll, describe, expect, it } from 'vitest';
import type { ProgressEvent } from '../core/progress.js';
import { randomNormal } from '../core/random.js';
import { float32, floats } from '../core/tensor.js';
import { createRuntime } from '../runtime/index.js';
import { loadPipeline } from './pipeline.js';
import { KL, TINY, testCheckpoint } from './test-checkpoint.js';
import { textToImage } from './text-to-image.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

const pipeline = loadPipeline(testCheckpoint(), runtime);

describe('textToImage', () => {
  it('makes picture i of a batch exactly as a single run with seed + i', async () => {
    const options = { prompt: 'a b', steps: 3, scheduler: 'euler-ancestral' as const }; // draws noise at each step
    const batch = await textToImage(pipeline, { ...options, seed: 7, count: 2 });
    const single = await textToImage(pipeline, { ...options, seed: 8n });
    expect(batch.map((p) => p.seed)).toEqual([7, 8]);
    expect(batch[1].image).toEqual(single[0].image);
    expect(batch[1].latents).toEqual(single[0].latents);
    expect(batch[0].latents).not.toEqual(single[0].latents);
    expect([single[0].image.widthPx, single[0].image.heightPx]).toEqual([8, 8]); // what the UNet was trained for
  });

  it('depends on prompt, negative prompt, guidance and scheduler', async () => {
    const base = { prompt: 'a b', steps: 2, seed: 1, negativePrompt: 'c' };
    const latents = async (change: object) => floats((await textToImage(pipeline, { ...base, ...change }))[0].latents);
    const reference = await latents({});
    expect(await latents({})).toEqual(reference);
    for (const change of [{ prompt: 'd' }, { negativePrompt: 'd' }, { guidanceScale: 3 }, { scheduler: 'dpm++' }]) {
      expect(await latents({ ...change, steps: 3 })).not.toEqual(await latents({ steps: 3 }));
    }
    // Without guidance the negative prompt has no say.
    const alone = await latents({ guidanceScale: 1 });
    expect(await latents({ guidanceScale: 1, negativePrompt: 'd' })).toEqual(alone);
  });

  it('guides along the difference of both predictions', async () => {
    const noise = randomNormal(3, { shape: [1, 4, 4, 4] });
    const run = async (guidanceScale: number, prompt = 'a', negativePrompt = 'b') =>
      floats((await textToImage(pipeline, { prompt, negativePrompt, guidanceScale, noise, steps: 1 }))[0].latents);
    const [negative, positive, guided] = [await run(1, 'b'), await run(1, 'a'), await run(4)];
    guided.forEach((v, i) => {
      expect(v).toBeCloseTo(negative[i] + 4 * (positive[i] - negative[i]), 3);
    });
  });

  it('reports steps with previews of the estimate, and what of a long prompt was left out', async () => {
    const events: ProgressEvent[] = [];
    const prompt = 'a b c d e f g h';
    await textToImage(pipeline, { prompt, steps: 2, width: 12, height: 8, onProgress: (e) => events.push(e) });
    expect(events.find((e) => e.type === 'warning')).toMatchObject({ message: expect.stringContaining('"g h"') });
    const steps = events.filter((e) => e.type === 'step');
    expect(steps.map((e) => `${e.step}/${e.steps}`)).toEqual(['1/2', '2/2']);
    const preview = await steps[0].preview!();
    expect([preview.widthPx, preview.heightPx]).toEqual([12, 8]);
    expect(events.at(-1)?.type).toBe('done');
  });

  it('stops between steps', async () => {
    const interrupt = new AbortController();
    let steps = 0;
    const onProgress = (event: ProgressEvent) => {
      if (event.type !== 'step') return;
      steps++;
      if (event.step === 2) interrupt.abort();
    };
    const run = textToImage(pipeline, { prompt: 'a', steps: 20, signal: interrupt.signal, onProgress });
    await expect(run).rejects.toMatchObject({ code: 'aborted' });
    expect(steps).toBe(2);
    await expect(textToImage(pipeline, { prompt: 'a', signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
  });

  it('gives the same picture when memory is released on the way', async () => {
    const options = { prompt: 'a', steps: 2, seed: 4 };
    const kept = await textToImage(pipeline, options);
    expect(await textToImage(pipeline, { ...options, lowMemory: true })).toEqual(kept);
    await pipeline.release();
    expect(await textToImage(pipeline, options)).toEqual(kept);
  });

  it.each([
    [{ width: 13 }, /width.*positive multiple of 2.*got 13.*use 14/s],
    [{ height: 0 }, /height.*multiple of 2/],
    [{ steps: 0 }, /steps/],
    [{ count: 1.5 }, /count/],
    [{ guidanceScale: Number.NaN }, /guidanceScale/],
    [{ seed: 0.5 }, /seed/],
    [{ scheduler: 'magic' as 'ddim' }, /one of ddim, /],
    [{ noise: randomNormal(1, { shape: [1, 4, 2, 2] }) }, /noise.*\[1,4,4,4\]/],
  ])('refuses %o before it computes', async (bad, message) => {
    await expect(textToImage(pipeline, { prompt: 'a', ...bad })).rejects.toThrow(message);
  });
});

describe('loadPipeline', () => {
  it('takes an AutoencoderTiny as well, both ways', async () => {
    const tiny = loadPipeline(testCheckpoint({ vae: TINY }), runtime);
    const [{ image, latents }] = await textToImage(tiny, { prompt: 'a', steps: 2 });
    expect(image.data.length).toBe(8 * 8 * 3);
    const decoded = await tiny.decode(latents);
    expect((await tiny.encode(decoded)).shape).toEqual(latents.shape);
  });

  it('scales latents at the border of the autoencoder', async () => {
    const doubled = loadPipeline(testCheckpoint({ vae: { ...KL, scaling_factor: 0.5 } }), runtime);
    const single = loadPipeline(testCheckpoint({ vae: { ...KL, scaling_factor: 1 } }), runtime);
    const image = randomNormal(1, { shape: [1, 3, 8, 8] });
    const [half, whole] = [await doubled.encode(image), await single.encode(image)];
    expect(floats(half)).toEqual(floats(whole).map((v) => v / 2));
    expect(await doubled.decode(half)).toEqual(await single.decode(whole));
    await expect(single.encode(float32(new Float32Array(3 * 9 * 8), [1, 3, 9, 8]))).rejects.toThrow(/multiple of 2/);
  });

  it('refuses parts that do not belong together', () => {
    const load = (changes: Parameters<typeof testCheckpoint>[0]) => () =>
      loadPipeline(testCheckpoint(changes), runtime);
    expect(load({ text: { hidden_size: 12 } })).toThrow(/width 8.*got 12/);
    expect(load({ vae: { ...KL, latent_channels: 16 } })).toThrow(/4 latent channels.*got 16/);
    expect(load({ text: { max_position_embeddings: 6 } })).toThrow(/6 positions/);
  });

  it('refuses an inpainting network for text to image', async () => {
    const inpainting = loadPipeline(testCheckpoint({ unet: { in_channels: 9 } }), runtime);
    await expect(textToImage(inpainting, { prompt: 'a' })).rejects.toThrow(/9/);
  });
});
