// CLIP's tokenizer against the reference's ids, the library's own pipeline, and the places of its tokens.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as library from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openSafetensors } from './safetensors.js';
import { ClipTokenizer, MAX_TEXT_LENGTH, type TextToken } from './tokenizer.js';
import { openTokenizer } from './tokenizer-folder.js';
import { trainBpe } from './tokenizer-training.js';

const golden = join(process.env.CONTRAPPOSTO_SHARED ?? '../shared', 'golden');
const clipFolder = join(golden, 'clip-tokenizer');
const absent = !existsSync(clipFolder);

const corpus = ['a man is riding a bicycle', "a woman's bicycle", 'riding, riding and holding: naïve café', 'x2 x22'];
const trained = trainBpe(Array(3).fill(corpus).flat(), { vocabSize: 560 });
const small = new ClipTokenizer(trained);

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc
    .array(
      fc.constantFrom(
        ...corpus,
        'İ',
        'é',
        'é',
        '가',
        '\u1100\u1161',
        '👩‍🚀',
        "'s",
        "'LL",
        '!?',
        '\u0085',
        '<|endoftext|>',
      ),
      {
        maxLength: 8,
      },
    )
    .map((parts) => parts.join(' ')),
);

describe('encode', () => {
  it('begins, ends and pads', () => {
    const { ids, attentionMask, tokens, truncatedText } = small.encode('');
    expect(ids).toEqual([small.bosId, ...Array(76).fill(small.eosId)]);
    expect(attentionMask.slice(0, 3)).toEqual([1, 1, 0]);
    expect(tokens).toEqual([]);
    expect(truncatedText).toBeUndefined();
  });

  it('gives each token its place in the original text', () => {
    const words = "A  MAN's Cafe\u0301, x22";
    const { tokens, ids } = small.encode(words);
    const spans = [...new Set(tokens.map(({ word }) => word))].map((index) => {
      const ofWord = tokens.filter(({ word }) => word === index);
      return words.slice(ofWord[0].start, ofWord.at(-1)!.end);
    });
    expect(spans).toEqual(['A', 'MAN', "'s", 'Cafe\u0301', ',', 'x', '2', '2']);
    for (const { id, position, token } of tokens) {
      expect(ids[position]).toBe(id);
      expect(trained.vocab[token]).toBe(id);
    }
  });

  it('covers every visible character of any text, in order, and reads the same from its normal form', () => {
    fc.assert(
      fc.property(text, (input) => {
        const { tokens, truncatedText } = small.encode(input);
        checkOrder(tokens, input);
        if (truncatedText !== undefined) return;
        const covered = new Set(
          tokens.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, i) => start + i)),
        );
        const lost = Array.from({ length: input.length }, (_, i) => i).filter((i) => !covered.has(i));
        expect(lost.map((i) => input[i]).join('')).toMatch(/^\p{White_Space}*$/u);
        expect(small.encode(input.normalize('NFC').normalize('NFD')).ids).toEqual(small.encode(input).ids);
      }),
      { numRuns: 300 },
    );
  });

  it('reports the words that were cut, whole', () => {
    const tokenizer = new ClipTokenizer({ ...trained, modelMaxLength: 6 });
    expect(tokenizer.encode('a man is riding').truncatedText).toBeUndefined();
    const { ids, tokens, truncatedText } = tokenizer.encode('a man is riding Quickly, today ');
    expect(truncatedText).toBe('Quickly, today');
    expect(ids).toHaveLength(6);
    expect(ids.at(-1)).toBe(tokenizer.eosId);
    expect(tokens).toHaveLength(4);
    // a word of which only a part fits is reported from its beginning
    expect(tokenizer.encode('a man zzzzzz').truncatedText).toBe('zzzzzz');
  });

  it('takes the longest text, and refuses a longer one', () => {
    expect(small.encode('x'.repeat(MAX_TEXT_LENGTH)).tokens).toHaveLength(75);
    expect(() => small.encode('x'.repeat(MAX_TEXT_LENGTH + 1))).toThrowError(
      expect.objectContaining({ code: 'limit' }),
    );
  });

  it('takes special tokens in the text for what they are', () => {
    const { ids } = small.encode('a<|endoftext|>a');
    expect(ids.slice(0, 5)).toEqual([
      small.bosId,
      trained.vocab['a</w>'],
      small.eosId,
      trained.vocab['a</w>'],
      small.eosId,
    ]);
    const padded = new ClipTokenizer({ ...trained, padToken: '!' });
    const { ids: withSigns, attentionMask } = padded.encode('a!?');
    expect(withSigns.slice(1, 6)).toEqual([trained.vocab['a</w>'], 0, trained.vocab['?</w>'], padded.eosId, 0]);
    expect(attentionMask.reduce((sum, bit) => sum + bit)).toBe(5);
    expect(new ClipTokenizer({ ...trained, addedTokens: { '<me>': 900 } }).encode('a <me>').ids[2]).toBe(900);
  });

  it('writes what the vocabulary lacks as the unknown token', () => {
    const tokenizer = new ClipTokenizer({
      vocab: { a: 0, 'a</w>': 1, '<|startoftext|>': 2, '<|endoftext|>': 3 },
      merges: [],
    });
    const { tokens } = tokenizer.encode('aé');
    expect(tokens.map(({ id, start, end }) => [id, start, end])).toEqual([
      [0, 0, 1],
      [3, 1, 2],
      [3, 1, 2],
    ]);
  });

  it.each([
    ['a vocabulary without begin', { vocab: { a: 0 }, merges: [] }, /startoftext/],
    ['a merge of three', { ...trained, merges: ['a b c'] }, /first second/],
    ['ids that are no numbers', { ...trained, vocab: { ...trained.vocab, b: -1 } }, /whole numbers/],
    ['no room', { ...trained, modelMaxLength: 1 }, /at least 2/],
  ])('refuses %s', (_, options, reason) => {
    expect(() => new ClipTokenizer(options)).toThrowError(
      expect.objectContaining({ code: 'invalid-input', message: expect.stringMatching(reason) }),
    );
  });
});

function checkOrder(tokens: readonly TextToken[], input: string): void {
  for (const [i, { start, end, position }] of tokens.entries()) {
    expect(position).toBe(i + 1);
    expect(start).toBeLessThan(end);
    expect(end).toBeLessThanOrEqual(input.length);
    expect(start).toBeGreaterThanOrEqual(tokens[i - 1]?.start ?? 0);
  }
}

/** The library's whole pipeline from a tokenizer.json like CLIP's, without our words and places. */
function libraryTokenizer({ vocab, merges }: { vocab: Record<string, number>; merges: string[] }) {
  const { Tokenizer } = library as unknown as {
    Tokenizer: new (json: object, config: object) => { encode(text: string): { ids: number[] } };
  };
  const pattern = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";
  const specials = ['<|startoftext|>', '<|endoftext|>'];
  return new Tokenizer(
    {
      added_tokens: specials.map((content) => ({ id: vocab[content], content, special: true, normalized: true })),
      normalizer: {
        type: 'Sequence',
        normalizers: [
          { type: 'NFC' },
          { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
          { type: 'Lowercase' },
        ],
      },
      pre_tokenizer: {
        type: 'Sequence',
        pretokenizers: [
          { type: 'Split', pattern: { Regex: pattern }, behavior: 'Removed', invert: true },
          { type: 'ByteLevel', add_prefix_space: false },
        ],
      },
      post_processor: {
        type: 'RobertaProcessing',
        cls: [specials[0], vocab[specials[0]]],
        sep: [specials[1], vocab[specials[1]]],
      },
      decoder: null,
      model: { type: 'BPE', vocab, merges, end_of_word_suffix: '</w>', unk_token: specials[1], ignore_merges: false },
    },
    { tokenizer_class: 'CLIPTokenizer' },
  );
}

it('equals the library on any text', () => {
  const reference = libraryTokenizer(trained);
  const long = new ClipTokenizer({ ...trained, modelMaxLength: 2000 });
  // The library lower-cases a final sigma as JavaScript does, the reference implementation does not.
  fc.assert(
    fc.property(
      text.filter((input) => !/Σ/.test(input)),
      (input) => {
        const { ids, tokens } = long.encode(input);
        expect(ids.slice(0, tokens.length + 2)).toEqual(reference.encode(input).ids);
      },
    ),
    { numRuns: 300 },
  );
});

describe.skipIf(absent)('parity with the reference (skipped without CONTRAPPOSTO_SHARED)', () => {
  const clip = absent ? small : openTokenizer(clipFolder);
  const cases: { text: string; ids: number[] }[] = absent
    ? []
    : JSON.parse(readFileSync(join(clipFolder, 'cases.json'), 'utf8'));

  it('gives the ids of every case', () => {
    expect(cases.length).toBeGreaterThan(0);
    for (const { text: input, ids } of cases) expect(clip.encode(input).ids, input).toEqual(ids);
  });

  it('gives the ids that the tiny checkpoint was run with', () => {
    const file = openSafetensors(join(golden, 'tiny-sd-io/components.safetensors'));
    const ids = Array.from(file.read('input_ids').data, Number);
    file.close();
    const tokenizer = openTokenizer(join(golden, 'tiny-sd/tokenizer'));
    expect(tokenizer.vocabSize).toBe(387);
    expect(tokenizer.encode('a man is riding a bicycle').ids).toEqual(ids);
  });
});
