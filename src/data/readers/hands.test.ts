// HaGRID, InterHand2.6M and Re:InterHand: order of the joints, cameras, what is left out and why.
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HAND_NAMES } from '../../pose/formats.js';
import { hagridPictures, handsInPixels } from './hagrid.js';
import { INTERHAND_ORDER, type Point3, REINTERHAND_ORDER, requireHand } from './hand-order.js';
import { interHandPictures, projected } from './interhand.js';
import { reInterHandPictures } from './re-interhand.js';
import { SkipTally } from './tally.js';

async function writtenAll(files: Record<string, unknown>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hands-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), JSON.stringify(content));
  }
  return folder;
}

async function all<T>(values: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

/** A flat hand in our order, in millimetres: wrist at `x`, fingers side by side, bones of 80, 40, 25 and 20 mm. */
const flatHand = (x = 0): Point3[] => [
  [x, 0, 0],
  ...[0, 1, 2, 3, 4].flatMap((f) => [80, 120, 145, 165].map((y): Point3 => [x + 15 * (f - 2), y, 0])),
];
/** The hand as a data set stores it: `order[i]` says where our point i stands. */
const stored = (hand: readonly Point3[], order: readonly number[], count: number): Point3[] => {
  const out = Array.from({ length: count }, (): Point3 => [0, -30, 0]);
  order.forEach((at, i) => {
    out[at] = hand[i];
  });
  return out;
};

describe('orders', () => {
  it('InterHand2.6M’s is a bijection that puts the tips first and the wrist last', () => {
    expect([...INTERHAND_ORDER].sort((a, b) => a - b)).toEqual(Array.from({ length: 21 }, (_, i) => i));
    expect(INTERHAND_ORDER[HAND_NAMES.indexOf('wrist')]).toBe(20);
    expect(INTERHAND_ORDER[HAND_NAMES.indexOf('thumb_tip')]).toBe(0);
    expect(INTERHAND_ORDER[HAND_NAMES.indexOf('pinky_mcp')]).toBe(19);
  });

  it('Re:InterHand’s leaves out the carpal joints and the forearm', () => {
    const missing = Array.from({ length: 24 }, (_, i) => i).filter((i) => !REINTERHAND_ORDER.includes(i));
    expect(missing).toEqual([1, 18, 23]);
  });

  it('requireHand knows hands from other orders and units', () => {
    const hand = flatHand();
    expect(() => requireHand(hand, 'x')).not.toThrow();
    expect(() => requireHand([undefined, ...hand.slice(1)], 'x')).not.toThrow();
    expect(() => requireHand(stored(hand, INTERHAND_ORDER, 21), 'x')).toThrow(/hands in millimetres/);
    const metres = hand.map(([x, y, z]): Point3 => [x / 1000, y / 1000, z / 1000]);
    expect(() => requireHand(metres, 'x')).toThrow(/a bone of 0\.1 mm/);
  });
});

describe('projected', () => {
  it('turns, moves and divides by the depth', () => {
    const rotation: Point3[] = [
      [0, -1, 0],
      [1, 0, 0],
      [0, 0, 1],
    ]; // a quarter turn
    const camera = {
      rotation,
      translation: [0, 0, 500] as Point3,
      focalPx: [1000, 1000] as const,
      centrePx: [320, 240] as const,
    };
    expect(projected([[10, 20, 0], undefined], camera)).toEqual([
      { x: 280, y: 260, score: 1 },
      { x: 0, y: 0, score: 0 },
    ]);
    expect(projected([[0, 0, -500]], camera)).toBeUndefined();
  });
});

describe('interHandPictures', () => {
  const identity = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ];
  const cameras = {
    0: {
      campos: { 400: [0, 0, -1000] },
      camrot: { 400: identity },
      focal: { 400: [1000, 1000] },
      princpt: { 400: [256, 256] },
    },
  };
  const world = [...stored(flatHand(-100), INTERHAND_ORDER, 21), ...stored(flatHand(100), INTERHAND_ORDER, 21)];
  const joints = { 0: { 7: { world_coord: world, joint_valid: [], hand_type: 'interacting' } } };
  const image = {
    id: 1,
    file_name: 'Capture0/a.jpg',
    width: 512,
    height: 512,
    capture: 0,
    camera: '400',
    frame_idx: 7,
  };
  const valid = Array.from({ length: 42 }, () => [1]);
  const annotation = { id: 1, image_id: 1, bbox: [100, 200, 300, 200], joint_valid: valid, hand_type: 'interacting' };
  const files = async (images: object[], annotations: object[], others: object = {}) => {
    const folder = await writtenAll({ data: { images, annotations }, cameras, joints, ...others });
    return { data: join(folder, 'data'), cameras: join(folder, 'cameras'), joints: join(folder, 'joints') };
  };

  it('puts both hands into the picture, right before left in the file', async () => {
    const [one] = await all(interHandPictures(await files([image], [annotation])));
    expect(one).toMatchObject({ fileName: 'Capture0/a.jpg', widthPx: 512, box: [100, 200, 400, 400], capture: '0' });
    expect(one.rightHand[0]).toEqual({ x: 156, y: 256, score: 1 });
    expect(one.leftHand[0]).toEqual({ x: 356, y: 256, score: 1 });
    expect(one.leftHand[8]).toEqual({ x: 341, y: 421, score: 1 }); // tip of the index finger
  });

  it('takes a hand without a valid wrist as unknown, and single joints', async () => {
    const joint_valid = valid.map((v, i) => (i === 20 || i === 21 ? [0] : v));
    const [one] = await all(interHandPictures(await files([image], [{ ...annotation, joint_valid }])));
    expect(one.rightHand.every((p) => p.score === 0)).toBe(true);
    expect(one.leftHand[4].score).toBe(0); // 21 is the tip of the left thumb
    expect(one.leftHand.filter((p) => p.score > 0)).toHaveLength(20);
  });

  it('counts what it leaves out', async () => {
    const images = [image, { ...image, id: 2, camera: '401' }, { ...image, id: 3, frame_idx: 8 }];
    const none = valid.map(() => [0]);
    const annotations = [2, 3, 4].map((image_id) => ({ ...annotation, image_id }));
    const tally = new SkipTally();
    const paths = await files(images, [...annotations, { ...annotation, joint_valid: none }]);
    expect(await all(interHandPictures(paths, { tally }))).toEqual([]);
    expect(tally.counts()).toEqual({ 'no camera': 1, 'no joints': 1, 'unknown picture': 1, 'no valid joint': 1 });
  });

  it('refuses joints in another order', async () => {
    const wrong = { 0: { 7: { world_coord: [...flatHand(), ...flatHand()] } } };
    const paths = await files([image], [annotation], { joints: wrong });
    await expect(all(interHandPictures(paths))).rejects.toThrow(/capture 0, frame 7.*hands in millimetres/);
  });
});

describe('reInterHandPictures', () => {
  const camera = {
    R: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    t: [0, 0, 1000],
    focal: [1000, 1000],
    princpt: [512, 512],
  };
  const view = 'Mugsy_cameras/envmap_per_frame';
  const hand = (x: number) => stored(flatHand(x), REINTERHAND_ORDER, 24);
  const files = {
    'Mugsy_cameras/cam_params.json': { 400: camera },
    [`${view}/images/400/000012.png`]: '',
    [`${view}/masks/400/000012.png`]: '',
    [`${view}/images/400/000013.png`]: '',
    [`${view}/images/400/notes.txt`]: '',
    [`${view}/images/401/000012.png`]: '',
    'orig_fits/right/Keypoints/keypoint-000012.json': hand(-100),
    'orig_fits/left/Keypoints/keypoint-000012.json': hand(100),
  };

  it('gives pictures with masks and counts what it leaves out', async () => {
    const tally = new SkipTally();
    const found = await all(reInterHandPictures(await writtenAll(files), { tally }));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ fileName: `${view}/images/400/000012.png`, mask: `${view}/masks/400/000012.png` });
    expect(found[0].rightHand[0]).toEqual({ x: 412, y: 512, score: 1 });
    expect(found[0].leftHand[20].y).toBeCloseTo(512 + 165, 9);
    expect(tally.counts()).toEqual({ 'no joints': 1, 'not a picture': 1, 'no camera': 1 });
  });

  it('refuses folders and joints of another kind', async () => {
    await expect(all(reInterHandPictures(await writtenAll({ a: 1 })))).rejects.toThrow(
      /cam_params\.json.*no such file/,
    );
    const wrong = { ...files, 'orig_fits/left/Keypoints/keypoint-000012.json': hand(100).reverse() };
    await expect(all(reInterHandPictures(await writtenAll(wrong)))).rejects.toThrow(/hands in millimetres/);
  });
});

describe('hagridPictures', () => {
  const points = Array.from({ length: 21 }, (_, i) => [i / 100, 0.5]);
  const entry = {
    bboxes: [
      [0.1, 0.2, 0.3, 0.4],
      [0.5, 0.5, 0.1, 0.1],
    ],
    labels: ['like', 'no_gesture'],
    user_id: 'u',
  };
  const read = async (content: unknown, gestures?: string[]) => {
    const tally = new SkipTally();
    const path = join(await writtenAll({ 'like.json': content }), 'like.json');
    return { found: await all(hagridPictures(path, { tally, gestures })), skipped: tally.counts() };
  };

  it('reads both editions, hands without landmarks too', async () => {
    const first = { ...entry, landmarks: [points, []], leading_hand: 'left', leading_conf: 1 };
    const second = { ...entry, hand_landmarks: [null, points], united_bbox: null, meta: {} };
    const { found } = await read({ aa: first, bb: second, cc: entry });
    expect(found.map((p) => p.hands.map((hand) => hand.points?.length))).toEqual([
      [21, undefined],
      [undefined, 21],
      [undefined, undefined],
    ]);
    expect(found[0]).toMatchObject({ name: 'aa', subject: 'u' });
    expect(found[0].hands[0].gesture).toBe('like');
    const [inPixels] = handsInPixels(found[0].hands, { widthPx: 1000, heightPx: 100 });
    expect(inPixels.box.map(Math.round)).toEqual([100, 20, 400, 60]);
    expect(inPixels.points?.[2]).toEqual({ x: 20, y: 50, score: 1 });
  });

  it('counts what it leaves out', async () => {
    const { found, skipped } = await read(
      {
        a: { ...entry, labels: ['stop', 'no_gesture'] },
        b: {
          ...entry,
          bboxes: [
            [0, 0, 0, 1],
            [0, 0, 1, 0],
          ],
        },
        c: entry,
      },
      ['like'],
    );
    expect(found.map((p) => p.name)).toEqual(['c']);
    expect(skipped).toEqual({ 'another gesture': 1, 'empty box': 2, 'no hand': 1 });
  });

  it('refuses another layout', async () => {
    await expect(read({ a: { ...entry, labels: ['like'] } })).rejects.toThrow(/a: needs as many labels/);
    await expect(read({ a: { ...entry, landmarks: [points.slice(1), []] } })).rejects.toThrow(/21 points or none/);
  });
});
