// Things to drink from: mug with handle, paper cup with lid and sleeve, bottles. All stand along local +y.
import type { MeshBuilder } from '../mesh-builder.js';
import type { Vec3 } from '../vector.js';
import { shade } from './colours.js';

/** Radii at the height where the hand holds (the origin), and the height of the rim above it. */
export const VESSEL = {
  mug: { radius: 0.42, rim: 0.5 },
  paper: { radius: 0.4, rim: 0.75 },
  bottle: { radius: 0.34, rim: 1.45 },
};

/** Adds a mug, held at its middle; the handle points along local +x. `drink` is the colour of what is in it. */
export function mug(mesh: MeshBuilder, options: { colour: Vec3; drink: Vec3 }): void {
  const { colour, drink } = options;
  mesh.withShine(0.7, () => {
    mesh.lathe([0, 0, 0], [0, 1, 0], {
      profile: [
        [0, -0.48],
        [0.36, -0.48],
        [0.41, -0.42],
        [0.42, 0],
        [0.43, 0.5],
        [0.37, 0.5],
        [0.36, 0.34],
      ],
      colour,
      sides: 18,
    });
    mesh.torus([0.44, 0.02, 0], [0, 0, 1], { radius: 0.28, thickness: 0.075, colour, segments: 18, sides: 7 });
  });
  mesh.lathe([0, 0, 0], [0, 1, 0], {
    profile: [
      [0.37, 0.35],
      [0, 0.351],
    ],
    colour: drink,
    sides: 16,
  });
}

/** Adds a paper cup with a lid; the hand holds it at its sleeve. */
export function paperCup(mesh: MeshBuilder, options: { colour: Vec3; sleeve: Vec3 }): void {
  const { colour, sleeve } = options;
  const lid: Vec3 = [244, 244, 242];
  mesh.lathe([0, 0, 0], [0, 1, 0], {
    profile: [
      [0, -0.62],
      [0.31, -0.62],
      [0.37, -0.3],
    ],
    colour,
    sides: 16,
  });
  mesh.lathe([0, 0, 0], [0, 1, 0], {
    profile: [
      [0.37, -0.3],
      [0.39, -0.3],
      [0.44, 0.28],
      [0.42, 0.28],
    ],
    colour: sleeve,
    sides: 16,
  });
  mesh.lathe([0, 0, 0], [0, 1, 0], {
    profile: [
      [0.42, 0.28],
      [0.45, 0.6],
    ],
    colour,
    sides: 16,
  });
  mesh.lathe([0, 0, 0], [0, 1, 0], {
    profile: [
      [0.45, 0.58],
      [0.49, 0.6],
      [0.49, 0.68],
      [0.43, 0.7],
      [0.42, 0.82],
      [0.36, 0.82],
      [0.35, 0.78],
      [0, 0.78],
    ],
    colour: lid,
    sides: 16,
  });
}

/** Adds a drinking glass of water or juice. */
export function glass(mesh: MeshBuilder, options: { drink: Vec3 }): void {
  mesh.withShine(1, () => {
    mesh.lathe([0, 0, 0], [0, 1, 0], {
      profile: [
        [0, -0.6],
        [0.32, -0.6],
        [0.33, -0.5],
      ],
      colour: [206, 222, 228],
      sides: 14,
    });
    mesh.lathe([0, 0, 0], [0, 1, 0], {
      profile: [
        [0.33, -0.5],
        [0.37, 0.35],
        [0, 0.36],
      ],
      colour: options.drink,
      sides: 14,
    });
    mesh.withOpenSurface(() =>
      mesh.lathe([0, 0, 0], [0, 1, 0], {
        profile: [
          [0.37, 0.36],
          [0.39, 0.62],
        ],
        colour: [214, 228, 234],
        sides: 14,
      }),
    );
  });
}

export type BottleKind = 'water' | 'glass' | 'flask';

/** Adds a bottle 24 cm tall, held at its middle; `colour` is the glass, the flask or the label of a water bottle. */
export function bottle(mesh: MeshBuilder, kind: BottleKind, options: { colour: Vec3; cap: Vec3 }): void {
  const { colour, cap } = options;
  const clear: Vec3 = [186, 216, 232];
  const body = kind === 'water' ? clear : colour;
  const label: Vec3 = kind === 'water' ? colour : [236, 228, 206];
  const neck: [number, number][] =
    kind === 'glass'
      ? [
          [0.34, 0.3],
          [0.31, 0.55],
          [0.16, 0.85],
          [0.13, 1.3],
          [0.16, 1.32],
          [0.16, 1.4],
        ]
      : kind === 'water'
        ? [
            [0.33, 0.7],
            [0.29, 0.95],
            [0.16, 1.15],
            [0.14, 1.25],
            [0.17, 1.28],
          ]
        : [
            [0.35, 0.9],
            [0.3, 1.05],
            [0.26, 1.1],
          ];
  const top = neck[neck.length - 1][1];
  mesh.withShine(0.9, () => {
    mesh.lathe([0, 0, 0], [0, 1, 0], {
      profile: [[0, -0.98], [0.3, -0.98], [0.34, -0.9], [0.345, -0.4], [0.345, 0.1], ...neck],
      colour: body,
      sides: 16,
    });
    const lidRadius = kind === 'flask' ? 0.27 : 0.17;
    const lid = kind === 'glass' ? 0.08 : kind === 'water' ? 0.2 : 0.34;
    mesh.lathe([0, 0, 0], [0, 1, 0], {
      profile: [
        [lidRadius, top],
        [lidRadius, top + lid],
        [0, top + lid],
      ],
      colour: cap,
      sides: 14,
    });
  });
  if (kind !== 'flask') {
    mesh.lathe([0, 0, 0], [0, 1, 0], {
      profile: [
        [0.352, -0.5],
        [0.352, 0.2],
      ],
      colour: label,
      sides: 16,
    });
    mesh.lathe([0, 0, 0], [0, 1, 0], {
      profile: [
        [0.355, -0.3],
        [0.355, -0.12],
      ],
      colour: kind === 'water' ? shade(label, 1.5) : shade(colour, 1.2),
      sides: 16,
    });
  } else {
    mesh.lathe([0, 0, 0], [0, 1, 0], {
      profile: [
        [0.355, -0.7],
        [0.355, -0.58],
      ],
      colour: shade(colour, 0.7),
      sides: 16,
    });
  }
}

/** Height of a bottle's mouth above the point where it is held. */
export const BOTTLE_MOUTH: Readonly<Record<BottleKind, number>> = { water: 1.46, glass: 1.46, flask: 1.4 };
