// Things that stand or hang along the wall of a room, in their real sizes; none of them takes part in the scene.
import type { MeshBuilder } from './mesh-builder.js';
import type { SceneRandom } from './scene-random.js';
import { type Rgb, vary } from './scenery.js';
import { add, addScaled, rotation, type Vec3 } from './vector.js';

/** A stretch of wall: `at(along, height, out)` is a point `out` units in front of it. */
export interface WallFrame {
  mesh: MeshBuilder;
  random: SceneRandom;
  at: (along: number, height: number, out: number) => Vec3;
  /** Rotation that turns +Z to the wall's normal. */
  turn: readonly number[];
}

/** The frame of the wall through `foot` (a point on the ground) with a horizontal unit `normal`. */
export function wallFrame(foot: Vec3, normal: Vec3, context: { mesh: MeshBuilder; random: SceneRandom }): WallFrame {
  const along: Vec3 = [normal[2], 0, -normal[0]];
  return {
    ...context,
    at: (a, height, out) => add(addScaled(addScaled(foot, along, a), normal, out), [0, height, 0]),
    turn: rotation([0, 1, 0], Math.atan2(normal[0], normal[2])),
  };
}

const WOODS: readonly Rgb[] = [
  [150, 108, 70],
  [104, 72, 48],
  [196, 160, 116],
  [226, 222, 214],
  [92, 94, 98],
];
const ACCENTS: readonly Rgb[] = [
  [176, 64, 52],
  [62, 96, 140],
  [206, 162, 70],
  [86, 124, 88],
  [188, 120, 130],
  [92, 78, 120],
  [214, 206, 190],
];

function box(frame: WallFrame, centre: [number, number, number], half: Vec3, colour: Rgb, bevel = 0): void {
  frame.mesh.box(frame.at(...centre), half, { colour, rotation: frame.turn, bevel });
}

/** A framed picture of a few coloured fields. */
export function picture(frame: WallFrame, a: number): void {
  const { random } = frame;
  const [w, h] = [random.between(2.2, 4.5), random.between(2, 3.4)];
  const y = random.between(14.5, 16.5);
  box(frame, [a, y, 0.15], [w + 0.3, h + 0.3, 0.2], vary(random, random.pick(WOODS)));
  box(frame, [a, y, 0.3], [w, h, 0.1], [232, 228, 220]);
  for (let i = 0, count = 2 + random.int(4); i < count; i++) {
    const [pw, ph] = [random.between(0.2, 0.5) * w, random.between(0.2, 0.5) * h];
    const x = a + random.between(-0.9, 0.9) * (w - pw);
    const at = y + random.between(-0.9, 0.9) * (h - ph);
    box(frame, [x, at, 0.38 + 0.02 * i], [pw, ph, 0.06], vary(random, random.pick(ACCENTS)));
  }
}

/** A door of 90 x 205 cm with its frame and handle. */
export function door(frame: WallFrame, a: number): void {
  const { random } = frame;
  const leaf = vary(random, random.pick(WOODS));
  const panel = leaf.map((c) => c * 0.9) as unknown as Rgb;
  box(frame, [a, 10.6, 0.1], [5.2, 10.6, 0.25], [228, 224, 216]);
  box(frame, [a, 10.2, 0.25], [4.5, 10.2, 0.2], leaf);
  for (const y of [5.2, 14.6])
    for (const x of [-2, 2]) box(frame, [a + x, y, 0.4], [1.5, y < 9 ? 3.6 : 4.2, 0.1], panel);
  frame.mesh.sphere(frame.at(a + 3.8, 10, 0.7), 0.32, { colour: [196, 190, 176], segments: 8, rings: 6 });
}

/** A window with its view of the sky, sometimes with curtains. */
export function window(frame: WallFrame, a: number): void {
  const { random } = frame;
  const [w, h, y] = [random.between(4.5, 8), random.between(5, 6.5), random.between(14, 15.5)];
  box(frame, [a, y, 0.1], [w + 0.6, h + 0.6, 0.3], [236, 234, 230]);
  const light = vary(random, [206, 226, 240], 0.03);
  const garden = vary(random, [150, 178, 140], 0.05);
  for (const side of [-1, 1]) {
    box(frame, [a + (side * w) / 2, y + h * 0.25, 0.35], [w / 2 - 0.25, h * 0.75 - 0.25, 0.1], light);
    box(frame, [a + (side * w) / 2, y - h * 0.75, 0.35], [w / 2 - 0.25, h * 0.25, 0.1], garden);
  }
  box(frame, [a, y - h - 0.8, 0.8], [w + 1.2, 0.25, 1], [232, 230, 226]);
  if (random.chance(0.5)) {
    const cloth = vary(random, random.pick(ACCENTS));
    for (const side of [-1, 1]) {
      for (let fold = 0; fold < 4; fold++) {
        const x = a + side * (w + 0.4 + fold * 0.75);
        const colour = cloth.map((c) => c * (fold % 2 ? 0.88 : 1)) as unknown as Rgb;
        frame.mesh.cylinder(frame.at(x, 0.8, 1.1), frame.at(x, y + h + 1.6, 1.1), { radius: 0.55, colour, sides: 7 });
      }
    }
  }
}

/** A low cabinet with doors or drawers and something on top. */
export function cabinet(frame: WallFrame, a: number): void {
  const { random } = frame;
  const [w, h, d] = [random.between(5, 9), random.between(3.6, 5), random.between(2, 2.5)];
  const wood = vary(random, random.pick(WOODS));
  const front = wood.map((c) => Math.min(255, c * 1.08)) as unknown as Rgb;
  box(frame, [a, h + 0.5, d], [w, h, d], wood, 0.12);
  const doors = 2 + random.int(3);
  for (let i = 0; i < doors; i++) {
    const x = a - w + ((2 * i + 1) * w) / doors;
    box(frame, [x, h + 0.5, 2 * d + 0.05], [w / doors - 0.2, h - 0.4, 0.1], front);
    box(frame, [x + (w / doors) * 0.6, h + 0.9, 2 * d + 0.2], [0.12, 0.7, 0.12], [120, 118, 112]);
  }
  const top = 2 * h + 0.5;
  if (random.chance(0.5)) vase(frame, a + random.between(-0.6, 0.6) * w, { top, out: d });
  if (random.chance(0.4)) {
    const x = a + random.between(-0.5, 0.5) * w;
    for (let i = 0; i < 3; i++)
      box(frame, [x, top + 0.25 + 0.45 * i, d], [1.4 - 0.2 * i, 0.2, 1], vary(random, random.pick(ACCENTS)));
  }
}

function vase(frame: WallFrame, a: number, { top, out }: { top: number; out: number }): void {
  const { random } = frame;
  const colour = vary(random, random.pick(ACCENTS));
  const profile = [
    [0.5, 0],
    [0.9, 0.7],
    [0.8, 1.5],
    [0.35, 2.2],
    [0.5, 2.6],
  ] as const;
  frame.mesh.lathe(frame.at(a, top, out), [0, 1, 0], { profile, colour, sides: 12 });
}

/** Shelves 35 cm apart, full of books. */
export function bookshelf(frame: WallFrame, a: number): void {
  const { random } = frame;
  const w = random.between(4, 7);
  const shelves = 4 + random.int(3);
  const wood = vary(random, random.pick(WOODS));
  const height = shelves * 3.6 + 0.4;
  const back = wood.map((c) => c * 0.6) as unknown as Rgb;
  box(frame, [a, height / 2, 0.1], [w, height / 2, 0.1], back);
  for (const side of [-1, 1]) box(frame, [a + side * w, height / 2, 1.4], [0.15, height / 2, 1.4], wood);
  for (let s = 0; s <= shelves; s++) box(frame, [a, s * 3.6 + 0.2, 1.4], [w, 0.18, 1.4], wood);
  for (let s = 0; s < shelves; s++) {
    for (let x = -w + 0.3; x < w - 0.6; ) {
      const thick = random.between(0.25, 0.6);
      if (random.chance(0.06)) x += random.between(0.6, 2);
      else {
        const h = random.between(1.9, 2.9);
        box(
          frame,
          [a + x + thick / 2, s * 3.6 + 0.4 + h / 2, 1.2],
          [thick / 2, h / 2, 0.9],
          vary(random, random.pick(ACCENTS), 0.15),
        );
      }
      x += thick;
    }
  }
}

export function floorLamp(frame: WallFrame, a: number): void {
  const { random } = frame;
  const h = random.between(13, 16);
  const metal: Rgb = random.pick<Rgb>([
    [70, 70, 74],
    [176, 150, 96],
    [150, 152, 156],
  ]);
  frame.mesh.cylinder(frame.at(a, 0, 3), frame.at(a, 0.3, 3), { radius: 1.3, colour: metal, sides: 14 });
  frame.mesh.cylinder(frame.at(a, 0.3, 3), frame.at(a, h, 3), { radius: 0.14, colour: metal, sides: 6 });
  const shade = vary(
    random,
    random.pick<Rgb>([
      [240, 228, 200],
      [226, 220, 212],
      [196, 110, 84],
    ]),
  );
  frame.mesh.cylinder(frame.at(a, h - 0.4, 3), frame.at(a, h + 2.4, 3), {
    radius: 2,
    endRadius: 1.3,
    colour: shade,
    sides: 14,
  });
}

/** A radiator below nothing in particular. */
export function radiator(frame: WallFrame, a: number): void {
  const w = frame.random.between(3.5, 6);
  for (let x = -w; x < w; x += 0.7) box(frame, [a + x + 0.35, 3.6, 0.7], [0.3, 2.6, 0.35], [232, 232, 228], 0.1);
  box(frame, [a, 1.3, 0.7], [w, 0.2, 0.3], [224, 224, 220]);
  box(frame, [a, 5.9, 0.7], [w, 0.2, 0.3], [224, 224, 220]);
}
