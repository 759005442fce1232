// A skateboard: deck with raised ends, grip tape, trucks and four wheels.
import type { MeshBuilder } from '../mesh-builder.js';
import type { Vec3 } from '../vector.js';
import { METAL } from './colours.js';

/** Height of the standing surface above the ground. */
export const SKATEBOARD_TOP = 1.02;
export const SKATEBOARD_HALF_LENGTH = 4;

function deckPath(lift: number): Vec3[] {
  const path: Vec3[] = [];
  for (let i = 0; i <= 20; i++) {
    const x = (i / 10 - 1) * SKATEBOARD_HALF_LENGTH;
    const kick = Math.max(0, Math.abs(x) - 2.75);
    path.push([x, SKATEBOARD_TOP - 0.08 + lift + 0.34 * kick ** 1.3, 0]);
  }
  return path;
}

/** Adds a skateboard that stands on y = 0, its length along x. */
export function skateboard(mesh: MeshBuilder, options: { colour: Vec3; wheels: Vec3 }): void {
  const width = (t: number) => {
    const end = Math.abs(2 * t - 1);
    return end < 0.8 ? 1 : Math.max(0.02, Math.sqrt(1 - ((end - 0.8) / 0.2) ** 2));
  };
  mesh.tube(deckPath(0), { radius: width, colour: options.colour, sides: 10, flatten: 0.08, caps: false });
  mesh.tube(deckPath(0.045), {
    radius: (t) => 0.97 * width(t),
    colour: [52, 52, 56],
    sides: 10,
    flatten: 0.07,
    caps: false,
  });
  for (const side of [-1, 1]) {
    const x = side * 2.25;
    mesh.box([x, 0.72, 0], [0.36, 0.16, 0.28], { colour: METAL, bevel: 0.06 });
    mesh.cylinder([x, 0.42, -0.95], [x, 0.42, 0.95], { radius: 0.1, colour: METAL, sides: 6 });
    for (const end of [-1, 1]) {
      const inner: Vec3 = [x, 0.42, end * 0.6];
      mesh.cylinder(inner, [x, 0.42, end * 1], { radius: 0.42, colour: options.wheels, sides: 14 });
      mesh.cylinder(inner, [x, 0.42, end * 1.02], { radius: 0.16, colour: METAL, sides: 8 });
    }
  }
}
