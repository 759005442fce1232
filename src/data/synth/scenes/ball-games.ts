// Balls and a frisbee: held, thrown, kicked, dribbled.
import { BALL_RADIUS, BALL_WORD, type BallKind, ball } from '../objects/ball.js';
import { FRISBEE_RADIUS, frisbee } from '../objects/boards.js';
import { type NamedColour, pickColour } from '../objects/colours.js';
import type { SceneContext, SceneDescription, Side } from '../types.js';
import { add, addScaled, euler, multiply, normalise, perpendicular, rotation, scale, type Vec3 } from '../vector.js';
import { describe, type SceneEntry, targetMesh, yawTowards } from './describe.js';
import { Figure, otherSide, outward, SIDES, upAlong } from './figure.js';

const OWN_COLOUR: Partial<Record<BallKind, string>> = { soccer: 'white', basketball: 'orange', tennis: 'yellow' };

interface ChosenBall {
  kind: BallKind;
  radius: number;
  scale: number;
  paint: NamedColour;
  /** What captions say: the colour word, and the kind's own name. */
  target: { category: string; colour: string; word: string };
}

function chooseBall(figure: Figure, kinds: readonly BallKind[]): ChosenBall {
  const random = figure.random.fork('ball');
  const kind = random.pick(kinds);
  const size = Math.min(1, 0.2 + 0.85 * figure.unit);
  const paint = pickColour(random, ['red', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink', 'teal']);
  const target = { category: 'sports ball', colour: OWN_COLOUR[kind] ?? paint.name, word: BALL_WORD[kind] };
  return { kind, radius: BALL_RADIUS[kind] * size, scale: size, paint, target };
}

function drawBall(figure: Figure, chosen: ChosenBall, centre: Vec3) {
  const mesh = targetMesh();
  ball(mesh, centre, {
    kind: chosen.kind,
    colour: chosen.paint.rgb,
    scale: chosen.scale,
    random: figure.random.fork('turn'),
  });
  return mesh;
}

/** Lays both palms on the sides of a ball. */
function bothHandsOn(figure: Figure, centre: Vec3, radius: number, raised: boolean): void {
  for (const side of SIDES) {
    const x = outward(side);
    const normal = normalise([x, raised ? -0.1 : -0.35, raised ? -0.2 : -0.15]);
    const fingers = raised ? normalise([-x * 0.1, 1, 0.1]) : normalise([-x * 0.25, -0.15, 1]);
    const palm = perpendicular(scale(normal, -1), fingers);
    const pole: Vec3 = raised ? [x, 0, -0.3] : [x * 0.9, -0.6, -0.6];
    figure.support(side, addScaled(centre, normal, radius), { fingers, palm, pole, curl: 0.22 });
  }
}

function holdBall(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const chosen = chooseBall(figure, ['soccer', 'basketball', 'volleyball', 'beach', 'plain']);
  const { radius } = chosen;
  figure.loosen();
  figure.stand();
  let centre: Vec3;
  if (random.chance(0.65)) {
    const raised = random.chance(0.2);
    const height = raised
      ? pose.position('head')[1] + 2.2 * u + radius
      : pose.position('spine01')[1] - random.between(0.5, 2.8) * u;
    centre = [
      pose.root[0] + random.normal(0.25),
      height,
      raised ? random.between(0, 0.8) * u : measures.chestZ + radius + random.between(0.3, 1.1) * u,
    ];
    if (raised) for (const side of SIDES) figure.raiseShoulder(side, 0.3);
    bothHandsOn(figure, centre, radius, raised);
  } else {
    const side: Side = random.chance(0.5) ? 'L' : 'R';
    const x = outward(side);
    centre = [
      pose.root[0] + x * (measures.hipHalfWidth + radius * 0.92),
      pose.position('root')[1] + random.between(0.5, 1.1) * u,
      0.3 * u,
    ];
    const fingers = normalise([-x * 0.25, -0.35, 0.9]);
    const point = addScaled(centre, normalise([x, -0.25, 0.25]), radius);
    figure.support(side, point, { fingers, palm: [-x, -0.1, -0.1], pole: [x * 0.6, -0.2, -1] });
    figure.rest(otherSide(side));
  }
  figure.look();
  return describe({
    name: 'hold-ball',
    figure,
    mesh: drawBall(figure, chosen, centre),
    verb: 'hold',
    phrase: 'holding',
    target: chosen.target,
    half: 0.4,
    indoor: 0.25,
    yaw: [-1.1, 1.1],
  });
}

function throwBall(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const overhead = random.chance(0.55);
  const chosen = chooseBall(
    figure,
    overhead ? ['soccer', 'basketball', 'volleyball', 'plain'] : ['soccer', 'volleyball', 'plain', 'basketball'],
  );
  const { radius } = chosen;
  const side: Side = random.chance(0.75) ? 'R' : 'L';
  const x = outward(side);
  const other = otherSide(side);
  const released = random.chance(0.5);
  pose.rootRotation = euler(overhead && released ? 0.1 : -0.04, overhead ? 0 : released ? x * 0.25 : -x * 0.35, 0);
  pose.translate([0, -0.45 * u, 0]);
  pose.trunk(overhead ? (released ? 0.2 : -0.15) : 0.05, overhead ? 0 : released ? x * 0.3 : -x * 0.4, 0);
  for (const s of SIDES) if (overhead || s === side) figure.raiseShoulder(s, 0.28);
  pose.solve();
  figure.plant(other, [-x * measures.hipX, 1.5 * u], { yaw: -x * 0.1 });
  figure.plant(side, [x * (measures.hipX + 0.2 * u), -1.4 * u], { yaw: x * 0.35, lift: 0.35 * u, pitch: 0.35 });
  const head = pose.position('head');
  let centre: Vec3;
  if (overhead) {
    const hands: Vec3 = [head[0], head[1] + (released ? 2.1 : 2.3) * u + radius, head[2] + (released ? 2.6 : -0.9) * u];
    bothHandsOn(figure, hands, radius, true);
    // A moment after the hands have let go, the ball flies ahead of them.
    centre = released ? add(hands, [0, 0.8 * u, random.between(1, 2.4) * u]) : hands;
  } else {
    const hand = released ? figure.fromShoulder(side, 0.2, 1.8, 3.6) : figure.fromShoulder(side, 2.3, 1.9, -0.4);
    const palm: Vec3 = released ? normalise([0, -0.35, 1]) : normalise([0, 0.35, 1]);
    const fingers: Vec3 = released ? normalise([0, 0.6, 0.8]) : normalise([0, 1, -0.35]);
    figure.support(side, hand, { fingers, palm, pole: [x, -0.15, -0.9], curl: 0.28 });
    centre = addScaled(hand, palm, radius + (released ? random.between(1, 2.4) * u : 0.02));
    pose.arm(other, figure.fromShoulder(other, released ? 1.4 : 1.8, released ? -2.6 : -0.7, released ? -0.6 : 2.8), [
      -x,
      -0.6,
      -0.4,
    ]);
    figure.relaxHand(other);
  }
  figure.look(0, -0.1, 0.6);
  return describe({
    name: 'throw-ball',
    figure,
    mesh: drawBall(figure, chosen, centre),
    verb: 'throw',
    phrase: 'throwing',
    target: chosen.target,
    indoor: 0.1,
    yaw: yawTowards(random.sign(), 0.9, 0.8),
  });
}

function kickBall(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const chosen = chooseBall(figure, ['soccer', 'soccer', 'plain', 'volleyball']);
  const { radius } = chosen;
  const side: Side = random.chance(0.7) ? 'R' : 'L';
  const other = otherSide(side);
  const x = outward(side);
  const struck = random.chance(0.7);
  pose.rootRotation = euler(struck ? -0.12 : 0.18, -x * 0.25, 0);
  pose.trunk(struck ? 0.25 : 0.15, x * random.between(0.2, 0.5), 0);
  pose.translate([0, -0.5 * u, 0]);
  for (const s of SIDES) figure.raiseShoulder(s, 0.08);
  figure.plant(other, [-x * measures.hipX * 0.7, -0.2 * u], { yaw: -x * 0.15 });
  const hip = pose.position(`upperleg01.${side}`);
  let centre: Vec3;
  if (struck) {
    const angle = random.between(0.35, 1.15);
    const reach = measures.legLength * 0.96;
    const foot = multiply(rotation([0, 1, 0], x * 0.1), rotation([1, 0, 0], -angle + 0.45));
    pose.leg(side, add(hip, [x * 0.1, -Math.cos(angle) * reach, Math.sin(angle) * reach]), [x * 0.2, 0.6, 1], foot);
    const toe = pose.tail(`toe2-1.${side}`);
    const flight = normalise([0, 0.35 + random.between(-0.1, 0.35), 1]);
    centre = addScaled(toe, flight, radius * random.between(1, 1.6) + 0.1 * u);
  } else {
    const foot = multiply(rotation([0, 1, 0], x * 0.2), rotation([1, 0, 0], 1.2));
    pose.leg(
      side,
      add(hip, [x * 0.2, -measures.legLength * 0.55, -measures.legLength * 0.62]),
      [x * 0.2, -0.3, 1],
      foot,
    );
    centre = [x * measures.hipX * 0.6, radius, 1.9 * u];
  }
  centre = [centre[0], Math.max(centre[1], radius), centre[2]];
  for (const s of SIDES) {
    const q = outward(s);
    const forward = (s === other ? 1 : -1) * random.between(0.6, 2.4);
    pose.arm(s, figure.fromShoulder(s, random.between(1.6, 3), -random.between(1.8, 3.2), forward), [
      q * 0.3,
      -0.2,
      -1,
    ]);
    figure.relaxHand(s);
  }
  figure.lookAt(centre, 0.7);
  return describe({
    name: 'kick-ball',
    figure,
    mesh: drawBall(figure, chosen, centre),
    verb: 'kick',
    phrase: 'kicking',
    target: chosen.target,
    indoor: 0.04,
    grounds: ['grass', 'grass', 'meadow', 'sand', 'asphalt', 'dirt'],
    yaw: random.chance(0.75) ? yawTowards(x, 0.8, 0.8) : [-1.8, 1.8],
  });
}

function dribbleBall(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const chosen = chooseBall(figure, ['basketball']);
  const side: Side = random.chance(0.7) ? 'R' : 'L';
  const other = otherSide(side);
  const x = outward(side);
  pose.rootRotation = euler(0.2, 0, 0);
  pose.trunk(0.3, x * 0.1, 0);
  pose.translate([0, -random.between(0.6, 1.2) * u, 0]);
  const stride = random.between(0.8, 1.8) * u;
  figure.plant(other, [-x * (measures.hipX + 0.4 * u), stride], { yaw: -x * 0.1 });
  figure.plant(side, [x * (measures.hipX + 0.4 * u), -stride], { yaw: x * 0.2, lift: 0.3 * u, pitch: 0.35 });
  const palmHeight = pose.position('upperleg01.L')[1] + random.between(-0.4, 0.8) * u;
  const hand: Vec3 = [pose.root[0] + x * (measures.hipHalfWidth + 1.3 * u), palmHeight, 1.9 * u];
  figure.support(side, hand, { fingers: [0, -0.15, 1], palm: [0, -1, 0], pole: [x, -0.3, -1], curl: 0.15 });
  const gap = random.chance(0.5) ? 0.02 : random.between(0.5, palmHeight - 2 * chosen.radius);
  const centre: Vec3 = [hand[0], Math.max(chosen.radius, palmHeight - chosen.radius - gap), hand[2]];
  pose.arm(other, figure.fromShoulder(other, 1.4, -random.between(2.2, 3), random.between(1, 2.2)), [
    -x * 0.6,
    -0.5,
    -1,
  ]);
  figure.relaxHand(other);
  figure.look(0, -0.1);
  return describe({
    name: 'dribble-ball',
    figure,
    mesh: drawBall(figure, chosen, centre),
    verb: 'dribble',
    phrase: 'dribbling',
    target: chosen.target,
    indoor: 0.3,
    grounds: ['asphalt', 'concrete', 'parquet', 'planks'],
    yaw: yawTowards(x, 0.5, 0.9),
  });
}

/** Pinches a frisbee at its rim: fingers beneath, thumb above; `centre` lies one radius from the hand along `towards`. */
function pinch(
  figure: Figure,
  side: Side,
  options: { rim: Vec3; towards: Vec3; normal: Vec3; pole: Vec3; size: number },
): void {
  const { rim, towards, normal, pole, size } = options;
  const point = addScaled(addScaled(rim, towards, 0.35 * size), normal, -0.3 * size);
  figure.pose.touch(side, point, { fingers: towards, palm: normal, pole, reach: 1.25 });
  figure.pose.curl(side, [0.5, 0.25, 0.25, 0.25, 0.25], [0.3, 0.4, 0.4, 0.4, 0.4], [0.2, 0.3, 0.3, 0.3, 0.3]);
}

function useFrisbee(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const colour = pickColour(random.fork('colour'), [
    'red',
    'orange',
    'yellow',
    'blue',
    'green',
    'pink',
    'purple',
    'white',
  ]);
  const side: Side = random.chance(0.7) ? 'R' : 'L';
  const other = otherSide(side);
  const x = outward(side);
  const size = 1.15 * (0.3 + 0.7 * u);
  const radius = FRISBEE_RADIUS * size;
  const throws = random.chance(0.6);
  const released = throws && random.chance(0.5);
  // Banked, since seen edge-on it could be anything.
  let normal = normalise([x * random.between(0.1, 0.6), 1, random.between(0.1, 0.6)]);
  let centre: Vec3;
  if (throws) {
    pose.rootRotation = euler(0.08, released ? x * 0.1 : x * 0.35, 0);
    pose.translate([0, -0.5 * u, 0]);
    pose.trunk(0.15, released ? 0 : x * 0.45, 0);
    pose.solve();
    figure.plant(side, [x * (measures.hipX + 0.3 * u), 1.4 * u], { yaw: x * 0.1 });
    figure.plant(other, [-x * (measures.hipX + 0.3 * u), -1.2 * u], { yaw: -x * 0.4 });
    const rim = released ? figure.fromShoulder(side, 1.2, -0.9, 4) : figure.fromShoulder(other, 0.3, -1.9, 2.2);
    const towards: Vec3 = released ? normalise([x * 0.15, 0, 1]) : normalise([-x, 0, 0.1]);
    centre = addScaled(rim, towards, radius);
    if (released) {
      pose.arm(side, rim, [x * 0.6, -1, -0.2], {
        fingers: normalise([x * 0.2, 0.05, 1]),
        palm: perpendicular([-x * 0.5, 0.7, 0], [0, 0, 1]),
      });
      figure.relaxHand(side, 0.15);
      centre = add(centre, [x * 0.3 * u, 0.3 * u, random.between(1.2, 2.6) * u]);
    } else pinch(figure, side, { rim, towards, normal, pole: [x, -0.5, 0.3], size });
    figure.balance(other, 1.6, 2.6, -0.6);
    figure.look(released ? 0 : -x * 0.5, 0, 0.6);
  } else {
    figure.loosen();
    figure.stand();
    const upright = random.chance(0.5);
    if (upright) normal = normalise([0, 0.2, 1]);
    const from = figure.fromShoulder(side, 0.2, -random.between(1.8, 2.8), 0);
    const rim: Vec3 = [from[0], from[1], measures.chestZ + random.between(1.3, 2) * u];
    const towards = upright ? normalise([-x * 0.8, 0.5, -0.1]) : normalise([-x * 0.8, 0, 0.6]);
    centre = addScaled(rim, perpendicular(towards, normal), radius);
    const palm = upright ? scale(normal, 1) : normal;
    pinch(figure, side, { rim, towards: perpendicular(towards, normal), normal: palm, pole: [x, -1, -0.3], size });
    figure.rest(other);
    figure.look(0, 0.05);
  }
  const mesh = targetMesh();
  mesh.within({ origin: centre, rotation: upAlong(normal), scale: size }, () => frisbee(mesh, { colour: colour.rgb }));
  return describe({
    name: 'use-frisbee',
    figure,
    mesh,
    verb: throws ? 'throw' : 'hold',
    phrase: throws ? 'throwing' : 'holding',
    target: { category: 'frisbee', colour: colour.name },
    half: throws ? 0 : 0.3,
    indoor: 0.03,
    grounds: ['grass', 'grass', 'sand', 'meadow', 'snow'],
    yaw: throws ? yawTowards(released ? x : -x, 0.6, 0.8) : [-0.9, 0.9],
  });
}

export const BALL_GAMES: readonly SceneEntry[] = [
  { name: 'hold-ball', weight: 1.2, triplets: [['hold', 'sports ball']], build: holdBall },
  { name: 'throw-ball', weight: 1.2, triplets: [['throw', 'sports ball']], build: throwBall },
  { name: 'kick-ball', weight: 1.3, triplets: [['kick', 'sports ball']], build: kickBall },
  { name: 'dribble-ball', weight: 0.8, triplets: [['dribble', 'sports ball']], build: dribbleBall },
  {
    name: 'use-frisbee',
    weight: 1.2,
    triplets: [
      ['throw', 'frisbee'],
      ['hold', 'frisbee'],
    ],
    build: useFrisbee,
  },
];
