// Things to strike with: baseball bat, tennis racket; and the fielder's baseball glove.
import type { MeshBuilder } from '../mesh-builder.js';
import type { Vec3 } from '../vector.js';
import { RUBBER, shade } from './colours.js';

/** Adds a baseball bat along local +y; the hands hold it around the origin (5 cm below to 12 cm above). */
export function baseballBat(mesh: MeshBuilder, options: { colour: Vec3; metal: boolean }): void {
  const grip = options.metal ? RUBBER : shade(options.colour, 0.72);
  mesh.withShine(options.metal ? 0.7 : 0.3, () => {
    mesh.lathe([0, 0, 0], [0, 1, 0], {
      profile: [
        [0, -1.12],
        [0.24, -1.1],
        [0.25, -0.98],
        [0.14, -0.9],
        [0.13, 0.4],
        [0.14, 1.6],
        [0.18, 2.9],
        [0.27, 4.2],
        [0.33, 5.4],
        [0.34, 7],
        [0.31, 7.25],
        [0.2, 7.38],
        [0, 7.4],
      ],
      colour: (height) => (height < 1.6 ? grip : options.colour),
      sides: 14,
    });
  });
}

/** Adds a tennis racket along local +y, strings facing local z; the hand holds it at the origin. */
export function tennisRacket(mesh: MeshBuilder, options: { colour: Vec3 }): void {
  const head = { y: 4.1, across: 1.3, along: 1.7 };
  mesh.cylinder([0, -1.05, 0], [0, 0.95, 0], { radius: 0.17, colour: RUBBER, sides: 8 });
  mesh.cylinder([0, -1.2, 0], [0, -1, 0], { radius: 0.21, colour: RUBBER, sides: 8 });
  const ring: Vec3[] = [];
  for (let i = 0; i < 32; i++) {
    const a = (i / 32) * 2 * Math.PI;
    ring.push([Math.sin(a) * head.across, head.y + Math.cos(a) * head.along, 0]);
  }
  mesh.withShine(0.6, () => {
    mesh.tube(ring, { radius: 0.13, colour: options.colour, sides: 6, closed: true });
    mesh.cylinder([0, 0.9, 0], [0, 1.35, 0], { radius: 0.14, colour: options.colour, sides: 7 });
    for (const side of [-1, 1]) {
      mesh.tube(
        [
          [0, 1.25, 0],
          [side * 0.4, 2, 0],
          [side * 0.75, 2.75, 0],
        ],
        { radius: 0.11, colour: options.colour, sides: 6 },
      );
    }
    mesh.tube(
      [
        [-0.5, 2.45, 0],
        [0, 2.36, 0],
        [0.5, 2.45, 0],
      ],
      { radius: 0.08, colour: options.colour, sides: 5 },
    );
  });
  const string = { radius: 0.022, colour: [232, 232, 226] as Vec3, sides: 3, caps: false };
  for (let i = -6; i <= 6; i++) {
    const q = i / 7;
    const half = Math.sqrt(1 - q * q);
    mesh.cylinder(
      [q * head.across, head.y - half * head.along, 0],
      [q * head.across, head.y + half * head.along, 0],
      string,
    );
    mesh.cylinder(
      [-half * head.across, head.y + q * head.along, 0],
      [half * head.across, head.y + q * head.along, 0],
      string,
    );
  }
}

/** Adds a baseball glove: palm facing local +z, fingers along +y, the wrist at the origin. */
export function baseballGlove(mesh: MeshBuilder, options: { colour: Vec3; thumbSide: 1 | -1 }): void {
  const { colour, thumbSide } = options;
  const seam = shade(colour, 0.6);
  mesh.sphere([0, 1, -0.1], [1, 1.15, 0.42], { colour, segments: 14, rings: 10 });
  [-0.72, -0.25, 0.22, 0.68].forEach((x, i) => {
    const top = 2.5 - 0.12 * Math.abs(i - 1.5);
    mesh.tube(
      [
        [x * 0.9, 1, -0.1],
        [x * 1.05, 1.9, 0],
        [x * 1.1, top, 0.3],
      ],
      { radius: 0.3, colour, sides: 8 },
    );
    mesh.sphere([x * 1.1, top, 0.3], 0.3, { colour, segments: 8, rings: 6 });
  });
  mesh.tube(
    [
      [thumbSide * 0.7, 0.5, 0],
      [thumbSide * 1.35, 1.1, 0.35],
      [thumbSide * 1.4, 1.9, 0.55],
    ],
    { radius: 0.33, colour, sides: 8 },
  );
  mesh.sphere([thumbSide * 1.4, 1.9, 0.55], 0.33, { colour, segments: 8, rings: 6 });
  for (const t of [0.2, 0.5, 0.8]) {
    mesh.cylinder([thumbSide * 0.8, 1 + t, 0.25], [thumbSide * 1.4, 1 + t, 0.5], {
      radius: 0.08,
      colour: seam,
      sides: 5,
    });
  }
  mesh.cylinder([0, -0.25, 0], [0, 0.35, -0.05], { radius: 0.62, endRadius: 0.75, colour: seam, sides: 12 });
}
