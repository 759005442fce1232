// Reads which picture a reply picks, however it says so (record, 6.2).
import { jsonObjects } from './json-in-text.js';

const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth', 'tenth'];
const CARDINALS = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'];
const SAID = new RegExp(
  [
    `\\b(?<ordinal>${ORDINALS.join('|')})\\b`,
    '\\b(?<suffixed>\\d+)(?:st|nd|rd|th)\\b',
    '(?:\\b(?:number|image|picture|option|photo|candidate)|#)\\s*#?(?<named>\\d+)\\b',
    '(?<![\\w.,:/-])(?<lone>\\d+)(?![\\w/%]|[.,:]\\d)',
  ].join('|'),
  'gi',
);
const CARDINAL = new RegExp(`\\b(${CARDINALS.join('|')})\\b`, 'gi');

/**
 * Zero-based picks in the order said, without repetitions, numbers out of range left out. A JSON `choice` or `choices`
 * counts first; then ordinals, "image 2" and lone digits, the earliest first; number words ("one ... five") only when
 * nothing else is there, since "the one that ..." picks nothing.
 *
 * @param options.count how many pictures there are
 */
export function parseChoice(reply: string, options: { count: number }): number[] {
  const asJson = jsonObjects(reply).flatMap((value) => picksOf(value));
  const said = asJson.length > 0 ? asJson : saidPicks(reply);
  return [...new Set(said)].filter((n) => Number.isInteger(n) && n >= 1 && n <= options.count).map((n) => n - 1);
}

function picksOf(value: Record<string, unknown>): number[] {
  const entry = Object.entries(value).find(([key]) => /^choices?$/i.test(key))?.[1];
  const list = Array.isArray(entry) ? entry : [entry];
  return list.map((v) => (typeof v === 'string' && v.trim() !== '' ? Number(v) : v)).filter(isNumber);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function saidPicks(reply: string): number[] {
  const text = reply.replace(/[*_`]/g, ' ');
  const said = [...text.matchAll(SAID)].map(({ groups }) => {
    const { ordinal, suffixed, named, lone } = groups as Record<string, string | undefined>;
    return ordinal ? ORDINALS.indexOf(ordinal.toLowerCase()) + 1 : Number(suffixed ?? named ?? lone);
  });
  if (said.length > 0) return said;
  return [...text.matchAll(CARDINAL)].map(([word]) => CARDINALS.indexOf(word.toLowerCase()) + 1);
}
