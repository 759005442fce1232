// Named colours of clothes and hair, and the name nearest to a colour.
import type { Colour } from './types.js';

export const CLOTHING_COLOURS = {
  red: [190, 30, 32],
  orange: [226, 120, 28],
  yellow: [232, 202, 48],
  green: [40, 130, 60],
  blue: [36, 84, 180],
  purple: [110, 52, 140],
  pink: [228, 128, 164],
  brown: [112, 70, 40],
  black: [34, 34, 38],
  white: [232, 232, 228],
  grey: [128, 130, 134],
  navy: [26, 36, 78],
  teal: [24, 128, 132],
  beige: [206, 186, 150],
} as const satisfies Record<string, Colour>;

export type ColourName = keyof typeof CLOTHING_COLOURS;

export const HAIR_COLOURS = {
  black: [26, 22, 22],
  'dark brown': [52, 34, 24],
  brown: [92, 58, 34],
  blond: [186, 146, 84],
  red: [140, 62, 26],
  grey: [140, 138, 136],
  white: [214, 212, 208],
} as const satisfies Record<string, Colour>;

/** The clothing colour nearest in RGB. */
export function nearestColourName([r, g, b]: Colour): ColourName {
  const names = Object.keys(CLOTHING_COLOURS) as ColourName[];
  const gap = (name: ColourName) => {
    const c = CLOTHING_COLOURS[name];
    return Math.hypot(c[0] - r, c[1] - g, c[2] - b);
  };
  return names.reduce((best, name) => (gap(name) < gap(best) ? name : best));
}
