// Shapes of a hand: how far each finger is bent and spread and where the thumb goes, the same for every body.
import type { Pose } from './pose.js';
import { solveTwoBones } from './two-bone.js';
import type { Side } from './types.js';
import { add, addScaled, clamp, distance, mix, normalise, scale, subtract, transform, type Vec3 } from './vector.js';

/** Absolute bends of a finger's three joints, radians: 0 is straight on from the bone before, positive towards the palm. */
export type Bends = readonly [knuckle: number, middle: number, last: number];

/** Index, middle, ring and little finger. */
export type FourFingers<T> = readonly [T, T, T, T];

/**
 * Where the thumb goes: `out` in the plane of the palm, `beside` the index finger, `across` the palm, or with its tip on
 * the inner side of a finger's bone (`finger` 2 to 5; `bone` 2 middle, 3 last, 4 its tip).
 */
export type ThumbPlace = 'out' | 'beside' | 'across' | { finger: number; bone: 2 | 3 | 4 };

export interface HandShape {
  bends: FourFingers<Bends>;
  /** Sideways angle of each finger from the middle finger's line, positive towards the thumb. */
  spread: FourFingers<number>;
  thumb: ThumbPlace;
}

/** What joints allow, radians. */
const LIMITS: readonly (readonly [low: number, high: number])[] = [
  [-0.35, 1.6],
  [0, 1.95],
  [-0.1, 1.25],
];
const SPREAD_LIMIT = 0.42;

/** Directions of the thumb's bones along fingers, thumb's side and palm, for places that touch nothing. */
const THUMB_DIRECTIONS = {
  out: [
    [0.62, 0.74, 0.22],
    [0.6, 0.8, 0.02],
    [0.62, 0.78, -0.08],
  ],
  beside: [
    [0.82, 0.5, 0.3],
    [0.97, 0.2, 0.12],
    [1, 0.02, 0.02],
  ],
  across: [
    [0.72, 0.3, 0.62],
    [0.62, -0.6, 0.5],
    [0.45, -0.88, 0.1],
  ],
} as const satisfies Record<string, readonly Vec3[]>;

/** Half the thickness of thumb and finger together, in body units. */
const CONTACT_GAP = 0.2;

/** `shape` with every joint moved a little, within human limits; `normal` draws the deviations. */
export function varied(shape: HandShape, normal: (sigma: number) => number): HandShape {
  const bends = shape.bends.map((finger) =>
    finger.map((angle, joint) => clamp(angle + normal(0.05), ...LIMITS[joint])),
  ) as unknown as HandShape['bends'];
  const spread = shape.spread.map((angle) =>
    clamp(angle + normal(0.025), -SPREAD_LIMIT, SPREAD_LIMIT),
  ) as unknown as HandShape['spread'];
  return { ...shape, bends, spread };
}

/** Gives a hand of the solved pose its shape; leaves the pose solved. */
export function shapeHand(pose: Pose, side: Side, shape: HandShape): void {
  shape.bends.forEach((bends, i) => {
    let angle = 0;
    const along: Vec3 = [Math.cos(shape.spread[i]), Math.sin(shape.spread[i]), 0];
    const directions = bends.map((bend): Vec3 => {
      angle += bend;
      const [f, t] = scale(along, Math.cos(angle));
      return [f, t, Math.sin(angle)];
    });
    pose.pointFinger(side, i + 2, directions);
  });
  pose.solve();
  if (typeof shape.thumb === 'string') pose.pointFinger(side, 1, THUMB_DIRECTIONS[shape.thumb]);
  else thumbOnto(pose, side, shape.thumb);
  pose.solve();
}

/** Lays the tip of the thumb on the inner side of a finger: the last two bones bend, the first leans towards it. */
function thumbOnto(pose: Pose, side: Side, { finger, bone }: Exclude<ThumbPlace, string>): void {
  const { hands, unit } = pose.character.measures;
  const hand = hands[side];
  const turn = pose.orientation(`wrist.${side}`);
  const toHand = (v: Vec3): Vec3 => {
    const world = [hand.fingers, hand.thumb, hand.palm].map((axis) => transform(turn, axis));
    return world.map((axis) => axis[0] * v[0] + axis[1] * v[1] + axis[2] * v[2]) as unknown as Vec3;
  };
  const joint = (f: number, k: number) =>
    toHand(k === 4 ? pose.tail(`finger${f}-3.${side}`) : pose.position(`finger${f}-${k}.${side}`));
  const target = bone === 4 ? joint(finger, 4) : mix(joint(finger, bone), joint(finger, bone + 1), 0.5);
  // Tips meet pad to pad; a folded finger is touched on the side that lies outwards.
  const away: Vec3 = bone === 4 ? [-0.55, 0.5, 0.35] : [0.1, 0.15, 1];
  const tip = addScaled(target, normalise(away), CONTACT_GAP * unit * (bone === 4 ? 0.55 : 1));
  const [root, second, third, end] = [1, 2, 3, 4].map((k) => joint(1, k));
  const lean = normalise(add(scale(THUMB_DIRECTIONS.across[0], 0.75), scale(normalise(subtract(tip, root)), 0.45)));
  const start = addScaled(root, lean, distance(root, second));
  const solution = solveTwoBones(start, tip, {
    upperLength: distance(second, third),
    lowerLength: distance(third, end),
    pole: bone === 4 ? [0.5, 0.7, 0.5] : [0.9, 0.3, 0.5],
  });
  pose.pointFinger(side, 1, [lean, solution.upper, solution.lower]);
}
