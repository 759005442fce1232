// A map drawn over a picture: dark and blue where it is low, yellow where it is high.
import type { Image } from '../../core/image.js';
import { type GridMap, resizeMap } from './inverse-mask.js';

/** Stops of the colour scale, from low to high. */
const COLOURS = [
  [10, 10, 60],
  [60, 20, 140],
  [190, 40, 110],
  [245, 130, 40],
  [255, 240, 120],
] as const;
/** Share of the map's colour where it is high; where it is low the picture is darkened by half of it. */
const OPACITY = 0.65;

/** The picture with the map over it, stretched from its lowest to its highest value. A constant map darkens evenly. */
export function heatMap(image: Image, map: GridMap): Image {
  const { values } = resizeMap(map, [image.heightPx, image.widthPx]);
  const low = values.reduce((a, b) => Math.min(a, b));
  const span = values.reduce((a, b) => Math.max(a, b)) - low;
  const data = new Uint8Array(image.data.length);
  for (let i = 0; i < values.length; i++) {
    const level = span > 0 ? (values[i] - low) / span : 0;
    const share = OPACITY * (0.5 + 0.5 * level);
    for (let c = 0; c < 3; c++) {
      data[i * 3 + c] = Math.round(image.data[i * 3 + c] * (1 - share) + colourAt(level, c) * share);
    }
  }
  return { widthPx: image.widthPx, heightPx: image.heightPx, data };
}

function colourAt(level: number, channel: number): number {
  const place = level * (COLOURS.length - 1);
  const below = Math.min(COLOURS.length - 2, Math.floor(place));
  const share = place - below;
  return COLOURS[below][channel] * (1 - share) + COLOURS[below + 1][channel] * share;
}
