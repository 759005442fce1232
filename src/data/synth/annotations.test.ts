import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fullBox, projectKeypoints, regions, unite } from './annotations.js';
import { type Camera, project, ray } from './camera.js';
import { SampleLayer } from './raster.js';
import { addScaled } from './vector.js';

const CAMERA: Camera = {
  eye: [0, 0, 10],
  forward: [0, 0, -1],
  right: [1, 0, 0],
  up: [0, 1, 0],
  yaw: 0,
  focalPx: 64,
  centreX: 16,
  centreY: 16,
  widthPx: 32,
  heightPx: 32,
};

it('boxes and counts each label as a search pixel by pixel does', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 64, maxLength: 64 }), (labels) => {
      const found = regions(Uint8Array.from(labels), { widthPx: 8, heightPx: 8 });
      for (const label of [1, 2, 3]) {
        const at = labels.flatMap((l, i) => (l === label ? [[i % 8, Math.floor(i / 8)]] : []));
        expect(found[label].pixels).toBe(at.length);
        if (at.length === 0) expect(found[label].box).toBeNull();
        else {
          const [xs, ys] = [at.map((p) => p[0]), at.map((p) => p[1])];
          const box = [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1];
          expect(found[label].box).toEqual(box);
        }
      }
      expect(unite(found, [1, 2, 3]).pixels).toBe(labels.filter((l) => l > 0).length);
    }),
  );
});

it('projects a point back onto the pixel its ray went through', () => {
  const place = fc.double({ min: 0, max: 32, noNaN: true });
  fc.assert(
    fc.property(place, place, fc.double({ min: 1, max: 50, noNaN: true }), (x, y, depth) => {
      const back = project(CAMERA, addScaled(CAMERA.eye, ray(CAMERA, x, y), depth));
      expect(back.x).toBeCloseTo(x, 6);
      expect(back.y).toBeCloseTo(y, 6);
      expect(back.depth).toBeCloseTo(depth, 6);
    }),
  );
});

it('calls a keypoint hidden behind a nearer surface, visible on or before it, and absent outside', () => {
  const layer = new SampleLayer({ widthPx: 32, heightPx: 32 });
  layer.inverseDepth.fill(1 / 8);
  const points = [
    [0, 0, 2],
    [0, 0, 1.6],
    [0, 0, -3],
    [30, 0, 0],
    [0, 0, 11],
  ] as const;
  const flat = projectKeypoints(points, { camera: CAMERA, layers: [layer], tolerance: () => 0.5 });
  expect([0, 1, 2, 3, 4].map((i) => flat[3 * i + 2])).toEqual([2, 2, 1, 0, 0]);
  expect(flat.slice(0, 2)).toEqual([16, 16]);
});

it('takes only the wanted points into the full box', () => {
  const points = [0, 0, 0, 1, 1, 0, 5, 5, 0];
  const box = fullBox(CAMERA, points, { count: 3, wanted: Uint8Array.of(1, 1, 0) });
  expect(box).toEqual([16, 9.6, 22.4, 16]);
  expect(fullBox(CAMERA, points, { count: 0 })).toBeNull();
});
