import { expect, it } from 'vitest';
import { ShadowMap } from './shadow.js';
import { normalise, type Vec3 } from './vector.js';

/** A square plate of half width 1 at height 4 above the origin. */
const PLATE = Float32Array.of(-1, 4, -1, 1, 4, -1, 1, 4, 1, -1, 4, 1);
const GROUND = Float32Array.of(-6, 0, -6, 6, 0, -6, 6, 0, 6, -6, 0, 6);
const MESH = { triangles: [0, 1, 2, 0, 2, 3], triangleCount: 2 };

function mapOf(direction: Vec3): ShadowMap {
  const map = new ShadowMap(128);
  map.aim(normalise(direction));
  map.fit(PLATE, 4);
  map.fit(GROUND, 4);
  map.begin(4);
  map.cast(PLATE, 4, MESH);
  return map;
}

it('shades what lies behind the plate along the light and nothing else', () => {
  for (const direction of [
    [0, 1, 0],
    [0.5, 1, 0],
    [-0.4, 1, 0.7],
  ] as Vec3[]) {
    const map = mapOf(direction);
    // The middle of the shadow on the ground: the plate's middle carried along the light.
    const [x, z] = [(-4 * direction[0]) / direction[1], (-4 * direction[2]) / direction[1]];
    expect(map.visibility(x, 0, z, 0.1)).toBe(0);
    expect(map.visibility(0, 5, 0, 0.1)).toBe(1);
    expect(map.visibility(x + 3, 0, z, 0.1)).toBe(1);
    map.prefilterGround(2);
    expect(map.groundShade(x, z)).toBeCloseTo(1, 5);
    expect(map.groundShade(x + 3, z)).toBe(0);
    const edge = map.groundShade(x + 1, z);
    expect(edge).toBeGreaterThan(0.1);
    expect(edge).toBeLessThan(0.9);
  }
});

it('lets contact shade fade with the height of what hangs above', () => {
  const map = mapOf([0, 1, 0]);
  map.prefilterGround(2, { fade: 2 });
  expect(map.groundShade(0, 0)).toBeCloseTo(Math.exp(-2), 3);
});

it('gives a vertex a share of light between none and all near the edge of a shadow', () => {
  const map = mapOf([0, 1, 0]);
  const points = Float32Array.of(0, 0, 0, 1, 0, 0, 3, 0, 0);
  const out = new Float32Array(3);
  map.vertexVisibility(points, 3, { bias: 0.1, out });
  expect(out[0]).toBe(0);
  expect(out[1]).toBeGreaterThan(0);
  expect(out[1]).toBeLessThan(1);
  expect(out[2]).toBe(1);
});

it('forgets nothing and adds nothing when copied', () => {
  const map = mapOf([0.5, 1, 0]);
  const copy = new ShadowMap(128);
  copy.copyFrom(map);
  expect(copy.depth).toEqual(map.depth);
  expect(copy.visibility(-2, 0, 0, 0.1)).toBe(map.visibility(-2, 0, 0, 0.1));
});
