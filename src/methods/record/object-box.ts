// Where a candidate has its object: the bright part of its attention map by Otsu, and of that the largest piece.
import { CANVAS, type CanvasBox, type GridMap } from '../../diffusion/attention-control/index.js';
import { otsuForeground } from '../../metrics/otsu.js';
import { iou } from '../../pose/person.js';

/** A box over so much of the canvas says nothing. */
const WHOLE = 0.98;

/**
 * b_0: tight box around the largest 8-connected bright component, on the canvas of 512; `null` for a constant map and for
 * a box over the whole canvas.
 */
export function objectBox({ resolution: [height, width], values }: GridMap): CanvasBox | null {
  const bright = otsuForeground(values);
  const cells = bright && largestComponent(bright, { height, width });
  if (!cells) return null;
  const xs = cells.map((i) => i % width);
  const ys = cells.map((i) => Math.floor(i / width));
  const [x1, y1] = [Math.min(...xs), Math.min(...ys)];
  const [x2, y2] = [Math.max(...xs) + 1, Math.max(...ys) + 1];
  if ((x2 - x1) * (y2 - y1) > WHOLE * width * height) return null;
  const [right, down] = [CANVAS / width, CANVAS / height];
  return [x1 * right, y1 * down, x2 * right, y2 * down];
}

/** Cells of the 8-connected component with the most cells, the first of equal ones; undefined without any. */
export function largestComponent(
  mask: ArrayLike<number>,
  { height, width }: { height: number; width: number },
): number[] | undefined {
  const seen = new Uint8Array(mask.length);
  let best: number[] | undefined;
  for (let start = 0; start < mask.length; start++) {
    if (!mask[start] || seen[start]) continue;
    const cells = [start];
    seen[start] = 1;
    for (const cell of cells) {
      for (const next of neighbours(cell, { height, width })) {
        if (mask[next] && !seen[next]) {
          seen[next] = 1;
          cells.push(next);
        }
      }
    }
    if (!best || cells.length > best.length) best = cells;
  }
  return best;
}

function neighbours(cell: number, { height, width }: { height: number; width: number }): number[] {
  const [x, y] = [cell % width, Math.floor(cell / width)];
  const around: number[] = [];
  for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
    for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) around.push(v * width + u);
  }
  return around;
}

/** Whether the layout differs enough from what is there to draw again; an unknown place always does. */
export function isChanged(original: CanvasBox | null, proposed: CanvasBox, threshold: number): boolean {
  return original === null || 1 - iou(original, proposed) > threshold;
}
