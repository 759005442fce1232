// Things to eat out of the hand: banana, apple, doughnut, a whole pizza and a slice of one.
import type { MeshBuilder } from '../mesh-builder.js';
import type { SceneRandom } from '../scene-random.js';
import type { Vec3 } from '../vector.js';
import { shade } from './colours.js';

/** Adds a banana that stands along local +y and bends towards +z; the hand holds its lower end at the origin. */
export function banana(mesh: MeshBuilder, options: { peeled: boolean }): void {
  const peel: Vec3 = [240, 204, 52];
  const flesh: Vec3 = [248, 238, 198];
  const bend = (from: number, to: number): Vec3[] =>
    Array.from({ length: 9 }, (_, i) => {
      const y = from + ((to - from) * i) / 8;
      return [0, y, 0.42 * (y - 0.2) ** 2];
    });
  const round = (t: number) => 0.19 * Math.min(1, 0.5 + 3 * t, 0.35 + 4 * (1 - t));
  mesh.withShine(0.25, () => {
    if (!options.peeled) {
      mesh.tube(bend(-0.75, 1.35), { radius: round, colour: peel, sides: 6 });
      mesh.tube(bend(1.3, 1.6), { radius: 0.07, colour: [112, 96, 40], sides: 5 });
      return;
    }
    mesh.tube(bend(-0.75, 0.4), { radius: (t) => 0.21 * Math.min(1, 0.5 + 3 * t), colour: peel, sides: 6 });
    mesh.tube(bend(0.35, 1.35), { radius: (t) => 0.18 * Math.min(1, 0.5 + 3 * (1 - t)), colour: flesh, sides: 8 });
    for (let i = 0; i < 4; i++) {
      const a = (i / 4) * 2 * Math.PI + 0.4;
      const flap = (out: number, y: number): Vec3 => [Math.cos(a) * out, y, Math.sin(a) * out];
      mesh.tube([flap(0.17, 0.35), flap(0.36, 0.5), flap(0.55, 0.2), flap(0.58, -0.25)], {
        radius: (t) => 0.15 * (1.1 - t),
        colour: i % 2 ? peel : shade(peel, 0.92),
        sides: 5,
        flatten: 0.35,
      });
    }
  });
}

/** Adds an apple of 8 cm around the origin, its stem along local +y. */
export function apple(mesh: MeshBuilder, options: { colour: Vec3 }): void {
  const { colour } = options;
  mesh.withShine(0.7, () =>
    mesh.lathe([0, 0, 0], [0, 1, 0], {
      profile: [
        [0.06, -0.34],
        [0.22, -0.38],
        [0.36, -0.2],
        [0.42, 0.04],
        [0.36, 0.26],
        [0.2, 0.35],
        [0.06, 0.28],
      ],
      colour: (height) => (height > 0.3 ? [206, 196, 92] : shade(colour, 0.9 + 0.25 * height)),
      sides: 16,
    }),
  );
  mesh.cylinder([0, 0.26, 0], [0.06, 0.52, 0], { radius: 0.035, colour: [84, 60, 36], sides: 5 });
}

/** Adds a doughnut around the origin, iced on the side of local +y. */
export function doughnut(mesh: MeshBuilder, options: { icing: Vec3; random: SceneRandom }): void {
  const { icing, random } = options;
  mesh.torus([0, 0, 0], [0, 1, 0], { radius: 0.36, thickness: 0.24, colour: [198, 142, 78], segments: 20, sides: 10 });
  mesh.withShine(0.6, () =>
    mesh.torus([0, 0.05, 0], [0, 1, 0], { radius: 0.36, thickness: 0.225, colour: icing, segments: 20, sides: 10 }),
  );
  for (let i = 0; i < 22; i++) {
    const a = random.between(0, 2 * Math.PI);
    const r = random.between(0.26, 0.48);
    const at: Vec3 = [Math.cos(a) * r, 0.05 + Math.sqrt(0.05 - (r - 0.36) ** 2), Math.sin(a) * r];
    const paint = random.pick<Vec3>([
      [250, 250, 250],
      [240, 210, 60],
      [90, 190, 220],
      [220, 60, 80],
    ]);
    mesh.box(at, [0.05, 0.02, 0.02], { colour: paint });
  }
}

/** Radius of the pizza with its crust. */
export const PIZZA_RADIUS = 1.7;

/** Adds a pizza; its top faces local +y, the middle of its foot is the origin. */
export function pizza(mesh: MeshBuilder, random: SceneRandom): void {
  mesh.cylinder([0, -0.08, 0], [0, 0.08, 0], { radius: PIZZA_RADIUS, colour: [170, 122, 74], sides: 24 });
  mesh.cylinder([0, 0.08, 0], [0, 0.16, 0], { radius: 1.36, colour: [234, 190, 92], sides: 24 });
  mesh.torus([0, 0.16, 0], [0, 1, 0], {
    radius: 1.38,
    thickness: 0.15,
    colour: [206, 150, 84],
    segments: 24,
    sides: 6,
  });
  const disc = (radius: number, size: number, paint: Vec3, height: number) => {
    const a = random.between(0, 2 * Math.PI);
    const r = radius * Math.sqrt(random.next());
    const at: Vec3 = [Math.cos(a) * r, 0.16, Math.sin(a) * r];
    mesh.cylinder(at, [at[0], 0.16 + height, at[2]], { radius: size, colour: paint, sides: 6 });
  };
  for (let i = 0; i < 16; i++) disc(1.35, 0.3, [206, 84, 40], 0.015);
  for (let i = 0; i < 16; i++) disc(1.3, 0.2, [250, 232, 180], 0.03);
  mesh.withShine(0.4, () => {
    for (let i = 0; i < 10; i++) disc(1.25, 0.24, [168, 44, 36], 0.05);
  });
  for (let i = 0; i < 10; i++) disc(1.25, 0.09, [56, 120, 50], 0.07);
}

/** Adds a slice of pizza: its crust at the origin along local x, its tip at local +z, its top facing local +y. */
export function pizzaSlice(mesh: MeshBuilder, random: SceneRandom): void {
  const outline: [number, number][] = [
    [-0.6, 0],
    [0.6, 0],
    [0.06, 1.5],
    [-0.06, 1.5],
  ];
  mesh.extrude(outline, {
    origin: [0, 0, 0],
    rotation: [1, 0, 0, 0, 0, 1, 0, 1, 0],
    depth: 0.1,
    colour: [236, 188, 84],
  });
  mesh.tube(
    [
      [-0.62, 0.03, -0.05],
      [0, 0.05, -0.12],
      [0.62, 0.03, -0.05],
    ],
    { radius: 0.16, colour: [206, 150, 84], sides: 7 },
  );
  for (const [x, z] of [
    [-0.25, 0.3],
    [0.22, 0.45],
    [-0.02, 0.85],
  ]) {
    const at: Vec3 = [x + random.normal(0.04), 0.05, z + random.normal(0.04)];
    mesh.cylinder(at, [at[0], 0.09, at[2]], { radius: 0.17, colour: [168, 44, 36], sides: 8 });
  }
}
