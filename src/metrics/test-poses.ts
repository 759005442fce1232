// Poses for the tests of measures.
import fc from 'fast-check';
import { Philox } from '../core/random.js';
import type { Keypoint } from '../pose/person.js';

/** Points anywhere in a picture of 512 x 512; `unknownShare` of them have score 0. */
export function randomPose(
  seed: number,
  { count, unknownShare = 0 }: { count: number; unknownShare?: number },
): Keypoint[] {
  const source = new Philox(seed);
  return Array.from({ length: count }, () => {
    const [x, y] = [source.uniform() * 512, source.uniform() * 512];
    return { x, y, score: source.uniform() < unknownShare ? 0 : 0.2 + 0.8 * source.uniform() };
  });
}

/** The pose moved by so many pixels. */
export function movedPose(points: readonly Keypoint[], dx: number, { dy = 0 }: { dy?: number } = {}): Keypoint[] {
  return points.map((point) => ({ ...point, x: point.x + dx, y: point.y + dy }));
}

export const poseSeeds = fc.integer({ min: 0, max: 1e6 });
