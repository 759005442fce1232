// Procedural, repeating pictures of grounds and walls with their mip levels, each made once on first use.
import { SceneRandom } from './scene-random.js';

/** Texels of the finest level along each side. */
export const TILE = 256;

/** A repeating RGB picture; `levels[k]` has (256 >> k) squared texels. */
export interface GroundTexture {
  levels: Uint8Array[];
  /** The levels again, a texel a number: `r << 16 | g << 8 | b`. */
  packed: Uint32Array[];
  /** Extent of one repetition along u and v in units (10 cm). */
  size: readonly [number, number];
}

type Rgb = readonly [number, number, number];
type Painter = (noise: Noise) => (x: number, y: number, i: number) => Rgb;

interface Noise {
  /** Broad clouds, fine grain, streaks along v, and large blotches; each 256 x 256 in 0 to 1. */
  clouds: Float32Array;
  grain: Float32Array;
  streaks: Float32Array;
  blotches: Float32Array;
}

/** Fractal value noise that repeats after 256 texels. `across` and `along` are the cells of the first octave. */
function fractal(random: SceneRandom, options: { octaves: number; across: number; along: number }): Float32Array {
  const out = new Float32Array(TILE * TILE);
  let { across, along } = options;
  let amplitude = 1;
  let total = 0;
  for (let octave = 0; octave < options.octaves && across <= TILE && along <= TILE; octave++) {
    const cells = Float32Array.from({ length: across * along }, () => random.next());
    for (let y = 0; y < TILE; y++) {
      const gy = (y * along) / TILE;
      const row = Math.floor(gy);
      const ty = smooth(gy - row);
      const above = row * across;
      const below = ((row + 1) % along) * across;
      for (let x = 0; x < TILE; x++) {
        const gx = (x * across) / TILE;
        const column = Math.floor(gx);
        const tx = smooth(gx - column);
        const next = (column + 1) % across;
        const a = cells[above + column] + (cells[above + next] - cells[above + column]) * tx;
        const b = cells[below + column] + (cells[below + next] - cells[below + column]) * tx;
        out[y * TILE + x] += amplitude * (a + (b - a) * ty);
      }
    }
    total += amplitude;
    amplitude *= 0.6;
    across *= 2;
    along *= 2;
  }
  for (let i = 0; i < out.length; i++) out[i] /= total;
  return out;
}

const smooth = (t: number) => t * t * (3 - 2 * t);
const shade = (c: Rgb, k: number): Rgb => [c[0] * k, c[1] * k, c[2] * k];
const unit = (t: number) => Math.max(0, Math.min(1, t));

function blend(a: Rgb, b: Rgb, t: number): Rgb {
  const k = unit(t);
  return [a[0] + (b[0] - a[0]) * k, a[1] + (b[1] - a[1]) * k, a[2] + (b[2] - a[2]) * k];
}

/** Two colours mixed by noise: lawns, sand, snow, earth. */
const mottled =
  (a: Rgb, b: Rgb, weights: { grain: number; clouds: number; bias?: number }): Painter =>
  ({ grain, clouds }) =>
  (_x, _y, i) =>
    blend(a, b, grain[i] * weights.grain + clouds[i] * weights.clouds + (weights.bias ?? 0));

/** Boards along v, `width` texels wide, with grain and joints. */
const boards =
  (width: number, dark: Rgb, light: Rgb): Painter =>
  ({ streaks }) =>
  (x, y) => {
    const board = Math.floor(x / width);
    const end = (y + board * 97) % TILE;
    const joint = x % width < 1 || end < 2;
    const grain = streaks[((y + board * 61) % TILE) * TILE + ((x + board * 29) % TILE)];
    const colour = blend(dark, light, grain * 0.55 + (((board * 37) % 11) / 11) * 0.5);
    return joint ? shade(colour, 0.6) : colour;
  };

/** Courses of bricks, 32 x 16 texels each. */
const bricks =
  (a: Rgb, b: Rgb, mortar: Rgb): Painter =>
  ({ grain }) =>
  (x, y, i) => {
    const course = Math.floor(y / 16);
    const along = (x + (course % 2) * 16) % TILE;
    if (y % 16 < 2 || along % 32 < 2) return shade(mortar, 0.88 + 0.2 * grain[i]);
    return shade(blend(a, b, ((Math.floor(along / 32) * 7 + course * 13) % 9) / 9), 0.8 + 0.4 * grain[i]);
  };

/** Square slabs of `side` texels, alternating between two colours, with joints. */
const slabs =
  (side: number, a: Rgb, b: Rgb, joint: Rgb): Painter =>
  ({ grain, clouds }) =>
  (x, y, i) => {
    const column = Math.floor(x / side);
    const row = Math.floor(y / side);
    if (x % side < 2 || y % side < 2) return joint;
    const own = 0.96 + 0.08 * (((column * 31 + row * 17) % 7) / 7);
    return shade((column + row) % 2 ? a : b, own * (0.84 + 0.14 * clouds[i] + 0.14 * grain[i]));
  };

/** Bands along v with a faint texture: wallpaper. */
const bands =
  (width: number, a: Rgb, b: Rgb): Painter =>
  ({ grain }) =>
  (x, _y, i) =>
    shade(x % (2 * width) < width ? a : b, 0.96 + 0.06 * grain[i]);

/** Rounded stones in rows. */
const cobbles: Painter =
  ({ grain, clouds }) =>
  (x, y, i) => {
    const row = Math.floor(y / 16);
    const along = (x + (row % 2) * 8) % TILE;
    const dx = (along % 16) - 8;
    const dy = (y % 16) - 8;
    const edge = Math.max(Math.abs(dx), Math.abs(dy)) + 0.25 * Math.min(Math.abs(dx), Math.abs(dy));
    const own = 0.8 + 0.3 * (((Math.floor(along / 16) * 29 + row * 13) % 11) / 11);
    return edge > 8 ? [84, 80, 76] : shade([158, 152, 146], own * (0.8 + 0.2 * grain[i] + 0.1 * clouds[i]));
  };

const speckled =
  (colour: Rgb, depth: number): Painter =>
  ({ grain, blotches }) =>
  (_x, _y, i) =>
    shade(colour, 1 - depth / 2 + depth * grain[i] + 0.12 * (blotches[i] - 0.5));

const PAINTERS = {
  grass: [mottled([58, 92, 34], [136, 164, 74], { grain: 0.9, clouds: 0.7, bias: -0.3 }), [22, 22]],
  meadow: [mottled([92, 112, 44], [172, 172, 90], { grain: 0.9, clouds: 0.8, bias: -0.35 }), [26, 26]],
  asphalt: [speckled([124, 124, 128], 0.34), [16, 16]],
  paving: [slabs(64, [176, 170, 160], [164, 158, 150], [122, 118, 112]), [20, 20]],
  cobbles: [cobbles, [18, 18]],
  concrete: [slabs(256, [178, 176, 170], [178, 176, 170], [140, 138, 134]), [34, 34]],
  sand: [mottled([202, 178, 132], [234, 216, 172], { grain: 0.4, clouds: 0.8 }), [26, 26]],
  dirt: [mottled([112, 84, 58], [166, 132, 96], { grain: 0.5, clouds: 0.7, bias: -0.1 }), [24, 24]],
  snow: [mottled([218, 224, 234], [246, 248, 250], { grain: 0.3, clouds: 0.9 }), [30, 30]],
  court: [speckled([78, 128, 118], 0.14), [20, 20]],
  'clay-court': [speckled([184, 104, 70], 0.2), [20, 20]],
  planks: [boards(32, [122, 82, 48], [186, 136, 86]), [12, 30]],
  parquet: [boards(21, [164, 130, 92], [214, 184, 140]), [10, 26]],
  checker: [slabs(128, [222, 216, 206], [140, 128, 120], [110, 102, 96]), [8, 8]],
  tiles: [slabs(64, [214, 206, 194], [206, 198, 186], [164, 156, 148]), [14, 14]],
  carpet: [speckled([150, 118, 116], 0.3), [9, 9]],
  water: [mottled([62, 116, 142], [132, 178, 192], { grain: 0.15, clouds: 0.9 }), [60, 30]],
  plaster: [speckled([226, 222, 212], 0.06), [40, 40]],
  brick: [bricks([150, 74, 54], [182, 102, 78], [188, 180, 168]), [18, 12]],
  'painted-brick': [bricks([214, 208, 200], [230, 226, 218], [188, 182, 172]), [18, 12]],
  panelling: [boards(64, [142, 102, 66], [182, 138, 96]), [24, 60]],
  'wall-tiles': [slabs(64, [222, 228, 230], [214, 222, 224], [180, 184, 186]), [8, 8]],
  wallpaper: [bands(16, [214, 206, 190], [196, 184, 164]), [24, 24]],
  blocks: [slabs(128, [168, 168, 164], [176, 176, 172], [140, 140, 138]), [16, 16]],
  siding: [() => (_x, y) => shade([220, 218, 210], y % 32 < 3 ? 0.68 : 0.9 + 0.1 * ((y % 32) / 32)), [20, 14]],
} satisfies Record<string, [Painter, [number, number]]>;

export type GroundTextureName = keyof typeof PAINTERS;

export const GROUND_TEXTURES = Object.keys(PAINTERS) as GroundTextureName[];

const made = new Map<string, GroundTexture>();
let noise: Noise | undefined;

function sharedNoise(): Noise {
  const random = new SceneRandom(777, 'ground-textures');
  noise ??= {
    clouds: fractal(random, { octaves: 6, across: 4, along: 4 }),
    grain: fractal(random, { octaves: 3, across: 64, along: 64 }),
    streaks: fractal(random, { octaves: 4, across: 32, along: 2 }),
    blotches: fractal(random, { octaves: 3, across: 3, along: 3 }),
  };
  return noise;
}

/** The texture of that name, from a store that keeps each one. */
export function groundTexture(name: GroundTextureName): GroundTexture {
  const known = made.get(name);
  if (known) return known;
  const [painter, size] = PAINTERS[name] as [Painter, [number, number]];
  const paint = painter(sharedNoise());
  const finest = new Uint8Array(TILE * TILE * 3);
  for (let y = 0, i = 0; y < TILE; y++) {
    for (let x = 0; x < TILE; x++, i++) {
      const colour = paint(x, y, i);
      for (let k = 0; k < 3; k++) finest[3 * i + k] = Math.max(0, Math.min(255, colour[k]));
    }
  }
  const texture = repeating(finest, size);
  made.set(name, texture);
  return texture;
}

/** Whether `name` is one of the textures here. */
export function isGroundTexture(name: string): name is GroundTextureName {
  return Object.hasOwn(PAINTERS, name);
}

/** Halves the picture, 2x2 texels averaged, until two texels are left. */
export function mipLevels(finest: Uint8Array): Uint8Array[] {
  const levels = [finest];
  for (let side = TILE; side > 2; side >>= 1) {
    const from = levels[levels.length - 1];
    const half = side >> 1;
    const to = new Uint8Array(half * half * 3);
    for (let y = 0; y < half; y++) {
      for (let x = 0; x < half; x++) {
        for (let k = 0; k < 3; k++) {
          const at = (2 * y * side + 2 * x) * 3 + k;
          const sum = from[at] + from[at + 3] + from[at + 3 * side] + from[at + 3 * side + 3];
          to[(y * half + x) * 3 + k] = (sum + 2) >> 2;
        }
      }
    }
    levels.push(to);
  }
  return levels;
}

/** The texture of a finest level, RGB, that repeats after `size` units. */
export function repeating(finest: Uint8Array, size: readonly [number, number]): GroundTexture {
  const levels = mipLevels(finest);
  return { levels, packed: levels.map(packTexels), size };
}

function packTexels(level: Uint8Array): Uint32Array {
  return Uint32Array.from({ length: level.length / 3 }, (_, i) => {
    return (level[3 * i] << 16) | (level[3 * i + 1] << 8) | level[3 * i + 2];
  });
}

/** Large-scale brightness variation, 256 x 256 bytes around 128, so that repetition of a ground does not show. */
export function variationMap(): Uint8Array {
  variation ??= Uint8Array.from(sharedNoise().blotches, (v) => v * 255);
  return variation;
}
let variation: Uint8Array | undefined;

/** Texels a pixel may cover before the next level is taken; a little blur is better than glitter. */
const MOST_TEXELS = 1.4;
const LAST_LEVEL = 7;

/** Mip level that suits `texelsPerPixel`. */
export function levelOf(texelsPerPixel: number): number {
  let level = 0;
  for (let footprint = texelsPerPixel; footprint > MOST_TEXELS && level < LAST_LEVEL; footprint *= 0.5) level++;
  return level;
}

/** Depths that `level` serves, the first excluded, where a pixel covers `perDepth` texels a unit of depth. */
export function depthsOf(level: number, perDepth: number): [number, number] {
  const farthest = (MOST_TEXELS * 2 ** level) / perDepth;
  return [level === 0 ? 0 : farthest / 2, level === LAST_LEVEL ? Number.POSITIVE_INFINITY : farthest];
}
