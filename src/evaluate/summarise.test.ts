import { describe, expect, it } from 'vitest';
import { Bootstrap } from './bootstrap.js';
import type { CaseResult, MeasureResult } from './results.js';
import { compare, summarise, verdict } from './summarise.js';

const measure = (name: string, better: 'higher' | 'lower', kind: MeasureResult['kind'] = 'picture'): MeasureResult => ({
  ...{ name, title: name, about: '', better, shown: 2, kind },
});

/** `scores[case][method][seed]` of the measure `m`. */
function casesOf(scores: (number | null)[][][]): CaseResult[] {
  return scores.map((methods, c) => ({
    ...{ id: `c${c}`, prompt: '', tags: [] },
    pictures: methods.flatMap((seeds, m) =>
      seeds.map((value, seed) => ({ method: 'ab'[m], seed, file: `${c}${m}${seed}`, scores: { m: value } })),
    ),
  }));
}

const bootstrap = new Bootstrap();
const methods = ['a', 'b'];

describe('summarise', () => {
  it('averages cases, each the mean of its seeds, over those that the measure applies to', () => {
    const cases = casesOf([
      [
        [1, 3],
        [0, 0],
      ],
      [[4], [2]],
      [[null], [null]],
    ]);
    cases[0].pictures[0].failure = 'lost';
    const [a, b] = summarise({ measures: [measure('m', 'higher')], methods, cases }, { bootstrap, sets: new Map() });
    expect(a).toMatchObject({ method: 'a', mean: 3, cases: 2, pictures: 3, failed: 1 });
    expect(b).toMatchObject({ method: 'b', mean: 1, cases: 2, pictures: 3, failed: 0 });
  });

  it('takes numbers of whole sets as they are', () => {
    const measures = [measure('d', 'lower', 'set')];
    const cases = casesOf([[[1], [2]]]);
    const found = summarise({ measures, methods, cases }, { bootstrap, sets: new Map([['a\nd', 7]]) });
    expect(found).toMatchObject([
      { mean: 7, low: null, cases: 1 },
      { mean: null, low: null },
    ]);
  });
});

describe('compare', () => {
  it('pairs the cases, so that what is hard for both methods cancels', () => {
    // Cases differ by far more than methods do, yet each is better by about 1.
    const cases = casesOf(Array.from({ length: 20 }, (_, c) => [[100 * c], [100 * c + 1 + (c % 2) / 10]]));
    const scored = { measures: [measure('m', 'higher')], methods, cases };
    const [one] = compare(scored, { bootstrap });
    expect(one).toMatchObject({ method: 'b', baseline: 'a', cases: 20, better: 20, equal: 0, worse: 0 });
    expect(one.mean).toBeCloseTo(1.05, 10);
    expect(verdict(one, { better: 'higher' })).toBe('better');
    expect(verdict(one, { better: 'lower' })).toBe('worse');
    const [a, b] = summarise(scored, { bootstrap, sets: new Map() });
    expect(a.high!).toBeGreaterThan(b.low!);
  });

  it('leaves open what the interval does not decide, and counts by the direction of the measure', () => {
    const cases = casesOf([
      [[1], [2]],
      [[2], [1]],
      [[1], [1]],
      [[1], [null]],
    ]);
    const [one] = compare({ measures: [measure('m', 'lower')], methods, cases }, { bootstrap });
    expect(one).toMatchObject({ cases: 3, better: 1, equal: 1, worse: 1, mean: 0 });
    expect(verdict(one, { better: 'lower' })).toBe('undecided');
  });
});
