// HICO-DET and V-COCO in their layouts, the join with COCO's keypoints, and prompts made of their classes.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CocoInstance, CocoPerson } from './coco.js';
import { readHicoDet } from './hico-det.js';
import { hicoClasses, interactionPrompts, PAPER_PROMPTS, SUBJECTS, vCocoClasses } from './interaction-prompts.js';
import { nounPhrase, participle, vCocoPhrase, verbPhrase } from './interaction-words.js';
import { joinPoses, readJoinedPoses, writeJoinedPoses } from './joined-poses.js';
import { readOfficialVCoco, readVCoco } from './v-coco.js';

const shared = process.env.CONTRAPPOSTO_SHARED ?? '../shared';
const hicoFile = join(shared, 'data/hico-det/instances_test2015.json');
const vCocoFile = (split: string) => join(shared, `data/v-coco/instances_vcoco_${split}.json`);

async function written(content: unknown): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'hoi-')), 'a.json');
  await writeFile(path, JSON.stringify(content));
  return path;
}

const none = { boxes_h: [], boxes_o: [], hoi: [], object: [], verb: [] };
const hico = {
  annotation: [
    {
      boxes_h: [
        [0, 0, 9, 9],
        [0, 0, 9, 9],
      ],
      boxes_o: [
        [5, 5, 8, 9],
        [3, 3, 3, 9],
      ],
      hoi: [1, 0],
      object: [1, 0],
      verb: [1, 0],
    },
    none,
  ],
  filenames: ['a.jpg', 'b.jpg'],
  size: [
    [100, 80],
    [50, 50],
  ],
  objects: ['kite', 'cell_phone'],
  verbs: ['fly', 'talk_on', 'no_interaction'],
  correspondence: [
    [0, 0, 0],
    [1, 1, 1],
    [2, 1, 2],
  ],
  rare: [1],
};

describe('readHicoDet', () => {
  it('gives pictures, pairs and classes, and counts what it leaves out', async () => {
    const { pictures, triplets, skipped } = readHicoDet(await written(hico));
    expect(triplets[1]).toEqual({ index: 1, verb: 'talk_on', object: 'cell phone', isRare: true });
    expect(pictures).toHaveLength(1);
    expect(pictures[0]).toMatchObject({ fileName: 'a.jpg', widthPx: 100, heightPx: 80 });
    expect(pictures[0].pairs).toEqual([
      { humanBox: [0, 0, 9, 9], objectBox: [5, 5, 8, 9], verb: 'talk_on', object: 'cell phone', triplet: triplets[1] },
    ]);
    expect(skipped).toEqual({ 'empty box': 1, 'without a pair': 1 });
  });

  it.each([
    ['lists of several lengths', { annotation: [{ ...hico.annotation[0], hoi: [1] }, none] }, /annotation\.0/],
    ['a class that does not exist', { annotation: [{ ...hico.annotation[0], hoi: [1, 9] }, none] }, /class 9 of 3/],
    ['too few files', { filenames: ['a.jpg'] }, /2 annotations of 1 files/],
    ['a verb that does not exist', { correspondence: [[0, 0, 7]] }, /correspondence\.0/],
  ])('refuses %s', async (_, change, message) => {
    const path = await written({ ...hico, ...change });
    expect(() => readHicoDet(path)).toThrow(message);
  });

  it.skipIf(!existsSync(hicoFile))('reads the test split (CONTRAPPOSTO_SHARED)', async () => {
    const { pictures, triplets, skipped } = readHicoDet(hicoFile);
    expect([pictures.length, triplets.length, skipped['without a pair']]).toEqual([9546, 600, 112]);
    expect(pictures.reduce((sum, picture) => sum + picture.pairs.length, 0)).toBe(33_405);
    expect(triplets.filter((t) => t.isRare)).toHaveLength(138);
    const prompts = interactionPrompts(hicoClasses(triplets), { count: PAPER_PROMPTS['hico-det'] });
    expect(new Set(prompts.map((p) => p.prompt)).size).toBe(7650);
    expect(new Set(prompts.map((p) => p.pairId)).size).toBe(510);
    // The data set's own sentences agree but for their spelling (`draging`).
    const theirs: string[] = JSON.parse(await readFile(join(shared, 'data/hico-det/prompts.json'), 'utf8'));
    const others = hicoClasses(triplets).filter(
      ({ pairId, phrase }) => !theirs[Number(pairId.slice(5))].includes(` person ${phrase} `),
    );
    expect([...new Set(others.map((one) => one.verb))].sort()).toEqual([
      'drag',
      'flip',
      'hit',
      'stab',
      'stir',
      'tag',
      'zip',
    ]);
  });
});

const vCoco = {
  annotations: [
    {
      boxes_h: [
        [10, 20, 40, 60],
        [10, 20, 40, 60],
        [10, 20, 40, 60],
      ],
      boxes_o: [
        [30, 30, 50, 50],
        [30, 30, 50, 50],
        [30, 30, 50, 50],
      ],
      ...{ actions: [0, 1, 1], objects: [1, 1, 0], file_name: 'COCO_val2014_000000000007.jpg' },
    },
    { boxes_h: [], boxes_o: [], actions: [], objects: [], file_name: 'COCO_val2014_000000000008.jpg' },
  ],
  classes: ['hold obj', 'look obj'],
  objects: ['background', 'kite', 'dog'],
  images: [7, 8],
  action_to_object: [
    [1, 2],
    [2, 1],
  ],
};

describe('readVCoco', () => {
  it('gives pairs with the number of their picture, and the combinations that occur', async () => {
    const { pairs, triplets, skipped } = readVCoco(await written(vCoco));
    expect(pairs.map((p) => [p.pictureId, p.verb, p.role, p.object])).toEqual([
      [7, 'hold', 'obj', 'kite'],
      [7, 'look', 'obj', 'kite'],
    ]);
    expect(triplets.map((t) => `${t.verb} ${t.object}`)).toEqual(['hold kite', 'look kite']);
    expect(skipped).toEqual({ 'class that does not exist': 1, 'without a pair': 1 });
  });

  it.skipIf(!existsSync(vCocoFile('test')))('reads both splits (CONTRAPPOSTO_SHARED)', () => {
    const splits = ['trainval', 'test'].map((split) => readVCoco(vCocoFile(split)));
    expect(splits.map((s) => s.pairs.length)).toEqual([13_817, 12_402]);
    const prompts = interactionPrompts(vCocoClasses(splits[1].triplets), { count: PAPER_PROMPTS['v-coco'] });
    expect(new Set(prompts.map((p) => p.id)).size).toBe(2550);
    expect(prompts.every((p) => /^an? [a-z -]+ is [a-z ]+$/.test(p.prompt))).toBe(true);
  });
});

const instance = (id: number, categoryId: number, box: CocoInstance['box']): [number, CocoInstance] => [
  id,
  { id, pictureId: 7, categoryId, box, isCrowd: false },
];

describe('readOfficialVCoco', () => {
  it('looks up people and objects by their numbers, role by role', async () => {
    const entry = {
      ...{ action_name: 'hit', role_name: ['agent', 'instr', 'obj'], image_id: [7, 7, 7], ann_id: [1, 1, 9] },
      ...{ label: [1, 0, 1], role_object_id: [1, 1, 9, 2, 2, 2, 0, 3, 4] },
    };
    const instances = new Map([instance(1, 1, [10, 20, 40, 60]), instance(2, 43, [30, 30, 50, 50])]);
    const path = await written([entry]);
    const { pairs, skipped } = readOfficialVCoco(path, { instances, categories: new Map([[43, 'tennis racket']]) });
    expect(pairs).toEqual([
      {
        ...{ pictureId: 7, personId: 1, humanBox: [10, 20, 40, 60], objectBox: [30, 30, 50, 50] },
        ...{ verb: 'hit', role: 'instr', object: 'tennis racket' },
      },
    ]);
    expect(skipped).toEqual({ 'unknown person': 2, 'without object': 1 });
  });
});

const picture = { id: 7, fileName: 'COCO_val2014_000000000007.jpg', widthPx: 100, heightPx: 80 };
const points = Array.from({ length: 17 }, (_, i) => ({ x: i, y: 2 * i, score: i === 3 ? 0.5 : 1 }));
const somebody: CocoPerson = { id: 5, picture, box: [10, 20, 40, 60.1], areaPx: 700, points };

describe('joinPoses', () => {
  it('finds the person by the box, and one object once where asked', async () => {
    const { pairs } = readVCoco(await written(vCoco));
    const stranger = { ...pairs[0], humanBox: [60, 20, 90, 60] as const };
    const all = joinPoses([...pairs, stranger], [somebody]);
    expect(all.samples.map((s) => [s.personId, s.verb])).toEqual([
      [5, 'hold'],
      [5, 'look'],
    ]);
    expect(all.skipped).toEqual({ 'person without keypoints': 1 });
    const once = joinPoses(pairs, [somebody], { dedupe: true });
    expect([once.samples.length, once.skipped]).toEqual([1, { 'same person and object': 1 }]);
  });

  it('prefers the number where the pairs have it', async () => {
    const { pairs } = readVCoco(await written(vCoco));
    const { samples } = joinPoses([{ ...pairs[0], personId: 6 }], [somebody, { ...somebody, id: 6 }]);
    expect(samples[0].personId).toBe(6);
  });

  it('writes what it reads', async () => {
    const { pairs } = readVCoco(await written(vCoco));
    const { samples } = joinPoses(pairs, [{ ...somebody, box: [10, 20, 40, 60] }]);
    const path = await written({});
    await writeJoinedPoses(path, samples);
    expect(await readJoinedPoses(path)).toEqual({ samples, skipped: {} });
  });

  it('counts people of the file that cannot be used', async () => {
    const one = { id: 1, image_id: 7, bbox: [1, 2, 3, 4], keypoints: Array(51).fill(1), num_keypoints: 17 };
    const uses = {
      class: ['hold', 'look'],
      obj_bbox: [
        [1, 1, 2, 2],
        [1, 1, 2, 2],
      ],
    };
    const path = await written({
      images: [{ id: 7, file_name: 'a.jpg', width: 9, height: 9 }],
      annotations: [
        { ...one, ...uses, iscrowd: 1 },
        { ...one, ...uses, num_keypoints: 0 },
        { ...one, ...uses, image_id: 8 },
        { ...one, ...uses, obj_bbox: [] },
        { ...one, ...uses, bbox: [1, 2, 0, 4] },
        { ...one, ...uses },
      ],
    });
    const { samples, skipped } = await readJoinedPoses(path);
    expect(samples).toHaveLength(2);
    expect(Object.values(skipped)).toEqual([2, 2, 2, 2, 2]);
    expect(samples[0]).toMatchObject({ personBox: [1, 2, 4, 6], areaPx: 12 });
  });
});

describe('words', () => {
  it.each([
    ['ride', 'riding'],
    ['sit', 'sitting'],
    ['lie', 'lying'],
    ['fly', 'flying'],
    ['control', 'controlling'],
    ['open', 'opening'],
    ['throw', 'throwing'],
    ['hug', 'hugging'],
    ['shear', 'shearing'],
    ['lasso', 'lassoing'],
    ['hose', 'hosing'],
    ['squeeze', 'squeezing'],
    ['exit', 'exiting'],
    ['row', 'rowing'],
    ['dribble', 'dribbling'],
  ])('%s: %s', (verb, expected) => expect(participle(verb)).toBe(expected));

  it('splits labels into verb and preposition and puts articles where they belong', () => {
    expect(verbPhrase('talk_on')).toBe('talking on');
    expect(vCocoPhrase('cut', 'instr')).toBe('cutting with');
    expect(vCocoPhrase('cut', 'obj')).toBe('cutting');
    expect(['umbrella', 'hot_dog', 'skis'].map(nounPhrase)).toEqual(['an umbrella', 'a hot dog', 'skis']);
  });
});

describe('interactionPrompts', () => {
  const classes = Array.from({ length: 7 }, (_, i) => ({
    pairId: `p${i}`,
    verb: 'ride',
    object: `o${i}`,
    phrase: 'riding',
    tags: [],
  }));

  it('has ReCorD’s 15 subjects', () => expect(new Set(SUBJECTS).size).toBe(15));

  it('draws exactly so many, all different, evenly over the classes, the same for a seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 105 }), fc.nat(), (count, seed) => {
        const prompts = interactionPrompts(classes, { count, seed });
        expect(new Set(prompts.map((p) => p.id)).size).toBe(count);
        expect(interactionPrompts(classes, { count, seed })).toEqual(prompts);
        const perClass = classes.map(({ pairId }) => prompts.filter((p) => p.pairId === pairId).length);
        const used = count % 15 === 0 ? perClass.filter((n) => n > 0) : perClass;
        expect(Math.max(...used) - Math.min(...used)).toBeLessThanOrEqual(count % 15 === 0 ? 0 : 1);
      }),
    );
  });

  it('depends on the seed', () => {
    const ids = (seed: number) => interactionPrompts(classes, { count: 45, seed }).map((p) => p.id);
    expect(ids(1)).not.toEqual(ids(2));
  });

  it('refuses more than there are', () => {
    expect(() => interactionPrompts(classes, { count: 106 })).toThrow(/1 to 105 prompts/);
    expect(() => interactionPrompts([])).toThrow(/at least one class/);
  });

  it('leaves no_interaction out', () => {
    const triplet = { index: 3, verb: 'no_interaction', object: 'kite', isRare: false };
    expect(hicoClasses([triplet, { ...triplet, index: 4, verb: 'fly' }]).map((c) => c.pairId)).toEqual(['hico-004']);
  });
});
