// Benchmarks made of data sets: their cases, what is left out, and what is said when `--data` is wrong.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodePng } from '../../core/image.js';
import { BENCHMARKS, openBenchmark } from './index.js';

const shared = join(process.env.CONTRAPPOSTO_SHARED ?? '../shared', 'data');
const isShared = existsSync(join(shared, 'photos'));
const folderOf = async (files: Record<string, string | Uint8Array>) => {
  const folder = await mkdtemp(join(tmpdir(), 'benchmark-'));
  await mkdir(join(folder, 'test'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
};
const picture = (widthPx: number, heightPx: number) => {
  const data = Uint8Array.from({ length: 3 * widthPx * heightPx }, (_, i) => i % 251);
  return { widthPx, heightPx, data };
};

const hico = {
  ...{ annotation: [], filenames: [], size: [], objects: ['kite', 'cell_phone'], verbs: ['fly', 'no_interaction'] },
  ...{
    correspondence: [
      [0, 0, 0],
      [1, 1, 1],
    ],
    rare: [0],
  },
};
const vcoco = {
  annotations: [
    {
      ...{ boxes_h: [[0, 0, 9, 9]], boxes_o: [[5, 5, 8, 9]], actions: [0], objects: [1] },
      file_name: 'COCO_val2014_000000000007.jpg',
    },
  ],
  ...{ classes: ['talk_on_phone instr'], objects: ['background', 'cell phone'], action_to_object: [[1]] },
};

describe('interactions', () => {
  it('hico-det: every subject for each class, with its pair and group', async () => {
    const data = await folderOf({ 'instances_test2015.json': JSON.stringify(hico) });
    const { cases, skipped } = await openBenchmark('hico-det', { data, seed: 3 });
    expect(cases).toHaveLength(15);
    expect(cases[9]).toEqual({
      ...{ id: 'hico-000-09', prompt: 'a young woman is flying a kite', triplet: { verb: 'fly', object: 'kite' } },
      tags: ['rare', 'fly', 'hico-000'],
    });
    expect(skipped).toEqual({ 'classes of no_interaction': 1 });
  });

  it('v-coco: ids that can be names of files', async () => {
    const data = await folderOf({ 'instances_vcoco_test.json': JSON.stringify(vcoco) });
    const { cases } = await openBenchmark('v-coco', { data, seed: 0 });
    expect(cases[0]).toMatchObject({
      id: 'vcoco-talk_on_phone-instr-cell_phone-00',
      prompt: 'a man is talking on a cell phone',
      triplet: { verb: 'talk_on_phone', object: 'cell phone' },
    });
  });

  it('t2i-compbench: the sentences that are kept, by their lines', async () => {
    const data = await folderOf({ 'non_spatial.txt': 'A dog is barking.\nA man is holding a drum.\n' });
    const { cases, skipped } = await openBenchmark('t2i-compbench', { data, seed: 0 });
    expect(cases).toEqual([{ id: 't2i-0002', prompt: 'A man is holding a drum.', tags: ['holding'] }]);
    expect(skipped).toEqual({ 'no person': 1 });
  });

  it.skipIf(!isShared)('have the paper’s numbers of prompts (CONTRAPPOSTO_SHARED)', async () => {
    const count = async (name: string) =>
      (await openBenchmark(name, { data: join(shared, name), seed: 0 })).cases.length;
    expect([await count('hico-det'), await count('v-coco'), await count('t2i-compbench')]).toEqual([7650, 2550, 565]);
  });
});

describe('pose transfer', () => {
  const points = (at: number) => `[${Array.from({ length: 18 }, (_, i) => at + i).join(', ')}]`;
  const files = {
    'fasion-resize-pairs-test.csv': 'from,to\na_1.jpg,b_1.jpg\n',
    'fasion-resize-annotation-test.csv': `name:keypoints_y:keypoints_x\na_1.jpg:${points(1)}:${points(2)}\nb_1.jpg:${points(3)}:${points(4)}\n`,
    'test/a_1.jpg': '',
    'test/b_1.jpg': '',
  };

  it('gives source, reference and the pose to take', async () => {
    const data = await folderOf(files);
    const { cases, references } = await openBenchmark('deepfashion', { data, seed: 0 });
    expect(references).toBe('paired');
    expect(cases).toHaveLength(1);
    const [{ id, source, reference, keypoints }] = cases;
    expect([id, source, reference]).toEqual(['a_1-to-b_1', join(data, 'test/a_1.jpg'), join(data, 'test/b_1.jpg')]);
    expect(keypoints).toHaveLength(133);
    expect(keypoints?.[0]).toEqual({ x: 4, y: 3, score: 1 });
  });

  it('says which list is missing', async () => {
    const { 'fasion-resize-pairs-test.csv': _, ...others } = files;
    const opening = openBenchmark('market', { data: await folderOf(others), seed: 0 });
    await expect(opening).rejects.toThrow(/\*pairs-test\*\.csv/);
  });
});

describe('photos', () => {
  const keypoints = Array.from({ length: 17 }, () => [50, 30, 2]).flat();
  const annotation = { id: 1, image_id: 7, category_id: 1, bbox: [40, 20, 40, 40], area: 1600, iscrowd: 0, keypoints };
  const annotations = [annotation, { ...annotation, id: 2, area: 9 }, { ...annotation, id: 3, image_id: 8 }];
  const images = [7, 8].map((id) => ({ id, file_name: `${id}.png`, width: 100, height: 64 }));

  it('cuts each person out, points and all', async () => {
    const whole = picture(100, 64);
    const content = {
      'coco-annotations.json': JSON.stringify({ images, annotations }),
      '7.png': await encodePng(whole),
    };
    const benchmark = await openBenchmark('photos', { data: await folderOf(content), seed: 0 });
    expect(benchmark.cases).toHaveLength(1);
    expect(benchmark.skipped).toEqual({ 'smaller than 32 x 32 pixels': 1, 'no picture': 1 });
    const [one] = benchmark.cases;
    expect(one).toMatchObject({ id: '7-1', canvas: { widthPx: 50, heightPx: 49 }, boxes: { person: [5, 5, 45, 45] } });
    expect(one.keypoints?.[0]).toEqual({ x: 15, y: 15, score: 1 });
    const cut = await benchmark.drawReference?.(one);
    expect([cut?.widthPx, cut?.heightPx]).toEqual([50, 49]);
    expect(cut?.data[3 * 50 * 2]).toBe(whole.data[3 * (17 * 100 + 35)]);
  });
});

describe('--data', () => {
  const others = Object.keys(BENCHMARKS).filter((name) => name !== 'hoi-mini');
  it.each(others)('%s says what it needs', async (name) => {
    await expect(openBenchmark(name, { seed: 0 })).rejects.toMatchObject({ code: 'usage' });
    const nowhere = openBenchmark(name, { data: '/nowhere', seed: 0 });
    await expect(nowhere).rejects.toMatchObject({ code: 'not-found' });
    const empty = openBenchmark(name, { data: await folderOf({}), seed: 0 });
    await expect(empty).rejects.toMatchObject({ code: 'not-found' });
  });
});
