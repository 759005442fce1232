// New colours for indexed textures: cloth keeps its folds, hair its strands, skin its features.
import type { Colour, Texture } from './types.js';

const luminance = (r: number, g: number, b: number): number => 0.3 * r + 0.59 * g + 0.11 * b;

/** Every entry times three factors. */
export function tintPalette(palette: Uint8Array, factors: Colour): Uint8Array {
  return palette.map((x, i) => Math.min(255, x * factors[i % 3]));
}

/** Distance in chroma (brightness removed) past which an entry is a print or trim, not the cloth itself. */
const TRIM_CHROMA = 0.16;

/**
 * The palette of a garment in another colour: each entry keeps its brightness relative to the garment's mean, so folds
 * and seams stay. `flatten` paints prints and trims over with plain cloth; `keepAbove` leaves entries brighter than
 * that as they are (a shirt under a suit).
 */
export function recolourCloth(
  { palette, mean }: Texture,
  target: Colour,
  { flatten, keepAbove = 256 }: { flatten: boolean; keepAbove?: number },
): Uint8Array {
  const recoloured = new Uint8Array(768);
  const meanLight = Math.max(12, luminance(...mean));
  const meanChroma = chroma(mean);
  // Dark cloth has little texture of its own; bright colours would show none, so contrast is evened out.
  const contrast = Math.max(0.35, Math.min(1, meanLight / 110));
  for (let i = 0; i < 768; i += 3) {
    const entry: Colour = [palette[i], palette[i + 1], palette[i + 2]];
    const light = luminance(...entry);
    if (light > keepAbove) {
      recoloured.set(entry, i);
      continue;
    }
    const c = chroma(entry);
    const isTrim = Math.hypot(c[0] - meanChroma[0], c[1] - meanChroma[1]) > TRIM_CHROMA && light > 30;
    let factor = 1 + (light / meanLight - 1) * contrast;
    if (flatten && isTrim) factor = 1 + (Math.min(1.1, Math.max(0.85, factor)) - 1) * 0.4;
    factor = Math.max(0.25, Math.min(1.55, factor));
    for (let k = 0; k < 3; k++) recoloured[i + k] = Math.min(250, target[k] * factor);
  }
  return recoloured;
}

/** Red and green shares of a colour. */
function chroma([r, g, b]: Colour): readonly [number, number] {
  const sum = Math.max(30, r + g + b);
  return [r / sum, g / sum];
}

/** Palette of a `stipple` texture (luminance in the high bits) for hair of a colour. */
export function strandPalette(texture: Texture, colour: Colour): Uint8Array {
  const palette = new Uint8Array(768);
  const mean = texture.mean[1] / 255;
  for (let i = 0; i < 256; i++) {
    const level = (i >> 4) / 15;
    const factor = Math.max(0.3, 0.95 + (level - mean) * 0.95);
    for (let k = 0; k < 3; k++) palette[3 * i + k] = Math.min(255, colour[k] * factor + level * 8);
  }
  return palette;
}
