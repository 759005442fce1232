// Inpainting on tiny random checkpoints: by blending, and by a UNet of nine channels.
import { afterAll, describe, expect, it } from 'vitest';
import type { Image } from '../core/image.js';
import { floats } from '../core/tensor.js';
import { createRuntime } from '../runtime/index.js';
import { fitted } from './image-to-image.js';
import { inpaint, latentMask } from './inpaint.js';
import { loadPipeline } from './pipeline.js';
import { SCHEDULER_NAMES } from './schedulers.js';
import { testCheckpoint } from './test-checkpoint.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());
const blending = loadPipeline(testCheckpoint(), runtime);
const nine = loadPipeline(testCheckpoint({ unet: { in_channels: 9 } }), runtime);

const picture = (of: (pixel: number) => number): Image => ({
  widthPx: 8,
  heightPx: 8,
  data: Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => of(Math.floor(i / 3))),
});
const image = picture((i) => (i * 91) % 256);
const rightHalf = picture((i) => (i % 8 >= 4 ? 255 : 0));
const base = { prompt: 'a', image, mask: rightHalf, steps: 4, seed: 1 };

describe.each([
  ['blending', blending],
  ['nine channels', nine],
])('inpaint by %s', (_, pipeline) => {
  it('paints under the mask alone', async () => {
    const [{ image: made }] = await inpaint(pipeline, base);
    const changed = (right: boolean) =>
      made.data.filter((v, i) => Math.floor(i / 3) % 8 >= 4 === right && v !== image.data[i]).length;
    expect(changed(false)).toBe(0);
    expect(changed(true)).toBeGreaterThan(80);
  });

  it('changes less with a smaller strength, and nothing depends on the order of a batch', async () => {
    const options = { ...base, steps: 10, strength: 0.2 };
    const batch = await inpaint(pipeline, { ...options, count: 2 });
    expect(batch[1].latents).toEqual((await inpaint(pipeline, { ...options, seed: 2 }))[0].latents);
    const [whole] = await inpaint(pipeline, { ...options, strength: 1 });
    const clean = floats(await pipeline.encode(await fitted(image, { width: 8, height: 8 })));
    const distance = (latents: Float32Array) => Math.hypot(...latents.map((v, i) => v - clean[i]));
    expect(distance(floats(batch[0].latents))).toBeLessThan(distance(floats(whole.latents)));
  });

  it('refuses masks that cannot be meant', async () => {
    const small = { widthPx: 4, heightPx: 4, data: new Uint8Array(48).fill(255) };
    await expect(inpaint(pipeline, { ...base, mask: small })).rejects.toThrow(/8 by 8 pixels.*got 4 by 4/);
    await expect(inpaint(pipeline, { ...base, mask: picture(() => 0) })).rejects.toThrow(/without white/);
    await expect(inpaint(pipeline, { ...base, strength: 2 })).rejects.toThrow(/strength/);
  });
});

describe('inpaint', () => {
  it.each(SCHEDULER_NAMES)('blending leaves the latents outside the mask as they were, with %s', async (scheduler) => {
    const [{ latents }] = await inpaint(blending, { ...base, scheduler });
    const clean = floats(await blending.encode(await fitted(image, { width: 8, height: 8 })));
    const outside = (v: Float32Array) => v.filter((_, i) => i % 4 < 2);
    expect(outside(floats(latents))).toEqual(outside(clean));
    expect(floats(latents).every(Number.isFinite)).toBe(true);
  });

  it('shows a UNet of nine channels the mask and what it leaves visible', async () => {
    const latents = async (change: object) => floats((await inpaint(nine, { ...base, ...change }))[0].latents);
    const before = await latents({});
    expect(await latents({ mask: picture((i) => (i % 8 >= 6 ? 255 : 0)) })).not.toEqual(before);
    const covered = { ...image, data: image.data.map((v, i) => (Math.floor(i / 3) % 8 >= 4 ? 0 : v)) };
    expect(await latents({ image: covered })).toEqual(before); // what the mask hides has no say
    expect(await latents({ image: picture(() => 9) })).not.toEqual(before);
  });

  it('refuses UNets that are neither', async () => {
    const five = loadPipeline(testCheckpoint({ unet: { in_channels: 5 } }), runtime);
    await expect(inpaint(five, base)).rejects.toThrow(/4 or 9 channels, got one that takes 5/);
  });

  it('blends greys of the mask into the picture', async () => {
    const grey = picture((i) => (i % 8 >= 4 ? 255 : i % 8 === 3 ? 64 : 0));
    const [{ image: soft }] = await inpaint(blending, { ...base, mask: grey });
    const [{ image: hard }] = await inpaint(blending, base);
    const column = (made: Image, x: number) => made.data.filter((_, i) => Math.floor(i / 3) % 8 === x);
    expect(column(soft, 3)).not.toEqual(column(hard, 3));
    expect(column(soft, 2)).toEqual(column(hard, 2));
  });
});

describe('latentMask', () => {
  it('asks the upper left pixel of each latent pixel', () => {
    const cover = Float32Array.of(1, 0, 0.4, 1, 0, 0, 1, 1, 0.5, 0, 0, 0, 1, 1, 1, 1);
    const { data, shape } = latentMask(cover, { width: 4, height: 4, scaleFactor: 2 });
    expect(shape).toEqual([1, 1, 2, 2]);
    expect([...data]).toEqual([1, 0, 1, 0]);
  });
});
