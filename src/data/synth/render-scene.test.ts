import { beforeAll, describe, expect, it } from 'vitest';
import { LABEL } from './compose.js';
import { mannequinCast } from './mannequin.js';
import { type RenderedScene, renderScene, SceneRenderer } from './render-scene.js';

const renderer = new SceneRenderer({ size: 128, cast: mannequinCast() });
const SEEDS = [1, 2, 3, 4, 5, 6];
let scenes: RenderedScene[];
beforeAll(() => {
  scenes = SEEDS.map((seed) => renderScene(seed, { renderer, personFree: true, detailed: true }));
});

const difference = (a: Uint8Array, b: Uint8Array, i: number) =>
  Math.max(...[0, 1, 2].map((k) => Math.abs(a[3 * i + k] - b[3 * i + k])));

describe('renderScene', () => {
  it('depends on the seed only, not on what was rendered before', () => {
    const fresh = new SceneRenderer({ size: 128, cast: mannequinCast() });
    for (const i of [5, 0, 3]) {
      const again = renderScene(SEEDS[i], { renderer: fresh, personFree: true, detailed: true });
      expect(again.record).toEqual(scenes[i].record);
      expect(Buffer.compare(again.picture, scenes[i].picture)).toBe(0);
    }
  });

  it('draws the same picture whether or not the person-free one is wanted', () => {
    const short = renderScene(SEEDS[2], { renderer });
    expect(Buffer.compare(short.picture, scenes[2].picture)).toBe(0);
    expect(short.personFree).toBeUndefined();
  });

  it('changes the picture only where the person stands or its shadow falls when it is left out', () => {
    for (const { picture, personFree, labels, record } of scenes) {
      let gone = 0;
      let brighter = 0;
      let untouched = 0;
      for (let i = 0; i < labels.length; i++) {
        const changed = difference(picture, personFree!, i);
        if (labels[i] >= LABEL.person && labels[i] <= LABEL.face) gone += changed > 8 ? 1 : 0;
        else if (changed === 0) untouched++;
        else if (personFree![3 * i] >= picture[3 * i] - 1) brighter++;
      }
      expect(gone).toBeGreaterThan(0.6 * record.person.pixels);
      // Beside the outline (mixed samples) what changes outside the person can only be shadow that is lifted.
      expect(untouched + brighter).toBeGreaterThan(0.9 * (labels.length - record.person.pixels));
      expect(untouched).toBeGreaterThan(0.4 * labels.length);
    }
  });

  it('puts visible body points onto the person, its box around its pixels, and labels within what is known', () => {
    let visible = 0;
    let onPerson = 0;
    for (const { labels, record } of scenes) {
      const known = new Set([0, 1, 2, 3, 4, LABEL.scenery, ...record.objects.map((object) => object.label)]);
      expect([...new Set(labels)].filter((label) => !known.has(label))).toEqual([]);
      expect(record.keypoints).toHaveLength(133 * 3);
      expect(record.mediapipe_keypoints).toHaveLength(33 * 3);
      for (let i = 0; i < 133; i++) {
        const [x, y, v] = record.keypoints.slice(3 * i, 3 * i + 3);
        if (v !== 2) continue;
        visible++;
        // At this size fingers are a pixel wide: the next pixel counts too.
        const near = [-1, 0, 1].flatMap((dy) =>
          [-1, 0, 1].map((dx) => labels[Math.floor(y + dy) * 128 + Math.floor(x + dx)]),
        );
        if (near.some((label) => label >= LABEL.person && label <= LABEL.face)) onPerson++;
      }
      const [x1, y1, x2, y2] = record.person.box!;
      expect(record.person.pixels).toBeLessThanOrEqual((x2 - x1) * (y2 - y1));
      expect(record.person.pixels).toBeGreaterThan(0.05 * (x2 - x1) * (y2 - y1));
    }
    expect(visible).toBeGreaterThan(20 * scenes.length);
    expect(onPerson / visible).toBeGreaterThan(0.85);
  });

  it('selects scenes by word and refuses an unknown one', () => {
    const { record } = renderScene(9, { renderer, scenes: ['ride'] });
    expect(record.triplet.verb).toBe('ride');
    expect(record.objects.some((object) => object.role === 'target' && object.pixels > 50)).toBe(true);
    expect(() => renderScene(9, { renderer, scenes: ['flibber'] })).toThrow(/flibber/);
  });
});
