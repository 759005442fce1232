// The byte-pair merger of @huggingface/tokenizers with the types it lacks for us.
import * as library from '@huggingface/tokenizers';

/** Splits a word into the pieces that its merges allow. */
export interface BytePairMerger {
  bpe(word: string): string[];
}

interface BytePairMergerConstructor {
  new (config: {
    type: 'BPE';
    vocab: Record<string, number>;
    merges: [string, string][];
    unk_token: string;
    end_of_word_suffix: string;
    ignore_merges: boolean;
  }): BytePairMerger;
}

/** The package's declarations import without file extensions, so Node's module resolution cannot see this class. */
export const { BPE } = library as unknown as { BPE: BytePairMergerConstructor };
