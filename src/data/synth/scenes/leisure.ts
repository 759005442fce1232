// Winter sports, a kite, a teddy bear, a handbag, and food in the hand.
import { pickColour } from '../objects/colours.js';
import { apple, banana, doughnut, PIZZA_RADIUS, pizza } from '../objects/food.js';
import { handbag } from '../objects/luggage.js';
import { SKI, SNOWBOARD, ski, skiPole, snowboard } from '../objects/snow-sports.js';
import { kite, teddyBear } from '../objects/toys.js';
import type { SceneContext, SceneDescription, Side } from '../types.js';
import { add, addScaled, euler, normalise, perpendicular, rotation, scale, type Vec3 } from '../vector.js';
import { asProp, describe, ROADS, type SceneEntry, targetMesh, yawTowards } from './describe.js';
import { combine, Figure, otherSide, outward, SIDES, standing } from './figure.js';

const BRIGHT = ['red', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink', 'teal'];

function rideSnowboard(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, unit: u } = figure;
  const colour = pickColour(random.fork('colour'), [...BRIGHT, 'black', 'white']);
  const stripe = pickColour(random.fork('stripe'), BRIGHT);
  const k = Math.max(0.75, u);
  const ahead = random.sign();
  const crouch = random.between(0.9, 2.3);
  const stance = random.between(2.2, 2.7);
  const mesh = targetMesh();
  mesh.within({ scale: k }, () => snowboard(mesh, { colour: colour.rgb, stripe: stripe.rgb, stance }));
  pose.rootRotation = euler(0.14 + 0.06 * crouch, 0, 0);
  pose.trunk(0.2 + 0.12 * crouch, ahead * random.between(0.2, 0.6), random.normal(0.06));
  pose.translate([0, (SNOWBOARD.top + 0.06) * k - crouch * u, 0]);
  for (const side of SIDES) {
    const x = outward(side);
    figure.plant(side, [x * stance * k, -0.3 * u], {
      yaw: x * 0.22,
      lift: (SNOWBOARD.top + 0.06) * k,
      pole: [x * 0.4, 0.1, 1],
    });
    figure.balance(side, random.between(2, 4), random.between(0, 2.6), random.between(-0.3, 1.8));
  }
  figure.look(ahead * random.between(0.4, 0.9), -0.1 - 0.04 * crouch, 0.7);
  return describe({
    name: 'ride-snowboard',
    figure,
    mesh,
    verb: 'ride',
    phrase: 'riding',
    target: { category: 'snowboard', colour: colour.name },
    grounds: ['snow'],
    yaw: [-0.9, 0.9],
  });
}

function rideSkis(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, unit: u } = figure;
  const colour = pickColour(random.fork('colour'), [...BRIGHT, 'black', 'white']);
  const stripe = pickColour(random.fork('stripe'), BRIGHT);
  const k = Math.max(0.75, u);
  const crouch = random.between(0.5, 2.2);
  const mesh = targetMesh();
  pose.rootRotation = euler(0.18 + 0.1 * crouch, 0, 0);
  pose.trunk(0.12 + 0.1 * crouch, random.normal(0.06), 0);
  pose.translate([0, SKI.top * k - crouch * u, 0]);
  const apart = random.between(0.8, 1.5) * u;
  // Parallel, or tips together for braking.
  const toeIn = random.chance(0.35) ? random.between(0.05, 0.13) : 0;
  for (const side of SIDES) {
    const x = outward(side);
    const foot: [number, number] = [x * (apart + 5 * toeIn), random.normal(0.3) * u];
    figure.plant(side, foot, { yaw: -x * toeIn, lift: SKI.top * k, pole: [x * 0.1, 0, 1] });
    mesh.within({ origin: [foot[0], 0, foot[1] + 0.5 * u], rotation: rotation([0, 1, 0], -x * toeIn), scale: k }, () =>
      ski(mesh, { colour: colour.rgb, stripe: stripe.rgb }),
    );
    const grip = figure.fromShoulder(
      side,
      random.between(0.8, 1.8),
      -random.between(2.8, 3.8),
      random.between(1.4, 2.4),
    );
    const tip: Vec3 = [grip[0] + x * random.between(0.2, 1) * u, 0.1, grip[2] - random.between(1.5, 4.5) * u];
    pose.grip(side, grip, {
      axis: normalise(combine([grip, 1], [tip, -1])),
      fingers: [-x * 0.2, 0, 1],
      pole: [x, -0.6, -0.6],
    });
    asProp(mesh, () => skiPole(mesh, { grip, tip, colour: [60, 62, 68] }));
  }
  figure.look(0, -0.1 - 0.1 * crouch, 0.7);
  return describe({
    name: 'ride-skis',
    figure,
    mesh,
    verb: 'ride',
    phrase: 'skiing on',
    target: { category: 'skis', colour: colour.name, word: 'pair of skis' },
    grounds: ['snow'],
    yaw: [-1.2, 1.2],
  });
}

function flyKite(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, unit: u } = figure;
  const fork = random.fork('colour');
  const colours = [pickColour(fork, BRIGHT), pickColour(fork, [...BRIGHT, 'white'])] as const;
  const side: Side = random.chance(0.7) ? 'R' : 'L';
  const x = outward(side);
  figure.loosen();
  figure.raiseShoulder(side, 0.15);
  figure.standOrWalk(0.3);
  const hand = figure.fromShoulder(side, random.between(0, 1.2), random.between(0.4, 2), random.between(2, 3));
  const bridle = add(hand, [x * random.between(2, 8), random.between(6, 11), random.between(1, 7)]);
  const line = normalise(combine([bridle, 1], [hand, -1]));
  pose.grip(side, hand, { axis: line, fingers: [-x * 0.3, 0.2, 1], pole: [x, -0.8, -0.2], radius: 0.1 * u });
  figure.rest(otherSide(side));
  const mesh = targetMesh();
  // Its face looks down along the line, to who holds it.
  const up = perpendicular([random.normal(0.2), 1, 0], line);
  mesh.within({ origin: bridle, rotation: standing(up, scale(line, -1)), scale: random.between(0.75, 1) }, () =>
    kite(mesh, { colours: [colours[0].rgb, colours[1].rgb], sway: random.between(-1.2, 1.2) }),
  );
  asProp(mesh, () => mesh.cylinder(hand, bridle, { radius: 0.03, colour: [230, 230, 230], sides: 3, caps: false }));
  figure.lookAt(bridle, 0.7);
  return describe({
    name: 'fly-kite',
    figure,
    mesh,
    verb: 'fly',
    phrase: 'flying',
    target: { category: 'kite', colour: colours[0].name },
    grounds: ['grass', 'meadow', 'sand'],
    yaw: random.chance(0.6) ? [-0.8, 0.8] : yawTowards(random.sign(), 1.9, 0.8),
  });
}

function hugTeddy(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const fur = random.pick<{ name: string; rgb: Vec3 }>([
    { name: 'brown', rgb: [142, 94, 54] },
    { name: 'brown', rgb: [170, 120, 72] },
    { name: 'beige', rgb: [204, 172, 124] },
    { name: 'white', rgb: [228, 222, 212] },
  ]);
  const ribbon = pickColour(random.fork('ribbon'), ['red', 'blue', 'green', 'pink', 'yellow']);
  const hugs = random.chance(0.5);
  const k = random.between(0.75, 1.05) * (0.5 + 0.5 * u);
  figure.loosen();
  figure.stand();
  const chest = pose.position('spine02');
  const out = measures.chestZ + (hugs ? 0.75 * k : random.between(1.4, 2.2) * u);
  const centre: Vec3 = [chest[0] + random.normal(0.2), chest[1] - random.between(0.2, 1) * u, out];
  const mesh = targetMesh();
  mesh.within({ origin: centre, rotation: euler(0, random.normal(0.2), random.normal(0.08)), scale: k }, () =>
    teddyBear(mesh, { colour: fur.rgb, ribbon: ribbon.rgb }),
  );
  for (const side of SIDES) {
    const x = outward(side);
    if (hugs) {
      // Crossed over its belly, one arm above the other.
      const point = add(centre, [x * 0.35 * k, (x > 0 ? 0.25 : -0.45) * k, 0.95 * k]);
      figure.support(side, point, { fingers: [-x, 0.1, 0.1], palm: [0, 0, -1], pole: [x, -0.8, 0], curl: 0.3 });
    } else {
      const point = add(centre, [x * 1 * k, -0.1 * k, 0]);
      const fingers = normalise([-x * 0.15, 0.25, 1]);
      figure.support(side, point, { fingers, palm: [-x, 0, 0], pole: [x * 0.9, -0.8, -0.4], curl: 0.2 });
    }
  }
  figure.look(0, 0.1);
  return describe({
    name: 'hug-teddy',
    figure,
    mesh,
    verb: hugs ? 'hug' : 'hold',
    phrase: hugs ? 'hugging' : 'holding',
    target: { category: 'teddy bear', colour: fur.name },
    half: 0.5,
    close: { chance: 0.5, pitch: [-0.02, 0.15] },
    indoor: 0.7,
    yaw: [-0.8, 0.8],
  });
}

function carryHandbag(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const colour = pickColour(random.fork('colour'), ['black', 'brown', 'red', 'beige', 'navy', 'white', 'teal', 'pink']);
  const side: Side = random.chance(0.5) ? 'L' : 'R';
  const x = outward(side);
  figure.loosen();
  const walks = figure.standOrWalk(0.5);
  const shoulder = figure.shoulder(side);
  const reach = random.between(0.86, 0.95);
  const point: Vec3 = [
    pose.root[0] + x * Math.max(measures.hipHalfWidth + 0.9 * u, Math.abs(shoulder[0]) + 0.3),
    shoulder[1] - measures.armLength * reach - 0.7 * u,
    shoulder[2] + random.between(0, 0.8) * u,
  ];
  pose.grip(side, point, {
    axis: [0, 0.08, 1],
    fingers: [x * 0.05, -1, 0.05],
    pole: [x * 0.4, 0, -1],
    radius: 0.12 * u,
  });
  const mesh = targetMesh();
  mesh.within(
    { origin: point, rotation: rotation([0, 1, 0], random.normal(0.2)), scale: random.between(0.85, 1.05) * u },
    () => handbag(mesh, { colour: colour.rgb, buckle: [214, 178, 92] }),
  );
  figure.hang(otherSide(side));
  figure.look();
  return describe({
    name: 'carry-handbag',
    figure,
    mesh,
    verb: walks ? 'carry' : 'hold',
    phrase: walks ? 'carrying' : 'holding',
    target: { category: 'handbag', colour: colour.name },
    close: { chance: 0.45, pitch: [-0.02, 0.15] },
    indoor: 0.35,
    grounds: [...ROADS, 'tiles', 'planks'],
    yaw: yawTowards(x, 0.8, 0.9),
  });
}

type Snack = 'banana' | 'apple' | 'donut';

/** Draws what is eaten, its axis along local +y; returns the colour for captions. */
function drawSnack(
  mesh: ReturnType<typeof targetMesh>,
  kind: Snack,
  figure: Figure,
  peeled: boolean,
): string | undefined {
  const random = figure.random.fork('snack');
  if (kind === 'banana') {
    banana(mesh, { peeled });
    return 'yellow';
  }
  if (kind === 'apple') {
    const colour = pickColour(random, ['red', 'red', 'green']);
    apple(mesh, { colour: colour.rgb });
    return colour.name;
  }
  const icing = random.pick<Vec3>([
    [240, 150, 180],
    [92, 52, 32],
    [244, 238, 226],
  ]);
  mesh.within({ rotation: rotation([1, 0, 0], Math.PI / 2) }, () => doughnut(mesh, { icing, random }));
  return undefined;
}

function eatSnack(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const kind = random.weighted<Snack>([
    ['banana', 1.5],
    ['apple', 1],
    ['donut', 1.2],
  ]);
  const side: Side = random.chance(0.65) ? 'R' : 'L';
  const x = outward(side);
  const eats = random.chance(0.45);
  figure.loosen();
  figure.stand();
  figure.look(0, 0.05, 0.6);
  const forward = figure.headDirection([0, 0, 1]);
  const k = 1.3 * (0.3 + 0.7 * u);
  const banana = kind === 'banana';
  // Above the hand that holds it by its lower end.
  const above = banana ? 0.15 * k : 0.42 * k;
  let centre: Vec3;
  if (eats) {
    const bite = banana ? [0.25, -1.35] : kind === 'donut' ? [0.35, -0.5] : [0.4, -0.12];
    centre = add(figure.mouth, combine([forward, (bite[0] + 0.3) * u], [[0, 1, 0], bite[1] * k]));
  } else {
    const from = figure.fromShoulder(side, random.between(-0.6, 0.6), -random.between(0.2, 1.8), 0);
    centre = [from[0], from[1], measures.chestZ + random.between(1.6, 2.8) * u];
  }
  const axis = normalise([-x * 0.1, 1, 0.1]);
  const held = addScaled(centre, axis, -above - (banana ? 0.2 * k : 0));
  if (banana) pose.grip(side, held, { axis, fingers: [-x * 0.7, 0, 0.7], pole: [x * 0.4, -1, 0], radius: 0.18 * k });
  else {
    pose.touch(side, held, {
      fingers: normalise([-x * 0.5, 0.75, 0.5]),
      palm: normalise([-x * 0.2, 0.6, -0.7]),
      pole: [x * 0.4, -1, 0],
      reach: 1.25,
    });
    pose.curl(side, [0.5, 0.6, 0.6, 0.65, 0.7], [0.4, 0.6, 0.6, 0.6, 0.6], 0.4);
  }
  const mesh = targetMesh();
  let colour: string | undefined;
  mesh.within({ origin: centre, rotation: standing(axis, forward), scale: k }, () => {
    colour = drawSnack(mesh, kind, figure, eats || random.chance(0.4));
  });
  figure.rest(otherSide(side));
  return describe({
    name: 'eat-snack',
    figure,
    mesh,
    verb: eats ? 'eat' : 'hold',
    phrase: eats ? 'eating' : 'holding',
    target: { category: kind, colour },
    half: 0.3,
    close: { chance: 0.9, pitch: [-0.05, 0.2] },
    indoor: 0.5,
    yaw: eats ? yawTowards(-x, 0.5, 0.6) : [-0.7, 0.7],
  });
}

function holdPizza(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const k = 0.4 + 0.6 * u;
  figure.loosen();
  figure.stand();
  const chest = pose.position('spine02');
  const centre: Vec3 = [chest[0], chest[1] - random.between(0, 1.2) * u, measures.chestZ + (PIZZA_RADIUS + 0.5) * k];
  // Tipped towards who looks at it.
  const up = normalise([random.normal(0.08), 1, random.between(0.15, 0.6)]);
  const front = perpendicular([0, 0, 1], up);
  const mesh = targetMesh();
  mesh.within({ origin: centre, rotation: standing(up, front), scale: k }, () => pizza(mesh, random.fork('pizza')));
  for (const side of SIDES) {
    const x = outward(side);
    const point = add(centre, combine([[x, 0, 0], PIZZA_RADIUS * 0.8 * k], [up, -0.12 * k], [front, -0.25 * k]));
    const fingers = normalise(combine([front, 0.75], [[-x, 0, 0], 0.5]));
    pose.touch(side, point, { fingers, palm: up, pole: [x, -1, -0.3], reach: 0.9, gap: 0.08 * u });
    pose.curl(side, [-0.2, 0, 0, 0, 0], 0.02, 0);
  }
  figure.look(0, 0.08);
  return describe({
    name: 'hold-pizza',
    figure,
    mesh,
    verb: 'hold',
    phrase: 'holding',
    target: { category: 'pizza' },
    half: 0.3,
    close: { chance: 0.8, pitch: [0.3, 0.7] },
    indoor: 0.95,
    yaw: [-0.8, 0.8],
  });
}

export const LEISURE: readonly SceneEntry[] = [
  { name: 'ride-snowboard', weight: 1, triplets: [['ride', 'snowboard']], inSnow: true, build: rideSnowboard },
  { name: 'ride-skis', weight: 1.1, triplets: [['ride', 'skis']], inSnow: true, build: rideSkis },
  { name: 'fly-kite', weight: 1.1, triplets: [['fly', 'kite']], build: flyKite },
  {
    name: 'hug-teddy',
    weight: 1.1,
    triplets: [
      ['hug', 'teddy bear'],
      ['hold', 'teddy bear'],
    ],
    build: hugTeddy,
  },
  {
    name: 'carry-handbag',
    weight: 0.8,
    triplets: [
      ['carry', 'handbag'],
      ['hold', 'handbag'],
    ],
    build: carryHandbag,
  },
  {
    name: 'eat-snack',
    weight: 1.4,
    triplets: (['banana', 'apple', 'donut'] as const).flatMap(
      (food) =>
        [
          ['eat', food],
          ['hold', food],
        ] as const,
    ),
    build: eatSnack,
  },
  { name: 'hold-pizza', weight: 0.5, triplets: [['hold', 'pizza']], build: holdPizza },
];
