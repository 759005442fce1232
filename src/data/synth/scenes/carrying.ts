// Carrying: umbrella, suitcase, trolley, backpack, surfboard.
import { backpack } from '../objects/backpack.js';
import { surfboard } from '../objects/boards.js';
import { pickColour, shade } from '../objects/colours.js';
import { classicSuitcase, trolley, trolleyHandle } from '../objects/luggage.js';
import { umbrella } from '../objects/umbrella.js';
import type { SceneContext, SceneDescription, Side } from '../types.js';
import { add, clamp, multiply, normalise, rotation, scale, subtract, transform, UP, type Vec3 } from '../vector.js';
import { describe, ROADS, type SceneEntry, targetMesh, yawTowards } from './describe.js';
import { Figure, otherSide, outward, standing, upAlong } from './figure.js';

function holdUmbrella(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const colour = pickColour(random.fork('colour'));
  const side: Side = random.chance(0.6) ? 'R' : 'L';
  const x = outward(side);
  figure.loosen();
  const walks = figure.standOrWalk(0.45);
  const shoulder = figure.shoulder(side);
  const point = add(figure.fromShoulder(side, random.between(-0.4, 0.5), -random.between(1.2, 2), 0), [
    0,
    0,
    measures.chestZ - shoulder[2] + random.between(1.1, 1.9) * u,
  ]);
  const axis = normalise([-x * random.between(-0.05, 0.25), 1, random.between(-0.28, 0.05)]);
  pose.grip(side, point, { axis, fingers: [-x * 0.35, 0.1, 1], pole: [x * 0.7, -1, -0.3], radius: 0.12 * u });
  const mesh = targetMesh();
  const second = random.chance(0.25) ? ([238, 238, 236] as Vec3) : undefined;
  mesh.within({ origin: point, rotation: multiply(upAlong(axis), rotation(UP, random.between(0, 1))), scale: u }, () =>
    umbrella(mesh, { colour: colour.rgb, second }),
  );
  figure.rest(otherSide(side));
  figure.look();
  return describe({
    name: 'hold-umbrella',
    figure,
    mesh,
    verb: walks ? 'carry' : 'hold',
    phrase: walks ? 'carrying' : 'holding',
    target: { category: 'umbrella', colour: colour.name },
    half: 0.25,
    indoor: 0.08,
    yaw: random.chance(0.85) ? [-1.3, 1.3] : [1.8, 4.4],
  });
}

function carrySuitcase(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const colour = pickColour(random.fork('colour'));
  const side: Side = random.chance(0.5) ? 'L' : 'R';
  const x = outward(side);
  figure.loosen();
  pose.trunk(0, 0, x * 0.05);
  pose.solve();
  figure.standOrWalk(0.6);
  const shoulder = figure.shoulder(side);
  const point: Vec3 = [
    pose.root[0] + x * Math.max(measures.hipHalfWidth + 1.15 * u, Math.abs(shoulder[0]) + 0.3),
    shoulder[1] - measures.armLength * 0.95 - 0.75 * u,
    shoulder[2] + random.between(-0.1, 0.5) * u,
  ];
  pose.grip(side, point, {
    axis: [0, 0.08, 1],
    fingers: [x * 0.05, -1, 0.05],
    pole: [x * 0.4, 0, -1],
    radius: 0.14 * u,
  });
  const k = Math.min(1, u);
  const room = (point[1] / k - 0.62) / 2 - 0.15;
  const half: Vec3 = [0.82, Math.min(random.between(1.8, 2.2), room), random.between(2.4, 3.1)];
  const mesh = targetMesh();
  mesh.within({ origin: point, rotation: rotation(UP, random.normal(0.1)), scale: k }, () =>
    classicSuitcase(mesh, { colour: colour.rgb, half }),
  );
  figure.hang(otherSide(side));
  figure.look();
  return describe({
    name: 'carry-suitcase',
    figure,
    mesh,
    verb: 'carry',
    phrase: 'carrying',
    target: { category: 'suitcase', colour: colour.name },
    indoor: 0.45,
    grounds: [...ROADS, 'tiles', 'checker', 'planks'],
    yaw: yawTowards(x, 0.6, 1.1),
  });
}

/** Tilt of a trolley whose wheel rolls on the ground and whose handle, `reach` from the wheel, is `height` high. */
function trolleyTilt(height: number, reach: number): number {
  return Math.PI / 2 - Math.asin(clamp(height / reach, 0.3, 0.98));
}

function dragSuitcase(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const colour = pickColour(random.fork('colour'));
  const side: Side = random.chance(0.5) ? 'L' : 'R';
  const x = outward(side);
  const k = Math.min(1, 0.2 + 0.8 * u);
  const handle = 9.8;
  figure.loosen();
  const drags = random.chance(0.75);
  const mesh = targetMesh();
  const size = { colour: colour.rgb, width: random.between(3.4, 4.2), height: random.between(4.8, 6), handle };
  let rotationOfCase = rotation(UP, Math.PI);
  let point: Vec3;
  if (drags) {
    figure.walk(random.between(0.6, 1));
    point = figure.fromShoulder(side, 0.9, (-measures.armLength / u) * 0.9 - 0.45, -1.3 - random.between(0, 0.8));
    const wheel = 0.26 * k;
    const tilt = trolleyTilt(point[1] - wheel, (handle - 0.26) * k);
    rotationOfCase = multiply(rotation([1, 0, 0], tilt), rotationOfCase);
  } else {
    figure.stand();
    const beside = measures.hipHalfWidth + (size.width / 2) * k * 0.75;
    point = [pose.root[0] + x * beside, handle * k, random.between(-0.6, 0.6) * u];
  }
  pose.grip(side, point, {
    axis: [-x, 0, drags ? -0.1 : 0.25],
    fingers: drags ? [0, -1, -0.45] : [x * 0.1, -0.55, 1],
    pole: [x * 0.6, 0, -1],
    radius: 0.17 * u,
  });
  const origin = subtract(point, transform(rotationOfCase, scale(trolleyHandle(handle), k)));
  mesh.within({ origin, rotation: rotationOfCase, scale: k }, () => trolley(mesh, size));
  figure.rest(otherSide(side));
  figure.look();
  return describe({
    name: 'drag-suitcase',
    figure,
    mesh,
    verb: drags ? 'drag' : 'hold',
    phrase: drags ? 'pulling' : 'standing with',
    target: { category: 'suitcase', colour: colour.name },
    indoor: 0.5,
    grounds: [...ROADS, 'tiles', 'checker', 'planks'],
    yaw: drags ? yawTowards(x, 1.2, 0.8) : yawTowards(x, 0.4, 0.9),
  });
}

/** What bags come in: dark ones above all. */
const BAGS = [
  'black',
  'black',
  'black',
  'black',
  'navy',
  'navy',
  'grey',
  'grey',
  'red',
  'blue',
  'green',
  'brown',
  'purple',
  'teal',
  'orange',
  'pink',
];

function wearBackpack(context: SceneContext): SceneDescription {
  const { random, character } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const colour = pickColour(random.fork('colour'), BAGS);
  figure.loosen();
  pose.trunk(0.06, 0, 0);
  pose.solve();
  const walks = figure.standOrWalk(0.6);
  const rest = (bone: string) => character.heads[character.boneIndex[bone]];
  const turn = pose.orientation('spine02');
  const mesh = targetMesh();
  mesh.within({ origin: subtract(pose.position('spine02'), transform(turn, rest('spine02'))), rotation: turn }, () =>
    backpack(mesh, {
      colour: colour.rgb,
      second: random.chance(0.15)
        ? pickColour(random.fork('pocket'), ['black', 'grey', 'navy', 'brown']).rgb
        : shade(colour.rgb, 0.75),
      shoulderY: rest('upperarm01.L')[1],
      hipY: rest('upperleg01.L')[1],
      backZ: measures.backZ,
      chestZ: measures.chestZ,
      shoulderZ: rest('spine01')[2],
      strapX: 1.02 * u,
      unit: u,
    }),
  );
  figure.hang('L');
  figure.hang('R');
  figure.look();
  // Between the side and the back a detector sees it best, and from there it also shows what holds it.
  const from = random.next();
  return describe({
    name: 'wear-backpack',
    figure,
    mesh,
    verb: walks ? 'carry' : 'wear',
    phrase: walks ? 'carrying' : 'wearing',
    target: { category: 'backpack', colour: colour.name },
    indoor: 0.2,
    yaw: from < 0.15 ? [Math.PI - 0.6, Math.PI + 0.6] : yawTowards(random.sign(), 2, from < 0.9 ? 0.5 : 1.4),
  });
}

function carrySurfboard(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose, measures, unit: u } = figure;
  const colour = pickColour(random.fork('colour'), ['white', 'yellow', 'blue', 'red', 'orange', 'teal', 'pink']);
  const stripe = pickColour(random.fork('stripe'), ['red', 'blue', 'black', 'green', 'orange']);
  const side: Side = random.chance(0.5) ? 'L' : 'R';
  const x = outward(side);
  figure.loosen();
  const walks = figure.standOrWalk(0.5);
  figure.raiseShoulder(side, 0.12);
  const shoulder = figure.shoulder(side);
  const width = 2.6 * u * 0.9;
  const centre: Vec3 = [
    pose.root[0] + x * Math.max(measures.hipHalfWidth + 0.4 * u, Math.abs(shoulder[0]) + 0.15 * u),
    shoulder[1] - 1.35 * u - width,
    random.between(0.2, 1.4) * u,
  ];
  const along = normalise([x * random.between(-0.05, 0.12), random.between(-0.08, 0.14), 1]);
  const mesh = targetMesh();
  mesh.within({ origin: centre, rotation: standing(along, [x, 0.05, 0]), scale: u * 0.9 }, () =>
    surfboard(mesh, { colour: colour.rgb, stripe: stripe.rgb, half: random.between(8.5, 10.5) }),
  );
  const outside = add(centre, [x * 0.28 * u, -0.6 * u, shoulder[2] + 0.6 * u - centre[2]]);
  figure.support(side, outside, { fingers: [0, -1, 0.45], palm: [-x, 0, 0], pole: [x, 0.1, -0.4], curl: 0.12 });
  figure.hang(otherSide(side));
  figure.look();
  return describe({
    name: 'carry-surfboard',
    figure,
    mesh,
    verb: walks ? 'carry' : 'hold',
    phrase: walks ? 'carrying' : 'holding',
    target: { category: 'surfboard', colour: colour.name },
    grounds: ['sand', 'sand', 'grass', 'concrete'],
    yaw: yawTowards(x, 0.9, 0.8),
  });
}

export const CARRYING: readonly SceneEntry[] = [
  {
    name: 'hold-umbrella',
    weight: 1.6,
    triplets: [
      ['hold', 'umbrella'],
      ['carry', 'umbrella'],
    ],
    build: holdUmbrella,
  },
  { name: 'carry-suitcase', weight: 1.2, triplets: [['carry', 'suitcase']], build: carrySuitcase },
  {
    name: 'drag-suitcase',
    weight: 1.2,
    triplets: [
      ['drag', 'suitcase'],
      ['hold', 'suitcase'],
    ],
    build: dragSuitcase,
  },
  {
    name: 'wear-backpack',
    weight: 1.6,
    triplets: [
      ['wear', 'backpack'],
      ['carry', 'backpack'],
    ],
    build: wearBackpack,
  },
  {
    name: 'carry-surfboard',
    weight: 1,
    triplets: [
      ['carry', 'surfboard'],
      ['hold', 'surfboard'],
    ],
    build: carrySurfboard,
  },
];
