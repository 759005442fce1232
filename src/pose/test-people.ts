// People with made-up keypoints for the tests of this folder.
import fc from 'fast-check';
import { WHOLEBODY } from './formats.js';
import type { Keypoint, Person } from './person.js';

/** A point whose values survive the rounding of the file layouts; about a fifth are unknown. */
export const keypointArbitrary: fc.Arbitrary<Keypoint> = fc
  .tuple(
    fc.integer({ min: 200, max: 99_999 }),
    fc.integer({ min: 200, max: 99_999 }),
    fc.integer({ min: -250, max: 1000 }),
  )
  .map(([x, y, score]) => (score > 0 ? { x: x / 100, y: y / 100, score: score / 1000 } : { x: 0, y: 0, score: 0 }));

export const personArbitrary: fc.Arbitrary<Person> = fc
  .array(keypointArbitrary, { minLength: WHOLEBODY.count, maxLength: WHOLEBODY.count })
  .map((keypoints) => ({ keypoints }));

/** All 133 points known, at (10 + i, 20 + 2i). */
export function fullPerson(): Person {
  return {
    keypoints: Array.from({ length: WHOLEBODY.count }, (_, i) => ({ x: 10 + i, y: 20 + 2 * i, score: 0.9 })),
  };
}
