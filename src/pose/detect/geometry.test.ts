// The geometry around the networks: cut-outs and their inverses, hand regions, suppression, similarity.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Image } from '../../core/image.js';
import { COCO } from '../formats.js';
import { iou, type Keypoint, unknownPoints } from '../person.js';
import { bodyRegion } from './blazepose.js';
import { suppress } from './centernet.js';
import { fromRegion, Pyramid } from './crop.js';
import { handRegions, regionOfHand } from './hands.js';
import { COCO_SIGMAS, oks } from './oks.js';

function ramp(widthPx: number, heightPx: number): Image {
  const data = new Uint8Array(widthPx * heightPx * 3);
  for (let i = 0; i < widthPx * heightPx; i++) {
    data.set([i % widthPx, Math.floor(i / widthPx), 100], i * 3);
  }
  return { widthPx, heightPx, data };
}

const at = (x: number, y: number): Keypoint => ({ x, y, score: 1 });

describe('cut-outs', () => {
  const image = ramp(200, 160);

  it('reproduce the picture at scale 1', () => {
    const crop = new Pyramid(image).crop({ x: 50, y: 60, sidePx: 32, rotation: 0 }, 32);
    expect([...crop.subarray(0, 3)]).toEqual([34, 44, 100]);
    expect([...crop.subarray((31 * 32 + 5) * 3, (31 * 32 + 5) * 3 + 3)]).toEqual([39, 75, 100]);
  });

  it('agree with their inverse at any place, size and rotation', () => {
    const picture = new Pyramid(image);
    const angle = fc.double({ min: -3.1, max: 3.1, noNaN: true });
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 60 }), angle, (sidePx, rotation) => {
        const region = { x: 100, y: 80, sidePx, rotation };
        const crop = picture.crop(region, 16);
        const { x, y } = fromRegion(region)(3.5 / 16, 12.5 / 16);
        const i = (12 * 16 + 3) * 3;
        // The ramp's value is the index of the pixel, whose centre lies half a pixel further.
        expect(Math.abs(crop[i] - (x - 0.5))).toBeLessThan(1.1);
        expect(Math.abs(crop[i + 1] - (y - 0.5))).toBeLessThan(1.1);
      }),
    );
  });

  it('average when they shrink, and are black outside the picture and the box to keep', () => {
    const stripes: Image = { widthPx: 64, heightPx: 64, data: new Uint8Array(64 * 64 * 3) };
    stripes.data.forEach((_, i) => {
      stripes.data[i] = Math.floor(i / 3) % 2 ? 200 : 0;
    });
    const small = new Pyramid(stripes).crop({ x: 32, y: 32, sidePx: 64, rotation: 0 }, 16);
    expect(small.every((v) => v === 100)).toBe(true);
    const picture = new Pyramid(image);
    const outside = picture.crop({ x: -50, y: 20, sidePx: 10, rotation: 0 }, 8);
    expect(outside.every((v) => v === 0)).toBe(true);
    const kept = picture.crop({ x: 50, y: 50, sidePx: 20, rotation: 0 }, 20, [45, 0, 55, 160]);
    expect([kept[2], kept[10 * 3 + 2]]).toEqual([0, 100]);
  });
});

describe('regions', () => {
  const coco = unknownPoints(17);
  coco[COCO.left_elbow] = at(100, 100);
  coco[COCO.left_wrist] = at(140, 100);

  it('of a hand lie beyond the wrist, forearm upwards', () => {
    const [region] = handRegions(coco, 'left');
    expect(region).toMatchObject({ x: 152, y: 100, sidePx: 52 });
    const tip = fromRegion(region)(0.5, 0);
    expect(tip.x).toBeGreaterThan(region.x + 25);
    expect(tip.y).toBeCloseTo(100);
  });

  it('of a found hand turn it upright and contain it', () => {
    const hand = Array.from({ length: 21 }, (_, i) => at(50 + i * 2, 80 + (i % 4)));
    const region = regionOfHand(hand);
    expect(region.rotation).toBeGreaterThan(1.3);
    for (const p of hand) expect(Math.hypot(p.x - region.x, p.y - region.y)).toBeLessThan(region.sidePx / 2);
  });

  it('of a body reach its farthest point with the trunk upright', () => {
    const body = unknownPoints(17);
    body[COCO.left_hip] = body[COCO.right_hip] = at(50, 50);
    body[COCO.left_shoulder] = body[COCO.right_shoulder] = at(90, 50);
    const region = bodyRegion(body);
    expect(region).toMatchObject({ x: 50, y: 50, sidePx: 100 });
    expect(fromRegion(region)(0.5, 0.1).x).toBeCloseTo(90);
  });
});

describe('suppression and similarity', () => {
  it('keeps the best of overlapping boxes of one class', () => {
    const box = [0, 0, 10, 10] as const;
    const shifted = [1, 0, 11, 10] as const;
    expect(iou(box, shifted)).toBeCloseTo(9 / 11);
    const kept = suppress(
      [
        { label: 'cup', score: 0.5, box },
        { label: 'cup', score: 0.9, box: shifted },
        { label: 'bowl', score: 0.4, box },
      ],
      0.5,
    );
    expect(kept.map((o) => [o.label, o.score])).toEqual([
      ['cup', 0.9],
      ['bowl', 0.4],
    ]);
  });

  it("follows COCO's formula", () => {
    const truth = COCO_SIGMAS.map((_, i) => (i < 2 ? at(10 * i, 5) : { x: 0, y: 0, score: 0 }));
    expect(oks(truth, truth, { areaPx: 400 })).toBe(1);
    const moved = truth.map((p, i) => (i === 0 ? { ...p, x: p.x + 20 * 2 * 0.026 } : p));
    expect(oks(moved, truth, { areaPx: 400 })).toBeCloseTo((Math.exp(-0.5) + 1) / 2);
  });
});
