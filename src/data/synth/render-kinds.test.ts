// Every kind of scene as a picture: shape, masks, depth and keypoints that agree, groups of one person in one outfit.
import { beforeAll, describe, expect, it } from 'vitest';
import { LABEL } from './compose.js';
import { mannequinCast } from './mannequin.js';
import { type RenderedScene, renderScene, SceneRenderer } from './render-scene.js';
import { SCENE_KINDS, type SceneKind } from './scenes/kinds.js';
import type { PictureSize } from './types.js';

const cast = mannequinCast();
const SIZES: Readonly<Record<SceneKind, PictureSize>> = {
  interaction: { widthPx: 128, heightPx: 96 },
  gesture: { widthPx: 128, heightPx: 128 },
  fashion: { widthPx: 88, heightPx: 128 },
  street: { widthPx: 64, heightPx: 128 },
  empty: { widthPx: 96, heightPx: 128 },
};

function render(kind: SceneKind, seeds: readonly number[]): RenderedScene[] {
  const renderer = new SceneRenderer({ size: SIZES[kind], cast });
  const wanted = { personFree: true, objectFree: true, depth: true, detailed: true };
  return seeds.map((seed) => renderScene(seed, { renderer, kinds: [[kind, 1]], ...wanted }));
}

const isPerson = (label: number) => label >= LABEL.person && label <= LABEL.face;

describe.each(SCENE_KINDS.filter((kind) => kind !== 'empty'))('%s', (kind) => {
  const { widthPx, heightPx } = SIZES[kind];
  let scenes: RenderedScene[];
  beforeAll(() => {
    scenes = render(kind, [16, 17, 18, 19]);
  });

  it('has the shape asked for in every part, and says so', () => {
    const pixels = widthPx * heightPx;
    for (const { record, picture, personFree, objectFree, labels, depth } of scenes) {
      expect([record.kind, record.width, record.height]).toEqual([kind, widthPx, heightPx]);
      expect([picture, personFree!].map((p) => p.length)).toEqual([3 * pixels, 3 * pixels]);
      expect([labels.length, depth!.length]).toEqual([pixels, pixels]);
      expect(objectFree?.length).toBe(record.triplet.object === null ? undefined : 3 * pixels);
      expect(record.captions.length).toBeGreaterThanOrEqual(5);
      expect(record.captions.join()).not.toMatch(/undefined|null| {2}/);
    }
  });

  it('puts visible keypoints onto the person, as deep as the depth map has them', () => {
    let [visible, onPerson, agree] = [0, 0, 0];
    for (const { record, labels, depth } of scenes) {
      for (let i = 0; i < 133; i++) {
        const [x, y, v] = record.keypoints.slice(3 * i, 3 * i + 3);
        const [right, down, forward] = record.keypoints_3d!.slice(3 * i, 3 * i + 3);
        const { focal_px: focal, centre } = record.camera!;
        expect(Math.abs(centre[0] + (focal * right) / forward - x)).toBeLessThan(1.5);
        expect(Math.abs(centre[1] + (focal * down) / forward - y)).toBeLessThan(1.5);
        if (v !== 2) continue;
        visible++;
        const near = [-1, 0, 1].flatMap((dy) =>
          [-1, 0, 1].map((dx) => (Math.floor(y) + dy) * widthPx + Math.floor(x) + dx),
        );
        const mine = near.filter((at) => isPerson(labels[at]));
        if (mine.length > 0) onPerson++;
        // Joints lie inside the body, up to the thickness of a hip beneath the surface.
        if (mine.some((at) => Math.abs(depth![at] / 1000 - forward) < 0.26)) agree++;
      }
    }
    expect(visible).toBeGreaterThan(30 * scenes.length);
    expect(onPerson / visible).toBeGreaterThan(0.85);
    expect(agree / visible).toBeGreaterThan(0.8);
  });

  it('repeats with the seed', () => {
    const [again] = render(kind, [18]);
    expect(again.record).toEqual(scenes[2].record);
    expect(Buffer.compare(again.picture, scenes[2].picture)).toBe(0);
    expect(again.depth).toEqual(scenes[2].depth);
  });
});

describe('gesture', () => {
  it('shows the acting hands inside the picture and large enough to read', () => {
    for (const { record } of render('gesture', [3, 4, 5, 6])) {
      const acting = (['left', 'right'] as const).filter((side) => record.gestures[side]);
      expect(acting.length).toBeGreaterThan(0);
      for (const side of acting) {
        const first = side === 'left' ? 91 : 112;
        for (let i = first; i < first + 21; i++) expect(record.keypoints[3 * i + 2]).toBeGreaterThan(0);
        const [x1, y1, x2, y2] = record.hands[side].box!;
        expect(Math.max(x2 - x1, y2 - y1)).toBeGreaterThan(128 / 8);
      }
    }
  });
});

describe.each(['fashion', 'street'] as const)('%s groups', (kind) => {
  const group = Array.from({ length: 8 }, (_, i) => 8 + i);

  it('show one person in one outfit, from several sides in several poses', () => {
    const scenes = render(kind, group);
    const same = scenes.map(({ record }) => JSON.stringify([record.identity, record.character, record.attributes]));
    expect(new Set(same).size).toBe(1);
    expect(new Set(scenes.map(({ record }) => record.view)).size).toBeGreaterThanOrEqual(3);
    expect(new Set(scenes.map(({ record }) => String(record.keypoints_3d))).size).toBe(8);
    const [next] = render(kind, [16]);
    expect(next.record.identity).not.toBe(scenes[0].record.identity);
  });
});

it('takes only the object and its shadow away', () => {
  const renderer = new SceneRenderer({ size: 128, cast });
  const words = { scenes: ['carry-suitcase'], objectFree: true, depth: true };
  const { picture, objectFree, labels, record } = renderScene(5, { renderer, ...words });
  const { label } = record.objects[0];
  let [changed, target, elsewhere] = [0, 0, 0];
  for (let i = 0; i < labels.length; i++) {
    const gap = Math.max(...[0, 1, 2].map((k) => Math.abs(picture[3 * i + k] - objectFree![3 * i + k])));
    if (labels[i] === label) target++;
    if (labels[i] === label && gap > 8) changed++;
    if (labels[i] !== label && gap > 0) elsewhere++;
  }
  expect(changed / target).toBeGreaterThan(0.8);
  expect(elsewhere / labels.length).toBeLessThan(0.15);
  // The picture itself does not depend on whether the other is wanted.
  expect(Buffer.compare(renderScene(5, { renderer, scenes: ['carry-suitcase'] }).picture, picture)).toBe(0);
});
