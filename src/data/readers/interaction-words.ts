// Words for what people do with things: present participles, prepositions and articles for the labels of data sets.
import { withArticle } from '../synth/captions.js';

/** Verbs of several syllables whose last consonant is doubled all the same, being stressed. */
const STRESSED_END = new Set(['control']);
/** Named in the plural, which has no `a`. */
const PLURAL = new Set(['skis', 'scissors']);

/** `riding` for `ride`, `sitting` for `sit`, `lying` for `lie`. */
export function participle(verb: string): string {
  if (verb.endsWith('ie')) return `${verb.slice(0, -2)}ying`;
  if (/[^aeiouy]e$|[aiu]e$/.test(verb)) return `${verb.slice(0, -1)}ing`;
  const isShort = (verb.match(/[aeiouy]+/g) ?? []).length === 1;
  const isClosed = /(^|[^aeiou])[aeiou][^aeiouwxy]$/.test(verb);
  return isClosed && (isShort || STRESSED_END.has(verb)) ? `${verb}${verb.at(-1)}ing` : `${verb}ing`;
}

/** The object with `a` or `an`, underscores as spaces; plurals stay alone. */
export function nounPhrase(object: string): string {
  const noun = object.replaceAll('_', ' ');
  return PLURAL.has(noun) ? noun : withArticle(noun);
}

/** HICO-DET's label as words: `sit_on` becomes `sitting on`. */
export function verbPhrase(label: string): string {
  const [verb, ...preposition] = label.split('_');
  return [participle(verb), ...preposition].join(' ');
}

/** V-COCO's verbs with the role of their object, whose labels do not name the preposition. */
const V_COCO_PHRASES: Readonly<Record<string, string>> = {
  'sit instr': 'sitting on',
  'look obj': 'looking at',
  'hit instr': 'hitting with',
  'eat instr': 'eating with',
  'jump instr': 'jumping on',
  'lay instr': 'lying on',
  'talk_on_phone instr': 'talking on',
  'cut instr': 'cutting with',
  'work_on_computer instr': 'working on',
  'ski instr': 'skiing on',
  'surf instr': 'surfing on',
  'skateboard instr': 'skateboarding on',
  'drink instr': 'drinking from',
  'snowboard instr': 'snowboarding on',
};

/** V-COCO's verb with the role of its object as words: `look` with `obj` becomes `looking at`. */
export function vCocoPhrase(verb: string, role: string): string {
  return V_COCO_PHRASES[`${verb} ${role}`] ?? verbPhrase(verb);
}
