// The InceptionV3 of FID and Inception Score, over weights that the user has.
import { openInceptionV3 } from '../../metrics/inception-features.js';
import { checkpointFingerprint } from '../../weights/fingerprint.js';
import { type ProbeKind, rounded } from '../probe.js';

export const inceptionProbe: ProbeKind<'inception'> = {
  needs: 'inception',
  async open({ weights: { inception: weights = '' }, runtime, signal }) {
    const network = openInceptionV3(runtime, { weights });
    const fingerprint = await checkpointFingerprint(weights);
    return {
      inputOf: () => `1 ${fingerprint}`,
      look: async (image) => ({
        features: Array.from(await network.features(image, { signal }), rounded),
        logits: Array.from(await network.logits(image, { signal }), rounded),
      }),
      close: async () => network.close(),
    };
  },
};
