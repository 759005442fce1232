// Learns a byte-pair vocabulary from a corpus; the mini models' small vocabulary is made by it.
// Sennrich et al. 2016, "Neural machine translation of rare words with subword units", algorithm 1, over UTF-8 bytes.
import { ContrappostoError, throwIfAborted } from '../core/errors.js';
import type { OnProgress } from '../core/progress.js';
import { BYTE_SYMBOLS, clipWords, toByteSymbols } from './clip-words.js';

export interface TrainBpeOptions {
  /** Tokens in all: 512 for the bytes (inside and at the end of a word), the merges, and 2 special ones. */
  vocabSize: number;
  /** A pair seen less often is not merged; 2 unless told. */
  minCount?: number;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

/** What `ClipTokenizer` is made of. */
export interface TrainedBpe {
  vocab: Record<string, number>;
  /** `"first second"`, best merge first. */
  merges: string[];
}

interface CountedWord {
  symbols: string[];
  count: number;
}

const SPECIAL_TOKENS = ['<|startoftext|>', '<|endoftext|>'];
const SMALLEST = 2 * BYTE_SYMBOLS.length + SPECIAL_TOKENS.length;

/**
 * Merges the most frequent pair of neighbours, over and over, until the vocabulary is full or no pair is frequent
 * enough (the vocabulary is smaller then). Ties go to the pair that sorts first, so the same corpus in any order gives
 * the same result. Every text can be encoded with it, since every byte is a token.
 *
 * @throws `invalid-input` for a size below 514, `aborted`
 */
export function trainBpe(corpus: Iterable<string>, options: TrainBpeOptions): TrainedBpe {
  const { vocabSize, minCount = 2, signal, onProgress } = options;
  if (!Number.isInteger(vocabSize) || vocabSize < SMALLEST) {
    const expected = `a vocabulary of at least ${SMALLEST} tokens`;
    throw new ContrappostoError('invalid-input', { operation: 'trainBpe', expected, got: `${vocabSize}` });
  }
  // By code unit, as in CLIP's own vocabulary: `!` has the id 0.
  const bytes = BYTE_SYMBOLS.toSorted();
  const tokens = new Set([...bytes, ...bytes.map((symbol) => `${symbol}</w>`)]);
  const merges: string[] = [];
  const pairs = new PairCounts(countWords(corpus, signal));
  while (tokens.size + SPECIAL_TOKENS.length < vocabSize) {
    throwIfAborted(signal, 'trainBpe');
    const best = pairs.mostFrequent();
    if (!best || best.count < minCount) break;
    pairs.merge(best.pair);
    merges.push(best.pair);
    // Two different pairs may spell the same token; it is one token then.
    tokens.add(best.pair.replace(' ', ''));
    onProgress?.({ type: 'step', stage: 'merge', step: tokens.size, steps: vocabSize });
  }
  const vocab = Object.fromEntries([...tokens, ...SPECIAL_TOKENS].map((token, id) => [token, id]));
  return { vocab, merges };
}

function countWords(corpus: Iterable<string>, signal: AbortSignal | undefined): CountedWord[] {
  const counts = new Map<string, number>();
  for (const text of corpus) {
    throwIfAborted(signal, 'trainBpe');
    for (const word of clipWords(text)) counts.set(word.text, (counts.get(word.text) ?? 0) + 1);
  }
  return Array.from(counts, ([word, count]) => {
    const symbols = Array.from(toByteSymbols(word).symbols);
    symbols[symbols.length - 1] += '</w>';
    return { symbols, count };
  });
}

/** How often each pair of neighbouring symbols occurs, kept up to date while pairs are merged. */
class PairCounts {
  readonly #counts = new Map<string, number>();
  readonly #wordsWith = new Map<string, Set<CountedWord>>();

  constructor(words: readonly CountedWord[]) {
    for (const word of words) this.#add(word);
  }

  mostFrequent(): { pair: string; count: number } | undefined {
    let best: { pair: string; count: number } | undefined;
    for (const [pair, count] of this.#counts) {
      if (!best || count > best.count || (count === best.count && pair < best.pair)) best = { pair, count };
    }
    return best;
  }

  /** Replaces the pair by its joined symbol in every word that has it. */
  merge(pair: string): void {
    const [first, second] = pair.split(' ');
    for (const word of [...(this.#wordsWith.get(pair) ?? [])]) {
      this.#remove(word);
      word.symbols = joined(word.symbols, first, second);
      this.#add(word);
    }
  }

  #add(word: CountedWord): void {
    for (const pair of pairsOf(word.symbols)) {
      this.#counts.set(pair, (this.#counts.get(pair) ?? 0) + word.count);
      const words = this.#wordsWith.get(pair);
      if (words) words.add(word);
      else this.#wordsWith.set(pair, new Set([word]));
    }
  }

  #remove(word: CountedWord): void {
    for (const pair of pairsOf(word.symbols)) {
      const left = (this.#counts.get(pair) ?? 0) - word.count;
      if (left > 0) this.#counts.set(pair, left);
      else this.#counts.delete(pair);
      this.#wordsWith.get(pair)?.delete(word);
    }
  }
}

function pairsOf(symbols: readonly string[]): string[] {
  return symbols.slice(1).map((symbol, i) => `${symbols[i]} ${symbol}`);
}

function joined(symbols: readonly string[], first: string, second: string): string[] {
  const out: string[] = [];
  for (let i = 0; i < symbols.length; i++) {
    const match = symbols[i] === first && symbols[i + 1] === second;
    out.push(match ? first + second : symbols[i]);
    if (match) i++;
  }
  return out;
}
