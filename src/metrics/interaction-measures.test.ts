// SPD, top-N accuracy, HOI classification, detection score, layouts, and means: known answers and what always holds.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Box, Keypoint } from '../pose/person.js';
import { detectionScore, interactionSums, isInteractionAmong, layoutScore, rareBelow } from './interaction-score.js';
import { boxOverlap, contactDistance, isTopNContact, jointBoxSide, overlapDistance } from './object-contact.js';
import { runningMean } from './running-mean.js';
import { movedPose, poseSeeds, randomPose } from './test-poses.js';

const at = (x: number, y: number, score = 1): Keypoint => ({ x, y, score });

describe('boxOverlap', () => {
  it('counts pixels inclusively, by the object or by the union', () => {
    const [object, joint]: Box[] = [
      [10, 10, 29, 29],
      [20, 20, 39, 39],
    ];
    expect(boxOverlap(joint, object)).toBe(0.25);
    expect(boxOverlap(joint, object, { kind: 'iou' })).toBeCloseTo(0.142857, 6);
    expect(boxOverlap([31, 10, 40, 29], object)).toBe(0);
  });

  it("has joint boxes of the root of the person's area", () => {
    expect(jointBoxSide([0, 0, 80, 120])).toBeCloseTo(97.9796, 4);
    expect(jointBoxSide([5, 5, 85, 125], 8)).toBeCloseTo(12.2474, 4);
  });
});

describe('contactDistance', () => {
  const oneHot = (hot: number) => Array.from({ length: 17 }, (_, i) => (i === hot ? 1 : 0));

  it('has the known distances of overlaps', () => {
    expect(overlapDistance([1, 0.5, 0], [0, 0.5, 1])).toBeCloseTo(0.3330002418, 9);
    expect(overlapDistance(oneHot(3), oneHot(9))).toBeCloseTo(0.1783107, 7);
    const two = oneHot(3).map((v, i) => (i === 4 ? 1 : v));
    expect(overlapDistance(two, oneHot(-1))).toBeCloseTo(0.162, 3);
  });

  const person: Box = [0, 0, 80, 120];
  const object: Box = [200, 200, 240, 240];
  const touching = (...joints: number[]) =>
    Array.from({ length: 17 }, (_, i) => (joints.includes(i) ? at(220, 220) : at(20, 20)));

  it('compares which joints lie on the object, next to touching nothing', () => {
    const truth = touching(9, 10);
    expect(contactDistance({ points: truth, truth, person, object })?.spd).toBe(0);
    const nothing = contactDistance({ points: touching(), truth, person, object })!;
    expect(nothing.spd).toBeCloseTo(0.162, 3);
    expect(nothing.touchesNothing).toBe(nothing.spd);
    const lost = touching(9, 10).map((point) => ({ ...point, score: 0 }));
    expect(contactDistance({ points: lost, truth, person, object })?.spd).toBe(nothing.spd);
    const other = contactDistance({ points: touching(15, 16), truth, person, object })!;
    expect(other.spd).toBeGreaterThan(nothing.spd);
  });

  it('ignores what is not annotated, and says nothing when nothing is', () => {
    const truth = touching(9).map((point, i) => (i === 15 ? { ...point, score: 0 } : point));
    expect(contactDistance({ points: touching(9, 15), truth, person, object })?.spd).toBe(0);
    const none = truth.map((point) => ({ ...point, score: 0 }));
    expect(contactDistance({ points: truth, truth: none, person, object })).toBeUndefined();
  });

  it('is symmetric, below 0.41, and does not change when everything moves', () => {
    fc.assert(
      fc.property(poseSeeds, poseSeeds, fc.integer({ min: -99, max: 99 }), (p, q, dx) => {
        const [points, truth] = [p, q].map((seed) => randomPose(seed, { count: 17 }).map(wholePixels));
        const boxes: { person: Box; object: Box } = { person: [10, 20, 300, 400], object: [200, 180, 320, 300] };
        const moved = { person: shifted(boxes.person, dx), object: shifted(boxes.object, dx) };
        const { spd } = contactDistance({ points, truth, ...boxes })!;
        expect(contactDistance({ points: truth, truth: points, ...boxes })!.spd).toBeCloseTo(spd, 12);
        const there = contactDistance({ points: movedPose(points, dx), truth: movedPose(truth, dx), ...moved })!;
        expect(there.spd).toBeCloseTo(spd, 6);
        expect(spd).toBeLessThan(0.41);
      }),
    );
  });

  it('refuses NaN, boxes without area and two numbers of joints', () => {
    const truth = touching(1);
    const bad = truth.map((point, i) => (i === 4 ? { ...point, x: Number.NaN } : point));
    expect(() => contactDistance({ points: bad, truth, person, object })).toThrowError(/finite/);
    expect(() => contactDistance({ points: truth, truth, person: [5, 5, 5, 9], object })).toThrowError(/with an area/);
    expect(() => contactDistance({ points: truth.slice(1), truth, person, object })).toThrowError(/as many as 17/);
  });
});

describe('isTopNContact', () => {
  const person: Box = [0, 0, 80, 120];
  const object: Box = [100, 100, 120, 120];
  // joint 0 is truly nearest, then 1, then 2
  const truth = [at(110, 112), at(130, 110), at(150, 110), at(5, 5, 0)];
  const reach = (joint: number) => truth.map((_, i) => (i === joint ? at(110, 110) : at(10, 10)));
  const hit = (joint: number, n: number, rule: 'strict' | 'reference' = 'strict') =>
    isTopNContact({ points: reach(joint), truth, person, object }, { n, rule });

  it('asks the N nearest joints, and one more by the rule of the reference', () => {
    expect([hit(0, 1), hit(1, 1), hit(1, 2), hit(2, 2), hit(2, 3)]).toEqual([true, false, true, false, true]);
    expect([hit(1, 1, 'reference'), hit(2, 1, 'reference'), hit(3, 3, 'reference')]).toEqual([true, false, false]);
  });

  it('never falls with N', () => {
    fc.assert(
      fc.property(poseSeeds, poseSeeds, fc.integer({ min: 1, max: 16 }), (p, q, n) => {
        const [points, annotated] = [p, q].map((seed) => randomPose(seed, { count: 17 }));
        const contact = {
          points,
          truth: annotated,
          person: [0, 0, 400, 500] as Box,
          object: [200, 200, 290, 290] as Box,
        };
        if (isTopNContact(contact, { n })) expect(isTopNContact(contact, { n: n + 1 })).toBe(true);
        expect(isTopNContact(contact, { n, rule: 'reference' })).toBe(isTopNContact(contact, { n: n + 1 }));
      }),
    );
  });

  it('says nothing without annotated joints, and refuses an N of 0', () => {
    const none = truth.map((point) => ({ ...point, score: 0 }));
    expect(isTopNContact({ points: truth, truth: none, person, object }, { n: 1 })).toBeUndefined();
    expect(() => hit(0, 0)).toThrowError(/N of 1 or more/);
  });
});

describe('interaction score', () => {
  const ride = { verb: 'ride', object: 'bicycle' };
  const wash = { verb: 'wash', object: 'bicycle' };
  const others = ['hold', 'carry', 'push'].map((verb, i) => ({ verb, object: 'bicycle', score: 0.5 + i / 10 }));

  it('takes the highest score of each interaction and asks for the first three', () => {
    const low = [...others, { ...ride, score: 0.4 }];
    expect(isInteractionAmong(ride, low)).toBe(false);
    expect(isInteractionAmong(ride, low, { top: 4 })).toBe(true);
    expect(isInteractionAmong(ride, [...low, { ...ride, score: 0.55 }])).toBe(true);
    // many pairs of one interaction take one place only
    const many = Array.from({ length: 9 }, () => ({ ...wash, score: 0.9 }));
    expect(isInteractionAmong(ride, [...many, { ...ride, score: 0.1 }])).toBe(true);
    expect(isInteractionAmong(ride, [])).toBe(false);
  });

  it('counts all and the rare ones', () => {
    const training = Array.from({ length: 10 }, () => ride);
    const sums = interactionSums({ isRare: rareBelow(training) });
    sums.add(ride, [{ ...ride, score: 1 }]);
    sums.add(wash, [{ ...ride, score: 1 }]);
    sums.add(wash, [{ ...wash, score: 1 }]);
    sums.add(ride, []);
    expect(sums.result()).toEqual({
      full: { percent: 50, hits: 2, count: 4 },
      rare: { percent: 50, hits: 1, count: 2 },
    });
    expect(interactionSums().result).toThrowError(/at least one picture/);
  });

  it('does not depend on the order of detections, even with equal scores', () => {
    const verbs = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.constantFrom(0.1, 0.2)), {
      maxLength: 9,
    });
    fc.assert(
      fc.property(verbs, (pairs) => {
        const detected = pairs.map(([verb, score]) => ({ verb, object: 'x', score }));
        const truth = { verb: 'c', object: 'x' };
        expect(isInteractionAmong(truth, detected.toReversed())).toBe(isInteractionAmong(truth, detected));
      }),
    );
  });
});

describe('detectionScore', () => {
  it('is the surest person, and 0 for none or only doubtful ones', () => {
    const found = [
      { label: 'person', score: 0.4 },
      { label: 'person', score: 0.7 },
      { label: 'horse', score: 0.9 },
    ];
    expect(detectionScore(found)).toBe(0.7);
    expect(detectionScore(found.slice(2))).toBe(0);
    expect(detectionScore([{ label: 'person', score: 0.009 }])).toBe(0);
    expect(() => detectionScore([{ label: 'person', score: Number.NaN }])).toThrowError(/finite/);
  });
});

describe('layoutScore', () => {
  it('averages IoU and counts answers without a box as 0', () => {
    const truth: Box = [0, 0, 10, 10];
    const answers = [
      { box: truth, truth },
      { box: [5, 0, 15, 10] as Box, truth },
      { box: undefined, truth },
    ];
    expect(layoutScore(answers)).toEqual({ meanIou: expect.closeTo((1 + 1 / 3) / 3, 12), count: 3, unparsable: 1 });
    expect(() => layoutScore([])).toThrowError(/at least one answer/);
    expect(() => layoutScore([{ box: [0, 0, Number.NaN, 1], truth }])).toThrowError(/finite/);
  });
});

describe('runningMean', () => {
  it('is mean and sample deviation, and counts what was skipped', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 2, maxLength: 30 }),
        (values) => {
          const sums = runningMean('test');
          for (const value of [...values, undefined]) sums.add(value);
          const mean = values.reduce((a, b) => a + b) / values.length;
          const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1);
          const result = sums.result();
          expect(result).toMatchObject({ count: values.length, skipped: 1 });
          expect(result.mean).toBeCloseTo(mean, 8);
          expect(result.deviation).toBeCloseTo(Math.sqrt(variance), 6);
        },
      ),
    );
  });

  it('refuses NaN, and has no mean of nothing', () => {
    const sums = runningMean('test');
    expect(() => sums.add(Number.NaN)).toThrowError(/finite/);
    sums.add(undefined);
    expect(sums.result).toThrowError(/got 1 that cannot/);
  });
});

function wholePixels(point: Keypoint): Keypoint {
  return { ...point, x: Math.round(point.x), y: Math.round(point.y) };
}

function shifted([x1, y1, x2, y2]: Box, dx: number): Box {
  return [x1 + dx, y1, x2 + dx, y2];
}
