// The things that a verb is done with: noun phrases behind it, told from the places where it happens.
import type { PromptWord } from './prompt-analysis.js';
import {
  CONJUNCTIONS,
  DETERMINERS,
  LOCATIVES,
  MEASURES,
  PARTICLES,
  PREPOSITIONS,
  PRONOUNS,
  RELATIVES,
  SCENES,
} from './vocabulary.js';
import { isAdverb, isGerund } from './word-forms.js';

/** Positions of an object among the words of a prompt; ends are excluded. */
export interface ObjectWords {
  /** Where what goes with the object begins: a preposition or a conjunction before it. */
  from: number;
  start: number;
  end: number;
  head: number;
}

export interface FoundObjects {
  objects: ObjectWords[];
  /** Particles of the verb, e.g. `up`. */
  particles: string[];
  /** What leads to the first object. */
  preposition?: string;
}

/** More than so many things are not drawn where one wants them by any method. */
const MOST = 4;

/**
 * Objects of the clause that begins behind the verb: the direct or prepositional object, what "and" joins to it, and
 * what it is done "with". A place ("in the park") is none.
 *
 * @param from index of the first word behind the verb; without a verb, that of the first word
 */
export function findObjects(
  words: readonly PromptWord[],
  from: number,
  { afterVerb }: { afterVerb: boolean },
): FoundObjects {
  const found: FoundObjects = { objects: [], particles: [] };
  if (!afterVerb) return { ...found, objects: objectWithoutVerb(words) };
  let at = from;
  while (isParticle(words, at)) found.particles.push(words[at++].text);
  for (let first = true; at < words.length && found.objects.length < MOST; first = false) {
    const led = leadingWords(words, at);
    if (!first && !continues(words, { at, led })) break;
    const phrase = nounPhrase(words, led.next);
    if (!phrase) break;
    if (!isPlace(words, { phrase, preposition: led.preposition })) {
      if (found.objects.length === 0 && led.preposition) found.preposition = led.preposition;
      found.objects.push({ from: at, ...phrase });
    }
    at = phrase.end;
  }
  return found;
}

/** An adverb or particle that belongs to the verb: "happily", "up" before another preposition or an article. */
function isParticle(words: readonly PromptWord[], i: number): boolean {
  const text = words[i]?.text;
  if (text === undefined) return false;
  if (isAdverb(text)) return true;
  const next = words[i + 1]?.text;
  return PARTICLES.has(text) && (next === undefined || PREPOSITIONS.has(next) || text === 'up' || text === 'together');
}

/** Conjunction, comma and prepositions before a noun phrase. */
function leadingWords(
  words: readonly PromptWord[],
  at: number,
): { next: number; preposition?: string; joined: boolean } {
  let next = at;
  let joined = false;
  while (words[next] && (words[next].text === ',' || words[next].text === 'and')) {
    joined = true;
    next++;
  }
  const prepositions: string[] = [];
  while (words[next] && PREPOSITIONS.has(words[next].text)) prepositions.push(words[next++].text);
  return { next, joined, ...(prepositions.length > 0 && { preposition: prepositions.join(' ') }) };
}

/** After the first object: only what "and" joins, or what it is done "with", or the object behind a place. */
function continues(
  words: readonly PromptWord[],
  { at, led }: { at: number; led: ReturnType<typeof leadingWords> },
): boolean {
  if (led.next === at) return false;
  const noun = words[led.next]?.text;
  return (
    noun !== undefined &&
    (led.preposition === undefined ? led.joined && DETERMINERS.has(noun) : led.preposition === 'with')
  );
}

type Phrase = Omit<ObjectWords, 'from'>;

/** Determiner, adjectives and nouns; the last one is the head, or that behind "a slice of". */
function nounPhrase(words: readonly PromptWord[], start: number): Phrase | undefined {
  let end = start;
  while (words[end] && belongs(words, { i: end, start })) end++;
  const head = end - 1;
  if (end === start || DETERMINERS.has(words[head].text) || PRONOUNS.has(words[head].text)) return undefined;
  const more = words[end]?.text === 'of' ? nounPhrase(words, end + 1) : undefined;
  return more
    ? { start, end: more.end, head: MEASURES.has(words[head].text) ? more.head : head }
    : { start, end, head };
}

function belongs(words: readonly PromptWord[], { i, start }: { i: number; start: number }): boolean {
  const { text } = words[i];
  if (!/[\p{L}\p{N}]/u.test(text)) return false;
  if (PREPOSITIONS.has(text) || CONJUNCTIONS.has(text) || PARTICLES.has(text)) return false;
  if (RELATIVES.has(text) && i > start) return false;
  if (i > start && (DETERMINERS.has(text) || isAdverb(text))) return false;
  // "a running machine" is a thing, "a book sitting" is not; "painting a picture" begins a clause.
  return !isGerund(text) || (i > start && DETERMINERS.has(words[i - 1].text));
}

function isPlace(
  words: readonly PromptWord[],
  { phrase, preposition }: { phrase: Phrase; preposition?: string },
): boolean {
  return preposition !== undefined && LOCATIVES.has(preposition.split(' ')[0]) && SCENES.has(words[phrase.head].text);
}

/** A prompt without a verb ("a man with a red umbrella"): the noun behind its first preposition. */
function objectWithoutVerb(words: readonly PromptWord[]): ObjectWords[] {
  const from = words.findIndex(({ text }, i) => i > 0 && PREPOSITIONS.has(text) && text !== 'of');
  if (from < 0) return [];
  const led = leadingWords(words, from);
  const phrase = nounPhrase(words, led.next);
  return phrase && !isPlace(words, { phrase, preposition: led.preposition }) ? [{ from, ...phrase }] : [];
}
