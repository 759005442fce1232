// Laptop computer and cell phone.
import type { MeshBuilder } from '../mesh-builder.js';
import { add, rotation, transform, type Vec3 } from '../vector.js';
import { RUBBER, shade } from './colours.js';

/** What a screen shows: bars of text and pictures on a bright ground. */
function windowsOnScreen(
  mesh: MeshBuilder,
  options: { centre: Vec3; up: Vec3; half: readonly [number, number]; seed: number },
): void {
  const { centre, up, half, seed } = options;
  const normal: Vec3 = [0, up[2], -up[1]];
  const tiles: [number, number, number, number, Vec3][] = [
    [0, 0.86, 0.98, 0.1, [58, 74, 98]],
    [-0.6, 0, 0.32, 0.6, [246, 248, 250]],
    [0.36, 0.25, 0.54, 0.36, seed % 2 ? [232, 168, 84] : [96, 186, 132]],
    [0.36, -0.5, 0.54, 0.24, [246, 248, 250]],
  ];
  for (const [x, y, w, h, colour] of tiles) {
    const at = add(add(centre, [x * half[0], 0, 0]), [0, y * half[1] * up[1], y * half[1] * up[2]]);
    const lifted = add(at, [0, normal[1] * 0.012, normal[2] * 0.012]);
    const corner = (sx: number, sy: number): Vec3 =>
      add(lifted, [sx * w * half[0], sy * h * half[1] * up[1], sy * h * half[1] * up[2]]);
    mesh.quad([corner(1, -1), corner(-1, -1), corner(-1, 1), corner(1, 1)], colour);
  }
}

/**
 * Adds an open laptop on local y = 0 with the keyboard towards -z (the user looks along +z); base 33 x 23 cm, its
 * centre at the origin. `lean` is how far the screen leans back from upright.
 */
export function laptop(mesh: MeshBuilder, options: { colour: Vec3; lean: number; seed: number }): void {
  const { colour, lean, seed } = options;
  const half = { x: 1.66, z: 1.16 };
  mesh.withShine(0.35, () => {
    mesh.box([0, 0.085, 0], [half.x, 0.085, half.z], { colour, bevel: 0.05 });
    mesh.box([0, 0.172, 0.25], [half.x - 0.16, 0.008, 0.6], { colour: [34, 34, 38] });
    mesh.box([0, 0.172, -0.72], [0.5, 0.008, 0.3], { colour: shade(colour, 0.85) });
  });
  for (let row = 0; row < 5; row++) {
    for (let key = 0; key < 12; key++) {
      mesh.box([-1.34 + 0.244 * key, 0.186, 0.72 - 0.235 * row], [0.1, 0.012, 0.095], { colour: [70, 70, 76] });
    }
  }
  const turn = rotation([1, 0, 0], lean);
  const hinge: Vec3 = [0, 0.13, half.z - 0.04];
  const up: Vec3 = [0, Math.cos(lean), Math.sin(lean)];
  const middle = add(hinge, transform(turn, [0, 1.1, 0]));
  mesh.withShine(0.35, () => mesh.box(middle, [half.x, 1.1, 0.05], { colour, rotation: turn, bevel: 0.04 }));
  mesh.box(add(middle, transform(turn, [0, 0, -0.05])), [half.x - 0.06, 1.05, 0.006], {
    colour: RUBBER,
    rotation: turn,
  });
  const screen = add(middle, transform(turn, [0, 0.03, -0.06]));
  mesh.box(screen, [half.x - 0.16, 0.94, 0.006], { colour: [168, 202, 232], rotation: turn });
  windowsOnScreen(mesh, { centre: add(screen, transform(turn, [0, 0, -0.01])), up, half: [half.x - 0.16, 0.94], seed });
  mesh.extrude(circle(0.2), {
    origin: add(middle, transform(turn, [0, 0.1, 0.055])),
    rotation: turn,
    depth: 0.01,
    colour: shade(colour, 1.3),
  });
}

function circle(radius: number): [number, number][] {
  return Array.from({ length: 12 }, (_, i) => [
    Math.cos((i / 12) * 2 * Math.PI) * radius,
    Math.sin((i / 12) * 2 * Math.PI) * radius,
  ]);
}

/** Adds a phone: long side along local y, screen facing local +z, camera bump at the back; 7.6 x 15.6 cm. */
export function cellPhone(mesh: MeshBuilder, options: { colour: Vec3; lit: boolean }): void {
  const { colour, lit } = options;
  mesh.withShine(0.6, () => {
    mesh.box([0, 0, 0], [0.38, 0.78, 0.05], { colour, bevel: 0.04 });
    mesh.box([-0.17, 0.52, -0.06], [0.15, 0.2, 0.02], { colour: shade(colour, 0.7) });
    for (const y of [0.6, 0.44])
      mesh.cylinder([-0.2, y, -0.06], [-0.2, y, -0.09], { radius: 0.06, colour: RUBBER, sides: 8 });
  });
  mesh.box([0, 0, 0.05], [0.345, 0.735, 0.004], { colour: lit ? [186, 212, 236] : [20, 22, 28] });
  if (!lit) return;
  mesh.box([0, 0.62, 0.056], [0.34, 0.1, 0.003], { colour: [46, 110, 180] });
  for (const y of [0.32, 0.02, -0.28])
    mesh.box([y === 0.02 ? 0.08 : -0.08, y, 0.056], [0.22, 0.1, 0.003], {
      colour: y === 0.02 ? [110, 200, 130] : [250, 250, 250],
    });
}
