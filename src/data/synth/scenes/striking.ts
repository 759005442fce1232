// Baseball bat and tennis racket: swung and held.
import { ball } from '../objects/ball.js';
import { baseballBat, tennisRacket } from '../objects/bats.js';
import { type NamedColour, pickColour } from '../objects/colours.js';
import type { SceneContext, SceneDescription, Side } from '../types.js';
import { add, addScaled, euler, mix, normalise, perpendicular, type Vec3 } from '../vector.js';
import { asSupport, describe, type SceneEntry, targetMesh, yawTowards } from './describe.js';
import { Figure, otherSide, outward, standing, upAlong } from './figure.js';

function chooseBat(figure: Figure): NamedColour & { metal: boolean } {
  const random = figure.random.fork('bat');
  if (random.chance(0.6))
    return {
      name: 'wooden',
      rgb: random.pick<Vec3>([
        [204, 160, 104],
        [176, 128, 80],
        [222, 188, 134],
      ]),
      metal: false,
    };
  return { ...pickColour(random, ['black', 'red', 'blue', 'grey', 'yellow']), metal: true };
}

function swingBat(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const bat = chooseBat(figure);
  // The lead side faces the pitcher; a right-handed batter leads with the left.
  const lead: Side = random.chance(0.75) ? 'L' : 'R';
  const back = otherSide(lead);
  const x = outward(lead);
  const moment = random.pick(['ready', 'ready', 'contact', 'follow'] as const);
  const turn = { ready: -x * 0.5, contact: x * 0.45, follow: x * 0.75 }[moment];
  pose.rootRotation = euler(0.1, moment === 'ready' ? -x * 0.1 : x * 0.25, 0);
  pose.translate([0, -random.between(0.55, 0.95) * u, 0]);
  pose.trunk(0.22, turn, 0);
  pose.solve();
  const wide = random.between(0.8, 1.3) * u;
  figure.plant(lead, [x * (measures.hipX + wide), 0.3 * u], { yaw: x * 0.45 });
  figure.plant(back, [-x * (measures.hipX + wide), -0.3 * u], {
    yaw: moment === 'ready' ? -x * 0.3 : x * 0.1,
    lift: moment === 'ready' ? 0 : 0.25 * u,
    pitch: moment === 'ready' ? 0 : 0.3,
  });
  const middle = mix(
    figure.shoulder(back),
    figure.shoulder(lead),
    moment === 'ready' ? 0.12 : moment === 'contact' ? 0.5 : 0.8,
  );
  const places: Record<typeof moment, { hands: Vec3; axis: Vec3; fingers: [Vec3, Vec3] }> = {
    ready: {
      hands: [-x * 0.5, random.between(-0.3, 0.3), 2],
      axis: [-x * random.between(0.3, 0.6), 1.1, -random.between(0.35, 0.7)],
      fingers: [
        [-x * 0.3, 0, 1],
        [x * 0.6, 0, 0.8],
      ],
    },
    contact: {
      hands: [x * random.between(0, 0.5), -1.5, 3.1],
      axis: [x * random.between(-0.1, 0.7), random.between(-0.1, 0.3), 0.9],
      fingers: [
        [-x * 0.9, 0, 0.3],
        [x * 0.9, 0, 0.3],
      ],
    },
    follow: {
      hands: [x * 1, -0.4, 2.2],
      axis: [x * 1, random.between(0.2, 0.7), -0.3],
      fingers: [
        [-x * 0.2, 0.1, 1],
        [x * 0.3, 0.1, 1],
      ],
    },
  };
  const place = places[moment];
  const hands = add(middle, [place.hands[0] * u, place.hands[1] * u, place.hands[2] * u]);
  const axis = normalise(place.axis);
  pose.grip(lead, addScaled(hands, axis, -0.42 * u), {
    axis,
    fingers: place.fingers[0],
    pole: [x * 0.7, -0.7, 0.1],
    radius: 0.13 * u,
  });
  pose.grip(back, addScaled(hands, axis, 0.42 * u), {
    axis,
    fingers: place.fingers[1],
    pole: [-x * 0.9, -0.6, -0.1],
    radius: 0.13 * u,
  });
  const mesh = targetMesh();
  mesh.within({ origin: hands, rotation: upAlong(axis), scale: u }, () =>
    baseballBat(mesh, { colour: bat.rgb, metal: bat.metal }),
  );
  figure.look(moment === 'ready' ? x * 0.85 : x * 0.1, 0, 0.7);
  return describe({
    name: 'swing-bat',
    figure,
    mesh,
    verb: 'swing',
    phrase: 'swinging',
    target: { category: 'baseball bat', colour: bat.name },
    grounds: ['grass', 'grass', 'meadow', 'dirt', 'dirt'],
    yaw: [-1, 1],
  });
}

function holdBat(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const bat = chooseBat(figure);
  const side: Side = random.chance(0.65) ? 'R' : 'L';
  const x = outward(side);
  figure.loosen();
  figure.standOrWalk(0.25);
  const way = random.pick(['shoulder', 'down', 'front'] as const);
  const shoulder = figure.shoulder(side);
  let hands: Vec3;
  let axis: Vec3;
  let fingers: Vec3;
  if (way === 'shoulder') {
    // The barrel rests on the shoulder: the bat passes just above it.
    const resting = add(shoulder, [-x * 0.1 * u, 0.95 * u, -0.2 * u]);
    hands = add(shoulder, [x * 0.35 * u, -0.9 * u, 2.6 * u]);
    axis = normalise([resting[0] - hands[0], resting[1] - hands[1], resting[2] - hands[2]]);
    fingers = [-x * 0.5, 0.6, 0.6];
  } else if (way === 'down') {
    hands = [
      pose.root[0] + x * (measures.hipHalfWidth + 0.9 * u),
      shoulder[1] - measures.armLength * 0.93 - 0.6 * u,
      random.between(0, 0.8) * u,
    ];
    axis = normalise([x * 0.15, -0.55, random.sign() * random.between(0.3, 0.6)]);
    fingers = [0, -1, 0.4];
  } else {
    hands = [shoulder[0] - x * 0.5 * u, shoulder[1] - random.between(2.4, 3) * u, measures.chestZ + 1.6 * u];
    axis = normalise([x * 0.35, 1, 0.25]);
    fingers = [-x * 0.6, 0, 0.8];
  }
  pose.grip(side, hands, { axis, fingers, pole: [x * 0.7, -0.8, -0.5], radius: 0.14 * u });
  const mesh = targetMesh();
  mesh.within({ origin: hands, rotation: upAlong(axis), scale: u }, () =>
    baseballBat(mesh, { colour: bat.rgb, metal: bat.metal }),
  );
  figure.rest(otherSide(side));
  figure.look();
  return describe({
    name: 'hold-bat',
    figure,
    mesh,
    verb: 'hold',
    phrase: 'holding',
    target: { category: 'baseball bat', colour: bat.name },
    indoor: 0.1,
    grounds: ['grass', 'meadow', 'dirt', 'dirt', 'asphalt'],
    yaw: yawTowards(x, 0.3, 0.9),
  });
}

function swingRacket(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const colour = pickColour(random.fork('colour'));
  const side: Side = random.chance(0.75) ? 'R' : 'L';
  const x = outward(side);
  const other = otherSide(side);
  const serve = random.chance(0.4);
  pose.rootRotation = euler(0.06, -x * 0.15, 0);
  pose.translate([0, -0.5 * u, 0]);
  pose.trunk(0.12, -x * random.between(0.1, 0.5), 0);
  if (serve) figure.raiseShoulder(side, 0.25);
  pose.solve();
  figure.plant(other, [-x * (measures.hipX + 0.5 * u), 0.9 * u], { yaw: -x * 0.15 });
  figure.plant(side, [x * (measures.hipX + 0.6 * u), -0.9 * u], { yaw: x * 0.5, lift: 0.2 * u, pitch: 0.2 });
  const hand = serve
    ? figure.fromShoulder(side, 0.9, 3.1, 0.8)
    : figure.fromShoulder(side, random.between(2.2, 3.4), -random.between(0.8, 2.2), random.between(-0.3, 2.6));
  const axis = serve
    ? normalise([x * random.between(-0.2, 0.5), 1, random.between(-0.5, 0.4)])
    : normalise([x * random.between(0.5, 1), random.between(0.15, 0.9), random.between(-0.2, 0.8)]);
  pose.grip(side, hand, {
    axis,
    fingers: serve ? [-x * 0.3, 0.3, 1] : [-x * 0.2, -0.2, 1],
    pole: [x * 0.6, -1, -0.4],
    radius: 0.16 * u,
  });
  const k = 0.25 + 0.7 * u;
  const facing = perpendicular([-x * 0.15, 0, 1], axis);
  const mesh = targetMesh();
  mesh.within({ origin: hand, rotation: standing(axis, facing), scale: k }, () =>
    tennisRacket(mesh, { colour: colour.rgb }),
  );
  const supports: { category: string; colour: string }[] = [];
  if (random.chance(0.6)) {
    const sweet = addScaled(addScaled(hand, axis, 4.1 * k), facing, random.between(0.6, 3) * u);
    asSupport(mesh, () =>
      ball(mesh, sweet, { kind: 'tennis', colour: [206, 222, 58], scale: 1, random: random.fork('ball') }),
    );
    supports.push({ category: 'sports ball', colour: 'yellow' });
  }
  pose.arm(
    other,
    figure.fromShoulder(
      other,
      random.between(0.8, 2.2),
      serve ? random.between(0, 2) : -random.between(0.8, 2.4),
      random.between(1.2, 2.8),
    ),
    [-x * 0.6, -1, -0.4],
  );
  figure.relaxHand(other);
  figure.lookAt(addScaled(hand, axis, 4 * k), 0.45);
  return describe({
    name: 'swing-racket',
    figure,
    mesh,
    verb: 'swing',
    phrase: 'swinging',
    target: { category: 'tennis racket', colour: colour.name },
    supports,
    half: 0.1,
    grounds: ['concrete', 'asphalt', 'grass', 'dirt', 'meadow'],
    yaw: yawTowards(x, 0.15, 0.9),
  });
}

function holdRacket(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const colour = pickColour(random.fork('colour'));
  const side: Side = random.chance(0.65) ? 'R' : 'L';
  const x = outward(side);
  const other = otherSide(side);
  const k = 0.25 + 0.7 * u;
  figure.loosen();
  const both = random.chance(0.5);
  if (both) {
    // Waiting for the ball: knees bent, the other hand at the throat of the racket.
    pose.rootRotation = euler(0.12, 0, 0);
    pose.trunk(0.2, 0, 0);
    pose.solve();
    figure.stand({ width: random.between(1, 1.6), stagger: 0.2, drop: random.between(0.5, 1) });
  } else figure.standOrWalk(0.3);
  const shoulder = figure.shoulder(side);
  const hand: Vec3 = both
    ? [pose.root[0] + x * 0.7 * u, shoulder[1] - random.between(2.4, 3) * u, shoulder[2] + random.between(2.3, 2.9) * u]
    : [
        pose.root[0] + x * (measures.hipHalfWidth + 0.8 * u),
        shoulder[1] - measures.armLength * 0.9 - 0.4 * u,
        random.between(0.3, 1.2) * u,
      ];
  const axis = both ? normalise([-x * 0.75, 0.6, 0.35]) : normalise([x * 0.25, random.chance(0.6) ? -0.55 : 0.35, 0.8]);
  const facing = perpendicular(both ? [0, 0.6, 1] : [x, 0.2, 0], axis);
  pose.grip(side, hand, {
    axis,
    fingers: both ? [-x * 0.2, -0.2, 1] : [0, -0.7, 0.6],
    pole: [x * 0.8, -0.8, -0.5],
    radius: 0.17 * u,
  });
  const mesh = targetMesh();
  mesh.within({ origin: hand, rotation: standing(axis, facing), scale: k }, () =>
    tennisRacket(mesh, { colour: colour.rgb }),
  );
  if (both) {
    const throat = addScaled(hand, axis, 1.5 * k);
    figure.support(other, addScaled(throat, facing, -0.12 * k), {
      fingers: [x * 0.5, 0.2, 0.9],
      palm: facing,
      pole: [-x, -0.8, -0.4],
    });
  } else figure.rest(other);
  figure.look();
  return describe({
    name: 'hold-racket',
    figure,
    mesh,
    verb: 'hold',
    phrase: 'holding',
    target: { category: 'tennis racket', colour: colour.name },
    half: both ? 0.3 : 0,
    indoor: 0.08,
    grounds: ['concrete', 'asphalt', 'grass', 'dirt'],
    yaw: both ? [-0.8, 0.8] : yawTowards(x, 0.7, 0.8),
  });
}

export const STRIKING: readonly SceneEntry[] = [
  { name: 'swing-bat', weight: 1.6, triplets: [['swing', 'baseball bat']], build: swingBat },
  { name: 'hold-bat', weight: 0.6, triplets: [['hold', 'baseball bat']], build: holdBat },
  { name: 'swing-racket', weight: 1.3, triplets: [['swing', 'tennis racket']], build: swingRacket },
  { name: 'hold-racket', weight: 0.9, triplets: [['hold', 'tennis racket']], build: holdRacket },
];
