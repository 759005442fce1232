// Training of the small vocabulary: known merges, the same result in any order, and use in the tokenizer.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClipTokenizer } from './tokenizer.js';
import { openTokenizer, writeTokenizer } from './tokenizer-folder.js';
import { trainBpe } from './tokenizer-training.js';

// "low lower newest widest", the example of Sennrich et al. 2016, with their counts.
const corpus = [
  ...Array(5).fill('low'),
  ...Array(2).fill('lower'),
  ...Array(6).fill('newest'),
  ...Array(3).fill('widest'),
];

describe('trainBpe', () => {
  it('learns the merges of the published example', () => {
    const { merges } = trainBpe(corpus, { vocabSize: 514 + 4 });
    // All pairs of "est" occur nine times; the end of word counts as part of the last letter.
    expect(merges).toEqual(['e s', 'es t</w>', 'l o', 'e w']);
  });

  it('stops when no pair is frequent enough, and has every byte, begin and end', () => {
    const { vocab, merges } = trainBpe(['ab', 'cd', 'ab'], { vocabSize: 1000 });
    expect(merges).toEqual(['a b</w>']);
    expect(Object.keys(vocab)).toHaveLength(515);
    expect([...new Set(Object.values(vocab))]).toHaveLength(515);
    expect(vocab['<|endoftext|>']).toBe(514);
    expect(trainBpe(['ab', 'cd', 'ab'], { vocabSize: 1000, minCount: 1 }).merges).toEqual(['a b</w>', 'c d</w>']);
  });

  it('does not depend on the order of the corpus, and fills the vocabulary exactly', () => {
    const words = fc.array(fc.stringMatching(/^[abc]{1,6}$/), { minLength: 5, maxLength: 30 });
    fc.assert(
      fc.property(words, fc.integer({ min: 514, max: 530 }), (list, vocabSize) => {
        const forward = trainBpe(list, { vocabSize });
        expect(trainBpe(list.toReversed(), { vocabSize })).toEqual(forward);
        expect(Object.keys(forward.vocab).length).toBeLessThanOrEqual(vocabSize);
        expect(Math.max(...Object.values(forward.vocab))).toBe(Object.keys(forward.vocab).length - 1);
      }),
    );
  });

  it('merges a run of equal letters from the left', () => {
    expect(trainBpe(['aaaa', 'aaaa'], { vocabSize: 514 + 2 }).merges).toEqual(['a a', 'a a</w>']);
  });

  it('gives a vocabulary that the tokenizer uses: frequent words become one token', () => {
    const tokenizer = new ClipTokenizer(trainBpe(corpus, { vocabSize: 600 }));
    expect(tokenizer.encode('Newest').tokens.map(({ token }) => token)).toEqual(['newest</w>']);
    expect(tokenizer.encode('lowest').tokens.map(({ token }) => token)).toEqual(['low', 'est</w>']);
    expect(tokenizer.encode('日').tokens).toHaveLength(3);
  });

  it('refuses a size without room for the bytes, and stops at a signal', () => {
    expect(() => trainBpe(corpus, { vocabSize: 513 })).toThrow(/at least 514/);
    expect(() => trainBpe(corpus, { vocabSize: 600, signal: AbortSignal.abort() })).toThrowError(
      expect.objectContaining({ code: 'aborted' }),
    );
  });
});

it('survives a folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tokenizer-'));
  const trained = trainBpe(corpus, { vocabSize: 530 });
  await writeTokenizer(folder, { ...trained, modelMaxLength: 32, padToken: '!' });
  const tokenizer = openTokenizer(folder);
  expect(tokenizer.encode('lower, newer!')).toEqual(
    new ClipTokenizer({ ...trained, modelMaxLength: 32, padToken: '!' }).encode('lower, newer!'),
  );
  expect(tokenizer.padId).toBe(0);
  expect(readFileSync(join(folder, 'merges.txt'), 'utf8')).toMatch(/^#version: 0.2\ne s\n/);
  rmSync(folder, { recursive: true });
});
