// Dresses a character for one scene: recoloured and patterned clothes, hair and skin tones, and the words for them.
import { CLOTH_STEPS } from './cloth-map.js';
import { CLOTHING_COLOURS, type ColourName, HAIR_COLOURS, nearestColourName } from './colours.js';
import { recolourCloth, strandPalette, tintPalette } from './palettes.js';
import type { SceneRandom } from './scene-random.js';
import type { Appearance, Attributes, Character, Colour, Material, MeshPart } from './types.js';

type Pattern = NonNullable<NonNullable<Attributes['top']>['pattern']>;

/** Garments that come with a look of their own: no pattern is printed on them. */
const UNPRINTED = new Set(['suit', 'jacket', 'vest', 'overalls', 'jeans', 'shirt', 'blouse']);
/** Garments whose texture is a finished design that stripes would fight with. */
const OWN_STRIPES = new Set(['shirt', 'blouse']);

const BOTTOM_COLOURS: readonly (readonly [ColourName, number])[] = [
  ['navy', 4],
  ['black', 4],
  ['grey', 3],
  ['blue', 3],
  ['brown', 2],
  ['beige', 2],
  ['white', 1],
  ['green', 1],
  ['red', 1],
  ['teal', 1],
  ['purple', 1],
];
const SUIT_COLOURS: readonly ColourName[] = ['black', 'navy', 'grey', 'grey', 'brown', 'navy'];
const SHOE_COLOURS: readonly ColourName[] = ['black', 'white', 'brown', 'red', 'blue', 'grey', 'navy', 'black'];

/** Two garments, or cloth and skin, closer than this in RGB would melt into one. */
const TOO_CLOSE = 70;

/**
 * Draws the colours of everything the character wears. The same character and stream give the same appearance; the
 * materials follow the order of `character.parts`.
 */
export function drawAppearance(character: Character, random: SceneRandom): Appearance {
  const outfit = new OutfitColours(character, random.fork('clothes'));
  const hair = drawHair(character, random.fork('hair'));
  const skin = drawSkin(random.fork('skin'));
  const materials = character.parts.map((part): Material => {
    switch (part.kind) {
      case 'body':
        return material(part, tintPalette(part.texture.palette, skin), { gloss: 0.12 });
      case 'hair':
        return material(part, strandPalette(part.texture, hair.colour), { gloss: 0.25, twoSided: true });
      case 'brows':
        return material(part, strandPalette(part.texture, darker(hair.colour)), { twoSided: true });
      case 'eyes':
        return material(part, part.texture.palette, { gloss: 0.6 });
      case 'teeth':
        return material(part, part.texture.palette, { twoSided: true });
      default: {
        const isOver = part.kind === 'bottom' && character.info.bottom === 'overalls';
        return { ...outfit.material(part), ...(isOver && { isOver }) };
      }
    }
  });
  return { materials, attributes: outfit.attributes(hair.name) };
}

interface Look {
  palette: Uint8Array;
  layers?: Uint8Array;
  gloss?: number;
  twoSided?: boolean;
}

function material(part: MeshPart, palette: Uint8Array, look: Omit<Look, 'palette'> = {}): Material {
  const { kind, firstTriangle, endTriangle, texture } = part;
  const { widthPx, heightPx, texels, transparency } = texture;
  const { gloss = 0, twoSided = false, layers } = look;
  const common = { kind, firstTriangle, endTriangle, widthPx, heightPx, texels, transparency };
  return { ...common, palette, gloss, twoSided, ...(layers && { layers }) };
}

/** Chooses the colours of the garments of one person, each far enough from the skin and from the others. */
class OutfitColours {
  readonly #character: Character;
  readonly #random: SceneRandom;
  readonly #used: Colour[] = [];
  readonly #words: Pick<Attributes, 'top' | 'bottom' | 'shoes' | 'hat'> = {
    top: null,
    bottom: null,
    shoes: null,
    hat: null,
  };
  #suit: ColourName | null = null;

  constructor(character: Character, random: SceneRandom) {
    this.#character = character;
    this.#random = random;
    this.#used.push(character.parts[0].texture.mean);
  }

  material(part: MeshPart): Material {
    const random = this.#random.fork(part.kind);
    switch (part.kind) {
      case 'bottom':
        return this.#bottom(part, random);
      case 'shoes':
        return this.#shoes(part, random);
      case 'hat':
        return this.#hat(part, random);
      default:
        return this.#top(part, random);
    }
  }

  attributes(hairColour: string | null): Attributes {
    const hairStyle = this.#character.info.hair;
    return { ...this.#words, hairColour: hairStyle === null ? null : hairColour, hairStyle };
  }

  #top(part: MeshPart, random: SceneRandom): Material {
    const { top: garment } = this.#character.info;
    if (garment === 'suit') return this.#suitHalf(part, random);
    const isKept = OWN_STRIPES.has(garment) && random.chance(0.3);
    const pattern = part.cloth && !UNPRINTED.has(garment) && random.chance(0.4) ? drawPattern(random) : null;
    const ground = isKept ? null : this.#colour(random, EVERY_COLOUR);
    const colour = ground ?? nearestColourName(part.texture.mean);
    const own: Pattern | null = isKept || (OWN_STRIPES.has(garment) && !random.chance(0.4)) ? 'striped' : null;
    this.#words.top = { garment, colour: wordOf(colour), pattern: pattern?.word ?? own };
    if (ground === null) return material(part, part.texture.palette, { twoSided: true });
    const target = shade(CLOTHING_COLOURS[ground], random);
    const base = recolourCloth(part.texture, target, { flatten: own === null });
    if (!pattern) return material(part, base, { twoSided: true });
    const second = random.chance(0.45) ? 'white' : contrasting(ground, random);
    const overlay = recolourCloth(part.texture, shade(CLOTHING_COLOURS[second], random), { flatten: true });
    const palette = pattern.word === 'checked' ? checkPalette(base, overlay) : concatenate([base, overlay]);
    return material(part, palette, { twoSided: true, layers: patternLayers(part, pattern) });
  }

  #bottom(part: MeshPart, random: SceneRandom): Material {
    const { bottom: garment } = this.#character.info;
    if (this.#character.info.top === 'suit') return this.#suitHalf(part, random);
    // Denim stays denim more often than not, in a lighter or darker wash.
    const isDenim = (garment === 'jeans' || garment === 'shorts' || garment === 'overalls') && random.chance(0.5);
    if (isDenim) {
      this.#words.bottom = { garment, colour: 'blue' };
      this.#used.push(part.texture.mean);
      return material(part, tintPalette(part.texture.palette, wash(random)), { twoSided: true });
    }
    const colour = this.#colour(random, BOTTOM_COLOURS);
    const word =
      garment === 'jeans' && !['blue', 'navy', 'black', 'grey', 'white'].includes(colour) ? 'trousers' : garment;
    this.#words.bottom = { garment: word, colour: wordOf(colour) };
    const palette = recolourCloth(part.texture, shade(CLOTHING_COLOURS[colour], random), { flatten: false });
    return material(part, palette, { twoSided: true });
  }

  /** Jacket and trousers share their colour; shirt and tie keep theirs. */
  #suitHalf(part: MeshPart, random: SceneRandom): Material {
    this.#suit ??= this.#random.fork('suit').pick(SUIT_COLOURS);
    const colour = wordOf(this.#suit);
    if (part.kind === 'top') this.#words.top = { garment: 'suit', colour, pattern: null };
    else this.#words.bottom = { garment: 'trousers', colour };
    const target = shade(CLOTHING_COLOURS[this.#suit], random);
    return material(part, recolourCloth(part.texture, target, { flatten: false, keepAbove: 95 }), { twoSided: true });
  }

  #shoes(part: MeshPart, random: SceneRandom): Material {
    if (random.chance(0.4)) {
      this.#words.shoes = wordOf(nearestColourName(part.texture.mean));
      return material(part, part.texture.palette, { twoSided: true, gloss: 0.2 });
    }
    const colour = random.pick(SHOE_COLOURS);
    this.#words.shoes = wordOf(colour);
    const palette = recolourCloth(part.texture, shade(CLOTHING_COLOURS[colour], random), { flatten: false });
    return material(part, palette, { twoSided: true, gloss: 0.2 });
  }

  #hat(part: MeshPart, random: SceneRandom): Material {
    const colour = random.weighted(BOTTOM_COLOURS);
    this.#words.hat = `${wordOf(colour)} hat`;
    const palette = new Uint8Array(768);
    palette.set(shade(CLOTHING_COLOURS[colour], random).map(Math.round), 0);
    return material(part, palette, { twoSided: true });
  }

  #colour(random: SceneRandom, choices: readonly (readonly [ColourName, number])[]): ColourName {
    let colour = random.weighted(choices);
    for (let attempt = 0; attempt < 8 && this.#isTooClose(colour); attempt++) colour = random.weighted(choices);
    this.#used.push(CLOTHING_COLOURS[colour]);
    return colour;
  }

  #isTooClose(colour: ColourName): boolean {
    const c = CLOTHING_COLOURS[colour];
    return this.#used.some((u) => Math.hypot(c[0] - u[0], c[1] - u[1], c[2] - u[2]) < TOO_CLOSE);
  }
}

const EVERY_COLOUR = (Object.keys(CLOTHING_COLOURS) as ColourName[]).map((name): [ColourName, number] => [
  name,
  name === 'beige' || name === 'teal' ? 0.5 : 1,
]);

const wordOf = (colour: ColourName): string => (colour === 'navy' ? 'dark blue' : colour);

/** The same colour a little lighter, darker or off hue. */
function shade(colour: Colour, random: SceneRandom): Colour {
  const light = 1 + random.normal(0.07);
  const channel = (x: number) => Math.max(8, Math.min(244, x * light * (1 + random.normal(0.04))));
  return [channel(colour[0]), channel(colour[1]), channel(colour[2])];
}

function contrasting(colour: ColourName, random: SceneRandom): ColourName {
  const from = CLOTHING_COLOURS[colour];
  const far = EVERY_COLOUR.map(([name]) => name).filter((name) => {
    const c = CLOTHING_COLOURS[name];
    return Math.hypot(c[0] - from[0], c[1] - from[1], c[2] - from[2]) > 110;
  });
  return random.pick(far);
}

function wash(random: SceneRandom): Colour {
  const light = random.between(0.6, 1.2);
  return [light, light, light * random.between(0.98, 1.06)];
}

interface PatternDraw {
  word: Pattern;
  /** Width of a repeat along the cloth in `CLOTH_STEPS`; divides 256 so that the wrap does not show. */
  period: number;
  /** Share of the repeat that is in the second colour. */
  share: number;
  vertical: boolean;
}

function drawPattern(random: SceneRandom): PatternDraw {
  const word = random.weighted<Pattern>([
    ['striped', 6],
    ['checked', 3],
    ['dotted', 1],
  ]);
  const period = word === 'dotted' ? 16 : random.pick([8, 16, 16, 32]);
  return { word, period, share: random.pick([0.25, 0.5, 0.5]), vertical: random.chance(0.2) };
}

const layerCache = new WeakMap<Uint8Array, Map<string, Uint8Array>>();

/** Which palette block each texel of a printed cloth uses. Kept: scenes repeat the few combinations there are. */
function patternLayers(part: MeshPart, pattern: PatternDraw): Uint8Array {
  const { along, around } = part.cloth as NonNullable<MeshPart['cloth']>;
  const cache = layerCache.get(along) ?? new Map<string, Uint8Array>();
  layerCache.set(along, cache);
  const key = Object.values(pattern).join(' ');
  const layers = cache.get(key) ?? new Uint8Array(along.length);
  if (!cache.has(key)) for (let i = 0; i < layers.length; i++) layers[i] = layerAt(along[i], around[i], pattern);
  cache.set(key, layers);
  return layers;
}

function layerAt(along: number, around: number, { word, period, share, vertical }: PatternDraw): number {
  if (word === 'dotted') {
    const row = Math.floor(along / period) & 1;
    const dy = (along % period) - period / 2;
    const dx = ((around + row * (period / 2)) % period) - period / 2;
    return Math.hypot(dx, dy) < (CLOTH_STEPS / 4) * 1.1 ? 1 : 0;
  }
  const isBand = (x: number, width: number) => x % period < period * width;
  if (word === 'striped') return isBand(vertical ? around : along, share) ? 1 : 0;
  return (isBand(along, 0.5) ? 1 : 0) + (isBand(around, 0.5) ? 1 : 0);
}

/** Blocks for checked cloth: ground, one band over it, two bands crossing. */
function checkPalette(base: Uint8Array, overlay: Uint8Array): Uint8Array {
  const between = base.map((x, i) => (x + overlay[i]) >> 1);
  return concatenate([base, between, overlay]);
}

function concatenate(blocks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(blocks.length * 768);
  blocks.forEach((block, i) => {
    all.set(block, i * 768);
  });
  return all;
}

function drawHair({ info }: Character, random: SceneRandom): { name: string; colour: Colour } {
  const names =
    info.age === 'old'
      ? (['grey', 'grey', 'white'] as const)
      : info.race === 'caucasian'
        ? (['black', 'dark brown', 'brown', 'brown', 'blond', 'blond', 'red'] as const)
        : (['black', 'black', 'black', 'dark brown'] as const);
  const name = random.pick<keyof typeof HAIR_COLOURS>(names);
  const light = random.between(0.9, 1.15);
  const [r, g, b] = HAIR_COLOURS[name];
  return { name, colour: [r * light, g * light, b * light] };
}

const darker = ([r, g, b]: Colour): Colour => [Math.min(110, r * 0.7), Math.min(100, g * 0.7), Math.min(90, b * 0.7)];

/** Factors on the skin texture: a little lighter or darker, a little warmer or cooler. */
function drawSkin(random: SceneRandom): Colour {
  const light = random.between(0.92, 1.1);
  const warm = random.normal(0.02);
  return [light * (1 + warm), light, light * (1 - warm)];
}

/** Draws the name of a face: friendly more often than not; only names the character has. */
export function drawExpression(character: Character, random: SceneRandom): string {
  const known = EVERYDAY_FACES.filter(([name]) => character.expressions.includes(name));
  return random.weighted(known);
}

const EVERYDAY_FACES: readonly (readonly [string, number])[] = [
  ['neutral', 2],
  ['calm', 4],
  ['smile', 5],
  ['glad', 4],
  ['grin', 2],
  ['laugh', 1],
  ['focused', 1],
];
