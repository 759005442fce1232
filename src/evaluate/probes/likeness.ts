// How near a picture comes to the very one that is wanted, pixel by pixel.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readImage, resizeImage } from '../../core/image.js';
import { psnr } from '../../metrics/peak-signal-noise.js';
import { ssim } from '../../metrics/structural-similarity.js';
import { type ProbeKind, rounded } from '../probe.js';

/** Equal pictures have no finite PSNR; bytes cannot differ by less than 1 in one of many, which is about 100 dB. */
const MAX_PSNR = 100;

export const likenessProbe: ProbeKind<'likeness'> = {
  open: async ({ referenceOf, signal }) => ({
    inputOf(one) {
      const path = referenceOf(one);
      return path && `1 ${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
    },
    async look(image, one) {
      const reference = await readImage(referenceOf(one)!, { signal });
      const { widthPx, heightPx } = reference;
      const sized = await resizeImage(image, { widthPx, heightPx });
      return { ssim: rounded(ssim(sized, reference)), psnr: rounded(Math.min(MAX_PSNR, psnr(sized, reference))) };
    },
  }),
};
