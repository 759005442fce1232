// Layout conversions lose only what the narrower layout cannot hold.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromCoco, fromMediaPipe, fromOpenPoseBody, toCoco, toMediaPipe, toOpenPoseBody } from './convert.js';
import {
  COCO,
  HAND_LIMBS,
  MEDIAPIPE_NAMES,
  MIRROR,
  OPENPOSE_COLOURS,
  OPENPOSE18_LIMBS,
  OPENPOSE18_NAMES,
  OPENPOSE25_NAMES,
  WHOLEBODY,
  WHOLEBODY_NAMES,
} from './formats.js';
import { fullPerson, personArbitrary } from './test-people.js';

describe('layouts', () => {
  it('have the published numbers of points, without repeated names', () => {
    const layouts = [WHOLEBODY_NAMES, OPENPOSE18_NAMES, OPENPOSE25_NAMES, MEDIAPIPE_NAMES];
    expect(layouts.map((names) => new Set(names).size)).toEqual([133, 18, 25, 33]);
    expect(WHOLEBODY_NAMES[91]).toBe('left_hand_wrist');
    expect(WHOLEBODY_NAMES[132]).toBe('right_hand_pinky_tip');
    expect(OPENPOSE25_NAMES[8]).toBe('mid_hip');
    expect(OPENPOSE25_NAMES[19]).toBe('left_big_toe');
    expect([MEDIAPIPE_NAMES[11], MEDIAPIPE_NAMES[15], MEDIAPIPE_NAMES[32]]).toEqual([
      'left_shoulder',
      'left_wrist',
      'right_foot_index',
    ]);
  });

  it('connect every point of body and hand into one tree', () => {
    for (const [limbs, count] of [[OPENPOSE18_LIMBS, 18] as const, [HAND_LIMBS, 21] as const]) {
      const reached = new Set([limbs[0][0]]);
      for (let round = 0; round < count; round++) {
        for (const [a, b] of limbs) {
          if (reached.has(a)) reached.add(b);
          if (reached.has(b)) reached.add(a);
        }
      }
      expect(reached.size).toBe(count);
      expect(limbs.length).toBe(count - 1);
    }
    expect(OPENPOSE_COLOURS.length).toBe(18);
  });

  it('mirror twice to themselves and swap left with right', () => {
    expect(new Set(MIRROR).size).toBe(133);
    MIRROR.forEach((j, i) => {
      expect(MIRROR[j]).toBe(i);
    });
    expect(MIRROR[COCO.left_wrist]).toBe(COCO.right_wrist);
    expect(MIRROR[WHOLEBODY.face.start + 36]).toBe(WHOLEBODY.face.start + 45);
    expect(MIRROR[WHOLEBODY.leftHand.start + 8]).toBe(WHOLEBODY.rightHand.start + 8);
  });
});

describe('conversions', () => {
  it('keep the 17 COCO points through every layout', () => {
    fc.assert(
      fc.property(personArbitrary, (person) => {
        const coco = toCoco(person);
        expect(toCoco({ keypoints: fromCoco(coco) })).toEqual(coco);
        expect(toCoco({ keypoints: fromOpenPoseBody(toOpenPoseBody(person)) })).toEqual(coco);
        expect(toCoco({ keypoints: fromMediaPipe(toMediaPipe(person)) })).toEqual(coco);
        const feet = person.keypoints.slice(WHOLEBODY.feet.start, WHOLEBODY.feet.end);
        const back = fromOpenPoseBody(toOpenPoseBody(person, 25));
        expect(back.slice(WHOLEBODY.feet.start, WHOLEBODY.feet.end)).toEqual(feet);
      }),
    );
  });

  it('put neck and mid hip halfway, and leave them unknown with a shoulder', () => {
    const person = fullPerson();
    const [left, right] = [person.keypoints[COCO.left_shoulder], person.keypoints[COCO.right_shoulder]];
    expect(toOpenPoseBody(person)[1]).toEqual({ x: (left.x + right.x) / 2, y: (left.y + right.y) / 2, score: 0.9 });
    expect(toOpenPoseBody(person, 25)[8].score).toBe(0.9);
    person.keypoints[COCO.left_shoulder] = { x: 0, y: 0, score: 0 };
    expect(toOpenPoseBody(person)[1].score).toBe(0);
  });

  it('prefer measured MediaPipe points to derived ones', () => {
    const mediapipe = MEDIAPIPE_NAMES.map((_, i) => ({ x: i, y: i, z: -i, score: 1 }));
    expect(toMediaPipe({ ...fullPerson(), mediapipe })).toEqual(mediapipe);
    const derived = toMediaPipe(fullPerson());
    expect(derived[MEDIAPIPE_NAMES.indexOf('left_index')].x).toBe(10 + WHOLEBODY.leftHand.start + 5);
  });
});
