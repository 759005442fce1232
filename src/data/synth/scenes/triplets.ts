// Which combinations of verb and object a data set shows: those held out of training measure composition.
import type { SceneEntry } from './describe.js';

export type Triplet = readonly [verb: string, object: string | null];

/**
 * Combinations that training never shows although each verb and each object occurs in it (with other partners): what a
 * model draws for them it has composed. `scenes.test.ts` checks the claim against the table of scenes.
 */
export const HELD_OUT_TRIPLETS: readonly Triplet[] = [
  ['drink_with', 'bottle'],
  ['hold', 'tennis racket'],
  ['throw', 'frisbee'],
  ['carry', 'backpack'],
  ['hold', 'sports ball'],
  ['sit_on', 'bench'],
];

export const TRIPLET_SETS = ['all', 'training', 'held-out'] as const;
export type TripletSet = (typeof TRIPLET_SETS)[number];

/** Whether pictures of `triplet` belong to a set. */
export function isInSet(set: TripletSet, [verb, object]: Triplet): boolean {
  if (set === 'all') return true;
  const isHeldOut = HELD_OUT_TRIPLETS.some((held) => held[0] === verb && held[1] === object);
  return isHeldOut === (set === 'held-out');
}

/** The scenes that can show at least one triplet of a set. */
export function scenesOf(set: TripletSet, scenes: readonly SceneEntry[]): readonly SceneEntry[] {
  return scenes.filter((entry) => entry.triplets.some((triplet) => isInSet(set, triplet)));
}
