// The mask of a person that PATN's evaluation draws from a pose, and what is measured inside it alone.
import { ContrappostoError } from '../core/errors.js';
import type { Image } from '../core/image.js';
import { OPENPOSE18_LIMBS } from '../pose/formats.js';
import { distance, type Keypoint } from '../pose/person.js';
import { type SsimOptions, ssim } from './structural-similarity.js';

/** 1 inside, 0 outside, row-major, one byte a pixel. */
export type Mask = Uint8Array;

/** PATN's mask: the limbs that are drawn, and lines that fill the trunk and the head. */
const EDGES: readonly (readonly [number, number])[] = [
  ...OPENPOSE18_LIMBS,
  [1, 16],
  [1, 17],
  [8, 11],
  [11, 5],
  [8, 2],
  [16, 17],
];
/** Half the width of a limb, and the radius of a joint. */
const RADIUS_PX = 4;
/** Of the square that closes gaps. */
const CLOSING_RADIUS_PX = 2;

/**
 * Limbs as bars of half-width 4, joints as discs of radius 4, closed by a square of 5 x 5 (specification of PATN, 8).
 *
 * @param points the target's 18 OpenPose points
 * @returns undefined when no point is known: such a picture is left out and counted
 * @throws `shape` for another number of points
 */
export function poseMask(
  points: readonly Keypoint[],
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
): Mask | undefined {
  if (points.length !== 18) {
    throw new ContrappostoError('shape', { operation: 'pose mask', expected: '18 points', got: `${points.length}` });
  }
  const bars = EDGES.map(([i, j]) => [points[i], points[j]]).filter((ends) => ends.every((p) => p.score > 0));
  const discs = points.filter((p) => p.score > 0);
  if (discs.length === 0) return undefined;
  const size = { widthPx, heightPx };
  const mask = new Uint8Array(widthPx * heightPx);
  for (const p of discs) paint(mask, { size, ends: [p], isInside: (at) => distance(p, at) < RADIUS_PX });
  for (const [a, b] of bars) paint(mask, { size, ends: [a, b], isInside: (at) => isInBar(at, a, { to: b }) });
  return grown(grown(mask, { size, value: 1 }), { size, value: 0 });
}

interface Spot {
  x: number;
  y: number;
}

/** Asks only the pixels around the ends, between which the shape lies. */
function paint(
  mask: Mask,
  shape: { size: { widthPx: number; heightPx: number }; ends: readonly Keypoint[]; isInside: (at: Spot) => boolean },
): void {
  const { size, ends, isInside } = shape;
  const reach = (values: number[], limit: number) => {
    const [low, high] = [Math.min(...values) - RADIUS_PX, Math.max(...values) + RADIUS_PX];
    return [Math.max(0, Math.floor(low)), Math.min(limit - 1, Math.ceil(high))];
  };
  const [left, right] = reach(
    ends.map((p) => p.x),
    size.widthPx,
  );
  const [top, bottom] = reach(
    ends.map((p) => p.y),
    size.heightPx,
  );
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) if (isInside({ x, y })) mask[y * size.widthPx + x] = 1;
  }
}

/** Bars of no length have no direction; their discs are there. */
function isInBar(at: Spot, from: Keypoint, { to }: { to: Keypoint }): boolean {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy);
  if (length === 0) return false;
  const along = ((at.x - from.x) * dx + (at.y - from.y) * dy) / length;
  const across = ((at.x - from.x) * dy - (at.y - from.y) * dx) / length;
  return along >= 0 && along <= length && Math.abs(across) <= RADIUS_PX;
}

/** Every pixel that has `value` within the square around it takes it; beyond the border there is nothing. */
function grown(mask: Mask, { size, value }: { size: { widthPx: number; heightPx: number }; value: 0 | 1 }): Mask {
  const { widthPx, heightPx } = size;
  const out = mask.slice();
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      if (mask[y * widthPx + x] !== value) continue;
      const [left, right] = [Math.max(0, x - CLOSING_RADIUS_PX), Math.min(widthPx - 1, x + CLOSING_RADIUS_PX)];
      const bottom = Math.min(heightPx - 1, y + CLOSING_RADIUS_PX);
      for (let v = Math.max(0, y - CLOSING_RADIUS_PX); v <= bottom; v++) {
        out.fill(value, v * widthPx + left, v * widthPx + right + 1);
      }
    }
  }
  return out;
}

/**
 * The picture with black outside the mask, e.g. before features for foreground-only distances or for mask-IS.
 * @throws `shape` when the mask is not of the picture's size
 */
export function keepMasked(image: Image, mask: Mask): Image {
  if (mask.length !== image.widthPx * image.heightPx) {
    throw new ContrappostoError('shape', {
      operation: 'mask picture',
      expected: `a mask of ${image.widthPx} x ${image.heightPx}`,
      got: `${mask.length} values`,
    });
  }
  return { ...image, data: image.data.map((v, i) => (mask[Math.floor(i / 3)] ? v : 0)) };
}

/**
 * mask-SSIM: `ssim` of both pictures with black outside the mask. The black counts as equal, so the number is higher the
 * smaller the person is; compare it over one set of masks only. Throws `shape`.
 */
export function maskSsim(a: Image, b: Image, options: SsimOptions & { mask: Mask }): number {
  return ssim(keepMasked(a, options.mask), keepMasked(b, options.mask), options);
}

/**
 * Intersection over union of two masks, in [0, 1]; any value but 0 is inside. Two empty masks are equal: 1.
 * @throws `shape` for two sizes
 */
export function maskIou(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) {
    throw new ContrappostoError('shape', { operation: 'mask IoU', expected: `${a.length} values`, got: `${b.length}` });
  }
  let [both, either] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    if (a[i] && b[i]) both++;
    if (a[i] || b[i]) either++;
  }
  return either === 0 ? 1 : both / either;
}
