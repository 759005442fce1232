import fc from 'fast-check';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { encodeGrey16Png } from './png-grey.js';

it('writes what another decoder reads back, all sixteen bits of it', async () => {
  const size = fc.integer({ min: 1, max: 9 });
  await fc.assert(
    fc.asyncProperty(size, size, fc.integer(), async (widthPx, heightPx, seed) => {
      const values = Uint16Array.from({ length: widthPx * heightPx }, (_, i) => (seed + 1) * (i + 1) * 40_503);
      const png = encodeGrey16Png(values, { widthPx, heightPx });
      const { data, info } = await sharp(png).toColourspace('grey16').raw({ depth: 'ushort' }).toBuffer({
        resolveWithObject: true,
      });
      expect([info.width, info.height, info.channels]).toEqual([widthPx, heightPx, 1]);
      expect([...new Uint16Array(data.buffer, data.byteOffset, values.length)]).toEqual([...values]);
    }),
    { numRuns: 20 },
  );
});

it('refuses values that do not fit the size', () => {
  expect(() => encodeGrey16Png(new Uint16Array(5), { widthPx: 2, heightPx: 2 })).toThrow(/2 x 2 values/);
});
