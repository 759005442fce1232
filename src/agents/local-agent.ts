// The agent of this package: a scorer and a judge choose the pose, the layout model places the object. No network, no account.

import { throwIfAborted } from '../core/errors.js';
import type { Image } from '../core/image.js';
import { type ClipScorer, openClipScorer } from '../metrics/clip-scorer.js';
import { type Judge, openJudge } from '../metrics/judge.js';
import type { Runtime } from '../runtime/index.js';
import type {
  Agent,
  AgentOptions,
  AgentUsage,
  ChooseOptions,
  Exchange,
  LayoutProposal,
  LayoutQuestion,
  PoseChoice,
} from './agent.js';
import { checkBox } from './boxes.js';
import { describeLayout } from './describe-layout.js';
import { openLayoutNetwork } from './layout-network.js';
import { layoutObject, layoutVerb } from './layout-words.js';
import { requirePictures } from './openai-agent.js';
import { boxText } from './prompts.js';

const NOTHING_SPENT: AgentUsage = { requests: 0, promptTokens: 0, completionTokens: 0 };
/** The scorer's cosines of good and bad pictures differ by about 0.1, the judge's chances by up to 1: this makes both count. */
const TEXT_WEIGHT = 4;
/** What the judge says about the body alone, whatever lies in its hands. */
const VERB_WEIGHT = 0.5;
const VISIBLE_WEIGHT = 0.5;

/**
 * The local substitute (record, 6.7), on by default. Poses: cosine of the picture with the prompt and with the verb, the
 * judge's chance of the triplet and of the verb, and how much of the body is seen; ties go to the first.
 *
 * @param options.layoutFolder another layout model
 * @throws `not-found` when an embedded model is missing
 */
export function createLocalAgent(runtime: Runtime, options: { layoutFolder?: string } = {}): Agent {
  const scorer = openClipScorer(runtime);
  const judge = openJudge(runtime);
  const layout = openLayoutNetwork(runtime, { folder: options.layoutFolder });

  async function choose(prompt: string, images: readonly Image[], chosen: ChooseOptions = {}): Promise<PoseChoice> {
    requirePictures(images);
    const { count = 1, signal, onProgress } = chosen;
    const started = performance.now();
    const scores: number[] = [];
    for (const [i, image] of images.entries()) {
      throwIfAborted(signal, 'choose pose');
      scores.push(await poseScore({ scorer, judge, prompt, image, chosen }));
      onProgress?.({ type: 'step', stage: 'choose pose', step: i + 1, steps: images.length });
    }
    const order = scores.map((_, i) => i).sort((a, b) => scores[b] - scores[a] || a - b);
    const indices = order.slice(0, count);
    const answer = `picture ${indices[0] + 1} (scores ${scores.map((s) => s.toFixed(3)).join(', ')})`;
    const transcript = [exchange(`pose for "${prompt}", ${images.length} pictures`, answer, started)];
    return { index: indices[0], indices, scores, source: 'local', warnings: [], transcript, usage: NOTHING_SPENT };
  }

  async function propose(question: LayoutQuestion, { signal }: AgentOptions = {}): Promise<LayoutProposal> {
    const { personBox, objectBox, keypoints, image } = question;
    const started = performance.now();
    const [verb, object] = [layoutVerb(question.verb, question), layoutObject(question.object)];
    const aspect = image.widthPx / image.heightPx;
    const [placed] = await layout.place([{ verb, object, personBox, keypoints, objectBox, aspect }], { signal });
    const attributes = describeLayout({ verb, keypoints, personBox, box: placed.box });
    const { box, warnings } = checkBox(placed.box, { personBox, relation: attributes.relation });
    const reasoning = reasonFor({ verb, object, question, expected: placed.expected });
    const transcript = [
      exchange(`place ${question.object} for "${question.prompt}"`, `${boxText(placed.box)}; ${reasoning}`, started),
    ];
    const status = box ? 'proposed' : 'rejected';
    return { status, box, attributes, reasoning, source: 'local', warnings, transcript, usage: NOTHING_SPENT };
  }

  return { name: 'local', choose, propose };
}

function exchange(question: string, answer: string, started: number): Exchange {
  return { question, answer, elapsedMs: performance.now() - started };
}

async function poseScore(of: {
  scorer: ClipScorer;
  judge: Judge;
  prompt: string;
  image: Image;
  chosen: ChooseOptions;
}): Promise<number> {
  const { scorer, judge, prompt, image, chosen } = of;
  const { signal, verb, object } = chosen;
  const texts = verb ? [prompt, verb] : [prompt];
  let score = 0;
  for (const text of texts) score += TEXT_WEIGHT * (await scorer.clipScore(image, text, { signal }));
  if (verb) {
    const [asked, thing] = [layoutVerb(verb, { object: object ?? undefined }), object && layoutObject(object)];
    for (const { triplet, score: chance } of await judge.judgeInteraction(image, { signal })) {
      const judged = triplet.object === null ? undefined : layoutVerb(triplet.verb, { object: triplet.object });
      if (asked === undefined || judged !== asked) continue;
      score += chance * (triplet.object === thing ? 1 + VERB_WEIGHT : VERB_WEIGHT);
    }
  }
  const points = (await judge.judgeKeypoints(image, { signal })).slice(0, 17);
  return score + VISIBLE_WEIGHT * (points.reduce((sum, p) => sum + p.score, 0) / points.length);
}

function reasonFor(of: {
  verb: string | undefined;
  object: string | undefined;
  question: LayoutQuestion;
  expected: number;
}): string {
  const { verb, object, question, expected } = of;
  const taken = (word: string, known: string | undefined) =>
    known === undefined
      ? `"${word}" is not known and counts as any`
      : `"${word}" is taken as ${known.replaceAll('_', ' ')}`;
  const from = question.objectBox ? 'its present place and the person' : 'the person';
  return `${taken(question.verb, verb)}, ${taken(question.object, object)}; placed from ${from}, expected overlap ${expected.toFixed(2)}.`;
}
