// T2I-CompBench's non-spatial prompts (Huang et al. 2023), and which of them show a person using a thing.
import { ContrappostoError } from '../../core/errors.js';
import { readTextFile } from '../../weights/json-file.js';
import { type Skipped, SkipTally } from './tally.js';

export interface InteractionSentence {
  /** Number of the line in its file, from 1. */
  line: number;
  /** The line as it is. */
  prompt: string;
  subject: string;
  /** With its preposition as written, e.g. `looking at`, `stirred`. */
  verb: string;
  object: string;
}

const words = (text: string) => new Set(text.split(/\s+/));

const PEOPLE = words(
  `person man woman child boy girl baby toddler kid teenager adult couple family people friends children parents kids
  parent mother father mom dad grandmother grandfather artist chef cook athlete guard nurse coach model musician student
  surfer pilot poet host bride groom crew team band audience thief judge twins siblings colleagues tourists soldiers`,
);
/** Who else is talked to and walked with. */
const COMPANIONS = words('friend colleague colleagues owner doctor teacher customer customers students partner spouse');
/** Of occupations: painter, conductor, florist, musician, fisherman, actress. */
const OCCUPATION = /(er|or|ist|ian|man|woman|men|women|ress|ers|ists)$/;
/** What ends like an occupation and is none. */
const NO_OCCUPATION = words(
  'flower spider tiger river water computer butter tower mother-of-pearl helicopter tractor weather thunder paper',
);
const PLACES = words(
  `beach street park road hill mountain mountains mountaintop field garden forest sidewalk trail lake river ocean sea
  cliff balcony bridge roof rooftop pier dock city kitchen room office stage store museum station path shore desert town
  corner edge side mall market library school campsite playground summit hilltop platform porch`,
);
/** What cannot be held, used or touched. */
const NO_THINGS = words(
  `sunset sunrise view sky rainbow landscape waterfall stars moon scene yoga music song dance walk nap break meeting
  speech time moment day life beauty performance presentation conversation concert game match show movie sports plans
  bath shower photos pictures exercise exercises trip class role magic trick tricks techniques poses lines melody notes
  ballet skill skills idea ideas solo ride top comedy pose conference copies
  horizon scenery skyline competition orchestra experiment experiments research investigation interview lecture story
  stories stunt stunts routine moves blast fun good great lot`,
);
/** Prepositions that lead to what somebody deals with; all others lead to where or how. */
const LEADING = words('with at on from over to');
const ARTICLE = /^(a|an|the|his|her|their|some|two|several)$/;
const STOP = words(
  `and in on at with to from while for of through down along into by under over around across as near behind during after
  before that which who is are up out onto against about beside inside outside off between toward towards`,
);

/**
 * The sentences that have a human subject, a verb (`is …ing`, `…ed`) and a concrete object other than a person, by fixed
 * lists of words: a choice of ours, for the original's filter is not published. Left out and counted: `no person`,
 * `no verb`, `no object`, `a place`, `no thing`, `person as object`.
 */
export function interactionSentences(lines: readonly string[]): {
  sentences: InteractionSentence[];
  skipped: Skipped;
} {
  const tally = new SkipTally();
  const sentences = lines.flatMap((prompt, i): InteractionSentence[] => {
    const found = parse(prompt);
    if (typeof found !== 'string') return [{ line: i + 1, prompt, ...found }];
    tally.skip(found);
    return [];
  });
  return { sentences, skipped: tally.counts() };
}

/** The prompts of a file, one a line, without empty ones. Throws `not-found`, `io`, `invalid-input` for an empty file. */
export function readPromptLines(path: string): string[] {
  const lines = readTextFile(path)
    .replace(/^\ufeff/, '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (lines.length > 0) return lines;
  throw new ContrappostoError('invalid-input', {
    operation: `read "${path}"`,
    expected: 'a prompt in each line',
    got: 'none',
  });
}

/** The parts of a sentence, or why it has none. */
function parse(prompt: string): Omit<InteractionSentence, 'line' | 'prompt'> | string {
  const clause = prompt.toLowerCase().replace(/,.*$/, '');
  const tokens = clause.match(/[\p{L}'-]+/gu) ?? [];
  const isDoing = tokens.findIndex((t, i) => i > 0 && i < 8 && /^(is|are)$/.test(t));
  const start = isDoing > 0 ? isDoing : tokens.findIndex((t, i) => i > 1 && i < 7 && /(ed|ly)$/.test(t));
  const subject = subjectOf(tokens.slice(0, Math.max(0, start)));
  if (subject === undefined) return 'no person';
  let at = isDoing > 0 ? start + 1 : start;
  while (tokens[at]?.endsWith('ly')) at++;
  const action = tokens[at] ?? '';
  if (!(isDoing > 0 ? action.endsWith('ing') : action.endsWith('ed'))) return 'no verb';
  const preposition = LEADING.has(tokens[at + 1]) ? tokens[at + 1] : undefined;
  const phrase = nounsFrom(tokens, at + (preposition ? 2 : 1));
  const object = phrase.at(-1);
  if (object === undefined) return 'no object';
  if (PLACES.has(object)) return 'a place';
  if (NO_THINGS.has(object)) return 'no thing';
  // Tools end like occupations: hammer, ladder.
  if (PEOPLE.has(object) || COMPANIONS.has(object)) return 'person as object';
  return { subject, verb: preposition ? `${action} ${preposition}` : action, object: phrase.join(' ') };
}

function subjectOf(tokens: readonly string[]): string | undefined {
  const named = tokens.filter((t) => !ARTICLE.test(t));
  const of = named.indexOf('of');
  const nouns = of >= 0 ? named.slice(of + 1) : named;
  const head = nouns.at(-1);
  return head !== undefined && isPerson(head) ? nouns.join(' ') : undefined;
}

function isPerson(noun: string): boolean {
  return PEOPLE.has(noun) || (OCCUPATION.test(noun) && noun.length > 5 && !NO_OCCUPATION.has(noun));
}

/** The words of a noun phrase without its article; a bare one must be a plural, or it may be anything. */
function nounsFrom(tokens: readonly string[], from: number): string[] {
  const hasArticle = ARTICLE.test(tokens[from] ?? '');
  const phrase: string[] = [];
  for (let i = from + (hasArticle ? 1 : 0); i < tokens.length && !STOP.has(tokens[i]); i++) phrase.push(tokens[i]);
  if (phrase.length > 4) phrase.length = 4;
  return hasArticle || /[^s]s$/.test(phrase.at(-1) ?? '') ? phrase : [];
}
