// What is known of a drawn picture: boxes and areas from its labels, and keypoints with their visibility.
import { type Box, type Camera, project } from './camera.js';
import { SAMPLES, type SampleLayer } from './raster.js';
import type { PictureSize } from './types.js';
import type { Vec3 } from './vector.js';

/** Box (x1, y1, x2, y2 in pixels, the far edges exclusive) and number of pixels of a region. */
export interface Region {
  box: Box | null;
  pixels: number;
}

/** Boxes and areas of every label below 256 in one pass; labels that do not occur have `box: null`. */
export function regions(labels: Uint8Array, { widthPx, heightPx }: PictureSize): Region[] {
  const found: Region[] = Array.from({ length: 256 }, () => ({ box: null, pixels: 0 }));
  for (let y = 0, i = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, i++) {
      const label = labels[i];
      if (label === 0) continue;
      const region = found[label];
      region.pixels++;
      const box = region.box;
      if (box === null) region.box = [x, y, x + 1, y + 1];
      else {
        if (x < box[0]) box[0] = x;
        if (x >= box[2]) box[2] = x + 1;
        if (y >= box[3]) box[3] = y + 1;
      }
    }
  }
  return found;
}

/** The union of some of the regions. */
export function unite(all: readonly Region[], labels: readonly number[]): Region {
  let box: Box | null = null;
  let pixels = 0;
  for (const label of labels) {
    const region = all[label];
    pixels += region.pixels;
    if (!region.box) continue;
    const b: Box = region.box;
    box = box
      ? [Math.min(box[0], b[0]), Math.min(box[1], b[1]), Math.max(box[2], b[2]), Math.max(box[3], b[3])]
      : [...b];
  }
  return { box, pixels };
}

/**
 * Box of the projected points [0, count) for which `wanted` (if given) is 1, hidden or outside the picture or not;
 * `null` for none. Rounded to 0.1 px.
 */
export function fullBox(
  camera: Camera,
  points: ArrayLike<number>,
  { count, wanted }: { count: number; wanted?: Uint8Array },
): Box | null {
  const [ex, ey, ez] = camera.eye;
  const [fx, fy, fz] = camera.forward;
  const [rx, ry, rz] = camera.right;
  const [ux, uy, uz] = camera.up;
  let left = Infinity;
  let top = Infinity;
  let right = -Infinity;
  let bottom = -Infinity;
  for (let i = 0; i < count; i++) {
    if (wanted && wanted[i] === 0) continue;
    const dx = points[3 * i] - ex;
    const dy = points[3 * i + 1] - ey;
    const dz = points[3 * i + 2] - ez;
    const depth = dx * fx + dy * fy + dz * fz;
    if (depth < 0.5) continue;
    const x = (dx * rx + dy * ry + dz * rz) / depth;
    const y = -(dx * ux + dy * uy + dz * uz) / depth;
    if (x < left) left = x;
    if (x > right) right = x;
    if (y < top) top = y;
    if (y > bottom) bottom = y;
  }
  if (left > right) return null;
  const { focalPx, centreX, centreY } = camera;
  return [
    tenth(centreX + focalPx * left),
    tenth(centreY + focalPx * top),
    tenth(centreX + focalPx * right),
    tenth(centreY + focalPx * bottom),
  ];
}

export const tenth = (value: number): number => Math.round(value * 10) / 10;

/**
 * Projects 3-D points to `x, y, v` triples, pixels rounded to 0.1. v as in COCO: 0 outside the picture, 1 hidden by
 * something nearer than the point by more than `tolerance(index)` units, 2 visible.
 */
export function projectKeypoints(
  points: readonly Vec3[],
  options: { camera: Camera; layers: readonly SampleLayer[]; tolerance: (index: number) => number },
): number[] {
  const { camera, layers, tolerance } = options;
  const flat: number[] = [];
  points.forEach((point, index) => {
    const { x, y, depth } = project(camera, point);
    const inside = depth > 0.5 && x >= 0 && y >= 0 && x < camera.widthPx && y < camera.heightPx;
    const hidden = inside && depth - nearest(layers, x, y) > tolerance(index);
    flat.push(tenth(x), tenth(y), inside ? (hidden ? 1 : 2) : 0);
  });
  return flat;
}

/** Depth of the nearest surface at a pixel position; Infinity where nothing was drawn. */
export function nearest(layers: readonly SampleLayer[], x: number, y: number): number {
  let inverse = 0;
  for (const layer of layers) {
    const at = Math.floor(y * SAMPLES) * layer.side + Math.floor(x * SAMPLES);
    inverse = Math.max(inverse, layer.inverseDepth[at]);
  }
  return inverse > 0 ? 1 / inverse : Infinity;
}

/** Coarse classes of the `shards` format: 0 background, 1 object, 2 person, 3 face or hand. */
export function regionClasses(labels: Uint8Array, out: Uint8Array): void {
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i];
    out[i] = label === 0 || label === 8 ? 0 : label >= 16 ? 1 : label === 1 ? 2 : 3;
  }
}
