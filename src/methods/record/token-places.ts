// Which columns of an attention map belong to a word of the prompt.
import type { TextEncoding } from '../../weights/tokenizer.js';
import type { PromptObject, Span } from './prompt-analysis.js';

/** Positions of the tokens that lie in a span of the text, in order. */
export function tokensIn(encoding: TextEncoding, { start, end }: Span): number[] {
  return encoding.tokens.filter((token) => token.start < end && token.end > start).map(({ position }) => position);
}

/** Positions with begin and end tokens, without padding. */
export function textLength(encoding: TextEncoding): number {
  return encoding.tokens.length + 2;
}

export interface ObjectTokens {
  object: PromptObject;
  /** m: the last token of the noun, which guidance moves. */
  token: number;
  /** All tokens of the phrase: never taken over from another prompt. */
  phrase: number[];
}

/** The objects whose noun is among the tokens, and those that are not. */
export function locateObjects(
  encoding: TextEncoding,
  objects: readonly PromptObject[],
): { located: ObjectTokens[]; missing: PromptObject[] } {
  const located: ObjectTokens[] = [];
  const missing: PromptObject[] = [];
  for (const object of objects) {
    const token = tokensIn(encoding, object.headSpan).at(-1);
    if (token === undefined) missing.push(object);
    else located.push({ object, token, phrase: tokensIn(encoding, object) });
  }
  return { located, missing };
}
