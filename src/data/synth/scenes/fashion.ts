// Catalogue pictures: one person in one outfit, standing or stepping, seen from the front, the side and the back.
import type { SceneContext, SceneDescription, Side } from '../types.js';
import { add, normalise } from '../vector.js';
import { describe, type SceneEntry, targetMesh } from './describe.js';
import { Figure, otherSide, outward, SIDES } from './figure.js';

/** Middle of the camera's yaw in each picture of one identity; after the fourth the other side is seen. */
const VIEWS = [0, 0.75, Math.PI / 2, Math.PI, 0, -0.75, -Math.PI / 2, 2.4] as const;

/** Pictures of one person in one outfit. */
export const PICTURES_OF_ONE = VIEWS.length;

function catalogue(context: SceneContext): SceneDescription {
  const figure = new Figure(context);
  const { random } = figure;
  figure.loosen(1.3);
  const steps = random.chance(0.25);
  if (steps) figure.walk(random.between(0.3, 0.7));
  else if (random.chance(0.35)) shiftWeight(figure);
  else figure.stand();
  for (const side of SIDES) poseArm(figure, side, steps);
  figure.look(0, 0, 0.8);
  const yaw = VIEWS[(context.index ?? 0) % PICTURES_OF_ONE];
  const draft = describe({
    name: 'catalogue',
    figure,
    mesh: targetMesh(),
    verb: steps ? 'walk' : 'stand',
    phrase: steps ? 'walking' : 'standing',
    indoor: 1,
    yaw: [yaw - 0.16, yaw + 0.16],
  });
  return {
    ...draft,
    studio: true,
    focus: { fill: [0.88, 0.95], distance: [42, 62], pitch: [0, 0.1] },
    wordings: [...(steps ? STEPPING : STANDING), ...seenFrom(yaw)],
  };
}

const STANDING = [
  ['standing', 'stands'],
  ['posing', 'poses'],
] as const;
const STEPPING = [
  ['walking', 'walks'],
  ['stepping forward', 'steps forward'],
] as const;

function seenFrom(yaw: number): [string, string][] {
  const away = Math.abs(yaw);
  const view = away < 0.4 ? 'from the front' : away > 2 ? 'from behind' : away > 1.2 ? 'from the side' : null;
  return view ? [[`posing, seen ${view}`, `is seen ${view}`]] : [];
}

/** The stance that contrapposto names: weight on one leg, the other knee forward, hips and shoulders tilted. */
function shiftWeight(figure: Figure): void {
  const { pose, random, unit: u, measures } = figure;
  const side: Side = random.chance(0.5) ? 'L' : 'R';
  const x = outward(side);
  const tilt = random.between(0.05, 0.11);
  pose.trunk(0, 0, x * tilt * 1.4);
  pose.solve();
  pose.translate([x * 0.45 * u, -0.1 * u, 0]);
  figure.plant(side, [x * measures.hipX * 0.75, -0.1 * u], { yaw: x * 0.12 });
  const free = otherSide(side);
  figure.plant(free, [-x * (measures.hipX + random.between(0.1, 0.7) * u), random.between(0.3, 1.1) * u], {
    yaw: -x * random.between(0.2, 0.5),
    lift: 0.05 * u,
    pitch: random.between(0, 0.2),
  });
}

/** What an arm does, with its frequency. */
const ARMS = [
  ['hang', 5],
  ['hip', 2.5],
  ['chest', 1],
  ['collar', 0.8],
  ['out', 0.8],
] as const;

function poseArm(figure: Figure, side: Side, steps: boolean): void {
  const { random } = figure;
  const choice = steps ? 'hang' : random.weighted(ARMS);
  if (choice === 'hang') figure.hang(side);
  else if (choice === 'hip') figure.handOnHip(side);
  else if (choice === 'out')
    figure.balance(side, random.between(1, 2), random.between(3, 3.8), random.between(-0.3, 0.6));
  else bentArm(figure, side, choice);
}

/** A hand before the belly or at the collar. */
function bentArm(figure: Figure, side: Side, place: 'chest' | 'collar'): void {
  const { pose, random, unit: u, measures } = figure;
  const x = outward(side);
  const chest = pose.position('spine02');
  const at = place === 'chest' ? [0.9, -0.9, 1] : [1.15, 1.2, 0.75];
  const wrist = add(chest, [x * at[0] * u, at[1] * u, measures.chestZ + at[2] * u * random.between(0.8, 1.1)]);
  const up = place === 'chest' ? 0.1 : 0.75;
  pose.arm(side, wrist, [x, -0.8, -0.4], {
    fingers: normalise([-x, up, 0.05]),
    palm: normalise([-x * 0.1, -0.1, -1]),
  });
  figure.relaxHand(side, random.between(0.2, 0.45));
}

export const FASHION_SCENES: readonly SceneEntry[] = [
  {
    name: 'catalogue',
    weight: 1,
    triplets: [
      ['stand', null],
      ['walk', null],
    ],
    build: catalogue,
  },
];
