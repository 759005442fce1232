// Analytic inverse kinematics of a limb with two bones: where the elbow or knee goes.
import {
  add,
  addScaled,
  clamp,
  cross,
  length,
  normalise,
  perpendicular,
  scale,
  subtract,
  type Vec3,
} from './vector.js';

export interface TwoBoneSolution {
  /** Elbow or knee. */
  middle: Vec3;
  /** Wrist or ankle: the target, or the nearest place within reach towards it. */
  end: Vec3;
  /** Unit directions of the two bones. */
  upper: Vec3;
  lower: Vec3;
  /** Unit normal of the plane of the limb: `cross(pole, direction to the end)`. */
  normal: Vec3;
}

/** Longest reach as a fraction of the straight limb: a last bit of bend keeps elbows and knees from popping. */
const FULL_REACH = 0.998;

/**
 * Bends a limb that starts at `start` so that it ends at `target`, with the middle joint on the side of `pole`.
 * Targets out of reach are approached as far as the bones allow.
 */
export function solveTwoBones(
  start: Vec3,
  target: Vec3,
  { upperLength, lowerLength, pole }: { upperLength: number; lowerLength: number; pole: Vec3 },
): TwoBoneSolution {
  const offset = subtract(target, start);
  const direction = normalise(offset);
  const shortest = Math.abs(upperLength - lowerLength) * 1.05 + 0.05;
  const reach = clamp(length(offset), shortest, (upperLength + lowerLength) * FULL_REACH);
  // Law of cosines: the middle joint lies `along` the line to the end and `aside` from it.
  const along = (upperLength ** 2 - lowerLength ** 2 + reach ** 2) / (2 * reach);
  const aside = Math.sqrt(Math.max(0, upperLength ** 2 - along ** 2));
  const side = perpendicular(pole, direction);
  const middle = add(addScaled(start, direction, along), scale(side, aside));
  const end = addScaled(start, direction, reach);
  return {
    middle,
    end,
    upper: normalise(subtract(middle, start)),
    lower: normalise(subtract(end, middle)),
    normal: cross(side, direction),
  };
}
