// A teddy bear and a kite.
import type { MeshBuilder } from '../mesh-builder.js';
import type { Vec3 } from '../vector.js';
import { RUBBER, shade } from './colours.js';

/** Adds a teddy bear that sits upright, facing local +z: 3.6 high, its belly around the origin, 1 to each side of it. */
export function teddyBear(mesh: MeshBuilder, options: { colour: Vec3; ribbon: Vec3 }): void {
  const { colour, ribbon } = options;
  const pale = shade(colour, 1.35);
  const ball = (at: Vec3, radii: number | Vec3, paint: Vec3, segments = 12) =>
    mesh.sphere(at, radii, { colour: paint, segments, rings: 7 });
  ball([0, 0, 0], [1, 1.2, 0.85], colour);
  ball([0, -0.05, 0.35], [0.7, 0.85, 0.58], pale);
  ball([0, 1.65, 0.05], [0.95, 0.85, 0.82], colour);
  ball([0, 1.45, 0.75], [0.45, 0.36, 0.36], pale);
  for (const x of [-1, 1]) {
    ball([x * 0.72, 2.35, 0], [0.36, 0.36, 0.2], colour, 10);
    ball([x * 0.72, 2.35, 0.12], [0.22, 0.22, 0.14], pale, 8);
    ball([x * 1.1, 0.35, 0.3], [0.36, 0.75, 0.38], colour, 10);
    ball([x * 0.72, -1.05, 0.75], [0.42, 0.42, 0.85], colour, 10);
    ball([x * 0.72, -1, 1.5], [0.36, 0.42, 0.16], pale, 10);
  }
  mesh.withShine(0.9, () => {
    for (const x of [-1, 1]) ball([x * 0.36, 1.82, 0.77], 0.12, RUBBER, 8);
    ball([0, 1.6, 1.08], [0.16, 0.12, 0.1], RUBBER, 8);
  });
  mesh.torus([0, 0.95, 0.02], [0, 1, 0.1], { radius: 0.72, thickness: 0.14, colour: ribbon, segments: 16, sides: 5 });
  for (const x of [-1, 1]) ball([x * 0.28, 0.92, 0.85], [0.28, 0.18, 0.1], ribbon, 8);
}

/**
 * Adds a diamond kite in the local x, y plane, 6 wide and 8 high, seen from both sides; its bridle is at the origin and a
 * tail with bows hangs from its lower corner.
 */
export function kite(mesh: MeshBuilder, options: { colours: readonly [Vec3, Vec3]; sway: number }): void {
  const { colours, sway } = options;
  const [top, left, bottom, right]: Vec3[] = [
    [0, 3.2, -0.3],
    [-3, 0.8, -0.6],
    [0, -4.8, -0.3],
    [3, 0.8, -0.6],
  ];
  const middle: Vec3 = [0, 0.8, 0];
  const panel = (a: Vec3, b: Vec3, paint: Vec3) => {
    const corners = [a, b, middle].map((corner) => mesh.vertex(corner, [0, 0, 1], paint));
    mesh.triangle(corners[0], corners[1], corners[2]);
  };
  mesh.withOpenSurface(() => {
    panel(top, left, colours[0]);
    panel(left, bottom, colours[1]);
    panel(bottom, right, colours[0]);
    panel(right, top, colours[1]);
  });
  const spar = { radius: 0.07, colour: shade(colours[0], 0.4), sides: 4 };
  mesh.tube([top, middle, bottom], spar);
  mesh.tube([left, middle, right], spar);
  const tail = Array.from({ length: 13 }, (_, i): Vec3 => {
    const t = i / 12;
    return [sway * t * t * 2 + 0.5 * Math.sin(7 * t), -4.8 - 5 * t, -0.3];
  });
  mesh.tube(tail, { radius: 0.05, colour: shade(colours[1], 0.8), sides: 4 });
  for (const i of [3, 6, 9, 12]) {
    for (const x of [-1, 1])
      mesh.sphere([tail[i][0] + x * 0.35, tail[i][1], tail[i][2]], [0.34, 0.24, 0.08], {
        colour: colours[i % 2],
        segments: 8,
        rings: 5,
      });
  }
}
