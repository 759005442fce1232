// What the papers make of CLIP's cosines: CLIP scores in their forms, of the verb alone, and preferences (PickScore).
import { ContrappostoError } from '../core/errors.js';
import type { Image } from '../core/image.js';
import { participle } from '../data/readers/interaction-words.js';
import type { RunOptions, Runtime } from '../runtime/index.js';
import { requireFinite } from './check-input.js';
import { type ClipScorer, openClipScorer } from './clip-scorer.js';

/**
 * `percent`: `100 max(cos, 0)` (ReCorD, Giving a Hand's CLIPSIM, Person in Place). `hessel`: `2.5 max(cos, 0)`
 * (Hessel et al. 2021). `raw`: the cosine.
 */
export type ClipScoreForm = 'percent' | 'hessel' | 'raw';

const FORMS: Readonly<Record<ClipScoreForm, (cosine: number) => number>> = {
  percent: (cosine) => 100 * Math.max(cosine, 0),
  hessel: (cosine) => 2.5 * Math.max(cosine, 0),
  raw: (cosine) => cosine,
};

/**
 * A CLIP score of a cosine, by default in percent. The networks' variant belongs to the number: ViT-B/32 for ReCorD,
 * ViT-B/16 for Giving a Hand and Person in Place. Throws `invalid-input` for NaN or a value beyond [-1, 1].
 */
export function clipScoreOf(cosine: number, form: ClipScoreForm = 'percent'): number {
  requireFinite('CLIP score', [cosine]);
  if (Math.abs(cosine) <= 1 + 1e-5) return FORMS[form](cosine);
  throw new ContrappostoError('invalid-input', {
    operation: 'CLIP score',
    expected: 'a cosine in [-1, 1]',
    got: `${cosine}`,
  });
}

/**
 * CLIPSIM of Giving a Hand: `100 max(mean of the cosines, 0)`, so that negative cosines lower it.
 * Throws `invalid-input` without values or for NaN.
 */
export function clipSim(cosines: readonly number[]): number {
  if (cosines.length === 0) {
    throw new ContrappostoError('invalid-input', {
      operation: 'CLIPSIM',
      expected: 'at least one cosine',
      got: 'none',
    });
  }
  return clipScoreOf(cosines.reduce((a, b) => a + b, 0) / cosines.length);
}

/** Words behind a verb that make another verb of it; others say where or with what. */
const PARTICLES = new Set(['up', 'down', 'off', 'out']);
/** Labels that name no action. */
const NO_ACTION = new Set(['no_interaction', 'no_person']);

/**
 * The text of the verb CLIP score: a data set's verb as participle, with the word behind it only where that is part of the
 * verb: `ride` riding, `pick_up` picking up, `sit_on` sitting. Undefined for `no_interaction`.
 */
export function verbAlone(label: string): string | undefined {
  if (NO_ACTION.has(label)) return undefined;
  const [verb, next] = label.toLowerCase().split(/[_ ]+/);
  return PARTICLES.has(next) ? `${participle(verb)} ${next}` : participle(verb);
}

/**
 * Verb CLIP score (ReCorD): the CLIP score of the verb without subject and object, since CLIP leans on nouns.
 * Undefined for a label that names no action. Throws `shape`, `aborted`.
 */
export async function verbClipScore(
  scorer: ClipScorer,
  image: Image,
  options: RunOptions & { verb: string; form?: ClipScoreForm },
): Promise<number | undefined> {
  const text = verbAlone(options.verb);
  return text === undefined ? undefined : clipScoreOf(await scorer.clipScore(image, text, options), options.form);
}

export interface PickScorer {
  /** `exp(logit_scale) cos`: about 20 for PickScore v1; only scores of one prompt compare. Throws `shape`, `aborted`. */
  pickScore(image: Image, prompt: string, options?: RunOptions): Promise<number>;
  /**
   * How likely a person prefers each of the pictures for the prompt: the softmax of their scores, 1 together.
   * Throws `invalid-input` without pictures, `shape`, `aborted`.
   */
  preferences(images: readonly Image[], prompt: string, options?: RunOptions): Promise<number[]>;
}

/**
 * PickScore (Kirstain et al. 2023) over a folder with the network: a CLIP ViT-H/14 that was trained on people's choices.
 * Any CLIP folder works, but only that network's numbers are PickScores.
 *
 * @throws `not-found` without the folder, `unsupported` or `corrupt-file` for another content
 */
export function openPickScorer(runtime: Runtime, options: { folder: string }): PickScorer {
  const scorer = openClipScorer(runtime, options);
  const pickScore = async (image: Image, prompt: string, given?: RunOptions) =>
    scorer.scale * (await scorer.clipScore(image, prompt, given));
  return {
    pickScore,
    async preferences(images, prompt, given) {
      const scores: number[] = [];
      for (const image of images) scores.push(await pickScore(image, prompt, given));
      return softmaxOf(scores);
    },
  };
}

/** Probabilities of preference by scores. Throws `invalid-input` without scores or for NaN. */
export function softmaxOf(scores: readonly number[]): number[] {
  const operation = 'preferences';
  if (scores.length === 0) {
    throw new ContrappostoError('invalid-input', { operation, expected: 'at least one picture', got: 'none' });
  }
  requireFinite(operation, scores);
  const highest = Math.max(...scores);
  const chances = scores.map((score) => Math.exp(score - highest));
  const total = chances.reduce((a, b) => a + b);
  return chances.map((chance) => chance / total);
}
