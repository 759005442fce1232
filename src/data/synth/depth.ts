// The depth map of a picture: how far the nearest surface of each pixel lies along the viewing axis.
import type { Backdrop } from './backdrop.js';
import type { Camera } from './camera.js';
import { SAMPLES, type SampleLayer } from './raster.js';

/** Millimetres a scene unit (10 cm). */
const MILLIMETRES = 100;
/** What 16 bits hold; farther surfaces have no depth. */
const FARTHEST_MM = 65_535;

/**
 * Depth in millimetres of each pixel, row-major: the nearest of its samples, else of ground, wall or ceiling behind
 * them. 0 where nothing is nearer than 65.5 m (sky).
 */
export function depthMap(
  camera: Camera,
  { layers, backdrop }: { layers: readonly SampleLayer[]; backdrop: Backdrop },
): Uint16Array {
  const { widthPx, heightPx } = camera;
  const depth = new Uint16Array(widthPx * heightPx);
  for (let y = 0, pixel = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++, pixel++) {
      let nearest = 0;
      for (const { side, inverseDepth } of layers) {
        const q = SAMPLES * (y * side + x);
        for (const s of [q, q + 1, q + side, q + side + 1]) if (inverseDepth[s] > nearest) nearest = inverseDepth[s];
      }
      const units = nearest > 0 ? 1 / nearest : behind(camera, backdrop, { x: x + 0.5, y: y + 0.5 });
      const mm = Math.round(units * MILLIMETRES);
      depth[pixel] = mm <= FARTHEST_MM ? mm : 0;
    }
  }
  return depth;
}

/** Distance along the viewing axis of ground, walls and ceiling at a pixel position; Infinity for the sky. */
function behind(camera: Camera, { walls, ceiling }: Backdrop, at: { x: number; y: number }): number {
  const { eye, forward, right, up, focalPx, centreX, centreY } = camera;
  const across = (at.x - centreX) / focalPx;
  const down = (at.y - centreY) / focalPx;
  const ray = [0, 1, 2].map((k) => forward[k] + right[k] * across - up[k] * down);
  let nearest = ray[1] < -1e-4 ? -eye[1] / ray[1] : Infinity;
  if (ceiling && ray[1] > 0) nearest = Math.min(nearest, (ceiling.height - eye[1]) / ray[1]);
  for (const { normal, offset } of walls) {
    const approach = ray[0] * normal[0] + ray[2] * normal[2];
    if (approach > -1e-5) continue;
    const distance = (offset - eye[0] * normal[0] - eye[2] * normal[2]) / approach;
    if (distance > 0) nearest = Math.min(nearest, distance);
  }
  return nearest;
}
