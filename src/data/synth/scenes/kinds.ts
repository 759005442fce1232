// The kinds of scene that can be asked for, alone or mixed by weight, with the size of their pictures.
import { ContrappostoError } from '../../../core/errors.js';
import type { SceneRandom } from '../scene-random.js';
import type { Character, PictureSize } from '../types.js';
import type { SceneEntry } from './describe.js';
import { GESTURE_SCENES } from './gesture.js';
import { INTERACTION_SCENES, pickScene, selectScenes } from './index.js';

export const SCENE_KINDS = ['interaction', 'gesture'] as const;
export type SceneKind = (typeof SCENE_KINDS)[number];

/** Kinds with their relative frequency. */
export type KindMix = readonly (readonly [kind: SceneKind, weight: number])[];

export const SCENES_OF_KIND: Readonly<Record<SceneKind, readonly SceneEntry[]>> = {
  interaction: INTERACTION_SCENES,
  gesture: GESTURE_SCENES,
};

const SQUARE: PictureSize = { widthPx: 256, heightPx: 256 };
const SIZES: Readonly<Record<SceneKind, PictureSize>> = { interaction: SQUARE, gesture: SQUARE };

/** What `all` stands for. */
const ALL = 'interaction:6,gesture:2';

/** The usual size of a kind's pictures; mixed kinds share 256x256. */
export function usualSize(kinds: KindMix): PictureSize {
  return kinds.length === 1 ? SIZES[kinds[0][0]] : SQUARE;
}

/**
 * Reads `gesture`, `all`, or a list with weights such as `interaction:6,gesture:2`.
 * @throws `usage`
 */
export function parseKinds(text: string): KindMix {
  const bad = (got: string) =>
    new ContrappostoError('usage', {
      operation: 'choose kinds of scene',
      expected: `${SCENE_KINDS.join(', ')} or all, or several as in ${ALL}`,
      got: `"${got}"`,
    });
  const mix = (text === 'all' ? ALL : text).split(',').map((part) => {
    const [, name, weight = '1'] = /^([a-z]+)(?::(\d+(?:\.\d+)?))?$/.exec(part.trim()) ?? [];
    const kind = SCENE_KINDS.find((known) => known === name);
    if (!kind || !(Number(weight) > 0)) throw bad(part);
    return [kind, Number(weight)] as const;
  });
  if (new Set(mix.map(([kind]) => kind)).size < mix.length) throw bad(text);
  return mix;
}

/**
 * Draws a kind by weight and one of its scenes for a character. `words` select among the scenes of all the kinds.
 * @throws `usage` when a word selects nothing.
 */
export function pickFrom(
  random: SceneRandom,
  character: Character,
  { kinds, words = [] }: { kinds: KindMix; words?: readonly string[] },
): { kind: SceneKind; entry: SceneEntry } {
  const chosen =
    words.length > 0
      ? selectScenes(
          words,
          kinds.flatMap(([kind]) => SCENES_OF_KIND[kind]),
        )
      : null;
  const pools = kinds.map(([kind, weight]) => {
    const scenes = SCENES_OF_KIND[kind];
    return [{ kind, scenes: chosen ? scenes.filter((entry) => chosen.includes(entry)) : scenes }, weight] as const;
  });
  // A single kind draws nothing, so that its pictures do not depend on how it was asked for.
  const { kind, scenes } =
    kinds.length > 1 ? random.weighted(pools.filter(([pool]) => pool.scenes.length > 0)) : pools[0][0];
  return { kind, entry: pickScene(random, character, scenes) };
}
