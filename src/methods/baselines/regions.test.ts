import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { overwrite } from './lmd.js';
import { centre, type DrawnObject, shifted } from './lmd-object.js';
import { blended, boxMask, cropped, fuse, regionMasks, views } from './regions.js';

describe('regions', () => {
  it('leave to the background what no box covers', () => {
    const masks = regionMasks(
      [
        [0, 0, 256, 256],
        [0, 0, 512, 256],
      ],
      { height: 2, width: 2 },
    );
    expect(masks.map((mask) => [...mask])).toEqual([
      [1, 0, 0, 0],
      [1, 1, 0, 0],
      [0, 0, 1, 1],
    ]);
  });

  it('have at least a cell, and an area', () => {
    const grid = { height: 4, width: 4 };
    const one = (at: number) => Array.from({ length: 16 }, (_, i) => (i === at ? 1 : 0));
    expect([...boxMask([10, 140, 20, 150], grid)]).toEqual(one(4));
    expect([...boxMask([500, 500, 512, 512], grid)]).toEqual(one(15));
    for (const box of [
      [300, 0, 200, 512],
      [5, 5, 5, 9],
      [Number.NaN, 0, 1, 1],
    ] as const) {
      expect(() => boxMask(box, grid)).toThrow(/x1 < x2/);
    }
  });

  it('of one prompt fuse to what each of their windows was cut from', () => {
    const side = fc.integer({ min: 3, max: 12 });
    fc.assert(
      fc.property(
        side,
        side,
        fc.integer({ min: 2, max: 6 }),
        fc.integer({ min: 1, max: 2 }),
        (height, width, window, stride) => {
          const grid = { height, width };
          const values = Float32Array.from({ length: 2 * height * width }, (_, i) => i);
          const windows = views(grid, { window, stride });
          const masks = regionMasks([[0, 0, 300, 512]], grid);
          const parts = windows.map((view) => masks.map(() => cropped(values, { grid, view })));
          const fused = fuse(parts, { masks, windows, grid });
          for (const [i, v] of fused.entries()) expect(v).toBeCloseTo(values[i], 3);
        },
      ),
    );
  });

  it('blend by their mask in every channel', () => {
    const [inside, outside] = [new Float32Array(4).fill(1), new Float32Array(4).fill(2)];
    expect([...blended(inside, outside, new Float32Array([1, 0]))]).toEqual([1, 2, 1, 2]);
  });
});

describe('objects drawn alone', () => {
  it('come from the middle and go to their box', () => {
    const grid = { height: 8, width: 8 };
    const { centred, shift } = centre([0, 256, 256, 512], grid);
    expect(centred).toEqual([128, 128, 384, 384]);
    expect(shift).toEqual({ dx: -2, dy: 2 });
    const there = shifted(boxMask(centred, grid), { grid, ...shift });
    expect(there).toEqual(boxMask([0, 256, 256, 512], grid));
  });

  it('lie over the picture, small ones over large ones', () => {
    const object = (cells: number[], value: number): DrawnObject => ({
      mask: Float32Array.from({ length: 4 }, (_, i) => (cells.includes(i) ? 1 : 0)),
      noise: new Float32Array(8).fill(value),
      latents: [],
      maps: [],
    });
    const picture = overwrite(new Float32Array(8), [object([1], 5), object([0, 1, 2], 3)], ({ noise }) => noise);
    expect([...picture]).toEqual([3, 5, 3, 0, 3, 5, 3, 0]);
  });
});
