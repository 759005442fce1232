// Things to sit on: chairs of several kinds, park benches, a couch. The sitter's hips are above z = 0, facing +z.
import type { MeshBuilder } from '../mesh-builder.js';
import { rotation, type Vec3 } from '../vector.js';
import { METAL, RUBBER, STEEL, shade } from './colours.js';
import { cushion } from './cushion.js';

export interface SeatOptions {
  colour: Vec3;
  /** Height of the seat's upper side. */
  height: number;
  /** Scale of everything else: 1 for adults. */
  unit: number;
}

export type ChairKind = 'wooden' | 'dining' | 'office' | 'folding';

const LEAN = 0.16;

/** Point of a back that leans backwards: `up` above the seat, at the rear edge. */
const backPoint = (x: number, up: number, options: { height: number; z: number }): Vec3 => [
  x,
  options.height + up * Math.cos(LEAN),
  options.z - up * Math.sin(LEAN),
];

function woodenChair(mesh: MeshBuilder, { colour, height, unit: u }: SeatOptions): void {
  const [rear, front, half] = [-1.9 * u, 2.3 * u, 2.15 * u];
  const tilt = rotation([1, 0, 0], -LEAN);
  const leg = (a: Vec3, b: Vec3) =>
    mesh.cylinder(a, b, { radius: 0.21 * u, endRadius: 0.17 * u, colour: shade(colour, 0.88), sides: 8 });
  mesh.box([0, height - 0.17 * u, (rear + front) / 2], [half, 0.17 * u, (front - rear) / 2], {
    colour,
    bevel: 0.08 * u,
  });
  const post = { height, z: rear + 0.15 * u };
  for (const side of [-1, 1]) {
    const x = side * (half - 0.22 * u);
    leg([x, height - 0.2 * u, front - 0.25 * u], [side * half, 0, front]);
    leg([x, height - 0.2 * u, rear + 0.2 * u], [side * half, 0, rear - 0.35 * u]);
    leg(backPoint(x, -0.3 * u, post), backPoint(x, 4.6 * u, post));
    mesh.cylinder(
      [side * (half - 0.08 * u), height * 0.45, front - 0.15 * u],
      [side * (half - 0.08 * u), height * 0.45, rear - 0.1 * u],
      { radius: 0.11 * u, colour, sides: 6 },
    );
  }
  mesh.cylinder([-half, height * 0.55, front - 0.12 * u], [half, height * 0.55, front - 0.12 * u], {
    radius: 0.11 * u,
    colour,
    sides: 6,
  });
  mesh.box(backPoint(0, 4.35 * u, post), [half - 0.1 * u, 0.36 * u, 0.13 * u], {
    colour,
    rotation: tilt,
    bevel: 0.07 * u,
  });
  mesh.box(backPoint(0, 1.1 * u, post), [half - 0.3 * u, 0.16 * u, 0.1 * u], { colour, rotation: tilt });
  for (const x of [-1.2, -0.6, 0, 0.6, 1.2]) {
    mesh.box(backPoint(x * u, 2.6 * u, post), [0.16 * u, 1.5 * u, 0.07 * u], { colour, rotation: tilt });
  }
}

function diningChair(mesh: MeshBuilder, { colour, height, unit: u }: SeatOptions): void {
  const [rear, front, half] = [-1.9 * u, 2.4 * u, 2.25 * u];
  const wood: Vec3 = [92, 60, 38];
  const post = { height, z: rear + 0.15 * u };
  mesh.box([0, height - 0.32 * u, (rear + front) / 2], [half, 0.32 * u, (front - rear) / 2], {
    colour,
    bevel: 0.22 * u,
  });
  mesh.box([0, height - 0.68 * u, (rear + front) / 2], [half - 0.1 * u, 0.14 * u, (front - rear) / 2 - 0.1 * u], {
    colour: wood,
  });
  mesh.box(backPoint(0, 2.9 * u, post), [half - 0.05 * u, 2.1 * u, 0.25 * u], {
    colour,
    rotation: rotation([1, 0, 0], -LEAN),
    bevel: 0.2 * u,
  });
  for (const side of [-1, 1]) {
    for (const [z, splay] of [
      [front - 0.3 * u, 0.25],
      [rear + 0.3 * u, -0.35],
    ]) {
      mesh.cylinder([side * (half - 0.3 * u), height - 0.6 * u, z], [side * half * 0.98, 0, z + splay * u], {
        radius: 0.24 * u,
        endRadius: 0.14 * u,
        colour: wood,
        sides: 8,
      });
    }
    mesh.cylinder(backPoint(side * 1.5 * u, -0.4 * u, post), backPoint(side * 1.5 * u, 1.2 * u, post), {
      radius: 0.16 * u,
      colour: wood,
      sides: 7,
    });
  }
}

function officeChair(mesh: MeshBuilder, { colour, height, unit: u }: SeatOptions): void {
  const half = 2.35 * u;
  const post = { height, z: -2 * u };
  mesh.box([0, height - 0.35 * u, 0.25 * u], [half, 0.35 * u, 2.3 * u], { colour, bevel: 0.28 * u });
  mesh.box(backPoint(0, 3.4 * u, post), [2.05 * u, 2.3 * u, 0.28 * u], {
    colour,
    rotation: rotation([1, 0, 0], -LEAN),
    bevel: 0.25 * u,
  });
  mesh.tube(
    [[0, height - 0.8 * u, -0.5 * u], [0, height - 0.7 * u, -2.5 * u], backPoint(0, 2 * u, { height, z: -2.4 * u })],
    { radius: 0.22 * u, colour: RUBBER, sides: 6 },
  );
  mesh.cylinder([0, 0.75 * u, 0.2 * u], [0, height - 0.6 * u, 0.2 * u], { radius: 0.27 * u, colour: STEEL, sides: 10 });
  for (let i = 0; i < 5; i++) {
    const a = (i / 5) * 2 * Math.PI + 0.3;
    const foot: Vec3 = [Math.sin(a) * 2.9 * u, 0.55 * u, 0.2 * u + Math.cos(a) * 2.9 * u];
    mesh.cylinder([0, 0.95 * u, 0.2 * u], foot, { radius: 0.24 * u, endRadius: 0.15 * u, colour: RUBBER, sides: 6 });
    mesh.sphere([foot[0], 0.28 * u, foot[2]], 0.28 * u, { colour: RUBBER, segments: 8, rings: 6 });
  }
  for (const side of [-1, 1]) {
    const x = side * (half + 0.2 * u);
    mesh.tube(
      [
        [side * 1.6 * u, height - 0.6 * u, -0.4 * u],
        [x, height - 0.3 * u, -0.4 * u],
        [x, height + 1.9 * u, -0.6 * u],
      ],
      { radius: 0.14 * u, colour: RUBBER, sides: 6 },
    );
    mesh.box([x, height + 2 * u, 0.1 * u], [0.28 * u, 0.12 * u, 1.3 * u], { colour: RUBBER, bevel: 0.1 * u });
  }
}

function foldingChair(mesh: MeshBuilder, { colour, height, unit: u }: SeatOptions): void {
  const half = 2.2 * u;
  const post = { height, z: -1.8 * u };
  mesh.box([0, height - 0.12 * u, 0.2 * u], [half - 0.2 * u, 0.12 * u, 2.05 * u], { colour, bevel: 0.1 * u });
  mesh.box(backPoint(0, 3.6 * u, post), [half - 0.15 * u, 0.85 * u, 0.1 * u], {
    colour,
    rotation: rotation([1, 0, 0], -LEAN),
    bevel: 0.08 * u,
  });
  mesh.withShine(0.6, () => {
    for (const side of [-1, 1]) {
      const x = side * half;
      mesh.tube([[x, 0, 2.4 * u], [x, height, -1.75 * u], backPoint(x, 4.4 * u, post)], {
        radius: 0.15 * u,
        colour: METAL,
        sides: 7,
      });
      mesh.cylinder([x * 0.94, 0, -2 * u], [x * 0.94, height - 0.1 * u, 1.9 * u], {
        radius: 0.15 * u,
        colour: METAL,
        sides: 7,
      });
    }
    mesh.cylinder([-half, 0.6 * u, 2.05 * u], [half, 0.6 * u, 2.05 * u], { radius: 0.1 * u, colour: METAL, sides: 5 });
    mesh.cylinder([-half, 0.6 * u, -1.6 * u], [half, 0.6 * u, -1.6 * u], { radius: 0.1 * u, colour: METAL, sides: 5 });
  });
}

/** Adds a chair; backs reach about 45 cm above the seat. */
export function chair(mesh: MeshBuilder, kind: ChairKind, options: SeatOptions): void {
  const draw = { wooden: woodenChair, dining: diningChair, office: officeChair, folding: foldingChair };
  draw[kind](mesh, options);
}

/** Adds a park bench with slats, cast legs and armrests; `shift` moves it sideways under the sitter. */
export function bench(
  mesh: MeshBuilder,
  options: SeatOptions & { width: number; shift: number; arms: boolean; metal: Vec3 },
): void {
  const { colour, height, unit: u, width, shift, arms, metal } = options;
  const half = width / 2;
  const post = { height, z: -1.85 * u };
  const tilt = rotation([1, 0, 0], -LEAN);
  mesh.within({ origin: [shift, 0, 0] }, () => {
    for (const z of [-1.5, -0.62, 0.26, 1.14, 2.02]) {
      mesh.box([0, height - 0.16 * u, z * u], [half, 0.16 * u, 0.36 * u], { colour, bevel: 0.05 * u });
    }
    for (const up of [1.2, 2.25, 3.3, 4.3]) {
      mesh.box(backPoint(0, up * u, post), [half, 0.4 * u, 0.13 * u], { colour, rotation: tilt, bevel: 0.05 * u });
    }
    const feet = width > 12 * u ? [-1, 0, 1] : [-1, 1];
    for (const side of feet) {
      const x = side * (half - 0.7 * u);
      const iron = { radius: 0.2 * u, colour: metal, sides: 7 };
      mesh.tube(
        [
          [x, 0, 2.3 * u],
          [x, height * 0.5, 1.8 * u],
          [x, height - 0.4 * u, 2.1 * u],
        ],
        iron,
      );
      mesh.tube(
        [
          [x, 0, -2.6 * u],
          [x, height * 0.5, -1.8 * u],
          [x, height - 0.3 * u, -1.8 * u],
          backPoint(x, 4.5 * u, { height, z: -2.05 * u }),
        ],
        iron,
      );
      mesh.cylinder([x, height - 0.45 * u, 2.1 * u], [x, height - 0.45 * u, -1.8 * u], iron);
      mesh.cylinder([x, 0.09 * u, 2.5 * u], [x, 0.09 * u, -2.8 * u], { ...iron, radius: 0.13 * u });
      if (!arms || side === 0) continue;
      mesh.tube(
        [
          [x, height - 0.3 * u, 2.05 * u],
          [x, height + 1.9 * u, 1.9 * u],
          [x, height + 2.2 * u, 1.2 * u],
          [x, height + 2.1 * u, -2.1 * u],
        ],
        { ...iron, radius: 0.17 * u },
      );
    }
  });
}

/** Adds a couch of two or three seats with loose cushions; `shift` moves it sideways under the sitter. */
export function couch(
  mesh: MeshBuilder,
  options: SeatOptions & { shift: number; cushions: readonly Vec3[]; seats: 2 | 3; leather: boolean },
): void {
  const { colour, height, unit: u, shift, cushions, seats, leather } = options;
  const seat = (seats === 2 ? 3.3 : 3) * u;
  const half = seat * seats;
  const dark = shade(colour, 0.7);
  mesh.within({ origin: [shift, 0, 0] }, () =>
    mesh.withShine(leather ? 0.55 : 0.05, () => {
      mesh.box([0, height * 0.42, 0.1 * u], [half, height * 0.24, 3.1 * u], { colour: dark, bevel: 0.2 * u });
      mesh.box([0, height + 0.6 * u, -3 * u], [half, 3.1 * u, 0.6 * u], { colour: dark, bevel: 0.4 * u });
      for (let i = 0; i < seats; i++) {
        const x = (2 * i + 1 - seats) * seat;
        // Blocks, since the few vertices of a soft shape shade its broad faces in patches.
        mesh.box([x, height - 0.65 * u, 0.55 * u], [seat * 0.985, 0.75 * u, 3 * u], { colour, bevel: 0.3 * u });
        mesh.box([x, height + 1.9 * u, -2 * u], [seat * 0.97, 2 * u, 0.75 * u], {
          colour: shade(colour, 0.94),
          rotation: rotation([1, 0, 0], -0.2),
          bevel: 0.45 * u,
        });
      }
      for (const side of [-1, 1]) {
        const x = side * (half + 0.95 * u);
        mesh.box([x, (height + 0.8 * u) / 2 + 0.3 * u, 0.1 * u], [0.9 * u, (height + 0.8 * u) / 2 - 0.3 * u, 3.4 * u], {
          colour: shade(colour, 0.86),
          bevel: 0.2 * u,
        });
        mesh.box([x, height + 1.2 * u, 0.1 * u], [1.15 * u, 0.65 * u, 3.55 * u], { colour, bevel: 0.4 * u });
        for (const z of [-3, 3])
          mesh.cylinder([x, 0, z * u], [x, height * 0.2, z * u], { radius: 0.25 * u, colour: [60, 42, 30], sides: 7 });
      }
    }),
  );
  // Loose cushions lean in the corners, the sitter's own seat left out.
  const corners = shift > 0 ? [1, -1] : [-1, 1];
  cushions.slice(0, seats === 3 ? 2 : 1).forEach((paint, i) => {
    const side = corners[i];
    if (i === 1 && Math.abs(shift - half) < 2.5 * u) return;
    cushion(mesh, [shift + side * (half - 1.5 * u), height + 1.45 * u, 0.1 * u], [1.55 * u, 1.5 * u, 0.55 * u], {
      colour: paint,
      rotation: rotation([1, 0, 0.3 * side], -0.4),
      softness: 0.6,
    });
  });
}

/** Adds a plain table: its top's upper side at `height`, centred on `z`. */
export function table(
  mesh: MeshBuilder,
  options: SeatOptions & { z: number; halfWidth: number; halfDepth: number },
): void {
  const { colour, height, unit: u, z, halfWidth, halfDepth } = options;
  mesh.box([0, height - 0.17 * u, z], [halfWidth, 0.17 * u, halfDepth], { colour, bevel: 0.06 * u });
  mesh.box([0, height - 0.6 * u, z], [halfWidth - 0.45 * u, 0.28 * u, halfDepth - 0.45 * u], {
    colour: shade(colour, 0.82),
  });
  for (const x of [-1, 1]) {
    for (const end of [-1, 1]) {
      const at: Vec3 = [x * (halfWidth - 0.45 * u), height - 0.3 * u, z + end * (halfDepth - 0.45 * u)];
      mesh.box([at[0], at[1] / 2, at[2]], [0.26 * u, at[1] / 2, 0.26 * u], {
        colour: shade(colour, 0.82),
        bevel: 0.05 * u,
      });
    }
  }
}
