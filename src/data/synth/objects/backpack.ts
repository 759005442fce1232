// A backpack on somebody's back: bag with pockets, zips and top loop, and two padded shoulder straps around the body.
import type { MeshBuilder } from '../mesh-builder.js';
import type { Vec3 } from '../vector.js';
import { METAL, shade } from './colours.js';

export interface BackpackOptions {
  colour: Vec3;
  /** Colour of pocket and base; a shade of `colour` when left out. */
  second?: Vec3;
  /** Heights in the frame of the torso at rest. */
  shoulderY: number;
  hipY: number;
  backZ: number;
  chestZ: number;
  /** z of the top of the shoulders. */
  shoulderZ: number;
  /** |x| at which the straps cross the shoulders. */
  strapX: number;
  unit: number;
}

function bag(mesh: MeshBuilder, options: BackpackOptions): void {
  const { colour, unit: u } = options;
  const second = options.second ?? shade(colour, 0.72);
  const dark: Vec3 = [30, 30, 34];
  const top = options.shoulderY + 0.35 * u;
  const bottom = options.hipY + 0.5 * u;
  const half = (top - bottom) / 2;
  const cy = (top + bottom) / 2;
  const depth = 0.85 * u;
  const cz = options.backZ - depth * 0.92;
  const width = 1.55 * u;
  mesh.box([0, cy, cz], [width, half, depth], { colour, bevel: 0.5 * u });
  mesh.sphere([0, top - 0.25 * u, cz], [width * 0.93, 0.55 * u, depth * 0.96], { colour, segments: 16, rings: 8 });
  // Base, front pocket with flap and zip, side pockets.
  mesh.box([0, bottom + 0.4 * u, cz], [width + 0.04 * u, 0.42 * u, depth + 0.04 * u], {
    colour: second,
    bevel: 0.3 * u,
  });
  const pocketY = cy - half * 0.32;
  mesh.box([0, pocketY, cz - depth - 0.1 * u], [1.15 * u, half * 0.44, 0.34 * u], { colour: second, bevel: 0.22 * u });
  mesh.tube(
    [
      [-0.9 * u, pocketY + half * 0.24, cz - depth - 0.46 * u],
      [0.9 * u, pocketY + half * 0.24, cz - depth - 0.46 * u],
    ],
    { radius: 0.08 * u, colour: dark, sides: 4 },
  );
  mesh.cylinder(
    [0.75 * u, pocketY + half * 0.24, cz - depth - 0.5 * u],
    [0.75 * u, pocketY + half * 0.1, cz - depth - 0.5 * u],
    { radius: 0.05 * u, colour: METAL, sides: 4 },
  );
  const zip: Vec3[] = [];
  for (let i = 0; i <= 12; i++) {
    const a = Math.PI * (i / 12);
    zip.push([Math.cos(a) * width * 0.86, cy + half * 0.3 + Math.sin(a) * half * 0.5, cz - depth * 1.0]);
  }
  mesh.tube(zip, { radius: 0.08 * u, colour: dark, sides: 4 });
  for (const side of [-1, 1]) {
    mesh.box([side * (width + 0.1 * u), cy - half * 0.5, cz], [0.2 * u, half * 0.34, depth * 0.6], {
      colour: second,
      bevel: 0.14 * u,
    });
  }
  // Compression straps with their buckles, and a label.
  for (const side of [-1, 1]) {
    for (const y of [cy + half * 0.2, cy - half * 0.05]) {
      mesh.box([side * width, y, cz], [0.05 * u, 0.09 * u, depth * 1.02], { colour: dark });
      mesh.box([side * (width - 0.1 * u), y, cz - depth - 0.02 * u], [0.2 * u, 0.13 * u, 0.06 * u], { colour: dark });
    }
  }
  mesh.box([0, pocketY, cz - depth - 0.45 * u], [0.42 * u, 0.2 * u, 0.02 * u], { colour: dark });
  mesh.box([0, pocketY, cz - depth - 0.48 * u], [0.32 * u, 0.06 * u, 0.01 * u], { colour: [226, 226, 222] });
  const loop: Vec3[] = [
    [-0.4 * u, top, cz + depth * 0.6],
    [-0.25 * u, top + 0.5 * u, cz + depth * 0.6],
    [0.25 * u, top + 0.5 * u, cz + depth * 0.6],
    [0.4 * u, top, cz + depth * 0.6],
  ];
  mesh.tube(loop, { radius: 0.09 * u, colour: dark, sides: 5 });
}

function strap(mesh: MeshBuilder, side: 1 | -1, options: BackpackOptions): void {
  const { unit: u, shoulderY, shoulderZ, chestZ, backZ, hipY, strapX } = options;
  const webbing: Vec3 = [44, 44, 48];
  const x = side * strapX;
  const low = hipY + 1.1 * u;
  const front = chestZ + 0.12 * u;
  mesh.tube(
    [
      [x * 0.95, shoulderY - 0.1 * u, backZ - 0.15 * u],
      [x, shoulderY + 0.3 * u, shoulderZ - 0.75 * u],
      [x, shoulderY + 0.52 * u, shoulderZ],
      [x * 1.02, shoulderY + 0.22 * u, shoulderZ + 0.75 * u],
      [x * 1.05, shoulderY - 0.6 * u, front * 0.9],
      [x * 1.12, shoulderY - 1.6 * u, front],
      [x * 1.3, shoulderY - 2.5 * u, front * 0.92],
    ],
    { radius: 0.3 * u, colour: webbing, sides: 8, flatten: 0.42 },
  );
  mesh.tube(
    [
      [x * 1.3, shoulderY - 2.5 * u, front * 0.92],
      [x * 1.55, (shoulderY - 2.5 * u + low) / 2, chestZ * 0.55],
      [x * 1.6, low, chestZ * 0.05],
      [x * 1.45, low - 0.1 * u, backZ - 0.2 * u],
    ],
    { radius: 0.14 * u, colour: shade(webbing, 0.8), sides: 6, flatten: 0.5 },
  );
}

/** Adds a worn backpack in the coordinates of the torso at rest (wrap it in `within` with the spine's placement). */
export function backpack(mesh: MeshBuilder, options: BackpackOptions): void {
  bag(mesh, options);
  strap(mesh, 1, options);
  strap(mesh, -1, options);
}
