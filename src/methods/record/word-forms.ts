// English verbs in the forms that prompts have: which words are verbs, and the gerund of each.
import { ING_NOUNS, IRREGULAR, LY_WORDS, VERBS } from './vocabulary.js';

/** Whether a word is a gerund: it ends in -ing and is no such noun. */
export function isGerund(word: string): boolean {
  return /^[a-z]{2,}ing$/.test(word) && !ING_NOUNS.has(word);
}

/** Whether a word is an adverb: it ends in -ly and is no noun or adjective. */
export function isAdverb(word: string): boolean {
  return /^[a-z]{2,}ly$/.test(word) && !LY_WORDS.has(word);
}

export interface FiniteVerb {
  base: string;
  /** Third person singular or past, so that "is" goes before the gerund rather than "are". */
  singular: boolean;
}

/** A word in the simple present or past of a verb that is known, or in -ed; undefined for all others. */
export function finiteVerb(word: string): FiniteVerb | undefined {
  if (Object.hasOwn(IRREGULAR, word)) return { base: IRREGULAR[word], singular: true };
  if (VERBS.has(word)) return { base: word, singular: false };
  const present = /ies$/.test(word) ? [`${word.slice(0, -3)}y`] : [word.slice(0, -1), word.slice(0, -2)];
  const base = word.endsWith('s') ? present.find((stem) => VERBS.has(stem)) : pastOf(word);
  return base === undefined ? undefined : { base, singular: true };
}

/** The base form of a word in -ed, as far as spelling says. */
function pastOf(word: string): string | undefined {
  if (!/^[a-z]{2,}ed$/.test(word)) return undefined;
  const stem = word.slice(0, -2);
  const once = /([^aeiou])\1$/.test(stem) ? stem.slice(0, -1) : stem;
  return [stem, `${stem}e`, once, stem.replace(/i$/, 'y')].find((form) => VERBS.has(form)) ?? unknownPast(stem);
}

/** "moved" drops an e, "jumped" does not: a consonant after one vowel, or a soft ending, had one. */
function unknownPast(stem: string): string {
  if (/i$/.test(stem)) return stem.replace(/i$/, 'y');
  if (/([^aeiouls])\1$/.test(stem)) return stem.slice(0, -1);
  return /[aeiou][cgsuvz]$|[^aeiou][aeiou][bdkmptr]$|[st]l$/.test(stem) ? `${stem}e` : stem;
}

const DOUBLES = /^[^aeiou]*(?:qu)?[aeiou][^aeiouwxy]$/;

/** `ride` -> `riding`, `sit` -> `sitting`, `lie` -> `lying`. */
export function gerundOf(base: string): string {
  if (/ie$/.test(base)) return `${base.slice(0, -2)}ying`;
  if (/[^eoy]e$/.test(base)) return `${base.slice(0, -1)}ing`;
  if (DOUBLES.test(base)) return `${base}${base.at(-1)}ing`;
  return `${base}ing`;
}
