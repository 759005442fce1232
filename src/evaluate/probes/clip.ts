// How well a picture fits its prompt, and the verb of it alone.
import { openClipScorer } from '../../metrics/clip-scorer.js';
import { checkpointFingerprint } from '../../weights/fingerprint.js';
import { embeddedNetwork } from '../../weights/model-folder.js';
import { type ProbeKind, rounded } from '../probe.js';
import { verbText } from '../verb-text.js';

export const clipProbe: ProbeKind<'clip'> = {
  async open({ clip: folder = embeddedNetwork('scorer'), runtime, signal }) {
    const scorer = openClipScorer(runtime, { folder });
    const weights = await checkpointFingerprint(folder);
    return {
      inputOf: ({ prompt, triplet }) => JSON.stringify(['1', weights, prompt, triplet && verbText(triplet.verb)]),
      async look(image, { prompt, triplet }) {
        const verb = triplet && verbText(triplet.verb);
        return {
          prompt: rounded(await scorer.clipScore(image, prompt, { signal })),
          verb: verb === undefined ? null : rounded(await scorer.clipScore(image, verb, { signal })),
        };
      },
    };
  },
};
