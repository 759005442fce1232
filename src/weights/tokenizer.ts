// CLIP's tokenizer: text to the token ids of a text encoder, and each token's place in the text.
import { ContrappostoError } from '../core/errors.js';
import { BPE, type BytePairMerger } from './bpe-library.js';
import { type ClipWord, clipWords, type TextSpan, toByteSymbols } from './clip-words.js';

/** What a tokenizer folder says; names and defaults as in its `tokenizer_config.json`. */
export interface ClipTokenizerOptions {
  /** Token -> id. Word-final tokens end in `</w>`. */
  vocab: Readonly<Record<string, number>>;
  /** `"first second"`, best merge first. */
  merges: readonly string[];
  /** Tokens of a text, with begin and end; 77 unless told. */
  modelMaxLength?: number;
  bosToken?: string;
  eosToken?: string;
  /** What unknown symbols become; the end token unless told. */
  unkToken?: string;
  /** What fills the rest; the end token unless told (SDXL's second encoder has `!`). */
  padToken?: string;
  /** Further strings that are one token each. */
  addedTokens?: Readonly<Record<string, number>>;
}

/** One token of a text, at `start..end` (UTF-16 code units) of what the user wrote. */
export interface TextToken extends TextSpan {
  readonly id: number;
  /** Its index in `ids`: the column of an attention map. */
  readonly position: number;
  /** As the vocabulary has it, e.g. `bicycle</w>`. */
  readonly token: string;
  /** Which word of the text it belongs to, from 0. */
  readonly word: number;
}

export interface TextEncoding {
  /** [modelMaxLength]: begin, tokens, end, padding. */
  readonly ids: number[];
  /** [modelMaxLength]: 1 up to and with the end token, 0 for padding. */
  readonly attentionMask: number[];
  /** The text's own tokens, without begin, end and padding. */
  readonly tokens: TextToken[];
  /** What did not fit, from the first word that lost a token on; absent when everything fitted. */
  readonly truncatedText?: string;
}

const END_OF_WORD = '</w>';

/** Longest text that is looked at, in UTF-16 code units; far beyond what 77 tokens hold, and done in an instant. */
export const MAX_TEXT_LENGTH = 20_000;

/** Byte-pair tokenizer of CLIP: lower case, NFC, words, UTF-8 bytes, merges. */
export class ClipTokenizer {
  readonly modelMaxLength: number;
  readonly vocabSize: number;
  readonly bosId: number;
  readonly eosId: number;
  readonly padId: number;
  readonly #bpe: BytePairMerger;
  readonly #vocab: ReadonlyMap<string, number>;
  readonly #special: ReadonlyMap<string, number>;
  readonly #unkToken: string;

  /** Throws `invalid-input` when a special token is not in the vocabulary or a merge is malformed. */
  constructor(options: ClipTokenizerOptions) {
    const { bosToken = '<|startoftext|>', eosToken = '<|endoftext|>', addedTokens = {} } = options;
    const { unkToken = eosToken, padToken = eosToken } = options;
    this.modelMaxLength = checkedLength(options.modelMaxLength ?? 77);
    this.#vocab = new Map([...Object.entries(options.vocab), ...Object.entries(addedTokens)]);
    this.vocabSize = this.#largestId() + 1;
    this.#unkToken = unkToken;
    this.bosId = this.#idOf(bosToken);
    this.eosId = this.#idOf(eosToken);
    this.padId = this.#idOf(padToken);
    const special = new Set([bosToken, eosToken, unkToken, padToken, ...Object.keys(addedTokens)]);
    this.#special = new Map(Array.from(special, (token) => [token.toLowerCase(), this.#idOf(token)]));
    this.#bpe = new BPE({
      type: 'BPE',
      vocab: { ...options.vocab },
      merges: options.merges.map(splitMerge),
      unk_token: unkToken,
      end_of_word_suffix: END_OF_WORD,
      ignore_merges: false,
    });
  }

  /**
   * Token ids of `text`, begun, ended and padded to `modelMaxLength`; what is too long is cut and reported.
   *
   * @example
   * const { ids, truncatedText } = tokenizer.encode('a man is riding a bicycle');
   *
   * @throws `limit` for a text of more than 20,000 code units
   */
  encode(text: string): TextEncoding {
    if (text.length > MAX_TEXT_LENGTH) throw tooLong(text);
    const capacity = this.modelMaxLength - 2;
    const tokens: TextToken[] = [];
    let truncatedText: string | undefined;
    let index = 0;
    for (const word of clipWords(text, this.#special.keys())) {
      for (const { token, id, start, end } of this.#tokensOf(word)) {
        if (tokens.length < capacity) tokens.push({ id, token, start, end, position: tokens.length + 1, word: index });
        else truncatedText ??= text.slice(word.start).trimEnd();
      }
      if (truncatedText !== undefined) break;
      index++;
    }
    const ids = this.#framed(tokens.map(({ id }) => id));
    const attentionMask = ids.map((_, i) => (i < tokens.length + 2 ? 1 : 0));
    return { ids, attentionMask, tokens, ...(truncatedText !== undefined && { truncatedText }) };
  }

  /**
   * The whole text in pieces of `modelMaxLength - 2` tokens, each begun, ended and padded as by `encode`; a text that
   * fits, also an empty one, is one piece.
   *
   * @throws `limit` for a text of more than 20,000 code units
   */
  encodeChunks(text: string): number[][] {
    if (text.length > MAX_TEXT_LENGTH) throw tooLong(text);
    const capacity = this.modelMaxLength - 2;
    const words = [...clipWords(text, this.#special.keys())];
    const ids = words.flatMap((word) => Array.from(this.#tokensOf(word), ({ id }) => id));
    const count = capacity > 0 ? Math.max(1, Math.ceil(ids.length / capacity)) : 1;
    return Array.from({ length: count }, (_, i) => this.#framed(ids.slice(i * capacity, (i + 1) * capacity)));
  }

  #framed(ids: readonly number[]): number[] {
    const framed = new Array<number>(this.modelMaxLength).fill(this.padId);
    framed.splice(0, ids.length + 2, this.bosId, ...ids, this.eosId);
    return framed;
  }

  *#tokensOf(word: ClipWord): Iterable<TextSpan & { token: string; id: number }> {
    const { text, start, end, units } = word;
    const special = word.special ? this.#special.get(text) : undefined;
    if (special !== undefined) {
      yield { token: text, id: special, start, end };
      return;
    }
    const bytes = toByteSymbols(text);
    let position = 0;
    for (const piece of this.#bpe.bpe(bytes.symbols)) {
      const atEnd = position + piece.length > bytes.symbols.length;
      const length = atEnd ? piece.length - END_OF_WORD.length : piece.length;
      const first = units[bytes.units[position]];
      const last = units[bytes.units[position + length - 1]];
      const token = this.#vocab.has(piece) ? piece : this.#unkToken;
      yield { token, id: this.#idOf(token), start: first.start, end: last.end };
      position += length;
    }
  }

  #largestId(): number {
    let largest = -1;
    for (const [token, id] of this.#vocab) {
      if (!Number.isSafeInteger(id) || id < 0) {
        throw invalid({ expected: 'whole numbers as ids', got: `${JSON.stringify(token)}: ${id}` });
      }
      largest = Math.max(largest, id);
    }
    return largest;
  }

  #idOf(token: string): number {
    const id = this.#vocab.get(token);
    if (id !== undefined) return id;
    throw invalid({ expected: `${JSON.stringify(token)} in the vocabulary`, got: `${this.#vocab.size} other tokens` });
  }
}

function tooLong(text: string): ContrappostoError {
  return new ContrappostoError('limit', {
    operation: 'encode text',
    expected: `at most ${MAX_TEXT_LENGTH} characters`,
    got: `${text.length}`,
    hint: 'shorten the prompt; the text encoder reads only its first words',
  });
}

function splitMerge(line: string): [string, string] {
  const space = line.indexOf(' ');
  if (space <= 0 || space === line.length - 1 || line.includes(' ', space + 1)) {
    throw invalid({ expected: 'merges "first second"', got: JSON.stringify(line.slice(0, 80)) });
  }
  return [line.slice(0, space), line.slice(space + 1)];
}

function checkedLength(length: number): number {
  if (Number.isInteger(length) && length >= 2) return length;
  throw invalid({ expected: 'a length of at least 2', got: `${length}` });
}

function invalid(details: { expected: string; got: string }): ContrappostoError {
  const hint = 'vocab.json, merges.txt and tokenizer_config.json must come from the same checkpoint';
  return new ContrappostoError('invalid-input', { operation: 'CLIP tokenizer', ...details, hint });
}
