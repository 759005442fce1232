// Shapes of hands on the mannequin: bends are absolute, thumbs arrive, variation stays within what joints allow.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HandShape, shapeHand, varied } from './hand-shape.js';
import { mannequinCast } from './mannequin.js';
import { Pose } from './pose.js';
import { SceneRandom } from './scene-random.js';
import type { Side } from './types.js';
import { distance, dot, normalise, subtract, transform, type Vec3 } from './vector.js';

const character = mannequinCast().character(0);
const { hands, unit } = character.measures;
const side = fc.constantFrom<Side>('L', 'R');
const angle = (max: number) => fc.double({ min: 0, max, noNaN: true });

/** Direction of a finger's bone along the hand's fingers, thumb side and palm. */
function direction(pose: Pose, side: Side, { finger, bone }: { finger: number; bone: number }): Vec3 {
  const name = `finger${finger}-${bone}.${side}`;
  const along = normalise(subtract(pose.tail(name), pose.position(name)));
  const turn = pose.orientation(`wrist.${side}`);
  const { fingers, thumb, palm } = hands[side];
  return [fingers, thumb, palm].map((axis) => dot(along, transform(turn, axis))) as unknown as Vec3;
}

const shape = (bends: readonly [number, number, number], thumb: HandShape['thumb'] = 'out'): HandShape => ({
  bends: [bends, bends, bends, bends],
  spread: [0, 0, 0, 0],
  thumb,
});

describe('shapeHand', () => {
  it('bends every joint by the angle asked for, towards the palm', () => {
    fc.assert(
      fc.property(side, angle(1.6), angle(1.8), angle(1.2), (s, a, b, c) => {
        const pose = new Pose(character);
        pose.arm(s, [s === 'L' ? 3 : -3, 13, 3], [0, -1, 0]);
        shapeHand(pose, s, shape([a, b, c]));
        for (const finger of [2, 3, 4, 5]) {
          const sums = [a, a + b, a + b + c];
          sums.forEach((sum, i) => {
            const [along, across, out] = direction(pose, s, { finger, bone: i + 1 });
            expect(along).toBeCloseTo(Math.cos(sum), 6);
            expect(across).toBeCloseTo(0, 6);
            expect(out).toBeCloseTo(Math.sin(sum), 6);
          });
        }
      }),
      { numRuns: 30 },
    );
  });

  it('spreads fingers to the side of the thumb by a positive angle', () => {
    for (const s of ['L', 'R'] as const) {
      const pose = new Pose(character);
      shapeHand(pose, s, { ...shape([0, 0, 0]), spread: [0.3, 0, -0.1, -0.3] });
      expect(direction(pose, s, { finger: 2, bone: 1 })[1]).toBeCloseTo(Math.sin(0.3), 6);
      expect(direction(pose, s, { finger: 5, bone: 3 })[1]).toBeCloseTo(-Math.sin(0.3), 6);
    }
  });

  it('brings the thumb to the finger it should touch', () => {
    for (const s of ['L', 'R'] as const) {
      const pose = new Pose(character);
      shapeHand(pose, s, { ...shape([0.65, 1, 0.5]), thumb: { finger: 2, bone: 4 } });
      const gap = distance(pose.tail(`finger1-3.${s}`), pose.tail(`finger2-3.${s}`));
      expect(gap).toBeLessThan(0.35 * unit);
    }
  });
});

it('varies every joint a little and never past its limit', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1000 }), angle(1.6), (seed, a) => {
      const random = new SceneRandom(seed);
      const before = shape([a, 1.9, 0]);
      const after = varied(before, (sigma) => random.normal(sigma));
      expect(after.bends).not.toEqual(before.bends);
      for (const [knuckle, middle, last] of after.bends) {
        expect(Math.abs(knuckle - a)).toBeLessThan(0.2);
        expect(knuckle).toBeLessThanOrEqual(1.6);
        expect(middle).toBeLessThanOrEqual(1.95);
        expect(last).toBeGreaterThanOrEqual(-0.1);
      }
    }),
  );
});
