// Who and what a prompt speaks of, with the tokens that stand for them and the boxes where they belong.
import { ContrappostoError } from '../../core/errors.js';
import type { CanvasBox } from '../../diffusion/attention-control/index.js';
import type { ClipTokenizer } from '../../weights/tokenizer.js';
import { analysePrompt, type PromptAnalysis, type Span } from '../record/prompt-analysis.js';
import { tokensIn } from '../record/token-places.js';

export interface Phrase {
  kind: 'subject' | 'object';
  /** As written, e.g. `a bicycle`. */
  phrase: string;
  /** The noun alone. */
  noun: string;
  /** Positions of the phrase's tokens. */
  tokens: readonly number[];
  /** Position of the noun's last token. */
  token: number;
}

export interface PlacedPhrase extends Phrase {
  box: CanvasBox;
}

export interface PromptPhrases {
  analysis: PromptAnalysis;
  /** The subject first, then the objects; those that the text encoder reads. */
  phrases: Phrase[];
}

/**
 * Subject and objects of a prompt.
 *
 * @throws ContrappostoError `invalid-input` when it has neither
 */
export function promptPhrases(operation: string, prompt: string, tokenizer: ClipTokenizer): PromptPhrases {
  const analysis = analysePrompt(prompt);
  const encoding = tokenizer.encode(analysis.prompt);
  const phrase = (kind: Phrase['kind'], noun: string, { whole, head }: { whole: Span; head: Span }): Phrase[] => {
    const token = tokensIn(encoding, head).at(-1);
    if (token === undefined) return [];
    const { start, end } = whole;
    return [{ kind, noun, token, phrase: analysis.prompt.slice(start, end), tokens: tokensIn(encoding, whole) }];
  };
  const { subject, objects } = analysis;
  const phrases = [
    ...(subject ? phrase('subject', subject.text, { whole: { start: 0, end: subject.end }, head: subject }) : []),
    ...objects.flatMap((o) => phrase('object', o.noun, { whole: o, head: o.headSpan })),
  ];
  if (phrases.length > 0) return { analysis, phrases };
  throw new ContrappostoError('invalid-input', {
    operation,
    expected: 'a prompt that says who does what with what',
    got: `"${prompt}"`,
    hint: 'for example "a woman is riding a bicycle"',
  });
}

/**
 * Gives the phrases their boxes: one each, the subject's first, or one an object and none for the subject.
 *
 * @throws ContrappostoError `usage` for another number of boxes
 */
export function placePhrases(
  operation: string,
  phrases: readonly Phrase[],
  boxes: readonly CanvasBox[],
): PlacedPhrase[] {
  const objects = phrases.filter(({ kind }) => kind === 'object');
  const placed = [phrases, objects].find((some) => some.length === boxes.length && some.length > 0);
  if (placed) return placed.map((phrase, i) => ({ ...phrase, box: boxes[i] }));
  const named = phrases.map(({ noun }) => noun).join(', ');
  throw new ContrappostoError('usage', {
    operation: `${operation}: boxes`,
    expected: `${phrases.length} boxes (${named})${objects.length > 0 && objects.length < phrases.length ? `, or ${objects.length} without the subject's` : ''}`,
    got: `${boxes.length}`,
    hint: 'give --box x1,y1,x2,y2 once for each, in the order of the prompt',
  });
}
