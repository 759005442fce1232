// Things that stand around outdoors: trees, bushes, houses, fences, lamp posts; none of them a COCO category.
import type { MeshBuilder } from './mesh-builder.js';
import type { SceneRandom } from './scene-random.js';
import { add, addScaled, rotation, transform, type Vec3 } from './vector.js';

export type Rgb = Vec3;

/** What a piece of scenery is drawn into and drawn from. */
export interface SceneryContext {
  mesh: MeshBuilder;
  random: SceneRandom;
}

const LEAVES: readonly Rgb[] = [
  [74, 112, 50],
  [92, 130, 58],
  [58, 96, 54],
  [112, 136, 62],
  [104, 140, 74],
  [152, 140, 62],
];
const BARK: readonly Rgb[] = [
  [98, 76, 56],
  [120, 104, 88],
  [82, 62, 48],
];
const FACADES: readonly Rgb[] = [
  [206, 190, 166],
  [178, 108, 88],
  [222, 216, 206],
  [150, 152, 156],
  [212, 180, 132],
  [168, 184, 190],
  [196, 150, 128],
];
const ROOFS: readonly Rgb[] = [
  [146, 76, 58],
  [96, 92, 94],
  [118, 88, 70],
];

/** The colour, varied a little in brightness and hue. */
export function vary(random: SceneRandom, colour: Rgb, amount = 0.07): Rgb {
  const bright = 1 + random.normal(amount);
  return colour.map((c) => Math.max(0, Math.min(255, c * bright + random.normal(4)))) as unknown as Rgb;
}

const dim = (c: Rgb, k: number): Rgb => [Math.min(255, c[0] * k), Math.min(255, c[1] * k), Math.min(255, c[2] * k)];

const CLUMP = { rings: 8, segments: 12 } as const;

/** One clump of leaves: a lumpy ball, mottled leaf by leaf and darker below; its vertices in and out of the ball. */
function clump(context: SceneryContext, centre: Vec3, shape: { radii: Vec3; colour: Rgb; shade: number }): void {
  const { mesh, random } = context;
  const { radii, colour, shade } = shape;
  const a = random.between(0, 9);
  // Numbers go straight into the mesh: a wood has thousands of these vertices.
  mesh.ball(CLUMP, (x, y, z, out) => {
    const lumps = Math.sin(x * 7 + a) * Math.sin(y * 8 + 2 * a) + 0.6 * Math.sin(z * 13 + 3 * a);
    const bright = shade * (0.84 + 0.16 * y + 0.08 * lumps + random.between(-0.16, 0.16));
    const push = 1 + 0.13 * lumps;
    for (let k = 0; k < 3; k++) {
      const d = k === 0 ? x : k === 1 ? y : z;
      out[k] = centre[k] + d * radii[k] * push;
      out[3 + k] = d / radii[k];
      out[6 + k] = Math.min(255, colour[k] * bright);
    }
  });
}

/** A crown or bush: clumps spread over an ellipsoid, those below in the shade of those above. */
function foliage(context: SceneryContext, centre: Vec3, shape: { radii: Vec3; colour: Rgb; clumps: number }): void {
  const { random } = context;
  const { radii, colour, clumps } = shape;
  clump(context, centre, { radii: radii.map((r) => r * 0.75) as unknown as Vec3, colour, shade: 0.75 });
  for (let i = 0; i < clumps; i++) {
    const y = -0.5 + (1.35 * (i + 0.5)) / clumps;
    const ring = Math.sqrt(Math.max(0.05, 1 - y * y)) * random.between(0.55, 0.85);
    // The golden angle spreads any number of clumps evenly.
    const turn = i * 2.4 + random.between(0, 0.8);
    const offset: Vec3 = [Math.cos(turn) * ring * radii[0], y * 0.75 * radii[1], Math.sin(turn) * ring * radii[2]];
    const size = random.between(0.34, 0.52);
    clump(context, add(centre, offset), {
      radii: [radii[0] * size, radii[1] * size * 0.85, radii[2] * size],
      colour,
      shade: 0.86 + 0.2 * y + random.between(-0.05, 0.08),
    });
  }
}

export function tree(context: SceneryContext, base: Vec3): void {
  const { mesh, random } = context;
  const height = random.between(32, 80);
  const trunk = random.between(0.022, 0.035) * height;
  const bark = vary(random, random.pick(BARK));
  const fork = add(base, [random.normal(0.02) * height, height * 0.5, random.normal(0.02) * height]);
  mesh.cylinder(base, fork, { radius: trunk, endRadius: trunk * 0.6, colour: bark, sides: 9, caps: false });
  const leaves = vary(random, random.pick(LEAVES));
  const spread = height * random.between(0.24, 0.34);
  const crown = add(fork, [0, height * 0.22, 0]);
  for (const side of [-1, 1]) {
    const branch = add(crown, [side * spread * 0.5, 0, random.normal(0.2) * spread]);
    mesh.cylinder(fork, branch, { radius: trunk * 0.4, endRadius: trunk * 0.15, colour: bark, sides: 6, caps: false });
  }
  foliage(context, crown, { radii: [spread, height * 0.27, spread], colour: leaves, clumps: 9 + random.int(5) });
}

export function conifer(context: SceneryContext, base: Vec3): void {
  const { mesh, random } = context;
  const height = random.between(40, 90);
  mesh.cylinder(base, add(base, [0, height * 0.2, 0]), { radius: height * 0.02, colour: [88, 66, 50], sides: 8 });
  const green = vary(random, [46, 82, 58]);
  const tiers = 4 + random.int(3);
  for (let i = 0; i < tiers; i++) {
    const y = height * (0.12 + (0.74 * i) / tiers);
    const radius = height * 0.2 * (1 - (0.8 * i) / tiers);
    const colour = dim(green, 0.85 + (0.3 * i) / tiers);
    mesh.cylinder(add(base, [0, y, 0]), add(base, [0, y + height * 0.3, 0]), {
      radius,
      endRadius: 0.01,
      colour,
      sides: 11,
    });
  }
}

export function bush(context: SceneryContext, base: Vec3): void {
  const { random } = context;
  const leaves = vary(random, random.pick(LEAVES.slice(0, 4)));
  for (let i = 0, count = 1 + random.int(2); i < count; i++) {
    const size = random.between(4, 8);
    const centre = add(base, [random.normal(2.5), size * 0.5, random.normal(1)]);
    foliage(context, centre, { radii: [size * 1.1, size * 0.8, size], colour: leaves, clumps: 6 });
  }
}

/** A house or block with windows; its front looks along `facing` (radians about Y, 0 = +Z). */
export function building(context: SceneryContext, base: Vec3, facing: number): void {
  const { mesh, random } = context;
  const floors = 1 + random.int(4);
  const storey = random.between(27, 32);
  const half: Vec3 = [random.between(35, 75), (floors * storey) / 2 + 2, random.between(30, 45)];
  const facade = vary(random, random.pick(FACADES));
  const turn = rotation([0, 1, 0], facing);
  const at = (x: number, y: number, z: number) => add(base, transform(turn, [x, y, z]));
  mesh.box(at(0, half[1], -half[2]), half, { colour: facade, rotation: turn });
  const trim: Rgb = [226, 222, 214];
  const glass = vary(random, [92, 112, 132]);
  const columns = Math.max(2, Math.round(half[0] / random.between(9, 14)));
  for (let floor = 0; floor < floors; floor++) {
    for (let column = 0; column < columns; column++) {
      const x = ((column + 0.5) / columns - 0.5) * 2 * half[0];
      const y = floor * storey + 16;
      mesh.box(at(x, y, 0.2), [5.2, 7.2, 0.4], { colour: trim, rotation: turn });
      for (const side of [-1, 1]) {
        mesh.box(at(x + side * 2.5, y, 0.5), [2.2, 6.5, 0.3], { colour: glass, rotation: turn });
      }
    }
  }
  if (floors <= 2 && random.chance(0.8)) {
    const roof = vary(random, random.pick(ROOFS));
    const y = 2 * half[1];
    const ridge = y + half[2] * 0.8;
    const w = half[0] + 3;
    mesh.quad([at(-w, y - 2, 3), at(w, y - 2, 3), at(w, ridge, -half[2]), at(-w, ridge, -half[2])], roof);
  } else {
    mesh.box(at(0, 2 * half[1], -half[2]), [half[0] + 1, 1.2, half[2] + 1], {
      colour: dim(facade, 0.8),
      rotation: turn,
    });
  }
}

export function lampPost(context: SceneryContext, base: Vec3): void {
  const { mesh, random } = context;
  const height = random.between(38, 60);
  const colour = random.pick<Rgb>([
    [62, 66, 70],
    [120, 124, 126],
    [48, 70, 60],
  ]);
  mesh.cylinder(base, add(base, [0, 3, 0]), { radius: 1.1, endRadius: 0.7, colour });
  mesh.cylinder(add(base, [0, 3, 0]), add(base, [0, height, 0]), { radius: 0.55, endRadius: 0.4, colour });
  mesh.sphere(add(base, [0, height + 1.4, 0]), 1.7, { colour: [236, 232, 214], segments: 10, rings: 6 });
}

/** Posts and rails from `from` along the unit vector `along`. */
export function fence(context: SceneryContext, from: Vec3, along: Vec3): void {
  const { mesh, random } = context;
  const length = random.between(120, 260);
  const height = random.between(9, 14);
  const colour = vary(
    random,
    random.pick<Rgb>([
      [214, 210, 202],
      [128, 96, 66],
      [96, 100, 104],
    ]),
  );
  const yaw = Math.atan2(-along[2], along[0]);
  const turn = rotation([0, 1, 0], yaw);
  const pickets = random.chance(0.5);
  const gap = pickets ? 2.4 : 12;
  for (let d = -length / 2; d <= length / 2; d += gap) {
    const foot = addScaled(from, along, d);
    mesh.box(add(foot, [0, height / 2, 0]), [pickets ? 0.7 : 0.6, height / 2, 0.25], { colour, rotation: turn });
  }
  for (const k of [0.3, 0.6, 0.92]) {
    if (pickets && k === 0.6) continue;
    mesh.box(add(from, [0, height * k, 0]), [length / 2, 0.5, 0.2], { colour, rotation: turn });
  }
}

export function hedge(context: SceneryContext, from: Vec3, along: Vec3): void {
  const { random } = context;
  const leaves = vary(random, random.pick(LEAVES.slice(0, 4)));
  const height = random.between(7, 15);
  for (let d = -90; d <= 90; d += 13) {
    const centre = add(addScaled(from, along, d + random.normal(1.5)), [0, height * 0.5, 0]);
    foliage(context, centre, { radii: [10, height * 0.58, 6], colour: leaves, clumps: 5 });
  }
}
