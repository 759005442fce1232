// Sitting: chairs, park benches, a couch, and typing on a laptop at a table or on the lap.
import type { MeshBuilder } from '../mesh-builder.js';
import { type NamedColour, pickColour } from '../objects/colours.js';
import { laptop } from '../objects/devices.js';
import { bench, type ChairKind, chair, couch, table } from '../objects/seats.js';
import type { SceneContext, SceneDescription } from '../types.js';
import { add, mix, normalise, type Vec3 } from '../vector.js';
import { asSupport, describe, type SceneEntry, targetMesh, yawTowards } from './describe.js';
import { Figure, outward, SIDES } from './figure.js';

const WOODS: readonly Vec3[] = [
  [150, 104, 64],
  [198, 164, 118],
  [112, 72, 44],
  [222, 218, 208],
];

const CHAIRS: readonly (readonly [ChairKind, number])[] = [
  ['wooden', 3],
  ['dining', 2],
  ['office', 1.2],
  ['folding', 1.2],
];

/** Draws a chair under a sitting figure. */
export function placeChair(mesh: MeshBuilder, figure: Figure, height: number): NamedColour {
  const random = figure.random.fork('chair');
  const kind = random.weighted(CHAIRS);
  const colour =
    kind === 'wooden' && random.chance(0.6)
      ? { name: 'brown', rgb: random.pick(WOODS.slice(0, 3)) }
      : pickColour(random, [
          'black',
          'black',
          'grey',
          'grey',
          'white',
          'brown',
          'brown',
          'red',
          'blue',
          'green',
          'navy',
          'beige',
        ]);
  chair(mesh, kind, { colour: colour.rgb, height, unit: figure.unit });
  return colour;
}

/** Hands of somebody who just sits. */
function idleHands(figure: Figure, armrest?: { side: 'L' | 'R'; height: number; x: number }): void {
  for (const side of SIDES) {
    if (armrest?.side === side) {
      const point: Vec3 = [armrest.x, armrest.height, 0.8 * figure.unit];
      figure.support(side, point, {
        fingers: [0, -0.1, 1],
        palm: [0, -1, 0],
        pole: [outward(side), -0.3, -1],
        curl: 0.25,
      });
    } else figure.handOnThigh(side);
  }
}

function sitOnChair(context: SceneContext): SceneDescription {
  const figure = new Figure(context);
  const mesh = targetMesh();
  const height = figure.seatHeight;
  figure.sit(height);
  const colour = placeChair(mesh, figure, height);
  idleHands(figure);
  figure.look(0, 0.05);
  return describe({
    name: 'sit-on-chair',
    figure,
    mesh,
    verb: 'sit_on',
    phrase: 'sitting on',
    target: { category: 'chair', colour: colour.name },
    indoor: 0.7,
    // From the side and behind the sitter hides less of it.
    yaw: figure.random.chance(0.25) ? [-0.9, 0.9] : yawTowards(figure.random.sign(), 1.9, 0.9),
  });
}

function sitOnBench(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { unit: u } = figure;
  const mesh = targetMesh();
  const height = figure.seatHeight;
  const painted = random.chance(0.35);
  const colour = painted
    ? pickColour(random.fork('colour'), ['green', 'red', 'blue', 'white', 'grey'])
    : { name: 'wooden', rgb: random.pick(WOODS) };
  const width = random.between(11.5, 15.5) * u;
  const shift = random.between(-0.5, 0.5) * (width - 6 * u);
  figure.sit(height);
  const metal = random.pick<Vec3>([
    [44, 48, 46],
    [110, 112, 116],
    [60, 44, 34],
  ]);
  bench(mesh, { colour: colour.rgb, height, unit: u, width, shift, arms: random.chance(0.7), metal });
  idleHands(figure);
  figure.look(0, 0.05);
  return describe({
    name: 'sit-on-bench',
    figure,
    mesh,
    verb: 'sit_on',
    phrase: 'sitting on',
    target: { category: 'bench', colour: colour.name },
    indoor: 0.04,
    yaw: random.chance(0.85) ? [-1.2, 1.2] : [2.3, 4],
  });
}

function sitOnCouch(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { unit: u } = figure;
  const mesh = targetMesh();
  const height = figure.seatHeight * 0.94;
  const colour = pickColour(random.fork('colour'), [
    'brown',
    'brown',
    'brown',
    'beige',
    'beige',
    'grey',
    'grey',
    'red',
    'blue',
    'green',
    'navy',
    'black',
  ]);
  const seats = random.chance(0.25) ? 3 : 2;
  const shift = random.sign() * random.between(2.7, 3.7) * u * (seats === 3 ? random.pick([0.05, 1.6]) : 1);
  figure.sit(height, random.between(0.1, 0.3));
  const fork = random.fork('cushion');
  const cushions = Array.from({ length: fork.int(3) }, () => pickColour(fork).rgb);
  couch(mesh, { colour: colour.rgb, height, unit: u, shift, cushions, seats, leather: fork.chance(0.35) });
  idleHands(figure);
  figure.look(0, 0.03);
  return describe({
    name: 'sit-on-couch',
    figure,
    mesh,
    verb: 'sit_on',
    phrase: 'sitting on',
    target: { category: 'couch', colour: colour.name },
    indoor: 1,
    yaw: [-0.85, 0.85],
  });
}

/** Brings both hands over the keyboard of a laptop whose centre is at `at`. */
function typingHands(figure: Figure, at: Vec3, scale: number): void {
  const { random, pose } = figure;
  for (const side of SIDES) {
    const x = outward(side);
    const keys = add(at, [x * random.between(0.45, 0.8) * scale, 0.3 * scale, random.between(0, 0.25) * scale]);
    const fingers = normalise([-x * 0.25, -0.14, 1]);
    pose.touch(side, keys, { fingers, palm: [0, -1, -0.1], pole: [x, -0.7, -0.4], reach: 1.5, gap: 0.1 * figure.unit });
    pose.curl(side, [0.2, 0.25, 0.25, 0.28, 0.3], [0.2, 0.4, 0.35, 0.4, 0.42], 0.22);
  }
}

function typeOnLaptop(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const height = figure.seatHeight;
  const onLap = random.chance(0.3);
  const mesh = targetMesh();
  figure.sit(height, onLap ? random.between(0.05, 0.2) : random.between(-0.12, 0.05));
  const colour = random.pick([
    { name: 'grey', rgb: [174, 176, 180] as Vec3 },
    { name: 'grey', rgb: [174, 176, 180] as Vec3 },
    { name: 'black', rgb: [46, 46, 50] as Vec3 },
    pickColour(random.fork('colour'), ['white', 'blue', 'red', 'pink']),
  ]);
  const knee = mix(pose.position('lowerleg01.L'), pose.position('lowerleg01.R'), 0.5);
  const k = 0.35 + 0.65 * u;
  const supports = [{ category: 'chair', colour: '' }];
  let at: Vec3;
  asSupport(mesh, () => {
    supports[0].colour = placeChair(mesh, figure, height).name;
  });
  if (onLap) {
    const hip = figure.hips;
    at = [0, Math.max(knee[1], hip[1]) + measures.thighRadius * 0.95, hip[2] + (knee[2] - hip[2]) * 0.62];
  } else {
    const top = Math.max(height + 2.4 * u, knee[1] + measures.thighRadius + 0.55 * u);
    const edge = Math.max(measures.chestZ + 0.7 * u, 1.5 * u);
    const wood = random.pick(WOODS);
    asSupport(
      mesh,
      () =>
        table(mesh, {
          colour: wood,
          height: top,
          unit: u,
          z: edge + 2.7 * u,
          halfWidth: random.between(4.4, 5.6) * u,
          halfDepth: 2.7 * u,
        }),
      1,
    );
    supports.push({ category: 'dining table', colour: '' });
    at = [0, top, edge + 0.5 * u + 1.16 * k];
  }
  mesh.within({ origin: at, scale: k }, () =>
    laptop(mesh, { colour: colour.rgb, lean: random.between(0.15, 0.45), seed: random.int(2) }),
  );
  typingHands(figure, at, k);
  figure.lookAt(add(at, [0, 1 * k, 1.2 * k]));
  return describe({
    name: 'type-on-laptop',
    figure,
    mesh,
    verb: 'type_on',
    phrase: 'typing on',
    target: { category: 'laptop', colour: colour.name },
    supports: supports.map((s) => (s.colour ? s : { category: s.category })),
    half: 0.2,
    close: { chance: 0.4, pitch: [0.05, 0.35] },
    indoor: 0.85,
    yaw: random.chance(0.7) ? (random.chance(0.5) ? [0.6, 2.2] : [-2.2, -0.6]) : [-0.7, 0.7],
  });
}

export const SITTING: readonly SceneEntry[] = [
  { name: 'sit-on-chair', weight: 1.6, triplets: [['sit_on', 'chair']], build: sitOnChair },
  { name: 'sit-on-bench', weight: 1.4, triplets: [['sit_on', 'bench']], build: sitOnBench },
  { name: 'sit-on-couch', weight: 1, triplets: [['sit_on', 'couch']], build: sitOnCouch },
  { name: 'type-on-laptop', weight: 1.4, triplets: [['type_on', 'laptop']], build: typeOnLaptop },
];
