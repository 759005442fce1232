// Prompts beyond what the text encoder reads: refused where it reads 77 tokens, shortened around the object where it reads fewer.
import { ContrappostoError } from '../../core/errors.js';
import type { ClipTokenizer } from '../../weights/index.js';
import { type AnalysisOptions, analysePrompt, type PromptAnalysis } from './prompt-analysis.js';

/** Text encoders of Stable Diffusion read so many tokens; smaller networks have vocabularies that need more for less. */
const USUAL_LENGTH = 77;

export interface FittedPrompt {
  analysis: PromptAnalysis;
  /** What was left out, where something was. */
  leftOut?: string;
}

/**
 * The analysis of a prompt that the text encoder reads whole.
 *
 * @throws ContrappostoError `invalid-input` for an empty prompt, `limit` for one that is too long (see above)
 */
export function fitPrompt(text: string, tokenizer: ClipTokenizer, options: AnalysisOptions = {}): FittedPrompt {
  const analysis = analysePrompt(text, options);
  if (analysis.prompt === '') {
    throw new ContrappostoError('invalid-input', {
      operation: 'record: PROMPT_EMPTY',
      expected: 'a few words',
      got: 'an empty prompt',
      hint: 'for example "a woman is riding a bicycle"',
    });
  }
  const { truncatedText } = tokenizer.encode(analysis.prompt);
  if (truncatedText === undefined) return { analysis };
  if (tokenizer.modelMaxLength < USUAL_LENGTH) return shortened(analysis, tokenizer);
  throw new ContrappostoError('limit', {
    operation: 'record: PROMPT_TOO_LONG',
    expected: `at most ${tokenizer.modelMaxLength} tokens, begin and end included`,
    got: `a prompt of which this is left over: "${truncatedText}"`,
    hint: 'shorten it; the object must not be cut off',
  });
}

/** The first words that fit; if they lack an object, the clause that it stands in; words are never cut apart. */
function shortened({ prompt, objects, subject, verb }: PromptAnalysis, tokenizer: ClipTokenizer): FittedPrompt {
  const last = objects[0]?.end ?? verb?.end ?? 0;
  const head = wholeWords(prompt, tokenizer);
  if (head.length >= last || !subject) return kept(prompt, head);
  const clause = prompt.slice(subject.start, last);
  return kept(prompt, tokenizer.encode(clause).truncatedText === undefined ? clause : wholeWords(clause, tokenizer));
}

function wholeWords(text: string, tokenizer: ClipTokenizer): string {
  const { truncatedText } = tokenizer.encode(text);
  if (truncatedText === undefined) return text;
  return text.slice(0, text.length - truncatedText.length).replace(/[\s,;:-]+$/, '');
}

function kept(prompt: string, text: string): FittedPrompt {
  const at = prompt.indexOf(text);
  const leftOut = `${prompt.slice(0, at)} ${prompt.slice(at + text.length)}`.trim();
  return { analysis: analysePrompt(text), leftOut };
}
