// How near a picture comes to the very one that is wanted, pixel by pixel.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Image, readImage, resizeImage } from '../../core/image.js';
import { psnr } from '../../metrics/peak-signal-noise.js';
import { openPerceptualDistance } from '../../metrics/perceptual-distance.js';
import { ssim } from '../../metrics/structural-similarity.js';
import { checkpointFingerprint } from '../../weights/fingerprint.js';
import type { BenchmarkCase } from '../benchmark.js';
import { type ProbeContext, type ProbeKind, rounded } from '../probe.js';

/** Equal pictures have no finite PSNR; bytes cannot differ by less than 1 in one of many, which is about 100 dB. */
const MAX_PSNR = 100;

export const likenessProbe: ProbeKind<'likeness'> = {
  open: async ({ referenceOf, signal }) => ({
    inputOf: (one) => digestOfReference(one, referenceOf),
    async look(image, one) {
      const [sized, reference] = await inOneSize(image, referenceOf(one)!, signal);
      return { ssim: rounded(ssim(sized, reference)), psnr: rounded(Math.min(MAX_PSNR, psnr(sized, reference))) };
    },
  }),
};

export const lpipsProbe: ProbeKind<'lpips'> = {
  needs: 'lpips',
  async open({ weights, referenceOf, runtime, signal }) {
    const given = weights.lpips ?? { network: 'alex', weights: [] };
    const lpips = openPerceptualDistance(runtime, given);
    const fingerprints: string[] = [];
    for (const path of given.weights) fingerprints.push(await checkpointFingerprint(path));
    return {
      inputOf(one) {
        const reference = digestOfReference(one, referenceOf);
        return reference && JSON.stringify([reference, given.network, fingerprints]);
      },
      async look(image, one) {
        const [sized, reference] = await inOneSize(image, referenceOf(one)!, signal);
        return rounded(await lpips.distance(sized, reference, { signal }));
      },
      close: async () => lpips.close(),
    };
  },
};

function digestOfReference(one: BenchmarkCase, referenceOf: ProbeContext['referenceOf']): string | undefined {
  const path = referenceOf(one);
  return path && `1 ${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
}

/** The picture in its reference's size, and the reference. */
async function inOneSize(image: Image, path: string, signal: AbortSignal | undefined): Promise<[Image, Image]> {
  const reference = await readImage(path, { signal });
  const { widthPx, heightPx } = reference;
  return [await resizeImage(image, { widthPx, heightPx }), reference];
}
