import { expect, it } from 'vitest';
import { type Degradation, degrade, drawDegradation } from './degrade.js';
import { SceneRandom } from './scene-random.js';

const SIZE = { widthPx: 24, heightPx: 40 };
const NONE: Degradation = { detail: 1, noise: 0, blocks: 1e-3, gain: [1, 1, 1], lift: 0 };
const picture = Uint8Array.from({ length: 24 * 40 * 3 }, (_, i) => (i * 37 + (i >> 4) * 11) % 240);

function worse(change: Partial<Degradation>, seed = 1): Uint8Array {
  return degrade(picture, { size: SIZE, degradation: { ...NONE, ...change }, random: new SceneRandom(seed) });
}

const gap = (a: Uint8Array, b: Uint8Array) => a.reduce((sum, v, i) => sum + Math.abs(v - b[i]), 0) / a.length;
const roughness = (p: Uint8Array) => p.reduce((sum, v, i) => sum + (i % 72 < 3 ? 0 : Math.abs(v - p[i - 3])), 0);

it('leaves a picture as it is when nothing is to be lost', () => {
  expect(gap(worse({}), picture)).toBeLessThan(0.01);
});

it('blurs, adds noise, rounds blocks and changes exposure, each by its own amount', () => {
  expect(roughness(worse({ detail: 0.5 }))).toBeLessThan(0.7 * roughness(picture));
  expect(gap(worse({ noise: 6 }), picture)).toBeGreaterThan(3);
  expect(gap(worse({ noise: 6 }), picture)).toBeLessThan(7);
  expect(gap(worse({ blocks: 30 }), picture)).toBeGreaterThan(gap(worse({ blocks: 8 }), picture));
  expect(worse({ gain: [0.5, 1, 1] })[0]).toBe(Math.round(picture[0] / 2));
  expect(worse({ lift: 10 })[1]).toBe(picture[1] + 10);
});

it('repeats with the stream and only then', () => {
  expect(worse({ noise: 5 }, 3)).toEqual(worse({ noise: 5 }, 3));
  expect(worse({ noise: 5 }, 3)).not.toEqual(worse({ noise: 5 }, 4));
  expect(drawDegradation(new SceneRandom(2))).toEqual(drawDegradation(new SceneRandom(2)));
});
