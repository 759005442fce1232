// Turns the asset pictures into small indexed textures: palettes for skin and cloth, luminance with opacity for hair.
import sharp from 'sharp';
import type { Texture } from '../types.js';

export type TextureData = Pick<Texture, 'widthPx' | 'heightPx' | 'texels' | 'palette' | 'transparency'>;

const OPAQUE_ENOUGH = 110;

/** `opaque`: the best 256 colours, dithered. */
export async function paletteTexture(file: Buffer, sizePx: number): Promise<TextureData> {
  const png = await sharp(file)
    .resize(sizePx, sizePx, { fit: 'fill' })
    .removeAlpha()
    .png({ palette: true, colours: 256, effort: 7, dither: 0.3 })
    .toBuffer();
  const rgb = await sharp(png).removeAlpha().toColourspace('srgb').raw().toBuffer();
  const entries = new Map<number, number>();
  const palette = new Uint8Array(768);
  const texels = new Uint8Array(sizePx * sizePx);
  for (let i = 0; i < texels.length; i++) {
    const key = (rgb[3 * i] << 16) | (rgb[3 * i + 1] << 8) | rgb[3 * i + 2];
    let entry = entries.get(key);
    if (entry === undefined) {
      entry = entries.size;
      entries.set(key, entry);
      palette.set([rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]], 3 * entry);
    }
    texels[i] = entry;
  }
  return { widthPx: sizePx, heightPx: sizePx, texels, palette, transparency: 'opaque' };
}

/**
 * `stipple`: luminance in the high four bits, stretched to the strands' own range, and opacity in the low four. The
 * palette is a grey ramp; hair colours replace it.
 */
export async function strandTexture(file: Buffer, sizePx: number): Promise<TextureData> {
  const rgba = await sharp(file).ensureAlpha().resize(sizePx, sizePx, { fit: 'fill' }).raw().toBuffer();
  const count = sizePx * sizePx;
  const luminance = new Float32Array(count);
  const visible: number[] = [];
  for (let i = 0; i < count; i++) {
    luminance[i] = 0.3 * rgba[4 * i] + 0.59 * rgba[4 * i + 1] + 0.11 * rgba[4 * i + 2];
    if (rgba[4 * i + 3] >= OPAQUE_ENOUGH) visible.push(luminance[i]);
  }
  visible.sort((a, b) => a - b);
  const low = visible[Math.floor(visible.length * 0.02)] ?? 0;
  const range = Math.max(8, (visible[Math.floor(visible.length * 0.99)] ?? 255) - low);
  const texels = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    // An ordered dither hides the sixteen steps.
    const dither = ((i * 7 + Math.floor(i / sizePx) * 3) % 4) / 4 - 0.375;
    const level = Math.round(((luminance[i] - low) / range) * 15 + dither * 0.8);
    texels[i] = (Math.max(0, Math.min(15, level)) << 4) | (rgba[4 * i + 3] >> 4);
  }
  const palette = Uint8Array.from({ length: 768 }, (_, i) => (Math.floor(i / 3) >> 4) * 17);
  return { widthPx: sizePx, heightPx: sizePx, texels, palette, transparency: 'stipple' };
}

/** `cutout`: index 0 is a hole, the others are the most frequent colours. */
export async function cutoutTexture(file: Buffer, sizePx: number): Promise<TextureData> {
  const rgba = await sharp(file).ensureAlpha().resize(sizePx, sizePx, { fit: 'fill' }).raw().toBuffer();
  const count = sizePx * sizePx;
  const keyAt = (i: number) => ((rgba[4 * i] >> 3) << 10) | ((rgba[4 * i + 1] >> 3) << 5) | (rgba[4 * i + 2] >> 3);
  const frequency = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    if (rgba[4 * i + 3] >= OPAQUE_ENOUGH) frequency.set(keyAt(i), (frequency.get(keyAt(i)) ?? 0) + 1);
  }
  const keys = [...frequency]
    .sort((a, b) => b[1] - a[1] || a[0] - b[0])
    .slice(0, 255)
    .map(([key]) => key);
  const colours = keys.map((key) => [key >> 10, (key >> 5) & 31, key & 31].map((level) => (level * 255) / 31));
  const palette = new Uint8Array(768);
  colours.forEach((colour, i) => {
    palette.set(colour.map(Math.round), 3 * (i + 1));
  });
  const nearest = new Map<number, number>();
  const entryOf = (i: number): number => {
    const key = keyAt(i);
    let entry = nearest.get(key);
    if (entry === undefined) {
      const distances = colours.map((c) => Math.hypot(...c.map((level, k) => level - rgba[4 * i + k])));
      entry = distances.indexOf(Math.min(...distances)) + 1;
      nearest.set(key, entry);
    }
    return entry;
  };
  const texels = Uint8Array.from({ length: count }, (_, i) => (rgba[4 * i + 3] >= OPAQUE_ENOUGH ? entryOf(i) : 0));
  return { widthPx: sizePx, heightPx: sizePx, texels, palette, transparency: 'cutout' };
}
