// The closed vocabularies of what an agent settles before the box (record, 6.4).
import type { LayoutAttributes } from './agent.js';

/** Allowed answers of each attribute. Sizes are shares of the picture's side. */
export const ATTRIBUTE_WORDS = {
  poseType: ['static', 'dynamic'],
  orientation: ['frontal', 'backward', 'profile', 'angled'],
  face: ['at viewer', 'up', 'down', 'sideways', 'at the object'],
  relation: ['above', 'under', 'beside', 'in front of', 'behind', 'on', 'near'],
  size: [
    'one tenth',
    'two tenths',
    'three tenths',
    'four tenths',
    'five tenths',
    'six tenths',
    'seven tenths',
    'eight tenths',
    'nine tenths',
    'one',
  ],
} as const satisfies Record<keyof LayoutAttributes, readonly string[]>;

/** How the attributes are called in questions and answers. */
export const ATTRIBUTE_NAMES: Readonly<Record<keyof LayoutAttributes, string>> = {
  poseType: 'Pose type',
  orientation: 'Body orientation',
  face: 'Facial direction',
  relation: 'Object relationship',
  size: 'Object size',
};

/** Attributes in the order in which they are asked for. */
export const ATTRIBUTE_KEYS = Object.keys(ATTRIBUTE_NAMES) as (keyof LayoutAttributes)[];

/** The vocabulary's word that a free answer contains, the longest where several do; undefined when none does. */
export function attributeWord(key: keyof LayoutAttributes, answer: string): string | undefined {
  const text = ` ${answer.toLowerCase().replace(/[^a-z]+/g, ' ')} `;
  const found = ATTRIBUTE_WORDS[key].filter((word) => text.includes(` ${word} `));
  return found.sort((a, b) => b.length - a.length)[0];
}

/** A length as a share of the canvas in the vocabulary's words, e.g. 0.28 -> `three tenths`. */
export function sizeWord(share: number): string {
  const tenths = Math.min(10, Math.max(1, Math.round(share * 10)));
  return ATTRIBUTE_WORDS.size[tenths - 1];
}
