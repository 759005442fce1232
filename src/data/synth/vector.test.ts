import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  angleAbout,
  cross,
  dot,
  euler,
  frame,
  length,
  multiply,
  normalise,
  perpendicular,
  rotation,
  rotationBetween,
  transform,
  transpose,
  type Vec3,
} from './vector.js';

const coordinate = fc.double({ min: -5, max: 5, noNaN: true });
const vector = fc
  .tuple(coordinate, coordinate, coordinate)
  .filter((v) => Math.hypot(...v) > 0.01) as fc.Arbitrary<Vec3>;
const angle = fc.double({ min: -Math.PI, max: Math.PI, noNaN: true });

function expectClose(actual: readonly number[], expected: readonly number[], digits = 9): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, x] of actual.entries()) expect(x).toBeCloseTo(expected[i], digits);
}

describe('rotations', () => {
  it('keep lengths, and their transpose undoes them', () => {
    fc.assert(
      fc.property(vector, angle, vector, (axis, turn, v) => {
        const m = rotation(axis, turn);
        expect(length(transform(m, v))).toBeCloseTo(length(v), 9);
        expectClose(transform(transpose(m), transform(m, v)), v);
        expectClose(transform(m, normalise(axis)), normalise(axis));
      }),
    );
  });

  it('turn right-handed: X to Y about Z', () => {
    expectClose(transform(rotation([0, 0, 2], Math.PI / 2), [1, 0, 0]), [0, 1, 0]);
  });

  it('euler applies Z, then X, then Y', () => {
    expectClose(transform(euler(Math.PI / 2, 0, Math.PI / 2), [1, 0, 0]), [0, 0, 1]);
    expectClose(transform(euler(0, Math.PI / 2, Math.PI / 2), [1, 0, 0]), [0, 1, 0]);
  });

  it('rotationBetween carries one direction onto the other, opposite ones included', () => {
    fc.assert(
      fc.property(vector, vector, (a, b) => {
        expectClose(transform(rotationBetween(normalise(a), normalise(b)), normalise(a)), normalise(b), 6);
      }),
    );
    expectClose(transform(rotationBetween([1, 0, 0], [-1, 0, 0]), [1, 0, 0]), [-1, 0, 0]);
  });

  it('angleAbout measures what rotation turns', () => {
    fc.assert(
      fc.property(vector, fc.double({ min: -3, max: 3, noNaN: true }), vector, (axis, turn, v) => {
        const unit = normalise(axis);
        fc.pre(length(cross(unit, normalise(v))) > 0.01);
        expect(angleAbout(unit, { from: v, to: transform(rotation(unit, turn), v) })).toBeCloseTo(turn, 6);
      }),
    );
  });
});

describe('frames', () => {
  it('are rotations whose first column is the first direction', () => {
    fc.assert(
      fc.property(vector, vector, (a, b) => {
        fc.pre(length(cross(normalise(a), normalise(b))) > 0.01);
        const m = frame(normalise(a), b);
        expectClose([m[0], m[3], m[6]], normalise(a));
        expectClose(multiply(m, transpose(m)), [1, 0, 0, 0, 1, 0, 0, 0, 1]);
        expect(dot(perpendicular(b, normalise(a)), normalise(a))).toBeCloseTo(0, 9);
      }),
    );
  });
});
