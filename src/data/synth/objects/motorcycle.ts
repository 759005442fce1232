// A naked motorcycle: fat tyres, tank, engine block, exhaust, round headlight, seat, fork, wide handlebar.
import type { MeshBuilder } from '../mesh-builder.js';
import { add, rotation, type Vec3 } from '../vector.js';
import { METAL, RUBBER, STEEL, shade } from './colours.js';

/** Where a rider touches it: the motorcycle stands on y = 0 and faces +z. */
export interface MotorcycleContacts {
  seat: Vec3;
  /** Centre of the left (+x) grip. */
  grip: Vec3;
  gripAxis: Vec3;
  /** Middle of the left foot peg. */
  peg: Vec3;
}

export const MOTORCYCLE: MotorcycleContacts = {
  seat: [0, 7.7, -1.6],
  grip: [3.3, 10.3, 3.1],
  gripAxis: [1, -0.12, -0.38],
  peg: [1.75, 3.1, -0.9],
};

/** Painted spokes and rims are dark, unlike a bicycle's. */
const ALLOY: Vec3 = [74, 75, 80];

function wheel(mesh: MeshBuilder, hub: Vec3, width: number): void {
  mesh.torus(hub, [1, 0, 0], { radius: 3.05 - width, thickness: width, colour: RUBBER, segments: 26, sides: 8 });
  mesh.withShine(0.6, () => {
    mesh.torus(hub, [1, 0, 0], { radius: 1.95, thickness: 0.24, colour: ALLOY, segments: 20, sides: 4 });
    for (const x of [-0.45, 0.45])
      mesh.cylinder(add(hub, [x - 0.04, 0, 0]), add(hub, [x + 0.04, 0, 0]), {
        radius: 1.15,
        colour: STEEL,
        sides: 12,
      });
    mesh.cylinder(add(hub, [-0.55, 0, 0]), add(hub, [0.55, 0, 0]), { radius: 0.35, colour: METAL });
    for (let i = 0; i < 5; i++) {
      const a = (i / 5) * 2 * Math.PI;
      mesh.cylinder(hub, add(hub, [0, Math.sin(a) * 2, Math.cos(a) * 2]), {
        radius: 0.24,
        colour: ALLOY,
        sides: 5,
        caps: false,
      });
    }
  });
}

function engine(mesh: MeshBuilder): void {
  mesh.withShine(0.5, () => {
    mesh.box([0, 3.4, 0.4], [1.05, 1.4, 2.2], { colour: [70, 72, 76], bevel: 0.35 });
    // Radiator ahead, gearbox and battery behind: no daylight between the wheels, as there is in a bicycle.
    mesh.box([0, 5, 2.9], [0.95, 1.3, 0.28], { colour: RUBBER, rotation: rotation([1, 0, 0], -0.3), bevel: 0.1 });
    mesh.box([0, 4.6, -1.9], [0.85, 1.5, 1.3], { colour: [44, 44, 48], bevel: 0.3 });
    for (const z of [0, 1.4]) {
      for (let i = 0; i < 5; i++) mesh.box([0, 4.75 + 0.24 * i, z + 0.08 * i], [0.85, 0.07, 0.62], { colour: STEEL });
      mesh.box([0, 5.3, z + 0.2], [0.62, 0.75, 0.45], { colour: METAL });
    }
    for (const x of [-1.05, 1.05])
      mesh.cylinder([x * 0.9, 3.4, 0.4], [x * 1.12, 3.4, 0.4], { radius: 0.85, colour: STEEL, sides: 16 });
    mesh.tube(
      [
        [-0.7, 4.6, 2.1],
        [-0.95, 3.2, 2.6],
        [-1.1, 2.2, 1.4],
        [-1.2, 2.3, -1.5],
      ],
      { radius: 0.22, colour: STEEL, sides: 8 },
    );
    for (const x of [-1, 1])
      mesh.cylinder([x * 1.25, 2.45, -1.2], [x * 1.5, 3.4, -6], {
        radius: 0.42,
        endRadius: 0.58,
        colour: STEEL,
        sides: 12,
      });
  });
}

function bodywork(mesh: MeshBuilder, colour: Vec3): void {
  const leather: Vec3 = [40, 36, 36];
  mesh.withShine(0.9, () => {
    mesh.sphere([0, 7.2, 1.35], [1.35, 1.25, 2.3], {
      colour,
      segments: 14,
      rings: 8,
      rotation: rotation([1, 0, 0], -0.12),
    });
    mesh.box([0, 6.05, -2.5], [0.95, 0.8, 1.5], { colour, bevel: 0.4 });
    mesh.box([0, 6.9, -5], [0.75, 0.5, 1.6], { colour, bevel: 0.3, rotation: rotation([1, 0, 0], 0.18) });
  });
  mesh.box([0, 7.25, -1.9], [1.05, 0.42, 1.7], { colour: leather, bevel: 0.3 });
  mesh.box([0, 7.65, -4.2], [0.85, 0.38, 1.2], { colour: leather, bevel: 0.3, rotation: rotation([1, 0, 0], 0.1) });
  mesh.box([0, 7.1, -6.35], [0.45, 0.22, 0.12], { colour: [206, 24, 24] });
  for (const [z, hubZ] of [
    [6.9, 6.9],
    [-6.1, -6.1],
  ]) {
    const path: Vec3[] = Array.from({ length: 9 }, (_, i) => {
      const a = 0.5 + (i / 8) * 1.9;
      return [0, 3.05 + Math.sin(a) * 3.3, hubZ - Math.cos(a) * 3.3 * Math.sign(z)];
    });
    mesh.withShine(0.8, () => mesh.tube(path, { radius: 0.62, colour, sides: 8, flatten: 0.22 }));
  }
}

/** Adds a motorcycle standing on local y = 0, facing +z; wheelbase 130 cm. */
export function motorcycle(mesh: MeshBuilder, options: { colour: Vec3 }): MotorcycleContacts {
  const { colour } = options;
  wheel(mesh, [0, 3.05, 6.9], 0.62);
  wheel(mesh, [0, 3.05, -6.1], 0.85);
  engine(mesh);
  bodywork(mesh, colour);
  const tube = (path: Vec3[], radius: number, paint: Vec3) => mesh.tube(path, { radius, colour: paint, sides: 6 });
  const { grip } = MOTORCYCLE;
  tube(
    [
      [0, 8.6, 3.9],
      [0, 5.2, 3],
      [0, 2.6, 2.2],
      [0, 2.5, -1.2],
      [0, 6, -2.2],
    ],
    0.24,
    RUBBER,
  );
  mesh.withShine(0.8, () => {
    for (const x of [-0.62, 0.62]) {
      tube(
        [
          [x, 9.2, 4.35],
          [x, 3.05, 6.9],
        ],
        0.2,
        STEEL,
      );
      tube(
        [
          [x, 5.6, 5.9],
          [x, 3.05, 6.9],
        ],
        0.27,
        METAL,
      );
      tube(
        [
          [x * 0.95, 3.2, -1.3],
          [x * 1.1, 3.05, -6.1],
        ],
        0.24,
        METAL,
      );
      tube(
        [
          [x * 1.05, 6.7, -3.6],
          [x * 1.3, 3.4, -5.8],
        ],
        0.22,
        shade(colour, 0.6),
      );
    }
    tube(
      [
        [-grip[0] * 0.9, grip[1] + 0.02, grip[2] + 0.15],
        [-1.6, 10.3, 4.1],
        [-0.6, 9.4, 4.3],
        [0.6, 9.4, 4.3],
        [1.6, 10.3, 4.1],
        [grip[0] * 0.9, grip[1] + 0.02, grip[2] + 0.15],
      ],
      0.14,
      STEEL,
    );
    mesh.sphere([0, 8.7, 5.2], [0.85, 0.85, 0.8], { colour: STEEL, segments: 10, rings: 7 });
    for (const x of [-1, 1]) {
      tube(
        [
          [x * 2.5, 10.4, 3.7],
          [x * 2.8, 11.6, 3.6],
        ],
        0.06,
        STEEL,
      );
      mesh.sphere([x * 2.95, 11.8, 3.55], [0.5, 0.36, 0.12], { colour: RUBBER, segments: 10, rings: 6 });
      mesh.sphere([x * 1.15, 8.5, 5.1], 0.28, { colour: [240, 150, 40], segments: 8, rings: 6 });
    }
  });
  mesh.cylinder([0, 8.7, 5.7], [0, 8.7, 6.02], { radius: 0.72, colour: [246, 246, 226], sides: 16 });
  for (const side of [-1, 1]) {
    const at: Vec3 = [side * grip[0], grip[1], grip[2]];
    const reach: Vec3 = [side * 0.68, -0.08, -0.26];
    mesh.cylinder(add(at, [-reach[0], -reach[1], -reach[2]]), add(at, reach), {
      radius: 0.2,
      colour: RUBBER,
      sides: 9,
    });
    mesh.cylinder([side * 0.8, 3, -0.9], [side * 2.15, 3, -0.9], { radius: 0.16, colour: METAL, sides: 7 });
  }
  return MOTORCYCLE;
}
