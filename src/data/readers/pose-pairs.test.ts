// PATN's lists: annotations and pairs as published, what is left out and why, and the rule that makes the pairs.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { deepFashionName, makePosePairs, readPoseAnnotations, readPosePairs } from './pose-pairs.js';

async function written(text: string): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'pairs-')), 'a.csv');
  await writeFile(path, text);
  return path;
}

const list = (value: (i: number) => number) => `[${Array.from({ length: 18 }, (_, i) => value(i)).join(', ')}]`;
const row = (name: string, missing: readonly number[] = []) =>
  `${name}: ${list((i) => (missing.includes(i) ? -1 : 2 * i))}: ${list((i) => (missing.includes(i) ? -1 : i + 50))}`;
const annotated = async (...rows: string[]) =>
  readPoseAnnotations(await written(['name:keypoints_y:keypoints_x', ...rows].join('\n')));

describe('readPoseAnnotations', () => {
  it('reads y before x, with and without spaces, -1 as missing', async () => {
    const points = (await annotated(row('a.jpg', [4]))).get('a.jpg');
    expect(points?.[3]).toEqual({ x: 53, y: 6, score: 1 });
    expect(points?.[4].score).toBe(0);
    expect(points).toHaveLength(18);
  });

  it.each(['a.jpg:[1,2]:[1,2]', 'a.jpg', `a.jpg:${list(() => 1)}:${list(() => 0.5)}`])(
    'names the line of %j',
    async (line) => {
      await expect(annotated(row('b.jpg'), line)).rejects.toThrow(/line 3/);
    },
  );

  it('refuses other files', async () => {
    const path = await written('from,to\na,b');
    expect(() => readPoseAnnotations(path)).toThrow(/line 1: expected name:keypoints_y:keypoints_x/);
  });
});

describe('readPosePairs', () => {
  const lines = ['from,to', 'a.jpg,b.jpg', 'b.jpg, a.jpg', 'a.jpg,b.jpg', 'a.jpg,a.jpg', 'a.jpg,z.jpg'];

  it('joins pairs with annotations and counts the bad ones', async () => {
    const annotations = await annotated(row('a.jpg'), row('b.jpg', [0]));
    const path = await written(lines.join('\r\n'));
    const { pairs, skipped } = readPosePairs(path, { annotations, maxBadShare: 1 });
    expect(pairs.map((p) => [p.from, p.to])).toEqual([
      ['a.jpg', 'b.jpg'],
      ['b.jpg', 'a.jpg'],
    ]);
    expect(pairs[0].toPoints[0].score).toBe(0);
    expect(skipped).toEqual({ 'pair given before': 1, 'same picture twice': 1, 'no annotation': 1 });
  });

  it('refuses a list of which too much is bad, and looks for pictures where told', async () => {
    const annotations = await annotated(row('a.jpg'), row('b.jpg'));
    const path = await written(lines.join('\n'));
    expect(() => readPosePairs(path, { annotations })).toThrow(/at most 1 %.*3 of 5 bad ones/);
    const good = await written('from,to\na.jpg,b.jpg');
    const folder = await mkdtemp(join(tmpdir(), 'pairs-'));
    const { skipped } = readPosePairs(good, { annotations, folder, maxBadShare: 1 });
    expect(skipped).toEqual({ 'no picture': 1 });
    expect(() => readPosePairs(good, { annotations, folder: '/nowhere' })).toThrow(/list "\/nowhere"/);
  });
});

describe('makePosePairs', () => {
  it('pairs every two pictures of one person of Market-1501, both ways', async () => {
    const market = ['0002_c1.jpg', '0002_c2.jpg', '0002_c3.jpg', '0007_c1.jpg', '-1_c1.jpg', '0000_c1.jpg'];
    const annotations = await annotated(...market.map((name) => row(name)), row('0007_c2.jpg', [8]));
    const { pairs, skipped } = makePosePairs(annotations, { of: 'market' });
    expect(pairs).toHaveLength(6);
    expect(pairs.every((p) => p.from !== p.to && p.from.startsWith('0002'))).toBe(true);
    expect(skipped).toEqual({ junk: 1, distractor: 1, 'hips or shoulders missing': 1 });
  });

  it('draws so many without repetition, the same for a seed', async () => {
    const annotations = await annotated(...[1, 2, 3, 4, 5].map((i) => row(`0002_c${i}.jpg`)));
    const names = (seed: number) =>
      makePosePairs(annotations, { of: 'market', count: 9, seed }).pairs.map((p) => p.from + p.to);
    expect(new Set(names(1)).size).toBe(9);
    expect(names(1)).toEqual(names(1));
    expect(names(1)).not.toEqual(names(2));
    expect(() => makePosePairs(annotations, { of: 'market', count: 21 })).toThrow(/at most 20/);
  });

  it('tells outfits of DeepFashion apart whose category has an underscore', async () => {
    const paths = ['01_1_front', '01_2_side', '02_1_front'].map((f) => `WOMEN/Tees_Tanks/id_00000001/${f}.jpg`);
    const names = [...paths, 'WOMEN/Tees_Tanks/id_00000002/01_1_front.jpg'].map((path) => deepFashionName(path)!);
    const { pairs } = makePosePairs(await annotated(...names.map((name) => row(name))), { of: 'deepfashion' });
    expect(pairs.map((p) => p.from)).toEqual(names.slice(0, 2));
  });
});

describe('deepFashionName', () => {
  it('is the specification’s example', () => {
    const path = 'img/WOMEN/Skirts/id_00000629/04_3_back.jpg';
    expect(deepFashionName(path)).toBe('fashionWOMENSkirtsid0000062904_3back.jpg');
    expect(deepFashionName('WOMEN/Skirts/id_629/04.jpg')).toBeUndefined();
  });
});
