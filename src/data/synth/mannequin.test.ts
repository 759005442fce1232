import { describe, expect, it } from 'vitest';
import { POSE_BONES } from './makehuman/rig.js';
import { mannequinCast } from './mannequin.js';

const cast = mannequinCast();
const people = Array.from({ length: cast.count }, (_, i) => cast.character(i));

describe('mannequin', () => {
  it('has the bones that poses use, parents first', () => {
    for (const { boneNames, parents } of people) {
      expect([...boneNames].sort()).toEqual([...POSE_BONES].sort());
      for (const [i, parent] of parents.entries()) expect(parent).toBeLessThan(i);
    }
  });

  it('stands on the ground at a believable height', () => {
    for (const { info, measures, positions } of people) {
      let lowest = Number.POSITIVE_INFINITY;
      for (let i = 1; i < positions.length; i += 3) lowest = Math.min(lowest, positions[i]);
      expect(lowest).toBeCloseTo(0, 5);
      const [low, high] = info.age === 'child' ? [10, 14] : [15, 19];
      expect(measures.height).toBeGreaterThan(low);
      expect(measures.height).toBeLessThan(high);
      expect(measures.legLength / measures.height).toBeGreaterThan(0.4);
      expect(measures.chestZ).toBeGreaterThan(0);
      expect(measures.backZ).toBeLessThan(0);
    }
  });

  it('has weights that sum to 1 and triangles of its own vertices, facing outwards', () => {
    for (const c of people) {
      for (let v = 0; v < c.vertexCount; v++) {
        const sum = c.boneWeights.subarray(4 * v, 4 * v + 4).reduce((a, b) => a + b);
        if (Math.abs(sum - 1) > 1e-5) expect.fail(`weights of vertex ${v} sum to ${sum}`);
      }
      expect(Math.max(...c.triangles)).toBeLessThan(c.vertexCount);
      expect(c.parts[c.parts.length - 1].endTriangle).toBe(c.triangleCount);
      for (const part of c.parts) {
        if (part.kind !== 'hair') expect(signedVolume(c, part.firstTriangle, part.endTriangle)).toBeGreaterThan(0);
      }
    }
  });

  it('mirrors left and right', () => {
    const { heads, boneIndex, measures } = people[0];
    for (const bone of ['wrist', 'finger2-3', 'foot']) {
      const [l, r] = [heads[boneIndex[`${bone}.L`]], heads[boneIndex[`${bone}.R`]]];
      expect([r[0], r[1], r[2]]).toEqual([expect.closeTo(-l[0], 9), expect.closeTo(l[1], 9), expect.closeTo(l[2], 9)]);
    }
    expect(measures.hands.L.thumbSign).toBe(-measures.hands.R.thumbSign);
  });

  it('refuses a person it does not have', () => {
    expect(() => cast.character(cast.count)).toThrow(/expected 0 to/);
  });
});

function signedVolume(c: (typeof people)[number], first: number, end: number): number {
  let volume = 0;
  const p = (t: number, k: number) => c.positions.subarray(3 * c.triangles[3 * t + k], 3 * c.triangles[3 * t + k] + 3);
  for (let t = first; t < end; t++) {
    const [a, b, d] = [p(t, 0), p(t, 1), p(t, 2)];
    volume +=
      a[0] * (b[1] * d[2] - b[2] * d[1]) - a[1] * (b[0] * d[2] - b[2] * d[0]) + a[2] * (b[0] * d[1] - b[1] * d[0]);
  }
  return volume;
}
