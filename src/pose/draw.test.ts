// Drawn skeletons: ControlNet's colours at the joints, nothing elsewhere, smooth edges.
import { describe, expect, it } from 'vitest';
import type { Image } from '../core/image.js';
import { drawSkeleton, skeletonPicture } from './draw.js';
import { COCO, WHOLEBODY } from './formats.js';
import { type Person, unknownPoints } from './person.js';

function personWith(points: Record<number, [number, number]>): Person {
  const keypoints = unknownPoints(WHOLEBODY.count);
  for (const [index, [x, y]] of Object.entries(points)) keypoints[Number(index)] = { x, y, score: 1 };
  return { keypoints };
}

function pixel(image: Image, x: number, y: number): number[] {
  return [...image.data.subarray((y * image.widthPx + x) * 3, (y * image.widthPx + x) * 3 + 3)];
}

const size = { widthPx: 128, heightPx: 96 };

describe('drawSkeleton', () => {
  const elbow = COCO.right_elbow;
  const wrist = COCO.right_wrist;

  it('draws joints in the rainbow and the limb between them darker', () => {
    const picture = skeletonPicture([personWith({ [elbow]: [20.5, 50.5], [wrist]: [100.5, 50.5] })], {
      ...size,
      radiusPx: 4,
    });
    expect(pixel(picture, 20, 50)).toEqual([255, 255, 0]);
    expect(pixel(picture, 100, 50)).toEqual([170, 255, 0]);
    expect(pixel(picture, 60, 50)).toEqual([153, 153, 0]); // limb 3 of 17: 0.6 x (255, 255, 0)
    expect(pixel(picture, 60, 60)).toEqual([0, 0, 0]);
    const edge = pixel(picture, 60, 54)[0];
    expect(edge).toBeGreaterThan(0);
    expect(edge).toBeLessThan(153);
  });

  it('covers the area of a disc and of an ellipse', () => {
    const sum = (image: Image) => image.data.reduce((total, v) => total + v, 0);
    const disc = skeletonPicture([personWith({ [elbow]: [50.3, 40.7] })], { ...size, radiusPx: 5 });
    expect(sum(disc) / 510).toBeCloseTo(Math.PI * 25, 0);
    const limb = skeletonPicture([personWith({ [elbow]: [30, 20], [wrist]: [90, 70] })], { ...size, radiusPx: 3 });
    const green = limb.data.filter((_, i) => i % 3 === 1).reduce((total, v) => total + v, 0);
    const ellipse = Math.PI * (Math.hypot(60, 50) / 2) * 3;
    expect(green / 153).toBeGreaterThan(ellipse * 0.95);
  });

  it('leaves out unsure points, keeps the input untouched, and takes points outside the picture', () => {
    const person = personWith({ [elbow]: [-500, -500], [wrist]: [1e6, 50] });
    person.keypoints[COCO.nose] = { x: 60, y: 40, score: 0.1 };
    const before: Image = { ...size, data: new Uint8Array(128 * 96 * 3).fill(9) };
    const after = drawSkeleton(before, [person], { body: true });
    expect(before.data.every((v) => v === 9)).toBe(true);
    expect(pixel(after, 60, 40)).toEqual([9, 9, 9]);
  });

  it('draws hands with blue joints and faces in white, each of which can be left out', () => {
    const person = personWith({ [WHOLEBODY.leftHand.start]: [30.5, 30.5], [WHOLEBODY.face.start]: [80.5, 30.5] });
    const all = skeletonPicture([person], { ...size, radiusPx: 4 });
    expect([pixel(all, 30, 30), pixel(all, 80, 30)]).toEqual([
      [0, 0, 255],
      [255, 255, 255],
    ]);
    const none = skeletonPicture([person], { ...size, hands: false, face: false });
    expect(none.data.every((v) => v === 0)).toBe(true);
  });

  it('refuses an impossible size', () => {
    expect(() => skeletonPicture([], { widthPx: 0, heightPx: 5 })).toThrow(/at least 1 pixel/);
  });
});
