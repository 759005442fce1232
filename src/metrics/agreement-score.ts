// The score that a vision-language model gives a picture for its prompt (T2I-CompBench's, by GPT-4V): question and answer.
import type { Image } from '../core/image.js';
import { type MeanScore, runningMean } from './running-mean.js';

/**
 * What the model is asked to judge. T2I-CompBench's public program asks about `spatial` relations for its non-spatial
 * prompts too, by a slip; `action` is what the category is about. Reports name the rubric.
 */
export type AgreementRubric = 'action' | 'spatial';

const LEVELS: Readonly<Record<AgreementRubric, readonly string[]>> = {
  action: [
    'nothing in the picture matches the text',
    'few of the things in the text are there, and none does what it says',
    'the things are there, but hardly any action or relation is right',
    'most actions and relations are right, with small faults',
    'all actions and relations of the text are right',
  ],
  spatial: [
    'nothing in the picture matches the text',
    'few of the things in the text are there, none where it says',
    'the things are there, but hardly any is in its place',
    'most things are in their place, with small faults',
    'all things of the text are there and in their place',
  ],
};

/** The question about one picture; the answer is for `parseAgreement`. */
export function agreementQuestion(prompt: string, rubric: AgreementRubric = 'action'): string {
  const levels = LEVELS[rubric].map((text, i) => `${i * 20 + 1}-${i * 20 + 20}: ${text}`).reverse();
  return [
    `How well does this picture agree with the text ${JSON.stringify(prompt)}?`,
    'Give a whole number from 0 to 100 by these five levels:',
    ...levels,
    'Answer with JSON alone: {"score": NUMBER, "explanation": "at most 20 words"}',
  ].join('\n');
}

export interface Agreement {
  /** In [0, 100]; an answer of 1 to 5 counts as that level, 20 to 100. */
  score: number;
  explanation?: string;
}

const LOWEST_LEVELS = 5;

/** What a model answered: JSON, also in a fence or among words, `Score: 85`, `85/100`, `4/5`, or a number. Undefined otherwise. */
export function parseAgreement(reply: string): Agreement | undefined {
  const fields = jsonFields(reply);
  const explanation = typeof fields?.explanation === 'string' ? fields.explanation : undefined;
  const score = inRange(fields ? fields.score : numberIn(reply));
  return score === undefined ? undefined : { score, ...(explanation !== undefined && { explanation }) };
}

/** The first object among the words that has a score. */
function jsonFields(reply: string): Record<string, unknown> | undefined {
  for (const [text] of reply.matchAll(/\{[^{}]*\}/g)) {
    try {
      const value: Record<string, unknown> = JSON.parse(text);
      if ('score' in value) return value;
    } catch {
      // Braces among words are none of ours.
    }
  }
  return undefined;
}

/** A number that is called score or rating, a share of 100 or 5, or all there is. */
function numberIn(reply: string): string | undefined {
  const named = /(?:score|rating)[^\w-]{0,12}(-?\d+(?:\.\d+)?(?:\s*\/\s*(?:100|5)\b)?)/i.exec(reply)?.[1];
  const share = /(?<![\d.])(\d+(?:\.\d+)?\s*\/\s*(?:100|5))\b/.exec(reply)?.[1];
  return named ?? share ?? /^[^\w-]*(-?\d+(?:\.\d+)?)\W*$/.exec(reply)?.[1];
}

function inRange(answer: unknown): number | undefined {
  const [, digits, of] = /^\s*(-?\d+(?:\.\d+)?)\s*(?:\/\s*(100|5))?\s*$/.exec(String(answer)) ?? [];
  if (digits === undefined) return undefined;
  const value = Number(digits);
  const isLevel = of === '5' || (of === undefined && Number.isInteger(value) && value >= 1 && value <= LOWEST_LEVELS);
  const score = isLevel ? value * 20 : value;
  return score >= 0 && score <= 100 ? score : undefined;
}

/** Asks a model about a picture; undefined when no answer came. */
export type AskAboutPicture = (question: string, image: Image) => Promise<string | undefined>;

export interface AgreementScore extends MeanScore {
  rubric: AgreementRubric;
}

export interface AgreementScores {
  /** Asks about one picture; undefined counts as skipped, as no answer or one that cannot be read. */
  add(image: Image, prompt: string): Promise<Agreement | undefined>;
  /** The mean over readable answers in [0, 100]; throws `invalid-input` when there is none. */
  result(): AgreementScore;
}

/** Collects scores of one model. @param options.ask e.g. a chat client's question with a picture */
export function agreementScores(options: { ask: AskAboutPicture; rubric?: AgreementRubric }): AgreementScores {
  const { ask, rubric = 'action' } = options;
  const mean = runningMean('agreement of text and picture');
  return {
    async add(image, prompt) {
      const reply = await ask(agreementQuestion(prompt, rubric), image);
      const agreement = reply === undefined ? undefined : parseAgreement(reply);
      mean.add(agreement?.score);
      return agreement;
    },
    result: () => ({ ...mean.result(), rubric }),
  };
}
