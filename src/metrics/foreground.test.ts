// Backgrounds taken away: by a mask exactly, by segmentation roughly as a person's outline.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Image, readImage } from '../core/image.js';
import { foregroundOf } from './foreground.js';

const photo = join(process.env.CONTRAPPOSTO_SHARED ?? '../shared', 'data/photos/pose.jpg');

const flat = (value: number): Image => ({ widthPx: 8, heightPx: 6, data: new Uint8Array(144).fill(value) });

describe('foregroundOf', () => {
  it('keeps what is in the mask and blackens the rest', async () => {
    const mask = Uint8Array.from({ length: 48 }, (_, i) => (i % 8 < 2 ? 1 : 0));
    const kept = await foregroundOf(flat(200), { mask });
    expect(kept?.data.slice(0, 9)).toEqual(Uint8Array.of(200, 200, 200, 200, 200, 200, 0, 0, 0));
    expect(kept?.data.reduce((a, b) => a + b, 0)).toBe(12 * 3 * 200);
  });

  it('has none where nobody is', async () => {
    expect(await foregroundOf(flat(200), { mask: new Uint8Array(48) })).toBeUndefined();
    const mask = Uint8Array.from({ length: 48 }, (_, i) => (i === 5 ? 1 : 0));
    expect(await foregroundOf(flat(200), { mask, minShare: 0.05 })).toBeUndefined();
    expect(await foregroundOf(flat(200), { mask, minShare: 0 })).toBeDefined();
  });

  it('refuses masks of another size and thresholds that are none', async () => {
    await expect(foregroundOf(flat(1), { mask: new Uint8Array(3) })).rejects.toMatchObject({ code: 'shape' });
    await expect(foregroundOf(flat(1), { threshold: 2 })).rejects.toMatchObject({ code: 'usage' });
    await expect(foregroundOf(flat(1), { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
  });

  it('sees nobody in a grey picture', async () => {
    const grey = { widthPx: 60, heightPx: 40, data: new Uint8Array(7200).fill(128) };
    expect(await foregroundOf(grey)).toBeUndefined();
  });

  it.skipIf(!existsSync(photo))('finds the person in a photograph (CONTRAPPOSTO_SHARED)', async () => {
    const image = await readImage(photo);
    const kept = await foregroundOf(image);
    const isKept = (x: number, y: number) => {
      const i = 3 * (y * image.widthPx + x);
      return kept?.data.subarray(i, i + 3).some((v) => v > 0);
    };
    // Chest and hip; sky, sea and ground beside him.
    expect([isKept(500, 330), isKept(480, 420)]).toEqual([true, true]);
    expect([isKept(30, 30), isKept(970, 300), isKept(100, 600), isKept(500, 120)]).toEqual(Array(4).fill(false));
  });
});
