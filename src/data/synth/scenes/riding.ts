// Riding: bicycle, skateboard, motorcycle.
import { bicycle, bicycleContacts } from '../objects/bicycle.js';
import { pickColour } from '../objects/colours.js';
import { MOTORCYCLE, motorcycle } from '../objects/motorcycle.js';
import { SKATEBOARD_TOP, skateboard } from '../objects/skateboard.js';
import type { SceneContext, SceneDescription } from '../types.js';
import { add, euler, rotation, scale, subtract, transform, type Vec3 } from '../vector.js';
import { describe, ROADS, type SceneEntry, targetMesh, yawTowards } from './describe.js';
import { Figure, outward, SIDES } from './figure.js';

const BIKE_COLOURS = ['red', 'orange', 'yellow', 'green', 'blue', 'purple', 'pink', 'black', 'white', 'teal'];

function sitOn(figure: Figure, seat: Vec3, above: number): void {
  const hips = figure.hips;
  figure.pose.translate([-hips[0], seat[1] + above - hips[1], seat[2] - hips[2]]);
}

function rideBicycle(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const k = measures.legLength / 8.3;
  const colour = pickColour(random.fork('colour'), BIKE_COLOURS);
  const upright = random.next();
  const options = {
    colour: colour.rgb,
    saddleHeight: 2.75 + 6.9,
    upright,
    crankAngle: random.between(0, 2 * Math.PI),
    wheelAngle: random.next(),
    extras: { mudguards: random.chance(0.4), basket: upright > 0.5 && random.chance(0.3), rack: random.chance(0.3) },
  };
  const mesh = targetMesh();
  mesh.within({ scale: k }, () => bicycle(mesh, options));
  const contacts = bicycleContacts(options);

  pose.rootRotation = euler(0.2 + 0.2 * (1 - upright), 0, 0);
  pose.trunk(0.26 + 0.34 * (1 - upright) + random.normal(0.04), random.normal(0.04), random.normal(0.04));
  pose.solve();
  sitOn(figure, scale(contacts.saddle, k), 0.93 * u);
  for (const side of SIDES) {
    const x = outward(side);
    const angle = options.crankAngle + (x > 0 ? 0 : Math.PI);
    const crank = contacts.crankLength;
    const pedal = scale(
      add(contacts.bottomBracket, [x * contacts.pedalHalfWidth, Math.sin(angle) * crank, Math.cos(angle) * crank]),
      k,
    );
    const turn = rotation([1, 0, 0], 0.15 + 0.2 * Math.sin(angle + 1.2));
    const { heads, boneIndex } = context.character;
    const toe = subtract(heads[boneIndex[`toe2-1.${side}`]], heads[boneIndex[`foot.${side}`]]);
    // The ball of the foot rests on the pedal.
    const ball = add(pedal, [x * 0.05 * k, 0.12 * k + measures.toeY + 0.06, 0]);
    pose.leg(side, subtract(ball, transform(turn, toe)), [x * 0.18, 0.3, 1], turn);
    const grip = scale([x * contacts.grip[0], contacts.grip[1], contacts.grip[2]], k);
    const axis: Vec3 = [-x * contacts.gripAxis[0], 0, -contacts.gripAxis[2]];
    pose.grip(side, grip, { axis, fingers: [0, -0.15, 1], pole: [x * 0.8, -0.8, -0.2], radius: 0.18 * k });
  }
  figure.look(0, -0.38 - 0.3 * (1 - upright), 0.8);
  return describe({
    name: 'ride-bicycle',
    figure,
    mesh,
    verb: 'ride',
    phrase: 'riding',
    target: { category: 'bicycle', colour: colour.name },
    indoor: 0.06,
    grounds: [...ROADS, 'dirt', 'grass', 'snow'],
    yaw: yawTowards(random.sign(), 1.15, 0.95),
  });
}

function rideMotorcycle(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const colour = pickColour(random.fork('colour'), ['red', 'blue', 'black', 'green', 'orange', 'yellow', 'white']);
  const k = 0.6 + 0.4 * u;
  const mesh = targetMesh();
  mesh.within({ scale: k }, () => motorcycle(mesh, { colour: colour.rgb }));
  pose.rootRotation = euler(0.14, 0, 0);
  pose.trunk(0.2 + random.normal(0.05), random.normal(0.03), random.normal(0.03));
  pose.solve();
  sitOn(figure, scale(MOTORCYCLE.seat, k), 0.9 * u);
  for (const side of SIDES) {
    const x = outward(side);
    const peg = scale([x * MOTORCYCLE.peg[0], MOTORCYCLE.peg[1], MOTORCYCLE.peg[2]], k);
    pose.leg(side, add(peg, [0, measures.ankleY + 0.12 * k, -0.5 * u]), [x * 0.55, 0.4, 1], rotation([1, 0, 0], 0.08));
    const grip = scale([x * MOTORCYCLE.grip[0], MOTORCYCLE.grip[1], MOTORCYCLE.grip[2]], k);
    const axis: Vec3 = [-x * MOTORCYCLE.gripAxis[0], -MOTORCYCLE.gripAxis[1], -MOTORCYCLE.gripAxis[2]];
    pose.grip(side, grip, { axis, fingers: [0, -0.2, 1], pole: [x, -0.5, -0.3], radius: 0.2 * k });
  }
  figure.look(0, -0.2, 0.8);
  return describe({
    name: 'ride-motorcycle',
    figure,
    mesh,
    verb: 'ride',
    phrase: 'riding',
    target: { category: 'motorcycle', colour: colour.name },
    grounds: [...ROADS, 'dirt'],
    yaw: yawTowards(random.sign(), 0.85, 0.65),
  });
}

function rideSkateboard(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, unit: u } = figure;
  const colour = pickColour(random.fork('colour'));
  const k = Math.max(0.75, u);
  const ahead = random.sign();
  const crouch = random.between(0.7, 2.1);
  const mesh = targetMesh();
  const wheels = random.pick<Vec3>([
    [232, 222, 196],
    [220, 60, 50],
    [70, 150, 210],
    [60, 60, 64],
  ]);
  // Rolling on flat ground, or tilted on the rear wheels.
  const tilt = random.chance(0.2) ? ahead * random.between(0.1, 0.28) : 0;
  const pivot: Vec3 = [-ahead * 2.25 * k, 0.42 * k, 0];
  const turn = rotation([0, 0, 1], tilt);
  const placed = (local: Vec3) => add(pivot, transform(turn, subtract(scale(local, k), pivot)));
  mesh.within({ origin: placed([0, 0, 0]), rotation: turn, scale: k }, () =>
    skateboard(mesh, { colour: colour.rgb, wheels }),
  );

  pose.rootRotation = euler(0.12 + 0.05 * crouch, 0, 0);
  pose.trunk(0.2 + 0.12 * crouch, ahead * random.between(0.2, 0.6), random.normal(0.06));
  pose.translate([0, SKATEBOARD_TOP * k - crouch * u, 0]);
  const width = random.between(1.7, 2.3) * u;
  for (const side of SIDES) {
    const x = outward(side);
    const foot = placed([(x * width) / k, SKATEBOARD_TOP + 0.03, (-0.3 * u) / k]);
    const yaw = x === ahead ? x * 0.5 : x * 0.08;
    figure.plant(side, [foot[0], foot[2]], { yaw, lift: foot[1], pole: [x * 0.35, 0.1, 1] });
    figure.balance(side, random.between(1.8, 3.6), random.between(0.4, 3), random.between(-0.3, 1.8));
  }
  figure.look(ahead * random.between(0.3, 0.9), -0.1 - 0.04 * crouch, 0.7);
  return describe({
    name: 'ride-skateboard',
    figure,
    mesh,
    verb: 'ride',
    phrase: 'riding',
    target: { category: 'skateboard', colour: colour.name },
    indoor: 0.1,
    grounds: [...ROADS, 'tiles'],
    yaw: random.chance(0.8) ? [-1, 1] : [2.4, 3.8],
  });
}

export const RIDING: readonly SceneEntry[] = [
  { name: 'ride-bicycle', weight: 2, triplets: [['ride', 'bicycle']], build: rideBicycle },
  { name: 'ride-motorcycle', weight: 1.2, triplets: [['ride', 'motorcycle']], adultsOnly: true, build: rideMotorcycle },
  { name: 'ride-skateboard', weight: 1.5, triplets: [['ride', 'skateboard']], build: rideSkateboard },
];
