// OKS, AP, DAP, MPJPE, PCK and PCKh: known answers and what must hold for any pose.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Keypoint } from '../pose/person.js';
import { averagePrecision, averagePrecisionOfMany, type Found } from './average-precision.js';
import { correctByMpiiHead, correctByPatnHead, correctKeypoints, pooledShare } from './correct-keypoints.js';
import { keypointSimilarity, WHOLEBODY_SIGMAS } from './keypoint-similarity.js';
import { detectedPoseSums, jointError } from './pose-accuracy.js';
import { movedPose, poseSeeds, randomPose } from './test-poses.js';

const NAN_POINT: Keypoint = { x: Number.NaN, y: 1, score: 1 };
const at = (x: number, y: number, score = 1): Keypoint => ({ x, y, score });

describe('keypointSimilarity', () => {
  it('has the sigmas of COCO-WholeBody', () => {
    const sum = (start: number, end: number) => WHOLEBODY_SIGMAS.slice(start, end).reduce((a, b) => a + b, 0);
    expect(WHOLEBODY_SIGMAS).toHaveLength(133);
    const parts = [sum(0, 17), sum(17, 23), sum(23, 91), sum(91, 112), sum(112, 133), sum(0, 133)];
    expect(parts.map((v) => v.toFixed(3))).toEqual(['1.138', '0.480', '1.137', '0.553', '0.553', '3.861']);
  });

  it('is 0.226202 for a wrist of a hand 10 pixels off on 10,000 square pixels', () => {
    const truth = Array.from({ length: 21 }, (_, i) => at(100, 100, i === 0 ? 1 : 0));
    expect(keypointSimilarity(movedPose(truth, 6, { dy: 8 }), truth, { areaPx: 10_000 })).toBeCloseTo(0.226202, 6);
  });

  it('puts missing points at the origin, and says nothing without true points', () => {
    const truth = [at(3, 4), at(100, 100)];
    const points = [at(50, 50, 0), at(100, 100)];
    const own = Math.exp(-25 / (2 * 100 * 0.1 ** 2));
    const options = { areaPx: 100, sigmas: [0.05, 0.05] };
    expect(keypointSimilarity(points, truth, options)).toBeCloseTo((own + 1) / 2, 12);
    expect(keypointSimilarity(truth, [at(1, 1, 0), at(1, 1, 0)], options)).toBeUndefined();
  });

  it('is 1 for the truth, falls with distance, and does not change with the place', () => {
    fc.assert(
      fc.property(poseSeeds, fc.constantFrom(17, 21, 42, 133), (seed, count) => {
        const truth = randomPose(seed, { count, unknownShare: 0.3 });
        fc.pre(truth.some((p) => p.score > 0));
        const score = (pose: Keypoint[], of = truth) => keypointSimilarity(pose, of, { areaPx: 20_000 })!;
        expect(score(truth)).toBe(1);
        expect(score(movedPose(truth, 4))).toBeLessThan(score(movedPose(truth, 2)));
        const elsewhere = score(movedPose(truth, 37), movedPose(truth, 30));
        expect(elsewhere).toBeCloseTo(score(movedPose(truth, 7)), 9);
        expect(elsewhere).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('refuses layouts without sigmas, two numbers of points and NaN', () => {
    const pose = randomPose(1, { count: 18 });
    expect(() => keypointSimilarity(pose, pose, { areaPx: 1 })).toThrowError(/17, 21, 42, 133 points, got 18/);
    expect(() => keypointSimilarity(pose.slice(1), pose, { areaPx: 1 })).toThrowError(/as many as 18/);
    expect(() => keypointSimilarity([NAN_POINT], [at(1, 1)], { areaPx: 1, sigmas: [1] })).toThrowError(/finite/);
  });
});

describe('averagePrecisionOfMany', () => {
  const picture = (truths: number, ...found: [score: number, ...similarities: number[]][]) => ({
    truths,
    found: found.map(([score, ...similarities]) => ({ score, similarities })),
  });

  it('gives each true object to the surest detection, the next to its second choice', () => {
    expect(averagePrecisionOfMany([picture(2, [0.9, 1, 0.8], [0.8, 1, 0.97])]).ap).toBe(1);
    // The second one's only likeness is taken: wrong, after one of two was right.
    const half = averagePrecisionOfMany([picture(2, [0.9, 1, 0], [0.8, 1, 0])]);
    expect(half.ap).toBeCloseTo(51 / 101, 12);
    expect(half.matched).toBe(0.5);
  });

  it('counts detections where nobody should be, unless they lie on somebody who is not annotated', () => {
    const [wrong, right] = [picture(0, [0.9]), picture(1, [0.8, 1])];
    expect(averagePrecisionOfMany([wrong, right]).ap).toBe(0.5);
    const ignored = { truths: 0, found: [{ score: 0.9, similarities: [], isIgnorable: true }] };
    expect(averagePrecisionOfMany([ignored, right]).ap).toBe(1);
  });

  it('refuses nothing to find and similarities of another number', () => {
    expect(() => averagePrecisionOfMany([picture(0, [0.9])])).toThrow(/at least one picture/);
    expect(() => averagePrecisionOfMany([picture(2, [0.9, 1])])).toThrow(/2 similarities, got 1/);
  });
});

describe('averagePrecision', () => {
  const pictures = (similarities: number[], score = () => 1) =>
    similarities.map((similarity): Found[] => [{ similarity, score: score() }]);

  it('is that of COCO for four pictures, and shows how equal scores make the order matter', () => {
    expect(averagePrecision(pictures([0.96, 0.8, 0.62, 0.3])).ap).toBeCloseTo(0.50495, 6);
    expect(averagePrecision(pictures([0.3, 0.62, 0.8, 0.96])).ap).toBeCloseTo(0.289604, 6);
    // matched at .5-.95: 10, 7 and 3 of 10 thresholds
    expect(averagePrecision(pictures([0.3, 0.62, 0.8, 0.96])).matched).toBeCloseTo((10 + 7 + 3) / 40, 12);
  });

  it('is 1 for perfect poses, 0 for none, and ranks by score', () => {
    expect(averagePrecision(pictures([1, 1, 1]))).toEqual({ ap: 1, matched: 1, count: 3 });
    expect(averagePrecision([[], []])).toEqual({ ap: 0, matched: 0, count: 2 });
    const right: Found[] = [{ similarity: 1, score: 0.9 }];
    const wrong: Found[] = [{ similarity: 0, score: 0.1 }];
    // precision 1 up to a recall of 1/2: 51 of 101 recalls
    expect(averagePrecision([wrong, right]).ap).toBeCloseTo(51 / 101, 12);
  });

  it('counts a second detection of one picture as wrong', () => {
    const twice: Found[] = [
      { similarity: 1, score: 0.9 },
      { similarity: 1, score: 0.8 },
    ];
    expect(averagePrecision([twice, [{ similarity: 1, score: 0.7 }]]).ap).toBeCloseTo((51 + 50 * (2 / 3)) / 101, 12);
  });

  it('lies in [0, 1], and better poses never make it worse', () => {
    const similarity = fc.double({ min: 0, max: 1, noNaN: true });
    const cases = fc.array(fc.tuple(similarity, similarity), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(cases, fc.double({ min: 0, max: 0.5, noNaN: true }), (set, gain) => {
        const found = (add: number) =>
          averagePrecision(set.map(([s, score]) => [{ similarity: Math.min(1, s + add), score }]));
        const [before, after] = [found(0), found(gain)];
        expect(after.ap).toBeGreaterThanOrEqual(before.ap - 1e-12);
        expect(after.matched).toBeGreaterThanOrEqual(before.matched - 1e-12);
        expect(after.ap).toBeLessThanOrEqual(1 + 1e-12);
        expect(before.ap).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('refuses NaN and no pictures', () => {
    expect(() => averagePrecision([])).toThrowError(/at least one picture/);
    expect(() => averagePrecision(pictures([Number.NaN]))).toThrowError(/finite/);
  });
});

describe('detectedPoseSums', () => {
  it('is 1 in all parts for perfect poses, and loses those that were not detected', () => {
    const sums = detectedPoseSums();
    for (let seed = 0; seed < 4; seed++) {
      const truth = randomPose(seed, { count: 133, unknownShare: 0.2 });
      sums.add(truth, seed === 3 ? undefined : truth);
    }
    const { wholeBody, hands, handsStrict } = sums.result();
    // recalls up to 3/4
    for (const part of [wholeBody, hands, handsStrict])
      expect(part).toEqual({ ap: expect.closeTo(76 / 101, 12), matched: 0.75, count: 4 });
  });

  it("takes hands by the person's area unless asked to be strict, and ignores truth without points", () => {
    const sums = detectedPoseSums();
    const truth = randomPose(9, { count: 133 }).map((point, i) => {
      return i < 91 ? point : at(200 + ((i * 7) % 20), 200 + ((i * 11) % 20));
    });
    const predicted = truth.map((point, i) => (i < 91 ? point : { ...point, x: point.x + 5 }));
    sums.add(truth, predicted);
    sums.add(
      truth.map((point) => ({ ...point, score: 0 })),
      predicted,
    );
    const { hands, handsStrict, wholeBody } = sums.result();
    expect(wholeBody?.count).toBe(1);
    expect(hands?.ap).toBeGreaterThan(0.9);
    expect(handsStrict?.ap).toBeLessThan(hands!.ap - 0.5);
  });

  it('leaves out parts that no picture has, and refuses other layouts', () => {
    const sums = detectedPoseSums();
    const bodyOnly = randomPose(2, { count: 133 }).map((point, i) => (i < 91 ? point : { ...point, score: 0 }));
    sums.add(bodyOnly, bodyOnly);
    expect(Object.keys(sums.result())).toEqual(['wholeBody']);
    expect(() => sums.add(bodyOnly.slice(0, 17), undefined)).toThrowError(/133 points, got 17/);
  });
});

describe('jointError', () => {
  const size = { widthPx: 200, heightPx: 100 };

  it('divides x by the width and y by the height, and puts missing points at the origin', () => {
    const truth = [at(100, 50), at(60, 80), at(5, 5, 0)];
    const points = [at(106, 54), at(0, 0, 0), at(90, 90)];
    const [near, far] = [Math.hypot(0.03, 0.04), Math.hypot(0.3, 0.8)];
    const error = jointError(points, truth, size)!;
    expect(error.mpjpe).toBeCloseTo((near + far) / 2, 12);
    expect(error.matched).toBeCloseTo(near, 12);
    expect(error.detected).toBe(0.5);
    expect(jointError(undefined, truth, size)).toEqual({
      mpjpe: expect.closeTo((Math.hypot(0.5, 0.5) + far) / 2),
      detected: 0,
    });
    expect(jointError(points, [at(1, 1, 0), at(1, 1, 0), at(1, 1, 0)], size)).toBeUndefined();
  });

  it('is 0 for the truth, and the same at any scale', () => {
    fc.assert(
      fc.property(poseSeeds, poseSeeds, fc.integer({ min: 2, max: 9 }), (p, q, factor) => {
        const [a, b] = [p, q].map((seed) => randomPose(seed, { count: 17 }));
        const larger = (pose: Keypoint[]) => pose.map((k) => ({ ...k, x: k.x * factor, y: k.y * factor }));
        const scaled = { widthPx: 200 * factor, heightPx: 100 * factor };
        expect(jointError(a, a, size)!.mpjpe).toBe(0);
        expect(jointError(b, a, size)!.mpjpe).toBeCloseTo(jointError(a, b, size)!.mpjpe, 12);
        expect(jointError(larger(a), larger(b), scaled)!.mpjpe).toBeCloseTo(jointError(a, b, size)!.mpjpe, 9);
      }),
    );
  });

  it('refuses pictures without a size and NaN', () => {
    expect(() => jointError([], [], { widthPx: 0, heightPx: 1 })).toThrowError(/the size of the picture/);
    expect(() => jointError([NAN_POINT], [at(1, 1)], size)).toThrowError(/finite/);
  });
});

describe('correct keypoints', () => {
  it('counts points at most alpha times the reference away', () => {
    const truth = [at(0, 0), at(50, 50), at(90, 90), at(7, 7, 0)];
    const points = [at(6, 8), at(50, 61), at(90, 90, 0), at(7, 7)];
    expect(correctKeypoints(points, truth, { referencePx: 100 })).toEqual({ correct: 1, counted: 3 });
    expect(correctKeypoints(points, truth, { referencePx: 100, alpha: 0.11 })).toEqual({ correct: 2, counted: 3 });
    // 0.5 x 0.6 x the diagonal of 30 x 40 = 15
    const [near, away] = [at(15, 0), at(50, 66)];
    expect(correctByMpiiHead([near, away], truth.slice(0, 2), { head: [0, 0, 30, 40] })).toEqual({
      correct: 1,
      counted: 2,
    });
  });

  it('never falls with the threshold, and is all for the truth', () => {
    fc.assert(
      fc.property(poseSeeds, poseSeeds, fc.double({ min: 0.01, max: 1, noNaN: true }), (p, q, alpha) => {
        const [a, b] = [p, q].map((seed) => randomPose(seed, { count: 17 }));
        const correct = (share: number) => correctKeypoints(b, a, { referencePx: 300, alpha: share }).correct;
        expect(correct(alpha)).toBeLessThanOrEqual(correct(2 * alpha));
        expect(correctKeypoints(a, a, { referencePx: 300, alpha })).toEqual({ correct: 17, counted: 17 });
      }),
    );
  });

  it('refuses NaN, two numbers of points, and a reference of nothing', () => {
    expect(() => correctKeypoints([NAN_POINT], [at(1, 1)], { referencePx: 1 })).toThrowError(/finite/);
    expect(() => correctKeypoints([], [at(1, 1)], { referencePx: 1 })).toThrowError(/as many as 1/);
    expect(() => correctKeypoints([], [], { referencePx: 0 })).toThrowError(/above 0/);
  });
});

describe('correctByPatnHead', () => {
  /** Head box 20 x 10: nose, neck, and an elbow that is judged by it. */
  const truth = Array.from({ length: 18 }, (_, i) => {
    if (i === 0) return at(110, 50);
    if (i === 1) return at(130, 60);
    return i === 3 ? at(200, 200) : at(0, 0, 0);
  });
  const withElbow = (elbow: Keypoint) => truth.map((point, i) => (i === 3 ? elbow : point));

  it('asks for less than half the head box on each axis', () => {
    const correct = (elbow: Keypoint) => correctByPatnHead(withElbow(elbow), truth)?.correct;
    expect(correct(at(209.9, 204.9))).toBe(3);
    expect(correct(at(210, 200))).toBe(2);
    expect(correct(at(200, 205))).toBe(2);
    expect(correct(at(200, 200, 0))).toBe(2);
  });

  it('skips pictures with fewer than two points of the head, and flat heads unless in parity', () => {
    const one = truth.map((point, i) => (i === 1 ? at(0, 0, 0) : point));
    expect(correctByPatnHead(truth, one)).toBeUndefined();
    const flat = truth.map((point, i) => (i === 1 ? at(130, 50) : point));
    expect(correctByPatnHead(flat, flat)).toBeUndefined();
    expect(correctByPatnHead(flat, flat, { mode: 'parity' })).toEqual({ correct: 0, counted: 3 });
  });

  it('pools points over pictures', () => {
    const pictures = [{ correct: 1, counted: 4 }, undefined, { correct: 3, counted: 4 }];
    expect(pooledShare(pictures)).toEqual({ share: 0.5, skipped: 1 });
    expect(() => pooledShare([undefined])).toThrowError(/none in 1 pictures/);
  });

  it('depends on distances only', () => {
    fc.assert(
      fc.property(poseSeeds, poseSeeds, fc.integer({ min: -40, max: 40 }), (p, q, dx) => {
        const [a, b] = [p, q].map((seed) => randomPose(seed, { count: 18, unknownShare: 0.2 }).map(rounded));
        const [moved, other] = [movedPose(a, dx), movedPose(b, dx)];
        expect(correctByPatnHead(moved, other)).toEqual(correctByPatnHead(a, b));
      }),
    );
  });
});

/** Whole pixels, so that moving them is exact. */
function rounded(point: Keypoint): Keypoint {
  return { ...point, x: Math.round(point.x), y: Math.round(point.y) };
}
