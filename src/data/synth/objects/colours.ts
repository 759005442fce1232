// Named colours of things: the word a caption uses and the paint the renderer uses.
import type { SceneRandom } from '../scene-random.js';
import type { Vec3 } from '../vector.js';

export interface NamedColour {
  /** Word for captions. */
  name: string;
  /** sRGB 0..255. */
  rgb: Vec3;
}

const PALETTE: Readonly<Record<string, Vec3>> = {
  red: [196, 34, 36],
  orange: [232, 124, 28],
  yellow: [238, 206, 48],
  green: [40, 136, 62],
  blue: [34, 82, 184],
  purple: [116, 56, 150],
  pink: [232, 128, 166],
  brown: [116, 74, 44],
  black: [36, 36, 40],
  white: [236, 236, 232],
  grey: [132, 134, 138],
  navy: [28, 40, 84],
  teal: [24, 132, 136],
  beige: [208, 188, 152],
};

/** Names of all paints; `white` and `black` included. */
export const COLOUR_NAMES: readonly string[] = Object.keys(PALETTE);

export const STEEL: Vec3 = [176, 180, 186];
export const METAL: Vec3 = [138, 140, 145];
export const RUBBER: Vec3 = [38, 38, 42];
export const PAPER: Vec3 = [240, 237, 226];

/** The paint of a colour name; grey when unknown. */
export function paint(name: string): Vec3 {
  return PALETTE[name] ?? PALETTE['grey'];
}

/** Draws a colour, varied a little so that no two things are painted alike; `from` limits the names. */
export function pickColour(random: SceneRandom, from: readonly string[] = COLOUR_NAMES): NamedColour {
  const name = random.pick(from);
  const light = 1 + random.normal(0.06);
  const vary = (value: number) => Math.max(0, Math.min(255, value * light + random.normal(4)));
  const [r, g, b] = paint(name);
  return { name, rgb: [vary(r), vary(g), vary(b)] };
}

/** A darker (below 1) or lighter (above 1) shade. */
export function shade(colour: Vec3, factor: number): Vec3 {
  return [Math.min(255, colour[0] * factor), Math.min(255, colour[1] * factor), Math.min(255, colour[2] * factor)];
}
