// How well a picture fits its prompt, and the verb of it alone; PickScore.
import { openClipScorer } from '../../metrics/clip-scorer.js';
import { openPickScorer, verbAlone } from '../../metrics/text-agreement.js';
import { checkpointFingerprint } from '../../weights/fingerprint.js';
import { embeddedNetwork } from '../../weights/model-folder.js';
import type { BenchmarkCase } from '../benchmark.js';
import { type ProbeKind, rounded } from '../probe.js';

const verbOf = ({ triplet }: BenchmarkCase) => triplet && verbAlone(triplet.verb);

export const clipProbe: ProbeKind<'clip'> = {
  async open({ weights: { clip: folder = embeddedNetwork('scorer') }, runtime, signal }) {
    const scorer = openClipScorer(runtime, { folder });
    const fingerprint = await checkpointFingerprint(folder);
    return {
      inputOf: (one) => JSON.stringify(['1', fingerprint, one.prompt, verbOf(one)]),
      async look(image, one) {
        const verb = verbOf(one);
        return {
          prompt: rounded(await scorer.clipScore(image, one.prompt, { signal })),
          verb: verb === undefined ? null : rounded(await scorer.clipScore(image, verb, { signal })),
        };
      },
    };
  },
};

export const pickscoreProbe: ProbeKind<'pickscore'> = {
  needs: 'pickscore',
  async open({ weights: { pickscore: folder = '' }, runtime, signal }) {
    const scorer = openPickScorer(runtime, { folder });
    const fingerprint = await checkpointFingerprint(folder);
    return {
      inputOf: ({ prompt }) => JSON.stringify(['1', fingerprint, prompt]),
      look: async (image, { prompt }) => rounded(await scorer.pickScore(image, prompt, { signal })),
    };
  },
};
