// Frisbee, surfboard, snowboard-like flat things that are thrown or carried.
import type { MeshBuilder } from '../mesh-builder.js';
import type { Vec3 } from '../vector.js';
import { shade } from './colours.js';

export const FRISBEE_RADIUS = 1.36;

/** Adds a frisbee: its top faces local +y, centre at the origin. */
export function frisbee(mesh: MeshBuilder, options: { colour: Vec3 }): void {
  const { colour } = options;
  const r = FRISBEE_RADIUS;
  mesh.withShine(0.5, () => {
    mesh.withOpenSurface(() => {
      mesh.lathe([0, 0, 0], [0, 1, 0], {
        profile: [
          [r, -0.28],
          [r, -0.08],
          [r - 0.1, 0.03],
          [r - 0.35, 0.09],
          [0.6, 0.12],
        ],
        colour,
        sides: 28,
      });
    });
    mesh.torus([0, -0.27, 0], [0, 1, 0], {
      radius: r - 0.03,
      thickness: 0.07,
      colour: shade(colour, 0.9),
      segments: 28,
      sides: 5,
    });
  });
  mesh.withOpenSurface(() => {
    mesh.lathe([0, 0, 0], [0, 1, 0], {
      profile: [
        [0.62, 0.125],
        [0, 0.13],
      ],
      colour: shade(colour, 1.45),
      sides: 20,
    });
  });
}

/** Adds a surfboard of length 2 x `half`: length along local y, deck facing local +z. */
export function surfboard(mesh: MeshBuilder, options: { colour: Vec3; stripe: Vec3; half: number }): void {
  const { colour, stripe, half } = options;
  const width = (t: number) => Math.max(0.03, 2.65 * Math.sqrt(Math.max(0, 1 - Math.abs(2 * t - 0.95) ** 2.4 / 1.06)));
  const path = (z: number): Vec3[] =>
    Array.from({ length: 25 }, (_, i) => {
      const t = i / 24;
      return [0, (2 * t - 1) * half, z + 0.9 * Math.max(0, t - 0.6) ** 2 * 3];
    });
  // The path starts vertical, so the section's first axis is x: a thin ellipse needs its x extent wide.
  const board = (z: number, factor: number, paint: Vec3) => {
    const points = path(z);
    mesh.withShine(0.6, () => {
      mesh.grid(
        [16, 24],
        (u, v) => {
          const i = Math.max(0, Math.min(23.999, v * 24));
          const [a, b] = [points[Math.floor(i)], points[Math.floor(i) + 1]];
          const f = i - Math.floor(i);
          const around = u * 2 * Math.PI;
          const w = width(Math.max(0, Math.min(1, v))) * factor;
          return [
            Math.cos(around) * w,
            a[1] + (b[1] - a[1]) * f,
            a[2] + (b[2] - a[2]) * f + Math.sin(around) * Math.min(0.28, w),
          ];
        },
        { colour: paint },
      );
    });
  };
  board(0, 1, colour);
  for (const x of [-0.12, 0.12]) {
    mesh.tube(
      path(0.3).map((p) => [x, p[1] * 0.96, p[2]] as Vec3),
      { radius: 0.07, colour: stripe, sides: 4, caps: false },
    );
  }
  mesh.box([0, half * 0.45, 0.36], [1.7, 0.32, 0.02], { colour: stripe });
  for (const [x, y] of [
    [0, -0.86],
    [-0.9, -0.76],
    [0.9, -0.76],
  ]) {
    mesh.extrude(
      [
        [0, 0],
        [0.75, -0.35],
        [0.9, -0.9],
        [0, -0.5],
      ],
      { origin: [x, y * half, -0.25], rotation: [0, 0, 1, 0, 1, 0, -1, 0, 0], depth: 0.08, colour: shade(stripe, 0.8) },
    );
  }
}
