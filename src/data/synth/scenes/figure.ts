// A posed person with the everyday shorthand that scenes share: standing, walking, sitting, hanging arms, gaze.
import { Pose } from '../pose.js';
import type { SceneRandom } from '../scene-random.js';
import type { Measures, SceneContext, Side } from '../types.js';
import {
  add,
  addScaled,
  clamp,
  cross,
  distance,
  euler,
  type Mat3,
  mix,
  multiply,
  normalise,
  perpendicular,
  rotation,
  rotationBetween,
  scale,
  subtract,
  transform,
  transpose,
  UP,
  type Vec3,
} from '../vector.js';

export const SIDES: readonly Side[] = ['L', 'R'];

/** Sign of x on a side: the person faces +z, so their left is +x. */
export const outward = (side: Side): 1 | -1 => (side === 'L' ? 1 : -1);

export const otherSide = (side: Side): Side => (side === 'L' ? 'R' : 'L');

/** Rotation that carries local +y to `along` and local +z as near to `facing` as it can be. */
export function standing(along: Vec3, facing: Vec3): Mat3 {
  const y = normalise(along);
  const z = perpendicular(facing, y);
  const x = cross(y, z);
  return [x[0], y[0], z[0], x[1], y[1], z[1], x[2], y[2], z[2]];
}

/** Shortest rotation that carries local +y to `along`. */
export const upAlong = (along: Vec3): Mat3 => rotationBetween(UP, normalise(along));

export interface FootOptions {
  /** Toes outwards (about y), radians. */
  yaw?: number;
  /** Height of the ground beneath it. */
  lift?: number;
  /** Heel up, radians. */
  pitch?: number;
  pole?: Vec3;
}

/** A character being posed for a scene. Lengths are scene units unless multiplied by `unit`. */
export class Figure {
  readonly pose: Pose;
  readonly random: SceneRandom;
  readonly measures: Measures;
  /** Body scale, 1 for an adult. */
  readonly unit: number;

  constructor(context: SceneContext) {
    this.pose = new Pose(context.character);
    this.random = context.random;
    this.measures = context.character.measures;
    this.unit = this.measures.unit;
  }

  shoulder(side: Side): Vec3 {
    return this.pose.position(`upperarm01.${side}`);
  }

  /** A point given relative to the shoulder in body units: x outwards, y up, z forwards. */
  fromShoulder(side: Side, x: number, y: number, z: number): Vec3 {
    const u = this.unit;
    return add(this.shoulder(side), [outward(side) * x * u, y * u, z * u]);
  }

  get hips(): Vec3 {
    return mix(this.pose.position('upperleg01.L'), this.pose.position('upperleg01.R'), 0.5);
  }

  /** Direction of the head's own axis in the world. */
  headDirection(local: Vec3): Vec3 {
    return transform(this.pose.orientation('head'), local);
  }

  /** Middle of the lips. */
  get mouth(): Vec3 {
    const { face } = this.pose.character.landmarks;
    return mix(this.pose.vertex(face[51]), this.pose.vertex(face[57]), 0.5);
  }

  get eyes(): Vec3 {
    const { face } = this.pose.character.landmarks;
    return mix(this.pose.vertex(face[36]), this.pose.vertex(face[45]), 0.5);
  }

  ear(side: Side): Vec3 {
    return this.pose.vertex(this.pose.character.landmarks.ears[side]);
  }

  /** Small deviations of trunk and shoulders, so that no two people stand alike. */
  loosen(amount = 1): void {
    const { pose, random } = this;
    pose.trunk(random.normal(0.04 * amount) + 0.02, random.normal(0.08 * amount), random.normal(0.04 * amount));
    for (const side of SIDES) {
      pose.rotateEuler(`clavicle.${side}`, random.normal(0.03), random.normal(0.03), random.normal(0.03));
    }
    pose.solve();
  }

  raiseShoulder(side: Side, angle: number): void {
    this.pose.clavicle(side, angle);
    this.pose.solve();
  }

  /** Puts a foot on the ground (or on something `lift` high) with its ankle at x, z. */
  plant(side: Side, at: readonly [number, number], options: FootOptions = {}): void {
    const { yaw = 0, lift = 0, pitch = 0 } = options;
    const turn = multiply(rotation(UP, yaw), rotation([1, 0, 0], pitch));
    const pole = options.pole ?? [Math.sin(yaw) + outward(side) * 0.05, 0, Math.cos(yaw) * 1.2];
    this.pose.leg(side, [at[0], this.measures.ankleY + lift, at[1]], pole, turn);
  }

  /** Stands on both feet; `width` and `stagger` in body units. */
  stand(options: { width?: number; stagger?: number; drop?: number; sway?: number } = {}): void {
    const { pose, random, unit: u, measures } = this;
    const { width = random.between(0.1, 0.9), stagger = random.normal(0.6) } = options;
    const { drop = random.between(0.06, 0.25), sway = random.normal(0.25) } = options;
    pose.translate([sway * u, -drop * u, 0]);
    SIDES.forEach((side, i) => {
      const x = outward(side);
      this.plant(side, [x * (measures.hipX + width * 0.6 * u), (i ? -1 : 1) * stagger * u], {
        yaw: x * random.between(0.05, 0.35),
      });
    });
  }

  /** In mid stride; `amount` 0.5 (ambling) to 1 (brisk). */
  walk(amount: number = this.random.between(0.5, 1)): void {
    const { pose, random, unit: u, measures } = this;
    const lead: Side = random.chance(0.5) ? 'L' : 'R';
    const trail = otherSide(lead);
    pose.rootRotation = euler(0.03, 0, 0);
    const half = amount * random.between(1.5, 2.4) * u;
    pose.solve();
    // As high as the stride of an all but straight leg leaves the hips; at rest the knees are a little bent.
    const leg = 0.99 * measures.legLength;
    pose.translate([0, measures.ankleY + Math.sqrt(leg * leg - half * half) - this.hips[1], 0]);
    this.plant(lead, [outward(lead) * measures.hipX * 0.8, half], {
      yaw: outward(lead) * 0.1,
      lift: 0.06 * u,
      pitch: -0.16,
    });
    this.plant(trail, [outward(trail) * measures.hipX * 0.8, -half], {
      yaw: outward(trail) * 0.12,
      lift: 0.6 * u * amount,
      pitch: 0.5 * amount,
    });
  }

  /** Stands or, with the given probability, walks. Returns whether it walks. */
  standOrWalk(walking: number): boolean {
    const walks = this.random.chance(walking);
    if (walks) this.walk();
    else this.stand();
    return walks;
  }

  /** Lets an arm hang beside the body. */
  hang(side: Side): void {
    const { pose, random, measures, unit: u } = this;
    const x = outward(side);
    const shoulder = this.shoulder(side);
    const away = Math.max(measures.hipHalfWidth + 0.55 * u, Math.abs(shoulder[0] - pose.root[0]) + 0.1 * u);
    const reach = measures.armLength * random.between(0.94, 0.985);
    const swing = random.between(-0.2, 1);
    pose.arm(
      side,
      [pose.root[0] + x * (away + random.between(0, 0.5) * u), shoulder[1] - reach, shoulder[2] + swing * u],
      [x * 0.5, 0, -1],
    );
    const k = random.between(0.15, 0.5);
    pose.curl(side, [0.15, k, k * 1.05, k * 1.1, k * 1.2], k, k * 0.6);
  }

  handOnHip(side: Side): void {
    const { pose, measures, unit: u } = this;
    const x = outward(side);
    const wrist: Vec3 = [pose.root[0] + x * (measures.hipHalfWidth + 0.45 * u), pose.position('root')[1] + u, 0.15 * u];
    pose.arm(side, wrist, [x, 0, -0.35], {
      fingers: normalise([-x * 0.7, -0.55, 0.35]),
      palm: normalise([-x * 0.5, 0.2, -0.3]),
    });
    pose.curl(side, 0.3, 0.3, 0.2);
  }

  /** An arm that has nothing to do. */
  rest(side: Side): void {
    if (this.random.chance(0.2)) this.handOnHip(side);
    else this.hang(side);
  }

  /** A relaxed open hand. */
  relaxHand(side: Side, amount = 0.3): void {
    this.pose.curl(side, [amount * 0.5, amount, amount, amount * 1.1, amount * 1.2], amount, amount * 0.7);
  }

  /** Looks about: yaw (to the left) and pitch (down) with some variation. */
  look(yaw = 0, pitch = 0, spread = 1): void {
    const { pose, random } = this;
    pose.headTurn(pitch + random.normal(0.1 * spread), yaw + random.normal(0.22 * spread), random.normal(0.06));
    pose.solve();
  }

  /** Turns the head towards a point, as far as a neck goes; eyes do the rest. */
  lookAt(target: Vec3, share = 0.8): void {
    const { pose, random } = this;
    const chest = transpose(pose.orientation('spine01'));
    const d = normalise(transform(chest, subtract(target, this.eyes)));
    const yaw = Math.atan2(d[0], d[2]) * share;
    const pitch = Math.atan2(-d[1], Math.hypot(d[0], d[2])) * share;
    pose.headTurn(
      clamp(pitch, -0.5, 0.62) + random.normal(0.04),
      clamp(yaw, -1.1, 1.1) + random.normal(0.05),
      random.normal(0.03),
    );
    pose.solve();
  }

  /** Height of a seat from which the knees bend at about a right angle. */
  get seatHeight(): number {
    return this.measures.legLength * 0.56 + this.measures.ankleY;
  }

  /** Sits on a seat whose upper side is `height` high: hips at x = 0, z = 0, feet on the ground in front. */
  sit(height = this.seatHeight, lean = this.random.between(0, 0.2)): void {
    const { pose, random, measures, unit: u } = this;
    pose.rootRotation = euler(-0.12 - lean * 0.3, 0, 0);
    pose.trunk(0.02 + random.normal(0.08) - lean * 0.5, random.normal(0.08), random.normal(0.05));
    pose.solve();
    const hips = this.hips;
    pose.translate([-hips[0], height + 0.9 * u - hips[1], -hips[2]]);
    const thigh = distance(pose.position('lowerleg01.L'), pose.position('upperleg01.L'));
    const spread = random.between(0.1, 1.2) * u;
    for (const side of SIDES) {
      const x = outward(side);
      const foot: [number, number] = [
        x * (measures.hipX * 0.8 + spread * 0.6 + random.between(0, 0.3) * u),
        thigh * 0.95 + random.between(-1, 1) * u,
      ];
      this.plant(side, foot, { yaw: x * random.between(0, 0.35), pole: [x * (0.1 + spread * 0.1), 1.2, 0.7] });
    }
  }

  /** Rests a hand on its own thigh. */
  handOnThigh(side: Side): void {
    const { pose, random, measures, unit: u } = this;
    const x = outward(side);
    const hip = pose.position(`upperleg01.${side}`);
    const knee = pose.position(`lowerleg01.${side}`);
    const point = add(mix(hip, knee, random.between(0.55, 0.85)), [0, measures.thighRadius + 0.05 * u, 0]);
    const fingers = normalise(add(normalise(subtract(knee, hip)), [-x * 0.35, -0.05, 0]));
    pose.touch(side, point, { fingers, palm: [0, -1, -0.1], pole: [x, -0.2, -0.5] });
    pose.curl(side, [0.15, 0.25, 0.25, 0.28, 0.3], 0.25, 0.15);
  }

  /** Stretches an arm out for balance: out, down and forward in body units from the shoulder. */
  balance(side: Side, out: number, down: number, forward: number): void {
    const x = outward(side);
    this.pose.arm(side, this.fromShoulder(side, out, -down, forward), [x * 0.2, -0.5, -1]);
    this.relaxHand(side, 0.25);
  }

  /** Holds something flat between thumb and fingers: the palm at `point`, slightly closed. */
  support(
    side: Side,
    point: Vec3,
    options: { fingers: Vec3; palm: Vec3; pole: Vec3; gap?: number; curl?: number },
  ): void {
    const { curl = 0.3 } = options;
    this.pose.touch(side, point, { reach: 1, ...options });
    this.pose.curl(side, [0.1, curl, curl, curl, curl], [0.2, curl, curl, curl, curl], curl * 0.7);
  }
}

/** A point `distance` units from `from` along `direction`. */
export const along = (from: Vec3, direction: Vec3, length: number): Vec3 =>
  addScaled(from, normalise(direction), length);

/** Scales a direction and sums: `a * x + b * y + c * z`. */
export const combine = (...terms: readonly (readonly [Vec3, number])[]): Vec3 =>
  terms.reduce<Vec3>((sum, [v, s]) => add(sum, scale(v, s)), [0, 0, 0]);
