// The measures that give each picture a number.
import { correctKeypoints } from '../metrics/correct-keypoints.js';
import { detectionScore } from '../metrics/interaction-score.js';
import { keypointSimilarity } from '../metrics/keypoint-similarity.js';
import { jointError } from '../metrics/pose-accuracy.js';
import { clipScoreOf, verbAlone } from '../metrics/text-agreement.js';
import { COCO_CLASSES } from '../pose/index.js';
import { areaOf, boxOf, iou, type Keypoint } from '../pose/person.js';
import type { BenchmarkCase } from './benchmark.js';
import { boxInPicture, scaleTo } from './case-geometry.js';
import { intendedObject } from './layout-of-picture.js';
import type { CostMeasure, Knowledge, PictureMeasure } from './measure.js';
import type { Findings, ProbeName } from './probe.js';

/** Below it a detector is not believed. */
const MIN_SCORE = 0.3;
/** A person is plausible when MoveNet is sure of this many of its 17 points. */
const MIN_POINTS = 12;

/** Keeps the probe's type, which a list of measures would lose. */
function measure<N extends ProbeName>(one: PictureMeasure<N>): PictureMeasure {
  return one as unknown as PictureMeasure;
}

/** The name that CenterNet has for what a case is about, if it has one. */
export function detectable({ triplet }: BenchmarkCase): string | undefined {
  return COCO_CLASSES.find((name) => name === triplet?.object);
}

/** `verb object`, as in {@link Knowledge}. */
export function tripletName({ verb, object }: { verb: string; object: string | null }): string {
  return `${verb} ${object ?? ''}`.trim();
}

const isJudged = ({ triplet }: BenchmarkCase, { judged }: Knowledge) =>
  triplet !== undefined && judged.has(tripletName(triplet));

function judgedAmong(top: number): PictureMeasure {
  return measure<'judge'>({
    name: `judge-top${top}`,
    title: top === 1 ? 'interaction, first' : `interaction, first ${top}`,
    about: `The verb with its object is among the judge's first ${top === 1 ? 'one' : top}. The judge was trained on rendered people. Failed: no.`,
    better: 'higher',
    shown: 'percent',
    probe: 'judge',
    worst: 0,
    applies: isJudged,
    score: ({ triplets }, { triplet }) => {
      const first = triplets.slice(0, top).map(([verb, object]) => tripletName({ verb, object }));
      return first.includes(tripletName(triplet!)) ? 1 : 0;
    },
  });
}

const person = measure<'movenet'>({
  name: 'person',
  title: 'person plausible',
  about: `MoveNet, trained on photographs, is sure (over ${MIN_SCORE}) of at least ${MIN_POINTS} of a body's 17 points. Failed: no.`,
  better: 'higher',
  shown: 'percent',
  probe: 'movenet',
  worst: 0,
  applies: () => true,
  score: ({ points }) => (points.filter(([, , score]) => score > MIN_SCORE).length >= MIN_POINTS ? 1 : 0),
});

const detection = measure<'centernet'>({
  name: 'detection-score',
  title: 'detection score, person',
  about: "Highest confidence of a person by CenterNet, PATN's DS with another detector. Failed: 0.",
  better: 'higher',
  shown: 3,
  probe: 'centernet',
  worst: 0,
  applies: () => true,
  score: ({ objects }) => detectionScore(objects),
});

const objectFound = measure<'centernet'>({
  name: 'object',
  title: 'object detected',
  about: `CenterNet, trained on photographs, sees the named object with a score over ${MIN_SCORE}. Failed: no.`,
  better: 'higher',
  shown: 'percent',
  probe: 'centernet',
  worst: 0,
  applies: (one) => detectable(one) !== undefined,
  score: ({ objects }, one) => (objects.some((o) => o.label === detectable(one) && o.score > MIN_SCORE) ? 1 : 0),
});

const boxIou = measure<'centernet'>({
  name: 'box-iou',
  title: 'object in its box, IoU',
  about: "Intersection over union of the wanted box with CenterNet's surest box of the object. Failed or not seen: 0.",
  better: 'higher',
  shown: 3,
  probe: 'centernet',
  worst: 0,
  applies: (one) => one.boxes?.object !== undefined && detectable(one) !== undefined,
  score: ({ objects, ...size }, one) => {
    const best = objects.find((o) => o.label === detectable(one) && o.score > MIN_SCORE);
    return best ? iou(best.box, boxInPicture(one.boxes!.object!, { one, size })) : 0;
  },
});

const layoutIou = measure<'centernet'>({
  name: 'layout-iou',
  title: 'object in the intended box, IoU',
  about:
    "Intersection over union of the box that the method was given or chose with CenterNet's surest box of the object. Pictures of methods without boxes, and those for which none was found, are left out. Failed or not seen: 0.",
  better: 'higher',
  shown: 3,
  probe: 'centernet',
  worst: 0,
  needsLayout: true,
  applies: (one, { plansLayout }) => plansLayout && detectable(one) !== undefined,
  score: ({ objects }, one, layout) => {
    const best = objects.find((o) => o.label === detectable(one) && o.score > MIN_SCORE);
    const intended = intendedObject(layout, one);
    return best && intended ? iou(best.box, intended) : 0;
  },
});

const clipScore = measure<'clip'>({
  name: 'clip-score',
  title: 'CLIP score',
  about: '100 times the cosine of picture and prompt, 0 where negative. Failed: 0.',
  better: 'higher',
  shown: 1,
  probe: 'clip',
  worst: 0,
  applies: () => true,
  score: ({ prompt }) => clipScoreOf(prompt),
});

const verbClipScore = measure<'clip'>({
  name: 'verb-clip-score',
  title: 'verb CLIP score',
  about: '100 times the cosine of picture and verb alone, 0 where negative. Failed: 0.',
  better: 'higher',
  shown: 1,
  probe: 'clip',
  worst: 0,
  applies: ({ triplet }) => triplet !== undefined && verbAlone(triplet.verb) !== undefined,
  score: ({ verb }) => clipScoreOf(verb ?? 0),
});

const isPaired = (one: BenchmarkCase, { benchmark, hasReference }: Knowledge) =>
  benchmark.references === 'paired' && hasReference(one);

const similarity = measure<'likeness'>({
  name: 'ssim',
  title: 'SSIM',
  about: 'Structural similarity with the wanted picture (Gaussian window of 11). Failed: 0.',
  better: 'higher',
  shown: 3,
  probe: 'likeness',
  worst: 0,
  applies: isPaired,
  score: ({ ssim }) => ssim,
});

const noise = measure<'likeness'>({
  name: 'psnr',
  title: 'PSNR, dB',
  about: 'Peak signal-to-noise ratio with the wanted picture. Failed: 0.',
  better: 'higher',
  shown: 1,
  probe: 'likeness',
  worst: 0,
  applies: isPaired,
  score: ({ psnr }) => psnr,
});

const perceptual = measure<'lpips'>({
  name: 'lpips',
  title: 'LPIPS',
  about: 'Perceptual distance from the wanted picture. Failed: 1.',
  better: 'lower',
  shown: 3,
  probe: 'lpips',
  worst: 1,
  applies: isPaired,
  score: (distance) => distance,
});

const pickScore = measure<'pickscore'>({
  name: 'pickscore',
  title: 'PickScore',
  about: 'How much people would choose the picture for the prompt; compares pictures of one prompt. Failed: 0.',
  better: 'higher',
  shown: 2,
  probe: 'pickscore',
  worst: 0,
  applies: () => true,
  score: (score) => score,
});

const hasPose = ({ keypoints }: BenchmarkCase) => keypoints?.some(({ score }) => score > 0) ?? false;

const objectKeypointSimilarity = measure<'pose'>({
  name: 'oks',
  title: 'pose, OKS',
  about: 'Object keypoint similarity of the detected with the wanted pose. Failed or nobody seen: 0.',
  better: 'higher',
  shown: 3,
  probe: 'pose',
  worst: 0,
  applies: hasPose,
  score: (found, one) => {
    const { points, truth } = posesIn(found, one);
    if (!points) return 0;
    return keypointSimilarity(points, truth, { areaPx: Math.max(1, areaOf(boxOf(truth)!)) }) ?? 0;
  },
});

const correct = measure<'pose'>({
  name: 'pck',
  title: 'pose, PCK 0.1',
  about: "Share of the points at most a tenth of the person's longer side from where they should be. Failed: 0.",
  better: 'higher',
  shown: 'percent',
  probe: 'pose',
  worst: 0,
  applies: hasPose,
  score: (found, one) => {
    const { points, truth } = posesIn(found, one);
    if (!points) return 0;
    const [x1, y1, x2, y2] = boxOf(truth)!;
    const share = correctKeypoints(points, truth, { referencePx: Math.max(1, x2 - x1, y2 - y1) });
    return share.correct / share.counted;
  },
});

const jointDistance = measure<'pose'>({
  name: 'mpjpe',
  title: 'pose, MPJPE',
  about: "Mean distance of joints in shares of the picture's width and height, as Giving a Hand has it. Failed: 1.",
  better: 'lower',
  shown: 3,
  probe: 'pose',
  worst: 1,
  applies: hasPose,
  score: (found, one) => {
    const { points, truth } = posesIn(found, one);
    return jointError(points, truth, found)?.mpjpe ?? 1;
  },
});

export const PICTURE_MEASURES: readonly PictureMeasure[] = [
  person,
  detection,
  objectFound,
  boxIou,
  layoutIou,
  judgedAmong(1),
  judgedAmong(3),
  clipScore,
  verbClipScore,
  pickScore,
  objectKeypointSimilarity,
  correct,
  jointDistance,
  similarity,
  noise,
  perceptual,
];

export const COST_MEASURES: readonly CostMeasure[] = [
  {
    name: 'seconds',
    title: 'seconds',
    about: 'Time on the clock to make a picture. Failed ones are left out.',
    better: 'lower',
    shown: 2,
    score: ({ seconds }) => seconds,
  },
  {
    name: 'memory',
    title: 'peak memory, MB',
    about:
      'Largest resident memory of the process while a picture was made, looked at ten times a second. Failed ones are left out.',
    better: 'lower',
    shown: 0,
    score: ({ peakMegabytes }) => peakMegabytes,
  },
];

/**
 * The wanted pose in the picture's pixels, and as many points of the one that was found: of the surest person or, where
 * the case says where the person should be, of the one whose box overlaps most with that.
 */
export function posesIn(
  { people, ...size }: Findings['pose'],
  one: BenchmarkCase,
): { points: Keypoint[] | undefined; truth: Keypoint[] } {
  const scale = scaleTo(size, one);
  const truth = one.keypoints!.map(({ x, y, score }) => ({ x: x * scale[0], y: y * scale[1], score }));
  const wanted = one.boxes?.person && boxInPicture(one.boxes.person, { one, size });
  const overlap = ({ box }: (typeof people)[number]) => (wanted ? iou(box, wanted) : 0);
  const [person] = [...people].sort((a, b) => overlap(b) - overlap(a));
  // The body's 17 are the first of the 133.
  return { points: person?.points.slice(0, truth.length).map(([x, y, score]) => ({ x, y, score })), truth };
}
