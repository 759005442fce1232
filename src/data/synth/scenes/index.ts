// Every scene of kind `interaction`, with its frequency.
import { ContrappostoError } from '../../../core/errors.js';
import type { SceneRandom } from '../scene-random.js';
import type { Character } from '../types.js';
import { AT_TABLE } from './at-table.js';
import { BALL_GAMES } from './ball-games.js';
import { CARRYING } from './carrying.js';
import type { SceneEntry } from './describe.js';
import { HANDHELD } from './handheld.js';
import { LEISURE } from './leisure.js';
import { ORDINARY } from './ordinary.js';
import { RIDING } from './riding.js';
import { isDressedForSnow } from './season.js';
import { SITTING } from './sitting.js';
import { STRIKING } from './striking.js';

export type { SceneEntry } from './describe.js';
export { HELD_OUT_TRIPLETS } from './triplets.js';

export const INTERACTION_SCENES: readonly SceneEntry[] = [
  ...RIDING,
  ...CARRYING,
  ...SITTING,
  ...HANDHELD,
  ...BALL_GAMES,
  ...STRIKING,
  ...LEISURE,
  ...AT_TABLE,
  ...ORDINARY,
];

/**
 * The scenes whose name, verb or object is among `filter` (all when empty).
 * @throws `usage` when a word matches none.
 */
export function selectScenes(
  filter: readonly string[] = [],
  scenes: readonly SceneEntry[] = INTERACTION_SCENES,
): readonly SceneEntry[] {
  if (filter.length === 0) return scenes;
  const matches = (entry: SceneEntry, word: string) =>
    entry.name === word || entry.triplets.some(([verb, object]) => verb === word || object === word);
  for (const word of filter) {
    if (scenes.some((entry) => matches(entry, word))) continue;
    throw new ContrappostoError('usage', {
      operation: 'select scenes',
      expected: `names of scenes: ${scenes.map((entry) => entry.name).join(', ')}`,
      got: `"${word}"`,
      hint: 'verbs (ride, hold) and COCO objects (bicycle, cup) select too',
    });
  }
  return scenes.filter((entry) => filter.some((word) => matches(entry, word)));
}

/** Whether a scene suits a person by age and clothes. */
export function suits({ adultsOnly, inSnow }: SceneEntry, { info }: Character): boolean {
  return !(adultsOnly && info.age === 'child') && !(inSnow && !isDressedForSnow(info));
}

/** A quarter of the people is dressed for the snow, and they keep its scenes as frequent as their weights say. */
const SNOW_BOOST = 4;

/** Draws a scene for a character, by weight; any when none suits. */
export function pickScene(random: SceneRandom, character: Character, scenes = INTERACTION_SCENES): SceneEntry {
  const fitting = scenes.filter((entry) => suits(entry, character));
  return random.weighted(
    (fitting.length > 0 ? fitting : scenes).map(
      (entry) => [entry, entry.weight * (entry.inSnow ? SNOW_BOOST : 1)] as const,
    ),
  );
}
