// COCO and COCO-WholeBody: corners, visibility, parts, what is left out and why, files of another layout.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { WHOLEBODY } from '../../pose/formats.js';
import { cocoPeople, readCocoInstances, readCocoPeople, readCocoPictures } from './coco.js';
import { SkipTally } from './tally.js';

const shared = process.env.CONTRAPPOSTO_SHARED ?? '../shared';
const photos = join(shared, 'data/photos/coco-annotations.json');
const hasPhotos = await readCocoPictures(photos).then(
  () => true,
  () => false,
);

const body = (third: number) => Array.from({ length: 17 }, (_, i) => [i + 1, 2 * i, third]).flat();
const person = { id: 1, image_id: 7, category_id: 1, bbox: [10, 20, 30, 40], area: 500, iscrowd: 0 };

async function coco(annotations: object[], images = [{ id: 7, file_name: 'a.jpg', width: 100, height: 80 }]) {
  const path = join(await mkdtemp(join(tmpdir(), 'coco-')), 'a.json');
  // Annotations first, as no rule forbids.
  await writeFile(path, JSON.stringify({ info: {}, annotations, images }));
  return path;
}

describe('readCocoPeople', () => {
  it('gives corners, area, points and the picture', async () => {
    const path = await coco([{ ...person, keypoints: [...body(2).slice(0, 48), 9, 9, 1] }]);
    const { people, skipped } = await readCocoPeople(path);
    expect(skipped).toEqual({});
    expect(people).toHaveLength(1);
    const [one] = people;
    expect(one).toMatchObject({ id: 1, box: [10, 20, 40, 60], areaPx: 500 });
    expect(one.picture).toEqual({ id: 7, fileName: 'a.jpg', widthPx: 100, heightPx: 80 });
    expect(one.points).toHaveLength(17);
    expect(one.points[3]).toEqual({ x: 4, y: 6, score: 1 });
    expect(one.points[16].score).toBe(0.5);
  });

  it('counts what it leaves out', async () => {
    const path = await coco([
      { ...person, id: 1, keypoints: body(0) },
      { ...person, id: 2, keypoints: body(2), iscrowd: 1 },
      { ...person, id: 3, keypoints: body(2), image_id: 8 },
      { ...person, id: 4, keypoints: body(2), bbox: [1, 1, 0, 5] },
      { ...person, id: 5, category_id: 3 },
      { ...person, id: 6, keypoints: body(2) },
    ]);
    const { people, skipped } = await readCocoPeople(path);
    expect(people.map(({ id }) => id)).toEqual([6]);
    expect(skipped).toEqual({
      'no labelled point': 1,
      crowd: 1,
      'unknown picture': 1,
      'empty box': 1,
      'not a person': 1,
    });
  });

  it('puts the parts of COCO-WholeBody in their places, without invalid ones', async () => {
    const part = (count: number, x: number) => Array.from({ length: count }, () => [x, x, 2]).flat();
    const whole = {
      ...{ foot_kpts: part(6, 100), face_kpts: part(68, 200), lefthand_kpts: part(21, 300) },
      ...{ righthand_kpts: part(21, 400), righthand_valid: false, lefthand_valid: true },
    };
    const { people } = await readCocoPeople(await coco([{ ...person, keypoints: body(2), ...whole }]));
    const { points } = people[0];
    expect(points).toHaveLength(133);
    expect(points[WHOLEBODY.feet.start].x).toBe(100);
    expect(points[WHOLEBODY.face.end - 1].x).toBe(200);
    expect(points[WHOLEBODY.leftHand.start]).toEqual({ x: 300, y: 300, score: 1 });
    expect(points[WHOLEBODY.rightHand.start].score).toBe(0);
  });

  it('names the annotation that is of another layout', async () => {
    const path = await coco([
      { ...person, keypoints: body(2) },
      { ...person, keypoints: [1, 2] },
    ]);
    await expect(readCocoPeople(path)).rejects.toThrow(/annotations\.1\.keypoints/);
    await expect(readCocoPeople(path)).rejects.toMatchObject({ code: 'corrupt-file' });
  });

  it('stops when asked to', async () => {
    const path = await coco([{ ...person, keypoints: body(2) }]);
    const reading = cocoPeople(path, { signal: AbortSignal.abort() }).next();
    await expect(reading).rejects.toMatchObject({ code: 'aborted' });
  });

  it.skipIf(!hasPhotos)('reads photographs of COCO (CONTRAPPOSTO_SHARED)', async () => {
    const tally = new SkipTally();
    const names = new Set<string>();
    let count = 0;
    for await (const { picture, points } of cocoPeople(photos, { tally })) {
      names.add(picture.fileName);
      expect(points).toHaveLength(17);
      count++;
    }
    expect([names.size, count, count + tally.total]).toEqual([8, 18, 116]);
  });
});

describe('readCocoInstances', () => {
  it('keeps objects of all categories, crowds marked', async () => {
    const path = await coco([person, { ...person, id: 2, category_id: 3, iscrowd: 1, segmentation: {} }]);
    const instances = await readCocoInstances(path);
    expect(instances.get(1)).toEqual({ id: 1, pictureId: 7, categoryId: 1, box: [10, 20, 40, 60], isCrowd: false });
    expect(instances.get(2)).toMatchObject({ categoryId: 3, isCrowd: true });
  });
});
