// Prompts for benchmarks of interaction: each pair of verb and object with subjects drawn at random (ReCorD).
import { ContrappostoError } from '../../core/errors.js';
import { Philox } from '../../core/random.js';
import { withArticle } from '../synth/captions.js';
import type { HicoTriplet } from './hico-det.js';
import { nounPhrase, vCocoPhrase, verbPhrase } from './interaction-words.js';
import type { VCocoTriplet } from './v-coco.js';

/** ReCorD's 15 subjects, of the authors' program. */
export const SUBJECTS: readonly string[] = [
  ...['man', 'woman', 'boy', 'girl', 'old man', 'old woman', 'teenager', 'child'],
  ...['young man', 'young woman', 'adult', 'kid', 'elderly person', 'middle-aged person', 'toddler'],
];

/** What a prompt asks for besides its subject. */
export interface InteractionClass {
  /** Names the pair in results, e.g. `hico-188`. */
  pairId: string;
  verb: string;
  object: string;
  /** Participle and preposition, e.g. `sitting on`. */
  phrase: string;
  /** Groups of the benchmark, e.g. `rare`. */
  tags: readonly string[];
}

export interface InteractionPrompt extends InteractionClass {
  /** The pair's name and the subject's number, e.g. `hico-188-03`. */
  id: string;
  subject: string;
  /** e.g. `a young woman is sitting on a bench` */
  prompt: string;
}

/** How many prompts the paper made of each data set: 510 and 170 pairs with every subject. */
export const PAPER_PROMPTS = { 'hico-det': 7650, 'v-coco': 2550 } as const;

/** HICO-DET's classes without `no_interaction`. */
export function hicoClasses(triplets: readonly HicoTriplet[]): InteractionClass[] {
  return triplets
    .filter(({ verb }) => verb !== 'no_interaction')
    .map(({ index, verb, object, isRare }) => ({
      pairId: `hico-${String(index).padStart(3, '0')}`,
      verb,
      object,
      phrase: verbPhrase(verb),
      tags: [isRare ? 'rare' : 'non-rare', verb],
    }));
}

/** V-COCO's classes; one with both roles of a verb (hit, cut, eat) is two. */
export function vCocoClasses(triplets: readonly VCocoTriplet[]): InteractionClass[] {
  return triplets.map(({ verb, role, object }) => ({
    pairId: `vcoco-${verb}-${role}-${object.replaceAll(' ', '_')}`,
    verb,
    object,
    phrase: vCocoPhrase(verb, role),
    tags: [verb],
  }));
}

/**
 * Prompts `a S is V-ing a O`, all different, in the order of the classes and subjects; the same seed gives the same.
 *
 * @param options.count how many of all possible ones, by default all. Where it is a multiple of the number of subjects,
 *   so many classes are drawn and each has every subject (as the paper's numbers suggest); else every class has as many
 *   as another, or one more.
 * @throws `invalid-input` without classes, for no whole `count`, or one above what there are
 */
export function interactionPrompts(
  classes: readonly InteractionClass[],
  options: { seed?: number; count?: number; subjects?: readonly string[] } = {},
): InteractionPrompt[] {
  const { seed = 0, subjects = SUBJECTS } = options;
  const possible = classes.length * subjects.length;
  const { count = possible } = options;
  if (!Number.isInteger(count) || count < 1 || count > possible) {
    throw new ContrappostoError('invalid-input', {
      operation: 'interaction prompts',
      expected: possible === 0 ? 'at least one class and subject' : `1 to ${possible} prompts`,
      got: possible === 0 ? 'none' : `${count}`,
    });
  }
  const random = new Philox(seed);
  const isWhole = count % subjects.length === 0;
  const chosen = isWhole ? drawn(classes, { count: count / subjects.length, random }) : classes;
  const each = Math.floor(count / chosen.length);
  const order = chosen.map((_, i) => i);
  const withOneMore = new Set(drawn(order, { count: count - each * chosen.length, random }));
  return chosen.flatMap((one, i) => {
    const numbers = drawn([...subjects.keys()], { count: each + (withOneMore.has(i) ? 1 : 0), random });
    return numbers.map((k) => promptOf(one, subjects[k], k));
  });
}

function promptOf(one: InteractionClass, subject: string, number: number): InteractionPrompt {
  const id = `${one.pairId}-${String(number).padStart(2, '0')}`;
  return { ...one, id, subject, prompt: `${withArticle(subject)} is ${one.phrase} ${nounPhrase(one.object)}` };
}

/** `count` of the values without repetition, in their own order. */
function drawn<T>(values: readonly T[], { count, random }: { count: number; random: Philox }): T[] {
  const order = values.map((_, i) => i);
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(random.uniform() * (order.length - i));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order
    .slice(0, count)
    .sort((a, b) => a - b)
    .map((i) => values[i]);
}
