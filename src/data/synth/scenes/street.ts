// Passers-by as a street camera sees them: small figures from every side, things parked behind them, few pixels.
import { bicycle } from '../objects/bicycle.js';
import { pickColour } from '../objects/colours.js';
import { motorcycle } from '../objects/motorcycle.js';
import { bench } from '../objects/seats.js';
import type { SceneContext, SceneDescription } from '../types.js';
import { rotation, UP, type Vec3 } from '../vector.js';
import { asSupport, describe, ROADS, type SceneEntry, targetMesh } from './describe.js';
import { Figure, SIDES } from './figure.js';

/** Pictures of one person in one outfit. */
export const STREET_PICTURES_OF_ONE = 8;

function passerBy(context: SceneContext): SceneDescription {
  const figure = new Figure(context);
  const { random } = figure;
  figure.loosen();
  const walks = figure.standOrWalk(0.75);
  for (const side of SIDES)
    if (walks) figure.hang(side);
    else figure.rest(side);
  figure.look(random.normal(0.2), random.between(-0.1, 0.3));
  const yaw = random.between(-Math.PI, Math.PI);
  const mesh = targetMesh();
  const supports = park(figure, mesh, yaw);
  const draft = describe({
    name: 'passer-by',
    figure,
    mesh,
    verb: walks ? 'walk' : 'stand',
    phrase: walks ? 'walking' : 'standing',
    supports,
    grounds: [...ROADS, 'cobbles'],
    yaw: [yaw - 0.02, yaw + 0.02],
  });
  return {
    ...draft,
    surveillance: true,
    focus: { fill: [0.84, 0.96], distance: [40, 110], pitch: [0.02, 0.34] },
    wordings: walks ? WALKING : STANDING,
  };
}

const WALKING = [
  ['walking', 'walks'],
  ['walking by', 'walks by'],
] as const;
const STANDING = [
  ['standing', 'stands'],
  ['waiting', 'waits'],
] as const;

type Parked = 'bicycle' | 'motorcycle' | 'bench';

/** Leaves up to three things behind the person as seen from `yaw`. */
function park(
  figure: Figure,
  mesh: ReturnType<typeof targetMesh>,
  yaw: number,
): { category: Parked; colour: string }[] {
  const random = figure.random.fork('parked');
  const count = random.int(4);
  return Array.from({ length: count }, (_, i) => {
    const category = random.pick<Parked>(['bicycle', 'motorcycle', 'bench']);
    const colour = pickColour(random);
    // Behind is away from the camera; sideways the view is narrow.
    const depth = 9 + i * 7 + random.between(0, 4);
    const across = random.sign() * random.between(1.5, 5.5);
    const origin: Vec3 = [
      -Math.sin(yaw) * depth + Math.cos(yaw) * across,
      0,
      -Math.cos(yaw) * depth - Math.sin(yaw) * across,
    ];
    asSupport(
      mesh,
      () =>
        mesh.within({ origin, rotation: rotation(UP, random.between(0, 2 * Math.PI)) }, () => {
          if (category === 'motorcycle') motorcycle(mesh, { colour: colour.rgb });
          else if (category === 'bicycle') {
            bicycle(mesh, {
              colour: colour.rgb,
              saddleHeight: 9.4,
              upright: random.next(),
              crankAngle: random.between(0, 6),
              wheelAngle: random.next(),
              extras: { mudguards: true, basket: random.chance(0.4), rack: true },
            });
          } else {
            const seat = { colour: colour.rgb, height: 4.5, unit: 1 };
            bench(mesh, { ...seat, width: 12, shift: 0, arms: true, metal: [46, 48, 48] });
          }
        }),
      i,
    );
    return { category, colour: colour.name };
  });
}

export const STREET_SCENES: readonly SceneEntry[] = [
  {
    name: 'passer-by',
    weight: 1,
    triplets: [
      ['stand', null],
      ['walk', null],
    ],
    build: passerBy,
  },
];
