// What the garments of the asset folder are called, how their meshes split into tops and bottoms, and who wears what.
import type { Print } from './without-prints.js';

/** A garment mesh holds a whole outfit; this says how to cut it. */
export interface GarmentSplit {
  top: string | null;
  bottom: string | null;
  /** Tops and bottoms that fit no other garment's other half. */
  setOnly?: boolean;
  /** Connected components whose mean height (file units) lies above this are the top. */
  topAbove?: number;
  /** For meshes in one piece: faces whose texture u lies in this range are the bottom. */
  bottomU?: readonly [number, number];
  /** Prints to paint over. */
  prints?: readonly Print[];
}

/** The logo of the tops that come from one pattern. */
const FEMALE_CHEST: readonly Print[] = [{ at: [0.71, 0.145, 0.87, 0.315], cloth: [-0.165, 0] }];
const MALE_CHEST: readonly Print[] = [{ at: [0.495, 0.1, 0.625, 0.228], cloth: [0, 0.13] }];

/** By garment name in the manifest. Words are for captions. */
export const GARMENTS: Readonly<Record<string, GarmentSplit>> = {
  female_casualsuit01: { top: 't-shirt', bottom: 'jeans', prints: FEMALE_CHEST },
  female_casualsuit02: { top: null, bottom: 'shorts' },
  female_elegantsuit01: { top: 'blouse', bottom: 'skirt' },
  female_sportsuit01: { top: 'crop top', bottom: 'leggings', prints: FEMALE_CHEST },
  male_casualsuit01: { top: 'jacket', bottom: 'jeans', setOnly: true, bottomU: [0.36, 0.7] },
  male_casualsuit02: { top: 'sweater', bottom: null, prints: MALE_CHEST },
  male_casualsuit03: { top: 'shirt', bottom: null },
  male_casualsuit04: { top: 't-shirt', bottom: 'jeans', prints: MALE_CHEST },
  male_casualsuit05: { top: 'vest', bottom: null },
  male_casualsuit06: {
    top: 't-shirt',
    bottom: null,
    prints: [
      { at: [0.2, 0.115, 0.29, 0.165], cloth: [0, 0.055] },
      { at: [0.445, 0.115, 0.625, 0.205], cloth: [0, 0.095] },
      { at: [0.735, 0.152, 0.755, 0.178], cloth: [0.02, 0] },
    ],
  },
  male_elegantsuit01: { top: 'suit', bottom: 'trousers', setOnly: true },
  male_worksuit01: { top: 't-shirt', bottom: 'overalls', setOnly: true, topAbove: 11 },
};

export const DEFAULT_TOP_ABOVE = 0.3;

/** A top and a bottom: garment names. Weights follow how often one sees such clothes. */
export type Outfit = readonly [top: string, bottom: string];

type Weighted = readonly (readonly [string, number])[];

const FEMALE_TOPS: Weighted = [
  ['female_casualsuit01', 5],
  ['female_elegantsuit01', 3],
  ['female_sportsuit01', 1],
  ['male_casualsuit02', 3],
  ['male_casualsuit03', 1],
  ['male_casualsuit04', 2],
];
const FEMALE_BOTTOMS: Weighted = [
  ['female_casualsuit01', 4],
  ['female_casualsuit02', 2],
  ['female_elegantsuit01', 3],
  ['female_sportsuit01', 3],
];
const MALE_TOPS: Weighted = [
  ['male_casualsuit02', 4],
  ['male_casualsuit03', 3],
  ['male_casualsuit04', 4],
  ['male_casualsuit05', 1],
  ['male_casualsuit06', 3],
];
const MALE_BOTTOMS: Weighted = [
  ['male_casualsuit04', 6],
  ['male_elegantsuit01', 3],
];
const SETS: Record<'female' | 'male', Weighted> = {
  female: [['male_worksuit01', 1]],
  male: [
    ['male_elegantsuit01', 3],
    ['male_casualsuit01', 2],
    ['male_worksuit01', 1],
  ],
};

interface Draws {
  chance(probability: number): boolean;
  weighted<T>(items: readonly (readonly [T, number])[]): T;
}

/** Draws an outfit: a matching set now and then, otherwise a top and a bottom that need not belong together. */
export function drawOutfit(random: Draws, sex: 'female' | 'male', isChild: boolean): Outfit {
  if (random.chance(sex === 'male' && !isChild ? 0.25 : 0.05)) {
    const set = random.weighted(SETS[sex].filter(([name]) => !isChild || name !== 'male_elegantsuit01'));
    return [set, set];
  }
  const tops = (sex === 'female' ? FEMALE_TOPS : MALE_TOPS).filter(
    ([name]) => !isChild || name !== 'female_sportsuit01',
  );
  return [random.weighted(tops), random.weighted(sex === 'female' ? FEMALE_BOTTOMS : MALE_BOTTOMS)];
}

/**
 * Whether a piece of hair may stay: fringes that hang in front of the eyes (brows at 7.5 on the unmorphed body) are cut.
 */
export function isClearOfEyes([x, y, z]: readonly [number, number, number]): boolean {
  return !(Math.abs(x) < 0.66 && y < 7.55 && z > 1.0);
}

/** Hair styles with the word for captions. */
export const HAIR_WORDS: Readonly<Record<string, string>> = {
  afro01: 'afro',
  bob01: 'bob',
  bob02: 'bob',
  braid01: 'braid',
  long01: 'long hair',
  ponytail01: 'ponytail',
  short01: 'short hair',
  short02: 'short hair',
  short03: 'short hair',
  short04: 'short hair',
};

export const FEMALE_HAIR: Weighted = [
  ['bob01', 2],
  ['bob02', 1],
  ['braid01', 2],
  ['long01', 4],
  ['ponytail01', 4],
];
export const MALE_HAIR: Weighted = [
  ['short01', 2],
  ['short02', 4],
  ['short03', 1],
  ['short04', 4],
];
