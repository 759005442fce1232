// Sitting at a table with a cup or a bottle in the hand, or eating pizza.
import { pickColour } from '../objects/colours.js';
import { pizza, pizzaSlice } from '../objects/food.js';
import { table } from '../objects/seats.js';
import { bottle, mug } from '../objects/vessels.js';
import type { SceneContext, SceneDescription, Side } from '../types.js';
import { add, normalise, rotation, type Vec3 } from '../vector.js';
import { asProp, asSupport, describe, type SceneEntry, targetMesh } from './describe.js';
import { combine, Figure, otherSide, outward, standing } from './figure.js';
import { placeChair } from './sitting.js';

const TOPS: readonly Vec3[] = [
  [150, 104, 64],
  [198, 164, 118],
  [112, 72, 44],
  [222, 218, 208],
  [70, 66, 64],
];

/** Seats the figure at a table; returns the height of its top and the z of its near edge. */
function atTable(figure: Figure, mesh: ReturnType<typeof targetMesh>) {
  const { pose, measures, random, unit: u } = figure;
  const height = figure.seatHeight;
  figure.sit(height, random.between(-0.1, 0.05));
  const knee = pose.position('lowerleg01.L');
  const top = Math.max(height + 2.4 * u, knee[1] + measures.thighRadius + 0.55 * u);
  const edge = Math.max(measures.chestZ + 0.7 * u, 1.5 * u);
  let chair = '';
  asSupport(mesh, () => {
    chair = placeChair(mesh, figure, height).name;
  });
  const halfDepth = random.between(2.6, 3.6) * u;
  const options = { colour: random.pick(TOPS), height: top, unit: u, halfWidth: random.between(4.4, 6) * u, halfDepth };
  asSupport(mesh, () => table(mesh, { ...options, z: edge + halfDepth }), 1);
  return { top, edge, supports: [{ category: 'chair', colour: chair }, { category: 'dining table' }] };
}

/** Lays a hand flat on the table. */
function handOnTable(figure: Figure, side: Side, { top, edge }: { top: number; edge: number }): void {
  const { random, unit: u } = figure;
  const x = outward(side);
  const point: Vec3 = [x * random.between(1.2, 2) * u, top, edge + random.between(0.6, 1.1) * u];
  const fingers = normalise([-x * random.between(0.4, 1), 0, 0.8]);
  figure.support(side, point, { fingers, palm: [0, -1, 0], pole: [x, -0.8, -0.4], curl: 0.15, gap: 0.08 * u });
}

function drinkAtTable(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, unit: u } = figure;
  const mesh = targetMesh();
  const { top, edge, supports } = atTable(figure, mesh);
  const cup = random.chance(0.65);
  const side: Side = random.chance(0.6) ? 'R' : 'L';
  const x = outward(side);
  const k = 1.2 * (0.4 + 0.6 * u);
  const colour = pickColour(random.fork('colour'), cup ? undefined : ['green', 'brown', 'blue', 'red']);
  const at: Vec3 = [x * random.between(0.2, 1.6) * u, top, edge + random.between(1.4, 2.4) * u];
  const origin = add(at, [0, (cup ? 0.48 : 0.98) * k, 0]);
  // A mug's handle points to the hand, which is at the person's side of it.
  const towards = normalise([x, 0, -0.6]);
  mesh.within({ origin, rotation: rotation([0, 1, 0], Math.atan2(-towards[2], towards[0])), scale: k }, () => {
    if (cup) mug(mesh, { colour: colour.rgb, drink: [66, 40, 26] });
    else bottle(mesh, random.pick(['glass', 'glass', 'water']), { colour: colour.rgb, cap: [220, 220, 220] });
  });
  const held = add(origin, cup ? combine([towards, 0.72 * k]) : [0, -0.35 * k, 0]);
  pose.grip(side, held, {
    axis: [0, 1, 0],
    fingers: [-x * 0.5, 0, 0.9],
    pole: [x * 0.8, -1, -0.2],
    radius: cup ? 0.1 * u : 0.32 * u,
  });
  handOnTable(figure, otherSide(side), { top, edge });
  if (random.chance(0.5)) figure.lookAt(origin, 0.7);
  else figure.look(0, 0.05);
  return describe({
    name: 'drink-at-table',
    figure,
    mesh,
    verb: 'hold',
    phrase: 'holding',
    target: {
      category: cup ? 'cup' : 'bottle',
      colour: colour.name,
      word: cup && random.chance(0.4) ? 'mug' : undefined,
    },
    supports,
    close: { chance: 0.9, pitch: [0.1, 0.4] },
    indoor: 0.85,
    yaw: [-1, 1],
  });
}

function eatPizza(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, unit: u } = figure;
  const mesh = targetMesh();
  const { top, edge, supports } = atTable(figure, mesh);
  const k = 0.5 + 0.5 * u;
  const at: Vec3 = [random.normal(0.4) * u, top, edge + 2.1 * k];
  mesh.within({ origin: at, scale: k }, () => pizza(mesh, random.fork('pizza')));
  const side: Side = random.chance(0.65) ? 'R' : 'L';
  const x = outward(side);
  figure.lookAt(add(at, [0, 2 * u, 3 * u]), 0.6);
  // The tip of the slice is at the lips, the crust in the hand.
  const tip = normalise([-x * 0.55, 0.1, -0.85]);
  const crust = add(figure.mouth, combine([tip, -1.75 * k], [[0, 1, 0], -0.35 * u]));
  // Not part of the annotated pizza, whose box would reach from the table to the mouth.
  asProp(mesh, () =>
    mesh.within({ origin: crust, rotation: standing([0, 1, 0.15], tip), scale: k }, () =>
      pizzaSlice(mesh, random.fork('slice')),
    ),
  );
  const fingers = normalise([-x * 0.75, 0.5, -0.2]);
  pose.touch(side, add(crust, [0, -0.15 * u, 0]), {
    fingers,
    palm: [0, 0.9, -0.4],
    pole: [x * 0.6, -1, 0],
    reach: 1.5,
  });
  pose.curl(side, [0.5, 0.5, 0.5, 0.55, 0.6], [0.3, 0.5, 0.5, 0.5, 0.5], 0.3);
  handOnTable(figure, otherSide(side), { top, edge });
  return describe({
    name: 'eat-pizza',
    figure,
    mesh,
    verb: 'eat',
    phrase: 'eating',
    target: { category: 'pizza' },
    supports,
    close: { chance: 0.9, pitch: [0.2, 0.5] },
    indoor: 0.9,
    yaw: [-0.9, 0.9],
  });
}

export const AT_TABLE: readonly SceneEntry[] = [
  {
    name: 'drink-at-table',
    weight: 1.6,
    triplets: [
      ['hold', 'cup'],
      ['hold', 'bottle'],
    ],
    build: drinkAtTable,
  },
  { name: 'eat-pizza', weight: 0.6, triplets: [['eat', 'pizza']], build: eatPizza },
];
