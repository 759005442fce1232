// Decoding in tiles against decoding at once.
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { randomNormal } from '../core/random.js';
import { floats } from '../core/tensor.js';
import { createRuntime } from '../runtime/index.js';
import { loadPipeline } from './pipeline.js';
import { KL, TINY, testCheckpoint } from './test-checkpoint.js';
import { fadeWeights, tileStarts } from './tiled-decoding.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

describe('tiles', () => {
  it('cover every length with weights that add up to one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 2, max: 40 }), (length, tile) => {
        const overlap = Math.floor(tile / 4);
        const starts = tileStarts(length, { tile, overlap });
        const side = Math.min(tile, length);
        const total = new Float32Array(length * 2);
        fadeWeights(starts, { side, scaleFactor: 2 }).forEach((weights, i) => {
          weights.forEach((v, at) => {
            total[starts[i] * 2 + at] += v;
          });
        });
        expect(total.every((v) => Math.abs(v - 1) < 1e-5)).toBe(true);
        expect(starts.every((s, i) => i === 0 || starts[i - 1] + tile - s >= overlap)).toBe(true);
      }),
    );
  });
});

describe('decode', () => {
  /** Largest difference between tiled and whole, over the whole picture or away from the borders of tiles. */
  async function differences(vae: object, { tile, reach }: { tile: number; reach: number }) {
    const pipeline = loadPipeline(testCheckpoint({ vae }), runtime);
    const latents = randomNormal(2, { shape: [1, 4, 24, 40] });
    const whole = await pipeline.decode(latents);
    const tiled = await pipeline.decode(latents, { tile });
    expect(tiled.shape).toEqual([1, 3, 48, 80]);
    const overlap = Math.floor(tile / 4);
    const borders = (length: number) =>
      tileStarts(length, { tile, overlap }).flatMap((s) => [s, s + tile].filter((b) => b > 0 && b < length));
    const far = (at: number, length: number) => borders(length).every((b) => Math.abs(at / 2 - b) > reach);
    let [all, away] = [0, 0];
    floats(whole).forEach((v, i) => {
      const difference = Math.abs(v - floats(tiled)[i]);
      all = Math.max(all, difference);
      if (far(i % 80, 40) && far(Math.floor(i / 80) % 48, 24)) away = Math.max(away, difference);
    });
    const spread = Math.hypot(...floats(whole)) / Math.sqrt(floats(whole).length);
    return { all: all / spread, away: away / spread };
  }

  it('in tiles equals decoding at once away from the seams, where the decoder looks only nearby', async () => {
    const { all, away } = await differences(TINY, { tile: 16, reach: 7 });
    expect(away).toBeLessThan(1e-4);
    expect(all).toBeGreaterThan(away); // the seams are where they differ
  });

  it('stays near where the decoder normalises over the picture', async () => {
    const { away } = await differences(KL, { tile: 20, reach: 4 });
    expect(away).toBeLessThan(0.5);
  });

  it('is in tiles of its own accord for large latents', async () => {
    const pipeline = loadPipeline(testCheckpoint({ vae: TINY }), runtime);
    const latents = randomNormal(3, { shape: [1, 4, 80, 128] });
    const [own, tiled, whole] = [{}, { tile: 64 }, { tile: 1000 }].map((o) => pipeline.decode(latents, o));
    expect(await own).toEqual(await tiled);
    expect(await own).not.toEqual(await whole);
  });
});
