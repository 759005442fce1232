// Regions of a latent canvas: masks of boxes, windows over a large canvas, and the fusion of what was drawn in each.
import { ContrappostoError } from '../../core/errors.js';
import { CANVAS, type CanvasBox, cellBox, type Resolution } from '../../diffusion/attention-control/index.js';

/** Height and width in latent pixels. */
export interface Grid {
  height: number;
  width: number;
}

/** A window of a grid. */
export interface View extends Grid {
  top: number;
  left: number;
}

/**
 * Masks [h * w] of boxes on the canvas of 512, and behind them that of the background: what no box covers.
 *
 * @throws ContrappostoError `invalid-input` for a box without area
 */
export function regionMasks(boxes: readonly CanvasBox[], grid: Grid): Float32Array[] {
  const masks = boxes.map((box) => boxMask(box, grid));
  const background = new Float32Array(grid.height * grid.width).fill(1);
  for (const mask of masks) for (let i = 0; i < mask.length; i++) background[i] = Math.max(0, background[i] - mask[i]);
  return [...masks, background];
}

/**
 * A box that has at least one cell of a coarse grid once it is rounded: where it has less, the cell that it begins in.
 *
 * @throws ContrappostoError `invalid-input` for a box without area
 */
export function atLeastACell(box: CanvasBox, [height, width]: Resolution): CanvasBox {
  if (!(box[2] > box[0] && box[3] > box[1])) {
    throw new ContrappostoError('invalid-input', {
      operation: 'box',
      expected: 'x1, y1, x2, y2 with x1 < x2 and y1 < y2',
      got: `[${box}]`,
    });
  }
  const [x1, y1, x2, y2] = cellBox(box, [height, width]);
  const grown = (from: number, size: number): [number, number] => {
    const cell = Math.min(size - 1, Math.max(0, Math.floor((from * size) / CANVAS)));
    return [(cell * CANVAS) / size, ((cell + 1) * CANVAS) / size];
  };
  const [left, right] = x2 > x1 ? [box[0], box[2]] : grown(box[0], width);
  const [top, bottom] = y2 > y1 ? [box[1], box[3]] : grown(box[1], height);
  return [left, top, right, bottom];
}

/** 1 inside the box, 0 outside [h * w], at least at one place. Throws `invalid-input` for a box without area. */
export function boxMask(box: CanvasBox, { height, width }: Grid): Float32Array {
  const [x1, y1, x2, y2] = cellBox(atLeastACell(box, [height, width]), [height, width]);
  const mask = new Float32Array(height * width);
  for (let y = y1; y < y2; y++) mask.fill(1, y * width + x1, y * width + x2);
  return mask;
}

/** Windows that cover the grid; the grid itself where it is no larger than one. */
export function views(grid: Grid, { window, stride }: { window: number; stride: number }): View[] {
  const starts = (size: number) => {
    if (size <= window) return [0];
    const count = Math.ceil((size - window) / stride) + 1;
    return Array.from({ length: count }, (_, i) => Math.min(i * stride, size - window));
  };
  const [height, width] = [Math.min(window, grid.height), Math.min(window, grid.width)];
  return starts(grid.height).flatMap((top) => starts(grid.width).map((left) => ({ top, left, height, width })));
}

/** The window of values [C, h, w]. */
export function cropped(values: Float32Array, { grid, view }: { grid: Grid; view: View }): Float32Array {
  if (view.height === grid.height && view.width === grid.width) return values;
  const channels = values.length / (grid.height * grid.width);
  const out = new Float32Array(channels * view.height * view.width);
  for (let row = 0; row < channels * view.height; row++) {
    const from = Math.floor(row / view.height) * grid.height + view.top + (row % view.height);
    out.set(
      values.subarray(from * grid.width + view.left, from * grid.width + view.left + view.width),
      row * view.width,
    );
  }
  return out;
}

/**
 * Mean of all windows and regions, weighted by the regions' masks [h * w].
 *
 * @param parts by window, then by region, each [C, h, w] of the window
 */
export function fuse(
  parts: readonly (readonly Float32Array[])[],
  { masks, windows, grid }: { masks: readonly Float32Array[]; windows: readonly View[]; grid: Grid },
): Float32Array {
  const cells = grid.height * grid.width;
  const channels = parts[0][0].length / (windows[0].height * windows[0].width);
  const sum = new Float32Array(channels * cells);
  const count = new Float32Array(cells);
  windows.forEach((view, w) => {
    for (let y = 0; y < view.height; y++) {
      for (let x = 0; x < view.width; x++) {
        const cell = (view.top + y) * grid.width + view.left + x;
        masks.forEach((mask, r) => {
          if (mask[cell] === 0) return;
          count[cell] += mask[cell];
          for (let c = 0; c < channels; c++) {
            sum[c * cells + cell] += mask[cell] * parts[w][r][(c * view.height + y) * view.width + x];
          }
        });
      }
    }
  });
  return sum.map((v, i) => (count[i % cells] > 0 ? v / count[i % cells] : v));
}

/** `inside` where the mask [h * w] is 1, `outside` where it is 0; both [C, h, w]. */
export function blended(inside: Float32Array, outside: Float32Array, mask: Float32Array): Float32Array {
  return inside.map((v, i) => v * mask[i % mask.length] + outside[i] * (1 - mask[i % mask.length]));
}
