// What the judge says that somebody does, and its features.
import { type JudgedTriplet, openJudge } from '../../metrics/judge.js';
import { parseJudgeConfig } from '../../models/index.js';
import { checkpointFingerprint } from '../../weights/fingerprint.js';
import { openModelFolder } from '../../weights/index.js';
import { embeddedNetwork } from '../../weights/model-folder.js';
import { type ProbeKind, rounded } from '../probe.js';

export const judgeProbe: ProbeKind<'judge'> = {
  async open({ weights: { judge: folder = embeddedNetwork('judge') }, runtime, signal }) {
    const judge = openJudge(runtime, { folder });
    const fingerprint = await checkpointFingerprint(folder);
    return {
      inputOf: () => `1 ${fingerprint}`,
      async look(image) {
        const found = await judge.judgeInteraction(image, { signal });
        return {
          triplets: found.map(({ triplet: { verb, object }, score }) => [verb, object, rounded(score)]),
          features: Array.from(await judge.judgeFeatures(image, { signal }), rounded),
        };
      },
    };
  },
};

/** The triplets that the judge in `folder` (default: the embedded one) knows. Throws `not-found` without one. */
export function knownTriplets(folder: string = embeddedNetwork('judge')): readonly JudgedTriplet[] {
  return parseJudgeConfig(openModelFolder(folder).config).triplets;
}
