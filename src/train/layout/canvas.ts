// The size of a photograph of which only boxes are known.
import type { Box } from '../../pose/person.js';

/** COCO's pictures are 640 pixels long, a few 500; the other side is mostly one of these. */
const USUAL_LONG = [500, 640];
const USUAL_SHORT = [333, 375, 427, 480, 512, 640];
/** Annotations end a little inside of the picture or outside of it. */
const SLACK_PX = 1;

/**
 * The smallest usual size of COCO's photographs that holds all boxes. V-COCO's pair files do not tell sizes; a picture
 * whose boxes stay far from two of its edges is taken for smaller than it is.
 */
export function inferredCanvas(boxes: readonly Box[]): { widthPx: number; heightPx: number } {
  const right = Math.max(...boxes.map((b) => b[2]));
  const bottom = Math.max(...boxes.map((b) => b[3]));
  const [long, short] = [Math.max(right, bottom), Math.min(right, bottom)];
  // Only a box that ends at 500 speaks for a picture of that length.
  const longPx = Math.abs(long - USUAL_LONG[0]) <= SLACK_PX ? USUAL_LONG[0] : USUAL_LONG[1];
  const shortPx = Math.min(longPx, USUAL_SHORT.find((side) => side + SLACK_PX >= short) ?? longPx);
  return right >= bottom ? { widthPx: longPx, heightPx: shortPx } : { widthPx: shortPx, heightPx: longPx };
}
