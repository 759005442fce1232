// The skeleton of the built-in mannequin: joints of a person of a given build, standing with the arms half raised.
import type { Side } from './types.js';
import { add, addScaled, cross, mix, normalise, perpendicular, scale, type Vec3 } from './vector.js';

export interface Build {
  /** Overall size; 1 is an adult of 1.66 m. */
  size: number;
  shoulders: number;
  hips: number;
  /** Leg length relative to the adult's. */
  legs: number;
  /** Head size relative to the body. */
  head: number;
}

export interface Bone {
  name: string;
  parent: string | null;
  head: Vec3;
  tail: Vec3;
}

/** Along, across and out of the palm of a hand at rest, and its wrist. */
export interface HandFrame {
  wrist: Vec3;
  fingers: Vec3;
  thumb: Vec3;
  palm: Vec3;
}

/** Length of the knuckle's, the middle and the last bone of each finger, thumb first, and the knuckle's place. */
const FINGERS: readonly { lengths: readonly [number, number, number]; along: number; across: number; out: number }[] = [
  { lengths: [0.45, 0.34, 0.28], along: 0.28, across: 0.32, out: 0.1 },
  { lengths: [0.42, 0.26, 0.22], along: 0.95, across: 0.33, out: 0 },
  { lengths: [0.46, 0.3, 0.23], along: 1.0, across: 0.1, out: 0 },
  { lengths: [0.42, 0.28, 0.22], along: 0.95, across: -0.12, out: 0 },
  { lengths: [0.33, 0.2, 0.19], along: 0.85, across: -0.32, out: 0 },
];

/** Height of the hips, and of every spine joint above them, in an adult. */
const HIP_Y = 8.7;
const SPINE: readonly (readonly [name: string, height: number])[] = [
  ['spine05', 9.2],
  ['spine04', 9.9],
  ['spine03', 10.6],
  ['spine02', 11.4],
  ['spine01', 12.6],
  ['neck01', 14.0],
  ['head', 14.7],
];
const HEAD_HEIGHT = 1.9;

/** All bones, parents first. */
export function mannequinBones(build: Build): Bone[] {
  const { size } = build;
  const hipY = HIP_Y * build.legs;
  const lift = hipY - HIP_Y;
  const at = (x: number, y: number, z: number): Vec3 => [x * size, y * size, z * size];
  const bones: Bone[] = [{ name: 'root', parent: null, head: at(0, 9 + lift, 0), tail: at(0, 9.2 + lift, 0) }];
  SPINE.forEach(([name, y], i) => {
    const top = i + 1 < SPINE.length ? SPINE[i + 1][1] : y + HEAD_HEIGHT * build.head;
    const z = name === 'head' ? 0.1 : 0;
    bones.push({ name, parent: bones[bones.length - 1].name, head: at(0, y + lift, z), tail: at(0, top + lift, z) });
  });
  for (const side of ['L', 'R'] as const) {
    bones.push(...armBones(side, { at, build, shoulderY: 13.3 + lift }), ...legBones(side, { at, build, hipY }));
  }
  return bones;
}

type Scaled = (x: number, y: number, z: number) => Vec3;

function armBones(side: Side, { at, build, shoulderY }: { at: Scaled; build: Build; shoulderY: number }): Bone[] {
  const sign = side === 'L' ? 1 : -1;
  const shoulder = at(sign * 1.65 * build.shoulders, shoulderY, -0.1);
  const direction: Vec3 = [sign * 0.72, -0.694, 0];
  // The elbow lies a little behind the line, so that the arm knows which way it bends.
  const elbow = add(addScaled(shoulder, direction, 2.75 * build.size), at(0, 0, -0.14));
  const wrist = addScaled(shoulder, direction, 5.2 * build.size);
  const collar = at(sign * 0.2, shoulderY + 0.1, 0.3);
  const chain: Bone[] = [
    { name: 'clavicle', parent: 'spine01', head: collar, tail: shoulder },
    { name: 'upperarm01', parent: 'clavicle', head: shoulder, tail: mix(shoulder, elbow, 0.5) },
    { name: 'upperarm02', parent: 'upperarm01', head: mix(shoulder, elbow, 0.5), tail: elbow },
    { name: 'lowerarm01', parent: 'upperarm02', head: elbow, tail: mix(elbow, wrist, 0.5) },
    { name: 'lowerarm02', parent: 'lowerarm01', head: mix(elbow, wrist, 0.5), tail: wrist },
    { name: 'wrist', parent: 'lowerarm02', head: wrist, tail: addScaled(wrist, direction, 0.9 * build.size) },
  ];
  const hand = handFrame(side, wrist, direction);
  for (let finger = 1; finger <= 5; finger++) chain.push(...fingerBones(finger, hand, build.size));
  return sided(chain, side, ['spine01']);
}

/** The thumb points forward, the palm down and inwards. */
export function handFrame(side: Side, wrist: Vec3, direction: Vec3): HandFrame {
  const fingers = normalise(direction);
  const thumb = perpendicular([0, 0, 1], fingers);
  return { wrist, fingers, thumb, palm: scale(cross(thumb, fingers), side === 'L' ? -1 : 1) };
}

function fingerBones(finger: number, hand: HandFrame, size: number): Bone[] {
  const { lengths, along, across, out } = FINGERS[finger - 1];
  const inHand = (u: number, t: number, p: number): Vec3 =>
    add(add(scale(hand.fingers, u), scale(hand.thumb, t)), scale(hand.palm, p));
  let head = addScaled(hand.wrist, inHand(along, across, out), size);
  let parent = 'wrist';
  return lengths.map((length, joint) => {
    // Relaxed fingers bend a little more at every joint; the thumb stands off.
    const bend = 0.12 * (joint + 1);
    const direction = normalise(finger === 1 ? inHand(0.7, 0.62 - 0.1 * joint, 0.25) : inHand(1, across * 0.15, bend));
    const tail = addScaled(head, direction, length * size);
    const bone = { name: `finger${finger}-${joint + 1}`, parent, head, tail };
    head = tail;
    parent = bone.name;
    return bone;
  });
}

function legBones(side: Side, { at, build, hipY }: { at: Scaled; build: Build; hipY: number }): Bone[] {
  const sign = side === 'L' ? 1 : -1;
  const hip = at(sign * 0.95 * build.hips, hipY, 0);
  const knee = at(sign * 1.02 * build.hips, 4.75 * build.legs, 0.12);
  const ankle = at(sign * 1.08 * build.hips, 0.85, -0.1);
  const ball = at(sign * 1.15 * build.hips, 0.3, 1.25);
  const chain: Bone[] = [
    { name: 'upperleg01', parent: 'root', head: hip, tail: knee },
    { name: 'lowerleg01', parent: 'upperleg01', head: knee, tail: ankle },
    { name: 'foot', parent: 'lowerleg01', head: ankle, tail: ball },
    { name: 'toe2-1', parent: 'foot', head: ball, tail: add(ball, at(0, 0, 0.7)) },
  ];
  return sided(chain, side, ['root']);
}

/** Adds `.L` or `.R` to the names, except parents on the trunk. */
function sided(bones: readonly Bone[], side: Side, trunk: readonly string[]): Bone[] {
  return bones.map((bone) => ({
    ...bone,
    name: `${bone.name}.${side}`,
    parent: bone.parent === null || trunk.includes(bone.parent) ? bone.parent : `${bone.parent}.${side}`,
  }));
}
