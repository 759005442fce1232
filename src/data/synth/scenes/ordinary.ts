// People who use nothing: standing, walking, waving, and standing beside a thing without touching it.
import type { MeshBuilder } from '../mesh-builder.js';
import { ball } from '../objects/ball.js';
import { bicycle } from '../objects/bicycle.js';
import { pickColour } from '../objects/colours.js';
import { trolley } from '../objects/luggage.js';
import { motorcycle } from '../objects/motorcycle.js';
import { bench, chair } from '../objects/seats.js';
import type { SceneRandom } from '../scene-random.js';
import type { SceneContext, SceneDescription, Side } from '../types.js';
import { normalise, rotation, UP, type Vec3 } from '../vector.js';
import { describe, type SceneEntry, targetMesh } from './describe.js';
import { Figure, otherSide, outward, SIDES } from './figure.js';

function stand(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  figure.loosen(1.4);
  const walks = figure.standOrWalk(0.4);
  for (const side of SIDES)
    if (walks) figure.hang(side);
    else figure.rest(side);
  figure.look();
  return describe({
    name: 'stand',
    figure,
    mesh: targetMesh(),
    verb: walks ? 'walk' : 'stand',
    phrase: walks ? 'walking' : 'standing',
    half: walks ? 0 : 0.35,
    indoor: 0.4,
    yaw: random.chance(0.75) ? [-1.3, 1.3] : [-Math.PI, Math.PI],
  });
}

function wave(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  const { pose } = figure;
  const side: Side = random.chance(0.7) ? 'R' : 'L';
  const x = outward(side);
  figure.loosen();
  figure.raiseShoulder(side, 0.16);
  figure.stand();
  const wrist = figure.fromShoulder(side, random.between(1.4, 2.6), random.between(1.6, 3.2), random.between(0.5, 1.4));
  pose.arm(side, wrist, [x * 0.9, -1, -0.25], {
    fingers: normalise([x * random.between(-0.1, 0.4), 1, random.between(-0.1, 0.15)]),
    palm: normalise([x * random.normal(0.15), 0.05, 1]),
  });
  pose.curl(side, [0, 0.05, 0.03, 0.05, 0.08], 0.06, 0.04);
  figure.rest(otherSide(side));
  figure.look();
  return describe({
    name: 'wave',
    figure,
    mesh: targetMesh(),
    verb: 'wave',
    phrase: 'waving',
    half: 0.4,
    indoor: 0.35,
    yaw: [-0.8, 0.8],
    expression: undefined,
  });
}

interface Neighbour {
  category: string;
  colour: string;
  /** Distance of its middle from the person's, in body units. */
  beside: number;
  draw: (mesh: MeshBuilder) => void;
}

function neighbours(random: SceneRandom, unit: number): (() => Neighbour)[] {
  const colour = pickColour(random.fork('colour'), [
    'red',
    'orange',
    'yellow',
    'green',
    'blue',
    'purple',
    'pink',
    'black',
    'white',
    'teal',
  ]);
  const thing = (category: string, beside: number, draw: (mesh: MeshBuilder) => void) => (): Neighbour => ({
    category,
    colour: colour.name,
    beside,
    draw,
  });
  const seat = { colour: colour.rgb, height: 4.5, unit: 1 };
  return [
    thing('bicycle', 4.5, (mesh) =>
      mesh.within({ scale: Math.min(1, unit) }, () =>
        bicycle(mesh, {
          colour: colour.rgb,
          saddleHeight: 9.4,
          upright: 0.7,
          crankAngle: 0.4,
          wheelAngle: random.next(),
          extras: { mudguards: true, basket: false, rack: random.chance(0.5) },
        }),
      ),
    ),
    thing('motorcycle', 5.5, (mesh) => motorcycle(mesh, { colour: colour.rgb })),
    thing('chair', 5, (mesh) => chair(mesh, random.pick(['wooden', 'dining', 'office', 'folding'] as const), seat)),
    thing('bench', 9.5, (mesh) =>
      bench(mesh, { ...seat, width: 12, shift: 0, arms: true, metal: [46, 48, 48] as Vec3 }),
    ),
    thing('suitcase', 4.2, (mesh) => trolley(mesh, { colour: colour.rgb, width: 3.8, height: 5.4, handle: 6.9 })),
    thing('sports ball', 3.4, (mesh) =>
      ball(mesh, [0, 1.1, 0], { kind: 'plain', colour: colour.rgb, scale: 1, random }),
    ),
  ];
}

function standBeside(context: SceneContext): SceneDescription {
  const { random } = context;
  const figure = new Figure(context);
  figure.loosen();
  figure.stand();
  for (const side of SIDES) figure.rest(side);
  figure.look();
  const neighbour = random.pick(neighbours(random.fork('thing'), figure.unit))();
  const side = random.sign();
  const mesh = targetMesh();
  mesh.within(
    {
      origin: [side * (neighbour.beside + random.between(0, 0.8)), 0, random.between(-1.5, 0.8)],
      rotation: rotation(UP, random.normal(0.25)),
    },
    () => neighbour.draw(mesh),
  );
  return describe({
    name: 'stand-beside',
    figure,
    mesh,
    verb: 'no_interaction',
    phrase: 'standing next to',
    target: {
      category: neighbour.category,
      colour: neighbour.colour,
      word: neighbour.category === 'sports ball' ? 'ball' : undefined,
    },
    indoor: ['chair', 'suitcase'].includes(neighbour.category) ? 0.5 : 0.05,
    yaw: [-0.7, 0.7],
  });
}

export const ORDINARY: readonly SceneEntry[] = [
  {
    name: 'stand',
    weight: 1.2,
    triplets: [
      ['stand', null],
      ['walk', null],
    ],
    build: stand,
  },
  { name: 'wave', weight: 0.9, triplets: [['wave', null]], build: wave },
  {
    name: 'stand-beside',
    weight: 0.8,
    triplets: ['bicycle', 'motorcycle', 'chair', 'bench', 'suitcase', 'sports ball'].map(
      (object) => ['no_interaction', object] as const,
    ),
    build: standBeside,
  },
];
