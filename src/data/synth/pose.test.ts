import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mannequinCast } from './mannequin.js';
import { Pose } from './pose.js';
import {
  add,
  addScaled,
  cross,
  distance,
  dot,
  euler,
  length,
  normalise,
  perpendicular,
  rotation,
  subtract,
  transform,
  type Vec3,
} from './vector.js';

const character = mannequinCast().character(1);
const { unit, armLength, hands } = character.measures;
const side = fc.constantFrom('L' as const, 'R' as const);
const offset = fc.double({ min: -1, max: 1, noNaN: true });
const direction = fc.tuple(offset, offset, offset).filter((v) => Math.hypot(...v) > 0.2) as fc.Arbitrary<Vec3>;

describe('Pose at rest', () => {
  it('has every joint where the character has it', () => {
    const pose = new Pose(character);
    character.boneNames.forEach((bone, i) => {
      expect(distance(pose.position(bone), character.heads[i])).toBeCloseTo(0, 9);
    });
  });

  it('moves and turns as a whole', () => {
    const pose = new Pose(character);
    pose.root = [3, 1, -2];
    pose.rootRotation = rotation([0, 1, 0], Math.PI / 2);
    pose.solve();
    const root = pose.position('root');
    const rest = subtract(character.heads[character.boneIndex['head']], character.heads[0]);
    const moved = subtract(pose.position('head'), root);
    expect(distance(moved, transform(pose.rootRotation, rest))).toBeCloseTo(0, 9);
    pose.translate([0, 2, 0]);
    expect(pose.position('root')[1] - root[1]).toBeCloseTo(2, 9);
  });

  it('names the bone it does not know', () => {
    expect(() => new Pose(character).position('tail')).toThrow(/"tail"/);
  });
});

describe('inverse kinematics', () => {
  it('brings the wrist to any place within reach without stretching the arm', () => {
    fc.assert(
      fc.property(
        side,
        direction,
        fc.double({ min: 0.3, max: 0.97, noNaN: true }),
        direction,
        (s, towards, reach, pole) => {
          fc.pre(length(cross(normalise(towards), normalise(pole))) > 0.05);
          const pose = new Pose(character);
          const shoulder = pose.position(`upperarm01.${s}`);
          const target = addScaled(shoulder, normalise(towards), armLength * reach);
          pose.arm(s, target, pole);
          expect(distance(pose.position(`wrist.${s}`), target)).toBeLessThan(0.02 * unit);
          const elbow = pose.position(`lowerarm01.${s}`);
          const side = subtract(elbow, shoulder);
          expect(dot(side, perpendicular(pole, normalise(towards)))).toBeGreaterThan(-1e-6);
          expect(distance(elbow, shoulder) + distance(elbow, target)).toBeCloseTo(armLength, 1);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('stretches towards a target out of reach', () => {
    const pose = new Pose(character);
    const shoulder = pose.position('upperarm01.L');
    pose.arm('L', add(shoulder, [50, 0, 0]), [0, -1, 0]);
    const reached = subtract(pose.position('wrist.L'), shoulder);
    expect(reached[0]).toBeGreaterThan(armLength * 0.98);
    expect(reached[0]).toBeLessThanOrEqual(armLength);
  });

  it('points hand and palm where asked', () => {
    const pose = new Pose(character);
    const shoulder = pose.position('upperarm01.R');
    pose.arm('R', add(shoulder, [-0.5, 0.5, 3]), [-1, -1, 0], { fingers: [0, 1, 0], palm: [0, 0, 1] });
    const turn = pose.orientation('wrist.R');
    expect(distance(transform(turn, hands.R.fingers), [0, 1, 0])).toBeCloseTo(0, 6);
    expect(distance(transform(turn, hands.R.palm), [0, 0, 1])).toBeCloseTo(0, 6);
  });

  it('plants the foot', () => {
    const pose = new Pose(character);
    const ankle: Vec3 = [1.4 * unit, 3 * unit, 2 * unit];
    pose.leg('L', ankle, [0, 0, 1], euler(0.3, 0, 0));
    expect(distance(pose.position('foot.L'), ankle)).toBeLessThan(0.02 * unit);
    expect(pose.position('lowerleg01.L')[2]).toBeGreaterThan(pose.position('upperleg01.L')[2]);
    expect(pose.orientation('foot.L')[4]).toBeCloseTo(Math.cos(0.3), 9);
  });

  it('grips a bar: thumb along it, fingers around it', () => {
    fc.assert(
      fc.property(side, fc.double({ min: -0.6, max: 0.6, noNaN: true }), (s, tilt) => {
        const pose = new Pose(character);
        const x = s === 'L' ? 1 : -1;
        const point: Vec3 = [x * unit, 11 * unit, 3.5 * unit];
        const axis = normalise([tilt, 1, 0.2 * tilt]);
        pose.grip(s, point, { axis, fingers: [-x * 0.3, 0, 1], pole: [x, -1, -0.3], radius: 0.12 * unit });
        const toBar = (p: Vec3) => length(cross(subtract(p, point), axis));
        const thumb = transform(pose.orientation(`wrist.${s}`), hands[s].thumb);
        expect(dot(thumb, axis)).toBeGreaterThan(0.95);
        const tips = [2, 3, 4, 5].map((f) => pose.tail(`finger${f}-3.${s}`));
        for (const tip of tips) expect(toBar(tip)).toBeLessThan(0.75 * unit);
        expect(toBar(pose.position(`finger3-1.${s}`))).toBeLessThan(0.75 * unit);
      }),
      { numRuns: 30 },
    );
  });

  it('closes fingers towards the palm and spreads them apart', () => {
    const pose = new Pose(character);
    const wrist = pose.position('wrist.L');
    const tip = () => distance(pose.tail('finger3-3.L'), wrist);
    const gap = () => distance(pose.tail('finger2-3.L'), pose.tail('finger5-3.L'));
    const [open, narrow] = [tip(), gap()];
    pose.spread('L', 0.25);
    expect(gap()).toBeGreaterThan(narrow);
    pose.fist('L');
    expect(tip()).toBeLessThan(open * 0.75);
    const inward = subtract(pose.tail('finger3-2.L'), pose.position('finger3-1.L'));
    expect(dot(inward, hands.L.palm)).toBeGreaterThan(0);
  });
});

describe('skinning', () => {
  it('agrees between one vertex and the matrices', () => {
    const pose = new Pose(character);
    pose.trunk(0.3, 0.4, 0.1);
    pose.headTurn(0.1, -0.4, 0);
    pose.clavicle('L', 0.2);
    pose.solve();
    const m = pose.boneMatrices();
    for (const v of [0, 200, character.vertexCount - 1]) {
      const sum = [0, 0, 0];
      for (let k = 4 * v; k < 4 * v + 4; k++) {
        const o = 12 * character.boneIds[k];
        for (let row = 0; row < 3; row++) {
          const [a, b, c, d] = m.subarray(o + 4 * row, o + 4 * row + 4);
          const [x, y, z] = character.positions.subarray(3 * v, 3 * v + 3);
          sum[row] += character.boneWeights[k] * (a * x + b * y + c * z + d);
        }
      }
      expect(distance(pose.vertex(v), sum as unknown as Vec3)).toBeLessThan(1e-3);
    }
  });
});
