// A data set's verb as somebody would say it of a picture: `sit_on` -> `sitting on`.

/** Verbs of data sets that name no action. */
const NO_ACTION = new Set(['no_interaction', 'no_person']);
const IRREGULAR: Readonly<Record<string, string>> = {
  lie: 'lying',
  tie: 'tying',
  die: 'dying',
  control: 'controlling',
};

/** The gerund, with the words that belong to the verb; undefined for `no_interaction`. */
export function verbText(verb: string): string | undefined {
  if (NO_ACTION.has(verb)) return undefined;
  const [first, ...rest] = verb.toLowerCase().split(/[_ ]+/);
  return [gerund(first), ...rest].join(' ');
}

function gerund(verb: string): string {
  if (verb.endsWith('ing') && verb.length > 5) return verb;
  if (IRREGULAR[verb]) return IRREGULAR[verb];
  if (/[^aeioy]e$/.test(verb)) return `${verb.slice(0, -1)}ing`;
  // One syllable, one vowel, one consonant: sit, drag, cut.
  if (/^[^aeiou]*[aeiou][^aeiouwxy]$/.test(verb)) return `${verb}${verb.at(-1)}ing`;
  return `${verb}ing`;
}
