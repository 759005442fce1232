// Suitcases and a handbag: a classic case with a top handle, a hard-shell trolley with wheels and a telescopic handle.
import type { MeshBuilder } from '../mesh-builder.js';
import type { Vec3 } from '../vector.js';
import { METAL, RUBBER, STEEL, shade } from './colours.js';

export interface SuitcaseSize {
  /** Half extents: thickness (x), height (y), length (z). */
  half: Vec3;
}

/** Adds a classic suitcase hanging from its handle: the hand holds the origin, the handle runs along local z. */
export function classicSuitcase(mesh: MeshBuilder, options: SuitcaseSize & { colour: Vec3 }): void {
  const [x, y, z] = options.half;
  const { colour } = options;
  const leather = shade(colour, 0.5);
  const cy = -0.62 - y;
  mesh.box([0, cy, 0], [x, y, z], { colour, bevel: 0.16 });
  mesh.box([0, cy, 0], [0.05, y + 0.02, z + 0.02], { colour: leather });
  for (const s of [-0.6, 0.6]) {
    mesh.box([0, cy, s * z], [x + 0.04, y + 0.04, 0.17], { colour: leather, bevel: 0.04 });
    mesh.box([0, cy + y + 0.05, s * z], [0.2, 0.06, 0.24], { colour: STEEL });
  }
  for (const sx of [-1, 1]) {
    for (const sy of [-1, 1]) {
      for (const sz of [-1, 1]) {
        mesh.box([sx * (x - 0.17), cy + sy * (y - 0.22), sz * (z - 0.24)], [0.2, 0.26, 0.28], {
          colour: leather,
          bevel: 0.08,
        });
      }
    }
  }
  mesh.tube(
    [
      [0, -0.6, -0.8],
      [0, -0.12, -0.68],
      [0, 0, -0.4],
      [0, 0, 0.4],
      [0, -0.12, 0.68],
      [0, -0.6, 0.8],
    ],
    { radius: 0.13, colour: leather, sides: 7 },
  );
}

/**
 * Adds a trolley suitcase standing on local y = 0, its broad side facing local z, wheels at the rear edge's foot.
 * The telescopic handle's bar runs along local x at height `handle`.
 */
export function trolley(
  mesh: MeshBuilder,
  options: { colour: Vec3; width: number; height: number; handle: number },
): void {
  const { colour, width, height, handle } = options;
  const depth = 1.15;
  const cy = 0.45 + height / 2;
  mesh.withShine(0.45, () => {
    mesh.box([0, cy, 0], [width / 2, height / 2, depth], { colour, bevel: 0.32 });
    const groove = shade(colour, 0.78);
    for (const x of [-0.3, -0.1, 0.1, 0.3]) {
      for (const z of [-1, 1])
        mesh.box([x * width, cy, z * depth], [0.1, height / 2 - 0.45, 0.06], { colour: groove, bevel: 0.03 });
    }
  });
  mesh.box([0, cy, 0], [width / 2 + 0.02, height / 2 + 0.02, 0.07], { colour: RUBBER });
  for (const x of [-1, 1]) {
    for (const z of [-1, 1]) {
      const wheel: Vec3 = [x * (width / 2 - 0.35), 0.26, z * (depth - 0.3)];
      mesh.cylinder([wheel[0] - 0.12, 0.26, wheel[2]], [wheel[0] + 0.12, 0.26, wheel[2]], {
        radius: 0.26,
        colour: RUBBER,
        sides: 10,
      });
      mesh.box([wheel[0], 0.5, wheel[2]], [0.2, 0.12, 0.24], { colour: METAL });
    }
  }
  const z = -depth + 0.3;
  for (const x of [-0.62, 0.62]) mesh.cylinder([x, cy, z], [x, handle, z], { radius: 0.09, colour: STEEL, sides: 6 });
  mesh.tube(
    [
      [-0.62, handle - 0.2, z],
      [-0.56, handle, z],
      [0.56, handle, z],
      [0.62, handle - 0.2, z],
    ],
    { radius: 0.16, colour: RUBBER, sides: 7 },
  );
  mesh.tube(
    [
      [-0.5, 0.45 + height, 0.2],
      [-0.4, 0.7 + height, 0.2],
      [0.4, 0.7 + height, 0.2],
      [0.5, 0.45 + height, 0.2],
    ],
    { radius: 0.1, colour: RUBBER, sides: 6 },
  );
}

/** Where the bar of a trolley's handle is, in its local coordinates. */
export function trolleyHandle(handle: number): Vec3 {
  return [0, handle, -0.85];
}

/** Adds a handbag hanging from its two handles: the hand holds the origin, the handles run along local z. */
export function handbag(mesh: MeshBuilder, options: { colour: Vec3; buckle: Vec3 }): void {
  const { colour, buckle } = options;
  const dark = shade(colour, 0.7);
  const [top, bottom] = [-1.25, -3.3];
  // Wider at the foot than at the mouth.
  mesh.withShine(0.5, () => {
    mesh.box([0, -2.35, 0], [0.5, 0.95, 1.5], { colour, bevel: 0.25 });
    mesh.box([0, bottom + 0.35, 0], [0.66, 0.38, 1.72], { colour: dark, bevel: 0.2 });
    mesh.box([0, top - 0.2, 0], [0.42, 0.2, 1.42], { colour: dark, bevel: 0.1 });
    for (const x of [-1, 1]) mesh.box([x * 0.5, top - 0.75, 0], [0.05, 0.5, 0.5], { colour: dark, bevel: 0.04 });
  });
  mesh.withShine(1, () => {
    for (const x of [-1, 1]) mesh.box([x * 0.57, top - 1.1, 0], [0.04, 0.16, 0.2], { colour: buckle });
  });
  for (const x of [-0.3, 0.3]) {
    const arch = Array.from({ length: 9 }, (_, i): Vec3 => {
      const a = Math.PI * (i / 8);
      return [x * (1 - Math.sin(a) * 0.8), top - 0.4 + Math.sin(a) * 1.62, Math.cos(a) * 0.85];
    });
    mesh.tube(arch, { radius: 0.1, colour: dark, sides: 6 });
  }
}
