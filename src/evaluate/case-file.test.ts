import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { seedsOf, spread } from './benchmark.js';
import { openBenchmark } from './benchmarks/index.js';
import { parseCases, readCaseFile } from './case-file.js';

const folder = mkdtempSync(join(tmpdir(), 'cases-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const options = { operation: 'cases' };

describe('files of cases', () => {
  it('are read with everything a case may carry', async () => {
    const keypoints = Array.from({ length: 17 }, (_, i) => [i, 2 * i, 1]);
    const one = {
      ...{ id: 'a-1', prompt: ' a man ', negative_prompt: 'blur', seed: 4, tags: ['x'], canvas: [640, 480] },
      ...{ triplet: { verb: 'ride', object: 'horse' }, boxes: { object: [1, 2, 3, 4] }, keypoints, reference: 'r.png' },
    };
    writeFileSync(join(folder, 'r.png'), '');
    writeFileSync(join(folder, 'c.jsonl'), `${JSON.stringify(one)}\n\n${JSON.stringify({ id: 'b', prompt: 'c' })}\n`);
    const { cases, references, name } = await readCaseFile(join(folder, 'c.jsonl'));
    expect([name, references, cases.length]).toEqual(['c', 'paired', 2]);
    expect(cases[0]).toMatchObject({
      ...{ id: 'a-1', prompt: 'a man', negativePrompt: 'blur', canvas: { widthPx: 640, heightPx: 480 } },
      reference: join(folder, 'r.png'),
    });
    expect(cases[0].keypoints?.[3]).toEqual({ x: 3, y: 6, score: 1 });
    expect(cases[1]).toEqual({ id: 'b', prompt: 'c' });
  });

  it.each([
    ['broken JSON', '{"id": ', /line 1.*JSON/s],
    ['no prompt', '{"id":"a"}', /prompt/],
    ['a path as id', '{"id":"../a","prompt":"b"}', /id/],
    ['an id twice', '{"id":"a","prompt":"b"}\n{"id":"A","prompt":"c"}', /lines 1 and 2/],
    ['an unknown field', '{"id":"a","prompt":"b","promt":"c"}', /promt/],
    ['a box turned over', '{"id":"a","prompt":"b","boxes":{"object":[4,1,2,3]}}', /x1 < x2/],
    ['a number of points', '{"id":"a","prompt":"b","keypoints":[[1,2,1]]}', /17 or 133/],
    ['nothing', '\n', /at least one case/],
  ])('are refused with %s', (_, text, message) => {
    expect(() => parseCases(text, options)).toThrow(message);
  });

  it('are refused when a picture is missing', async () => {
    writeFileSync(join(folder, 'd.jsonl'), '{"id":"a","prompt":"b","reference":"gone.png"}');
    await expect(readCaseFile(join(folder, 'd.jsonl'))).rejects.toMatchObject({ code: 'not-found' });
    await expect(openBenchmark('gone', { seed: 0 })).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('hoi-mini', () => {
  it('has 200 cases, a quarter of them with pairs that no training data shows', async () => {
    const { cases, drawReference } = await openBenchmark('hoi-mini', { seed: 0 });
    expect(cases.length).toBe(200);
    expect(cases.filter(({ tags }) => tags?.includes('held-out')).length).toBe(50);
    expect(cases.map(({ seed }) => seed)).toEqual(Array.from({ length: 200 }, (_, i) => i));
    expect(new Set(cases.map(({ id }) => id)).size).toBe(200);
    expect(drawReference).toBeUndefined();
  });
});

it('spreads few cases over many, and seeds of one case far apart', () => {
  expect(spread([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 3)).toEqual([0, 3, 6]);
  expect(spread([1, 2], 5)).toEqual([1, 2]);
  expect(seedsOf({ id: 'a', prompt: 'b', seed: 7 }, { count: 2 })).toEqual([7, 1_000_007]);
  expect(seedsOf({ id: 'a', prompt: 'b' }, { count: 1, first: 9 })).toEqual([9]);
});
