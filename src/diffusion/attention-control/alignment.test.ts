// Token alignment against the published vector, and what it must hold for any two texts.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alignTokens, tokenSwap } from './alignment.js';

const VOCABULARY = ['BOS', 'EOS', 'a', 'boy', 'is', 'feeding', 'bird'];
const POSITIONS = 77;

function text(words: string) {
  const own = ['BOS', ...words.split(' '), 'EOS'].map((word) => VOCABULARY.indexOf(word));
  return { ids: [...own, ...new Array<number>(POSITIONS - own.length).fill(1)], length: own.length };
}

describe('token alignment', () => {
  it('leaves the object out and finds the end again', () => {
    const { from, takes } = tokenSwap(text('a boy is feeding'), text('a boy is feeding a bird'));
    const mapping = from.map((position, n) => (takes[n] ? position : -1));
    expect(mapping).toEqual([0, 1, 2, 3, 4, -1, -1, 5, ...Array.from({ length: POSITIONS - 8 }, (_, i) => i + 8)]);
  });

  it('is the identity for equal texts', () => {
    const { from, takes } = tokenSwap(text('a boy is feeding a bird'), text('a boy is feeding a bird'));
    expect(from).toEqual(from.map((_, n) => n));
    expect(takes).toEqual(takes.map(() => 1));
  });

  it('keeps the positions that it is told to keep', () => {
    const whole = text('a boy is feeding a bird');
    const { takes } = tokenSwap(whole, whole, { keep: [5, 6] });
    expect(takes.slice(0, 9)).toEqual([1, 1, 1, 1, 1, 0, 0, 1, 1]);
  });

  it('leaves padding alone when told to', () => {
    const { takes } = tokenSwap(text('a boy is feeding'), text('a boy is feeding a bird'), { padding: false });
    expect(takes).toEqual([1, 1, 1, 1, 1, 0, 0, 1, ...Array.from({ length: POSITIONS - 8 }, () => 0)]);
  });

  it('maps in order, onto equal tokens alone, and as many as the longest common subsequence has', () => {
    const tokens = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 12 });
    fc.assert(
      fc.property(tokens, tokens, (base, full) => {
        const pairs = alignTokens(base, full).flatMap((i, j) => (i < 0 ? [] : [[i, j]]));
        for (const [i, j] of pairs) expect(base[i]).toBe(full[j]);
        for (let n = 1; n < pairs.length; n++) expect(pairs[n][0]).toBeGreaterThan(pairs[n - 1][0]);
        expect(pairs.length).toBe(commonLength(base, full));
      }),
    );
  });
});

/** Length of the longest common subsequence, by its recursive definition. */
function commonLength(a: readonly number[], b: readonly number[]): number {
  const known = new Map<string, number>();
  const longest = (i: number, j: number): number => {
    if (i === a.length || j === b.length) return 0;
    const key = `${i},${j}`;
    const value =
      known.get(key) ?? (a[i] === b[j] ? 1 + longest(i + 1, j + 1) : Math.max(longest(i + 1, j), longest(i, j + 1)));
    known.set(key, value);
    return value;
  };
  return longest(0, 0);
}
