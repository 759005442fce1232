// What a prompt says: who does what with what, and the same prompt without the object (record, section 3).
import { ContrappostoError } from '../../core/errors.js';
import { COCO_CLASSES } from '../../pose/detect/coco-classes.js';
import { findObjects, type ObjectWords } from './object-phrases.js';
import { AUXILIARIES, CONJUNCTIONS, DETERMINERS, PREPOSITIONS, RELATIVES } from './vocabulary.js';
import { type FiniteVerb, finiteVerb, gerundOf, isAdverb, isGerund } from './word-forms.js';

/** Things of two words that detectors and models know by both. */
const COMPOUNDS = new Set<string>(COCO_CLASSES.filter((name) => name.includes(' ')));

/** A word or mark of the prompt at `start..end` (UTF-16 code units). */
export interface PromptWord {
  /** Lower case. */
  text: string;
  start: number;
  end: number;
}

export interface Span {
  start: number;
  end: number;
}

/** A thing that somebody does something with. */
export interface PromptObject extends Span {
  /** As written, with article and adjectives. */
  phrase: string;
  /** The noun, e.g. `bicycle`. */
  head: string;
  /** The noun with what makes one thing of two words, e.g. `cell phone`. */
  noun: string;
  headSpan: Span;
}

export interface PromptAnalysis {
  /** Without the full stop at its end. */
  prompt: string;
  /** The prompt without its objects; the prompt itself when it has none, or no verb. */
  promptIn: string;
  subject?: { text: string } & Span;
  /** `is`, `are`, ...; absent for a bare gerund or another tense. */
  aux?: string;
  /** The gerund, e.g. `riding`. */
  verb?: { text: string } & Span;
  /** Gerund with its particle. */
  verbText?: string;
  /** What leads from the verb to the first object, e.g. `on`. */
  preposition?: string;
  objects: PromptObject[];
}

export interface AnalysisOptions {
  /** The intransitive prompt, in place of the one found. */
  promptIn?: string;
  /** The object's noun, in place of the one found. */
  objectHead?: string;
  /** Which occurrence of that noun, from 0; default the first one after the verb. */
  occurrence?: number;
}

/**
 * Finds subject, verb and objects of a sentence such as "a woman is riding a bicycle"; also "a woman riding ...",
 * "a woman rides ..." and sentences with several objects. What it cannot find is absent, never an error.
 *
 * @throws ContrappostoError `invalid-input` for an explicit object that the prompt does not contain
 */
export function analysePrompt(text: string, options: AnalysisOptions = {}): PromptAnalysis {
  const prompt = text.trim().replace(/[.\s]+$/, '');
  const words = wordsOf(prompt);
  const verb = findVerb(words);
  const found = findObjects(words, verb ? verb.index + 1 : 0, { afterVerb: verb !== undefined });
  const objects = options.objectHead
    ? [explicitObject(prompt, { words, verb, head: options.objectHead, occurrence: options.occurrence })]
    : found.objects;
  const described = objects.map((object) => describe(prompt, { words, object }));
  const subject = verb && subjectBefore(words, verb.auxIndex ?? verb.index);
  return {
    prompt,
    promptIn: options.promptIn ?? (verb ? withoutObjects(prompt, { words, verb, objects }) : prompt),
    ...(subject && { subject }),
    ...(verb?.auxIndex !== undefined && { aux: words[verb.auxIndex].text }),
    ...(verb && {
      verb: { text: verb.gerund, start: words[verb.index].start, end: words[verb.index].end },
      verbText: [verb.gerund, ...found.particles].join(' '),
    }),
    ...(verb && found.preposition && { preposition: found.preposition }),
    objects: described,
  };
}

/** Words in lower case with their places; marks that end a phrase count as words. */
export function wordsOf(prompt: string): PromptWord[] {
  return Array.from(prompt.matchAll(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*|[,;:.!?]/gu), (match) => ({
    text: match[0].toLowerCase(),
    start: match.index,
    end: match.index + match[0].length,
  }));
}

interface FoundVerb {
  index: number;
  gerund: string;
  auxIndex?: number;
  /** Set where the sentence has another form than a gerund. */
  finite?: FiniteVerb;
}

/** The first of: auxiliary with gerund or participle, simple present or past, bare gerund. */
function findVerb(words: readonly PromptWord[]): FoundVerb | undefined {
  const periphrastic = findPeriphrastic(words);
  const bare = words.findIndex(({ text }, i) => i > 0 && isGerund(text) && !DETERMINERS.has(words[i - 1].text));
  const first = Math.min(...[periphrastic?.auxIndex ?? -1, bare].filter((i) => i >= 0), words.length);
  const finite = findFinite(words, first);
  if (finite && first < words.length && !endsClause(words.slice(finite.index, first))) return periphrastic ?? finite;
  return finite ?? periphrastic ?? (bare < 0 ? undefined : { index: bare, gerund: words[bare].text });
}

function findPeriphrastic(words: readonly PromptWord[]): FoundVerb | undefined {
  for (const [auxIndex, word] of words.entries()) {
    if (!AUXILIARIES.has(word.text)) continue;
    let index = auxIndex + 1;
    while (isAdverb(words[index]?.text ?? '') || /^(?:not|now|also)$/.test(words[index]?.text ?? '')) index++;
    const next = words[index]?.text ?? '';
    if (isGerund(next) || /^[a-z]{2,}ed$/.test(next)) return { index, gerund: next, auxIndex };
  }
  return undefined;
}

/** Whether a later verb belongs to another clause: behind a comma, a conjunction or "what", "that". */
function endsClause(between: readonly PromptWord[]): boolean {
  return between.some(({ text }) => /^[,;:]$|^what$/.test(text) || CONJUNCTIONS.has(text) || RELATIVES.has(text));
}

const PLURAL = /s$|^(?:people|children|men|women|i|you|we|they)$/;

/** A verb in the simple present or past before `end`, in the first clause. */
function findFinite(words: readonly PromptWord[], end: number): FoundVerb | undefined {
  for (let index = 1; index < end; index++) {
    const [before, { text }] = [words[index - 1].text, words[index]];
    if (text === ',' || AUXILIARIES.has(text)) return undefined;
    const verb = DETERMINERS.has(before) || PREPOSITIONS.has(before) ? undefined : finiteVerb(text);
    // A base form is a verb behind a plural alone; elsewhere it is a noun or part of one ("a play", "work boots").
    if (!verb || (!verb.singular && !PLURAL.test(before))) continue;
    return { index, gerund: gerundOf(verb.base), finite: verb };
  }
  return undefined;
}

/** The noun before the verb, without what describes it further ("a man in a hat is ..."). */
function subjectBefore(words: readonly PromptWord[], end: number): ({ text: string } & Span) | undefined {
  const before = words.slice(0, end).filter(({ text }) => /\w/.test(text) && !isAdverb(text));
  const cut = before.findIndex(
    ({ text }, i) => i > 0 && text !== 'of' && (PREPOSITIONS.has(text) || AUXILIARIES.has(text)),
  );
  const last = before[(cut > 0 ? cut : before.length) - 1];
  return last && { text: last.text, start: last.start, end: last.end };
}

function explicitObject(
  prompt: string,
  { words, verb, head, occurrence }: { words: PromptWord[]; verb?: FoundVerb; head: string; occurrence?: number },
): ObjectWords {
  const places = words.flatMap(({ text }, i) => (text === head.toLowerCase() ? [i] : []));
  const at =
    places[
      occurrence ??
        Math.max(
          0,
          places.findIndex((i) => i > (verb?.index ?? -1)),
        )
    ];
  if (at === undefined) {
    throw new ContrappostoError('invalid-input', {
      operation: 'object of the prompt',
      expected: `"${head}"${occurrence ? ` ${occurrence + 1} times` : ''} in the prompt`,
      got: `"${prompt}"`,
      hint: 'name a word of the prompt as it is written there',
    });
  }
  const start = at > 0 && DETERMINERS.has(words[at - 1].text) ? at - 1 : at;
  const led = start > 0 && PREPOSITIONS.has(words[start - 1].text);
  return { from: led ? start - 1 : start, start, end: at + 1, head: at };
}

function describe(prompt: string, { words, object }: { words: PromptWord[]; object: ObjectWords }): PromptObject {
  const { start } = words[object.start];
  const { end } = words[object.end - 1];
  const head = words[object.head];
  const pair = `${words[object.head - 1]?.text} ${head.text}`;
  return {
    noun: COMPOUNDS.has(pair) ? pair : head.text,
    phrase: prompt.slice(start, end),
    start,
    end,
    head: head.text,
    headSpan: { start: head.start, end: head.end },
  };
}

/** The prompt without the words of its objects, and with a finite verb as "is ...ing". */
function withoutObjects(
  prompt: string,
  { words, verb, objects }: { words: readonly PromptWord[]; verb: FoundVerb; objects: readonly ObjectWords[] },
): string {
  const dropped = new Set(objects.flatMap(({ from, end }) => Array.from({ length: end - from }, (_, i) => from + i)));
  let text = '';
  for (const [i, word] of words.entries()) {
    if (dropped.has(i)) continue;
    const written = prompt.slice(word.start, word.end);
    const said = i === verb.index && verb.finite ? `${verb.finite.singular ? 'is' : 'are'} ${verb.gerund}` : written;
    text += /^\w/.test(said) && text !== '' ? ` ${said}` : said;
  }
  // Commas and conjunctions that joined objects join nothing any more.
  return text.replace(/(?:[,;:\s]|\b(?:and|or|while|as)$)+$/u, '').replace(/(?:\s*,)+/g, ',');
}
