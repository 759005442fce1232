import { expect, it } from 'vitest';
import { depthsOf, groundTexture, isGroundTexture, levelOf, mipLevels, TILE } from './ground-textures.js';

it('makes the same texture once, with mip levels that keep the mean colour', () => {
  const brick = groundTexture('brick');
  expect(groundTexture('brick')).toBe(brick);
  expect(brick.levels.map((level) => level.length)).toEqual([256, 128, 64, 32, 16, 8, 4, 2].map((n) => n * n * 3));
  brick.packed.forEach((level, k) => {
    expect([level[1] >> 16, (level[1] >> 8) & 255, level[1] & 255]).toEqual([...brick.levels[k].slice(3, 6)]);
  });
  const mean = (level: Uint8Array) => level.reduce((sum, v) => sum + v, 0) / level.length;
  const [finest] = brick.levels;
  for (const level of brick.levels) expect(Math.abs(mean(level) - mean(finest))).toBeLessThan(3);
});

it('averages two by two texels', () => {
  const checks = new Uint8Array(TILE * TILE * 3);
  for (let i = 0; i < TILE * TILE; i++) if ((i + Math.floor(i / TILE)) % 2) checks.fill(200, 3 * i, 3 * i + 3);
  expect(new Set(mipLevels(checks)[1])).toEqual(new Set([100]));
});

it('knows its names', () => {
  expect(isGroundTexture('grass')).toBe(true);
  expect(isGroundTexture('toString')).toBe(false);
});

it('gives the depths at which each level is taken', () => {
  for (let depth = 1; depth < 4000; depth *= 1.07) {
    const perDepth = 0.13;
    const level = levelOf(perDepth * depth);
    const [nearest, farthest] = depthsOf(level, perDepth);
    expect(depth).toBeGreaterThan(nearest);
    expect(depth).toBeLessThanOrEqual(farthest);
  }
});
