// The kinds of scene that can be asked for, alone or mixed by weight, with the size of their pictures.
import { ContrappostoError } from '../../../core/errors.js';
import type { SceneRandom } from '../scene-random.js';
import type { PictureSize } from '../types.js';
import type { SceneEntry } from './describe.js';
import { FASHION_SCENES, PICTURES_OF_ONE } from './fashion.js';
import { GESTURE_SCENES } from './gesture.js';
import { INTERACTION_SCENES, selectScenes } from './index.js';
import { STREET_PICTURES_OF_ONE, STREET_SCENES } from './street.js';
import { scenesOf, type TripletSet } from './triplets.js';

export const SCENE_KINDS = ['interaction', 'gesture', 'fashion', 'street', 'empty'] as const;
export type SceneKind = (typeof SCENE_KINDS)[number];

/** Kinds with their relative frequency. */
export type KindMix = readonly (readonly [kind: SceneKind, weight: number])[];

/** What is left of these when the person is taken away still stands on its own; a cup would hang in the air. */
const ON_THE_GROUND = new Set(['ride', 'sit_on', 'stand', 'walk', 'no_interaction']);

/** `empty` are the scenes of things on the ground, rendered without the person. */
export const SCENES_OF_KIND: Readonly<Record<SceneKind, readonly SceneEntry[]>> = {
  interaction: INTERACTION_SCENES,
  gesture: GESTURE_SCENES,
  fashion: FASHION_SCENES,
  street: STREET_SCENES,
  empty: INTERACTION_SCENES.filter((entry) => entry.triplets.every(([verb]) => ON_THE_GROUND.has(verb))),
};

const SQUARE: PictureSize = { widthPx: 256, heightPx: 256 };
const SIZES: Readonly<Record<SceneKind, PictureSize>> = {
  interaction: SQUARE,
  gesture: SQUARE,
  fashion: { widthPx: 176, heightPx: 256 },
  street: { widthPx: 64, heightPx: 128 },
  empty: SQUARE,
};

/** What `all` stands for. */
const ALL = 'interaction:6,gesture:2,fashion:1,street:0.5,empty:0.5';

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
      expected: `${SCENE_KINDS.join(', ')} or all`,
      got: `"${got}"`,
      hint: `several go together with their weights, as in ${ALL}`,
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

/** Pictures in a row that show the same person in the same clothes. */
const GROUP_SIZES: Partial<Record<SceneKind, number>> = {
  fashion: PICTURES_OF_ONE,
  street: STREET_PICTURES_OF_ONE,
};

/** Whose picture the one of a seed is, and which of theirs. */
export interface Identity {
  /** Equal for all pictures of one person in one outfit, e.g. `fashion-12`. */
  name: string;
  /** Seed of the person and the clothes. */
  seed: number;
  index?: number;
}

/** Pictures with seeds 8n to 8n + 7 of a kind that is grouped show one person. */
export function identityOf(seed: number, kind: SceneKind): Identity {
  const size = GROUP_SIZES[kind];
  if (size === undefined) return { name: `${kind}-${seed}`, seed };
  const group = Math.floor(seed / size);
  return { name: `${kind}-${group}`, seed: group, index: seed % size };
}

/** A kind with those of its scenes that words select. */
export interface ScenePool {
  kind: SceneKind;
  weight: number;
  scenes: readonly SceneEntry[];
}

export interface SceneChoice {
  kinds: KindMix;
  /** Names, verbs and objects that select scenes; all when empty. */
  words?: readonly string[];
  /** Default `all`. */
  triplets?: TripletSet;
}

/**
 * The scenes of each kind that are chosen; kinds without any are left out.
 * @throws `usage` when a word selects nothing, or only what is not in the set of triplets.
 */
export function scenePools({ kinds, words = [], triplets = 'all' }: SceneChoice): ScenePool[] {
  const all = kinds.flatMap(([kind]) => SCENES_OF_KIND[kind]);
  const chosen = new Set(selectScenes(words, all));
  const pools = kinds.map(([kind, weight]) => {
    const scenes = SCENES_OF_KIND[kind].filter((entry) => chosen.has(entry));
    return { kind, weight, scenes: kind === 'empty' ? scenes : scenesOf(triplets, scenes) };
  });
  const left = pools.filter(({ scenes }) => scenes.length > 0);
  if (left.length > 0) return left;
  throw new ContrappostoError('usage', {
    operation: 'choose scenes',
    expected: `scenes that show ${triplets} triplets`,
    got: words.join(', ') || kinds.map(([kind]) => kind).join(', '),
    hint: 'draw from every combination of verb and object with --triplets all',
  });
}

export function pickPool(random: SceneRandom, pools: readonly ScenePool[]): ScenePool {
  return random.weighted(pools.map((pool) => [pool, pool.weight] as const));
}
