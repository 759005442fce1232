// Image-to-image on a tiny random checkpoint.
import { afterAll, describe, expect, it } from 'vitest';
import type { Image } from '../core/image.js';
import type { ProgressEvent } from '../core/progress.js';
import { floats } from '../core/tensor.js';
import { createRuntime } from '../runtime/index.js';
import { firstStep } from './generation-settings.js';
import { fitted, fittingSize, imageToImage } from './image-to-image.js';
import { loadPipeline } from './pipeline.js';
import { SCHEDULER_NAMES } from './schedulers.js';
import { testCheckpoint } from './test-checkpoint.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());
const pipeline = loadPipeline(testCheckpoint(), runtime);

const image: Image = {
  widthPx: 8,
  heightPx: 8,
  data: Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => (i * 37) % 256),
};
const base = { prompt: 'a', image, steps: 10, seed: 3, guidanceScale: 1 };

describe('imageToImage', () => {
  it.each(SCHEDULER_NAMES)('stays the nearer to the picture the smaller the strength, with %s', async (scheduler) => {
    const clean = floats(await pipeline.encode(await fitted(image, { width: 8, height: 8 })));
    const distance = async (strength: number) => {
      const [{ latents }] = await imageToImage(pipeline, { ...base, scheduler, strength });
      return Math.hypot(...floats(latents).map((v, i) => v - clean[i]));
    };
    const [little, much, all] = [await distance(0.1), await distance(0.6), await distance(1)];
    expect(little).toBeLessThan(much);
    expect(much).toBeLessThan(all);
  });

  it('takes the last part of the steps, and makes picture i as a single run with seed + i', async () => {
    const events: ProgressEvent[] = [];
    const onProgress = (event: ProgressEvent) => events.push(event);
    const options = { ...base, scheduler: 'ddpm' as const, strength: 0.35 };
    const batch = await imageToImage(pipeline, { ...options, count: 2, onProgress });
    expect(events.flatMap((e) => (e.type === 'step' ? `${e.step}/${e.steps}` : []))).toEqual([
      '1/3',
      '2/3',
      '3/3',
      '1/3',
      '2/3',
      '3/3',
    ]);
    expect(batch[1].latents).toEqual((await imageToImage(pipeline, { ...options, seed: 4 }))[0].latents);
    expect(batch[1].latents).not.toEqual(batch[0].latents);
  });

  it('takes the size from the picture, or crops the picture to the size', async () => {
    const wide = { widthPx: 400, heightPx: 100, data: new Uint8Array(400 * 100 * 3) };
    expect(fittingSize(pipeline, wide)).toEqual({ width: 16, height: 8 });
    const [made] = await imageToImage(pipeline, { ...base, width: 12, height: 8, steps: 2 });
    expect([made.image.widthPx, made.image.heightPx]).toEqual([12, 8]);
  });

  it.each([
    [{ strength: 0 }, /strength above 0 and at most 1, got 0/],
    [{ strength: 1.1 }, /at most 1/],
    [{ strength: Number.NaN }, /at most 1/],
    [{ strength: 0.05 }, /one step.*at least 20 steps, or a strength of 0.1/s],
    [{ width: 13 }, /multiple of 2/],
  ])('refuses %o before it computes', async (bad, message) => {
    await expect(imageToImage(pipeline, { ...base, ...bad })).rejects.toThrow(message);
  });

  it('counts steps as diffusers does', () => {
    const first = (steps: number, strength: number) => firstStep('', { steps, strength });
    expect([first(50, 0.8), first(20, 0.75), first(10, 1), first(3, 0.5)]).toEqual([10, 5, 0, 2]);
  });
});
