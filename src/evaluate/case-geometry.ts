// From the canvas that a case is measured in to the pixels of the picture that was made.
import type { Box } from '../pose/person.js';
import type { BenchmarkCase } from './benchmark.js';

export interface PictureSize {
  widthPx: number;
  heightPx: number;
}

/** How many pixels of the picture one of the canvas is. */
export function scaleTo({ widthPx, heightPx }: PictureSize, { canvas }: BenchmarkCase): [x: number, y: number] {
  return canvas ? [widthPx / canvas.widthPx, heightPx / canvas.heightPx] : [1, 1];
}

/** A box of a case in pixels of its picture. */
export function boxInPicture([x1, y1, x2, y2]: Box, { one, size }: { one: BenchmarkCase; size: PictureSize }): Box {
  const [sx, sy] = scaleTo(size, one);
  return [x1 * sx, y1 * sy, x2 * sx, y2 * sy];
}
