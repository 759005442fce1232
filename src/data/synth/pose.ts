// A posed skeleton: joint rotations, forward kinematics, and inverse kinematics for arms, legs, grips and fingers.
import { ContrappostoError } from '../../core/errors.js';
import { solveTwoBones, type TwoBoneSolution } from './two-bone.js';
import type { Character, HandDirection, Side } from './types.js';
import {
  add,
  addScaled,
  angleAbout,
  clamp,
  cross,
  distance,
  euler,
  frame,
  IDENTITY,
  type Mat3,
  multiply,
  normalise,
  perpendicular,
  rotation,
  rotationBetween,
  scale,
  subtract,
  transform,
  transpose,
  type Vec3,
  ZERO,
} from './vector.js';

const SPINE = ['spine05', 'spine04', 'spine03', 'spine02', 'spine01'];
/** A forearm turns about this far before the shoulder has to help. */
const MAX_FOREARM_TWIST = 2.2;
const MAX_UPPER_ARM_TWIST = 1.2;

/** One angle for every finger, or one each, thumb first. */
export type FingerAngles = number | readonly [number, number, number, number, number];

/**
 * A pose of `character`. Rotations are set by name (`rotate`: relative to the parent, about the axes of the rest pose;
 * `setGlobal`: absolute); `solve` runs forward kinematics. The inverse-kinematics methods read the solved pose of what
 * lies above them in the skeleton, so call `solve()` after changing root or trunk and before `arm`, `leg` or `grip`;
 * they leave the pose solved.
 */
export class Pose {
  readonly character: Character;
  /** Where the rest position of the skeleton is moved to; y counts from the rest height. */
  root: Vec3 = ZERO;
  rootRotation: Mat3 = IDENTITY;
  readonly #local: (Mat3 | undefined)[];
  readonly #global: (Mat3 | undefined)[];
  readonly #orientations: Mat3[];
  readonly #positions: Vec3[];

  constructor(character: Character) {
    this.character = character;
    const count = character.boneNames.length;
    this.#local = new Array(count);
    this.#global = new Array(count);
    this.#orientations = new Array(count);
    this.#positions = new Array(count);
    this.solve();
  }

  /** Forward kinematics: joint positions and orientations from the rotations set so far. */
  solve(): this {
    const { heads, parents } = this.character;
    for (let i = 0; i < parents.length; i++) {
      const parent = parents[i];
      if (parent < 0) {
        this.#orientations[i] = this.rootRotation;
        this.#positions[i] = add(heads[i], this.root);
        continue;
      }
      const above = this.#orientations[parent];
      this.#positions[i] = add(this.#positions[parent], transform(above, subtract(heads[i], heads[parent])));
      const local = this.#local[i];
      this.#orientations[i] = this.#global[i] ?? (local ? multiply(above, local) : above);
    }
    return this;
  }

  /** Turns a bone relative to its parent, after the turns it already has. */
  rotate(bone: string, turn: Mat3): void {
    const i = this.#index(bone);
    const before = this.#local[i];
    this.#local[i] = before ? multiply(turn, before) : turn;
  }

  /** `rotate` by `euler(x, y, z)`, radians. */
  rotateEuler(bone: string, x: number, y: number, z: number): void {
    this.rotate(bone, euler(x, y, z));
  }

  /** Fixes a bone's absolute orientation; `undefined` frees it. */
  setGlobal(bone: string, orientation: Mat3 | undefined): void {
    this.#global[this.#index(bone)] = orientation;
  }

  /** World position of the joint where `bone` begins. */
  position(bone: string): Vec3 {
    return this.#positions[this.#index(bone)];
  }

  /** World orientation of a bone: identity at rest. */
  orientation(bone: string): Mat3 {
    return this.#orientations[this.#index(bone)];
  }

  /** World position of a bone's far end. */
  tail(bone: string): Vec3 {
    return this.attach(bone, this.character.tails[this.#index(bone)]);
  }

  /** Carries a point given in the rest pose along with `bone`. */
  attach(bone: string, restPoint: Vec3): Vec3 {
    return this.#carry(this.#index(bone), restPoint);
  }

  /** World position of a vertex: linear blend skinning. */
  vertex(index: number): Vec3 {
    const { positions, boneIds, boneWeights } = this.character;
    const rest: Vec3 = [positions[3 * index], positions[3 * index + 1], positions[3 * index + 2]];
    let sum: Vec3 = ZERO;
    for (let k = 4 * index; k < 4 * index + 4 && boneWeights[k] > 0; k++) {
      sum = addScaled(sum, this.#carry(boneIds[k], rest), boneWeights[k]);
    }
    return sum;
  }

  /** Twelve numbers a bone, rows of (rotation | translation): carries rest positions to the posed world. */
  boneMatrices(): Float32Array {
    const { heads } = this.character;
    const matrices = new Float32Array(heads.length * 12);
    heads.forEach((head, b) => {
      const turn = this.#orientations[b];
      const shift = subtract(this.#positions[b], transform(turn, head));
      for (let row = 0; row < 3; row++) {
        matrices.set([turn[3 * row], turn[3 * row + 1], turn[3 * row + 2], shift[row]], 12 * b + 4 * row);
      }
    });
    return matrices;
  }

  /** Moves the whole solved figure, contacts included. */
  translate(offset: Vec3): void {
    this.root = add(this.root, offset);
    this.solve();
  }

  /** Bends (x), turns (y) and leans (z) the trunk, spread over the spine. */
  trunk(x: number, y: number, z: number): void {
    for (const bone of SPINE) this.rotateEuler(bone, x / SPINE.length, y / SPINE.length, z / SPINE.length);
  }

  /** Nods (x), turns (y) and tilts (z) the head, spread over neck and head. */
  headTurn(x: number, y: number, z: number): void {
    this.rotateEuler('neck01', x * 0.4, y * 0.4, z * 0.4);
    this.rotateEuler('head', x * 0.6, y * 0.6, z * 0.6);
  }

  /** Raises the shoulder of a side by `angle`. */
  clavicle(side: Side, angle: number): void {
    this.rotateEuler(`clavicle.${side}`, 0, 0, side === 'L' ? angle : -angle);
  }

  /**
   * Brings a wrist to `wrist` with the elbow towards `pole`; `hand` turns the hand (absolute directions), otherwise it
   * continues the forearm. Targets out of reach are approached as far as the arm allows.
   */
  arm(side: Side, wrist: Vec3, pole: Vec3, hand?: HandDirection): TwoBoneSolution {
    const names = { upper: `upperarm01.${side}`, lower: `lowerarm01.${side}`, end: `wrist.${side}` };
    const rest = this.#restLimb(names);
    const solution = this.#solveLimb(names, wrist, pole);
    // In the rest pose the elbow bends in the plane of the slightly bent arm.
    const along = normalise(subtract(rest.end, rest.start));
    const restNormal = cross(perpendicular(subtract(rest.middle, rest.start), along), along);
    const upperTurn = turnBetween([rest.upper, restNormal], [solution.upper, solution.normal]);
    const lowerTurn = turnBetween([rest.lower, restNormal], [solution.lower, solution.normal]);

    // The twist of the upper arm is shared between its two bones so that the shoulder's skin does not wring.
    const above = this.#orientations[this.character.parents[this.#index(names.upper)]];
    const untwisted = multiply(rotationBetween(transform(above, rest.upper), solution.upper), above);
    const twist = angleAbout(solution.upper, {
      from: transform(untwisted, restNormal),
      to: transform(upperTurn, restNormal),
    });
    const shoulderTwist = clamp(twist * 0.5, -MAX_UPPER_ARM_TWIST, MAX_UPPER_ARM_TWIST);
    this.setGlobal(names.upper, multiply(rotation(solution.upper, shoulderTwist), untwisted));
    this.setGlobal(`upperarm02.${side}`, upperTurn);
    this.#turnHand(side, { lowerTurn, lower: solution.lower, hand });
    this.solve();
    return solution;
  }

  /** Brings an ankle to `ankle` with the knee towards `pole`; `foot` is the foot's absolute turn (identity: flat). */
  leg(side: Side, ankle: Vec3, pole: Vec3, foot?: Mat3): TwoBoneSolution {
    const names = { upper: `upperleg01.${side}`, lower: `lowerleg01.${side}`, end: `foot.${side}` };
    const rest = this.#restLimb(names);
    const solution = this.#solveLimb(names, ankle, pole);
    const along = normalise(subtract(rest.end, rest.start));
    const restNormal = cross(perpendicular([0, 0, 1], along), along);
    const lowerTurn = turnBetween([rest.lower, restNormal], [solution.lower, solution.normal]);
    this.setGlobal(names.upper, turnBetween([rest.upper, restNormal], [solution.upper, solution.normal]));
    this.setGlobal(names.lower, lowerTurn);
    this.setGlobal(names.end, foot ?? lowerTurn);
    this.solve();
    return solution;
  }

  /**
   * Closes the hand around a bar of `radius` through `point` along `axis` (towards the thumb), the knuckles pointing
   * along `fingers`. Returns the wrist.
   */
  grip(
    side: Side,
    point: Vec3,
    { axis, fingers, pole, radius = 0.15 }: { axis: Vec3; fingers: Vec3; pole: Vec3; radius?: number },
  ): Vec3 {
    const { thumbSign } = this.character.measures.hands[side];
    const thumb = normalise(axis);
    const forward = perpendicular(fingers, thumb);
    const palm = scale(cross(thumb, forward), thumbSign);
    const wrist = this.wristFor(side, point, { fingers: forward, palm, reach: 0.92, gap: radius });
    this.arm(side, wrist, pole, { fingers: forward, palm });
    this.fist(side, 1, radius);
    return wrist;
  }

  /**
   * Wrist position at which the palm touches `point`: `reach` palm lengths along the fingers from the wrist (1 = the
   * knuckles), `gap` units clear of the skin.
   */
  wristFor(
    side: Side,
    point: Vec3,
    { fingers, palm, reach = 0.9, gap = 0 }: HandDirection & { reach?: number; gap?: number },
  ): Vec3 {
    const { palmLength } = this.character.measures.hands[side];
    return addScaled(addScaled(point, fingers, -palmLength * reach), palm, -(palmLength * 0.2 + gap));
  }

  /** Lays the open palm on `point`, fingers along `fingers`, palm facing `palm`. Returns the wrist. */
  touch(
    side: Side,
    point: Vec3,
    { fingers, palm, pole, reach = 0.9, gap = 0 }: HandDirection & { pole: Vec3; reach?: number; gap?: number },
  ): Vec3 {
    const along = normalise(fingers);
    const facing = perpendicular(palm, along);
    const wrist = this.wristFor(side, point, { fingers: along, palm: facing, reach, gap });
    this.arm(side, wrist, pole, { fingers: along, palm: facing });
    return wrist;
  }

  /** Closes the hand by `amount` (0 open, 1 fist) around something of `radius`. */
  fist(side: Side, amount = 1, radius = 0.15): void {
    const open = Math.max(0.35, 1 - (radius - 0.12) * 0.9) * amount;
    this.curl(
      side,
      [0.5 * amount, 1.15 * open, 1.2 * open, 1.25 * open, 1.3 * open],
      [0.45 * amount, 1.35 * open, 1.35 * open, 1.35 * open, 1.35 * open],
      [0.35 * amount, 0.7 * open, 0.7 * open, 0.7 * open, 0.7 * open],
    );
  }

  /** Bends the three joints of the fingers, knuckle first, radians; replaces what they had. */
  curl(side: Side, knuckle: FingerAngles, middle: FingerAngles, last: FingerAngles): void {
    const { curlAxes } = this.character.measures.hands[side];
    [knuckle, middle, last].forEach((angles, joint) => {
      for (let finger = 0; finger < 5; finger++) {
        const angle = typeof angles === 'number' ? angles : angles[finger];
        const bone = this.#index(`finger${finger + 1}-${joint + 1}.${side}`);
        this.#local[bone] = rotation(curlAxes[finger], angle);
      }
    });
    this.solve();
  }

  /**
   * Turns the three bones of a finger (1 is the thumb) to directions given along the hand's fingers, thumb side and palm;
   * replaces what they had. Call `solve()` afterwards.
   */
  pointFinger(side: Side, finger: number, directions: readonly Vec3[]): void {
    const { heads, tails, measures } = this.character;
    const hand = measures.hands[side];
    let above: Mat3 = IDENTITY;
    directions.forEach(([along, across, out], joint) => {
      const bone = this.#index(`finger${finger}-${joint + 1}.${side}`);
      const wanted = normalise(add(add(scale(hand.fingers, along), scale(hand.thumb, across)), scale(hand.palm, out)));
      const rest = normalise(subtract(tails[bone], heads[bone]));
      const turn = rotationBetween(rest, transform(transpose(above), wanted));
      this.#local[bone] = turn;
      above = multiply(above, turn);
    });
  }

  /** Spreads the fingers sideways: positive away from the middle finger. */
  spread(side: Side, angles: FingerAngles): void {
    const { palm, thumbSign } = this.character.measures.hands[side];
    const weights = [1, 1, 0, -1, -1];
    for (let finger = 0; finger < 5; finger++) {
      const angle = typeof angles === 'number' ? angles : angles[finger];
      const bone = `finger${finger + 1}-1.${side}`;
      const i = this.#index(bone);
      const turn = rotation(palm, -thumbSign * weights[finger] * angle);
      const before = this.#local[i];
      this.#local[i] = before ? multiply(turn, before) : turn;
    }
    this.solve();
  }

  /** Turns the forearm's two bones part of the way to the hand, and the hand itself. */
  #turnHand(side: Side, { lowerTurn, lower, hand }: { lowerTurn: Mat3; lower: Vec3; hand?: HandDirection }): void {
    const forearm = [`lowerarm01.${side}`, `lowerarm02.${side}`];
    if (!hand) {
      for (const bone of [...forearm, `wrist.${side}`]) this.setGlobal(bone, lowerTurn);
      return;
    }
    const rest = this.character.measures.hands[side];
    const handTurn = turnBetween([rest.fingers, rest.palm], [normalise(hand.fingers), hand.palm]);
    const twist = clamp(
      angleAbout(lower, { from: transform(lowerTurn, rest.palm), to: transform(handTurn, rest.palm) }),
      -MAX_FOREARM_TWIST,
      MAX_FOREARM_TWIST,
    );
    this.setGlobal(forearm[0], multiply(rotation(lower, twist * 0.25), lowerTurn));
    this.setGlobal(forearm[1], multiply(rotation(lower, twist * 0.7), lowerTurn));
    this.setGlobal(`wrist.${side}`, handTurn);
  }

  #restLimb(names: LimbBones) {
    const { heads } = this.character;
    const start = heads[this.#index(names.upper)];
    const middle = heads[this.#index(names.lower)];
    const end = heads[this.#index(names.end)];
    return { start, middle, end, upper: normalise(subtract(middle, start)), lower: normalise(subtract(end, middle)) };
  }

  #solveLimb(names: LimbBones, target: Vec3, pole: Vec3): TwoBoneSolution {
    const rest = this.#restLimb(names);
    return solveTwoBones(this.position(names.upper), target, {
      upperLength: distance(rest.start, rest.middle),
      lowerLength: distance(rest.middle, rest.end),
      pole,
    });
  }

  #carry(bone: number, restPoint: Vec3): Vec3 {
    const offset = subtract(restPoint, this.character.heads[bone]);
    return add(this.#positions[bone], transform(this.#orientations[bone], offset));
  }

  #index(bone: string): number {
    const i = this.character.boneIndex[bone];
    if (i === undefined) {
      throw new ContrappostoError('not-found', {
        operation: 'pose',
        expected: `one of the character's ${this.character.boneNames.length} bones`,
        got: `"${bone}"`,
      });
    }
    return i;
  }
}

interface LimbBones {
  upper: string;
  lower: string;
  end: string;
}

/** Rotation that carries the pair of directions `from` (first exactly, second in their plane) onto `to`. */
function turnBetween(from: readonly [Vec3, Vec3], to: readonly [Vec3, Vec3]): Mat3 {
  return multiply(frame(to[0], to[1]), transpose(frame(from[0], from[1])));
}
