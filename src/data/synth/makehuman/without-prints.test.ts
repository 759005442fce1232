// Prints disappear into the cloth around them.
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { withoutPrints } from './without-prints.js';

const SIDE = 64;

/** Cloth that gets lighter to the right and is woven in stripes, with a black square from 26 to 38. */
async function cloth(printed: boolean): Promise<Buffer> {
  const data = Buffer.alloc(3 * SIDE * SIDE);
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const isPrint = printed && x >= 26 && x < 38 && y >= 26 && y < 38;
      data.fill(isPrint ? 0 : 80 + x + (y % 4), 3 * (y * SIDE + x), 3 * (y * SIDE + x) + 3);
    }
  }
  return sharp(data, { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .png()
    .toBuffer();
}

it('restores what a print covers, with its weave and its shade', async () => {
  const at = [24 / SIDE, 24 / SIDE, 40 / SIDE, 40 / SIDE] as const;
  const clean = await withoutPrints(await cloth(true), [{ at, cloth: [0, -16 / SIDE] }]);
  const [got, expected] = await Promise.all([clean, await cloth(false)].map((file) => sharp(file).raw().toBuffer()));
  for (let y = 24; y < 40; y++) {
    for (let x = 24; x < 40; x++) {
      const pixel = 3 * (y * SIDE + x);
      expect(Math.abs(got[pixel] - expected[pixel]), `${x}, ${y}`).toBeLessThanOrEqual(4);
    }
  }
});

it('gives back the same file without prints', async () => {
  const file = await cloth(false);
  expect(await withoutPrints(file)).toBe(file);
});
