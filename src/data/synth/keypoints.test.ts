import { describe, expect, it } from 'vitest';
import { handPoints, mediapipePoints, WHOLEBODY_RANGES, wholeBodyPoints } from './keypoints.js';
import { mannequinCast } from './mannequin.js';
import { Pose } from './pose.js';
import { distance } from './vector.js';

const pose = new Pose(mannequinCast().character(0));
const points = wholeBodyPoints(pose);
const { unit } = pose.character.measures;

describe('wholeBodyPoints', () => {
  it('has 133 points, left at positive x of a person facing +Z', () => {
    expect(points).toHaveLength(133);
    for (const [left, right] of [
      [1, 2],
      [5, 6],
      [9, 10],
      [15, 16],
      [17, 20],
    ]) {
      expect(points[left][0]).toBeGreaterThan(0);
      expect(points[left][0]).toBeCloseTo(-points[right][0], 5);
    }
    expect(points[0][2]).toBeGreaterThan(points[3][2]);
  });

  it('orders the body from head to foot', () => {
    const heights = [0, 5, 11, 13, 15, 17].map((i) => points[i][1]);
    expect(heights).toEqual([...heights].sort((a, b) => b - a));
  });

  it('places the face: brows over eyes over mouth over chin, jaw from the right ear to the left', () => {
    const face = points.slice(...WHOLEBODY_RANGES.face);
    expect(face).toHaveLength(68);
    expect(face[19][1]).toBeGreaterThan(face[37][1]);
    expect(face[37][1]).toBeGreaterThan(face[51][1]);
    expect(face[57][1]).toBeGreaterThan(face[8][1]);
    expect(face[0][0]).toBeLessThan(0);
    expect(face[16][0]).toBeGreaterThan(0);
    expect(face[36][0]).toBeLessThan(face[39][0]);
    expect(face[48][0]).toBeLessThan(face[54][0]);
  });

  it('holds the hands: wrist first, fingertips farthest', () => {
    const hand = points.slice(...WHOLEBODY_RANGES.leftHand);
    expect(hand).toEqual(handPoints(pose, 'L'));
    expect(hand[0]).toEqual(points[9]);
    for (const base of [5, 9, 13, 17]) {
      expect(distance(hand[base + 3], hand[0])).toBeGreaterThan(distance(hand[base], hand[0]));
    }
    expect(hand[4][2]).toBeGreaterThan(hand[20][2]);
  });

  it('takes skinned vertices for what lies on the surface', () => {
    const { positions, landmarks } = pose.character;
    const moved = Float32Array.from(positions);
    moved[3 * landmarks.nose + 2] += unit;
    expect(wholeBodyPoints(pose, moved)[0][2] - points[0][2]).toBeCloseTo(unit, 5);
  });
});

describe('mediapipePoints', () => {
  it('agrees with the whole body on shared points', () => {
    const landmarks = mediapipePoints(pose);
    expect(landmarks).toHaveLength(33);
    const shared = { 0: 0, 7: 3, 8: 4, 11: 5, 12: 6, 15: 9, 16: 10, 23: 11, 25: 13, 27: 15, 28: 16, 29: 19, 30: 22 };
    for (const [mediaPipe, coco] of Object.entries(shared)) expect(landmarks[Number(mediaPipe)]).toEqual(points[coco]);
    expect(landmarks[19]).toEqual(points[91 + 5]);
    expect(landmarks[9][0]).toBeGreaterThan(landmarks[10][0]);
  });
});
