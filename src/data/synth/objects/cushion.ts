// Upholstery: a soft block that bulges, darkens towards its seams and may be buttoned.
import type { MeshBuilder } from '../mesh-builder.js';
import { add, IDENTITY, type Mat3, transform, type Vec3 } from '../vector.js';
import { shade } from './colours.js';

export interface CushionOptions {
  colour: Vec3;
  rotation?: Mat3;
  /** 0 almost a box, 1 an ellipsoid; 0.3 when left out. */
  softness?: number;
  /** Columns around and rows from end to end. */
  detail?: readonly [number, number];
}

/** Brightness in a seam, in proportion to the middle of a face: little light comes into the gap. */
const SEAM = 0.72;

const power = (x: number, exponent: number): number => Math.sign(x) * Math.abs(x) ** exponent;

/** Adds a superellipsoid with half extents `half`; its rows run along local y. */
export function cushion(mesh: MeshBuilder, centre: Vec3, half: Vec3, options: CushionOptions): void {
  const { colour, rotation = IDENTITY, softness = 0.3, detail = [16, 7] } = options;
  const local = (u: number, v: number): Vec3 => {
    const around = 2 * Math.PI * u;
    const polar = Math.PI * (0.01 + 0.98 * v);
    const ring = power(Math.sin(polar), softness);
    return [
      ring * power(Math.cos(around), softness),
      -power(Math.cos(polar), softness),
      ring * power(Math.sin(around), softness),
    ];
  };
  const point = (u: number, v: number): Vec3 => {
    const [x, y, z] = local(u, v);
    return add(centre, transform(rotation, [half[0] * x, half[1] * y, half[2] * z]));
  };
  // On an edge two of the coordinates are near their limits.
  const paint = (u: number, v: number): Vec3 => {
    const [, second] = local(u, v)
      .map(Math.abs)
      .sort((a, b) => b - a);
    return shade(colour, 1 - (1 - SEAM) * Math.max(0, Math.min(1, (second - 0.75) / 0.2)));
  };
  mesh.grid(detail, point, { colour: paint });
}
