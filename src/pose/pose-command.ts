// `contrapposto pose IMAGE`: people, hands and objects of a picture as JSON and as a drawn skeleton.
import { basename } from 'node:path';
import { ContrappostoError } from '../core/errors.js';
import { checkWritable, writeFileAtomic } from '../core/files.js';
import { encodePng, readImage } from '../core/image.js';
import type { OnProgress } from '../core/progress.js';
import { toCoco } from './convert.js';
import { createPoseDetector, type PoseDetector } from './detect/detector.js';
import type { DetectedHand } from './detect/hands.js';
import type { Detection } from './detect/people.js';
import { drawSkeleton, skeletonPicture } from './draw.js';
import { WHOLEBODY } from './formats.js';
import { type Box, boxOf, type Person, unknownPoints } from './person.js';
import { POSE_FORMATS, type PoseFormat } from './pose-file.js';
import { poseToJson } from './pose-write.js';

export interface PoseOptions {
  /** Path of the picture. */
  image: string;
  /** Where to write the picture with the skeletons drawn in (PNG). */
  draw?: string;
  /** Draw on black, as a pose ControlNet takes it, rather than on the picture. */
  black?: boolean;
  /** Layout of `pose` in the result and of the file `out`; default `openpose`. */
  format?: PoseFormat;
  /** Where to write the poses. */
  out?: string;
  /** In [0, 1]; default 0.3. */
  minScore?: number;
  maxPeople?: number;
}

/** The result as it goes out with `--json`: pixels, origin top left, boxes x1, y1, x2, y2. */
export interface PoseResult {
  image: string;
  width: number;
  height: number;
  format: PoseFormat;
  people: { score: number; box: number[]; keypoints: number[][]; hands: HandResult[] }[];
  /** Hands that belong to none of the people. */
  hands: HandResult[];
  objects: { label: string; score: number; box: number[] }[];
  /** The people in the layout asked for. */
  pose: Record<string, unknown>;
  out?: string;
  drawn?: string;
  elapsed_ms: number;
}

interface HandResult {
  side: 'left' | 'right';
  score: number;
  box: number[];
  keypoints: number[][];
}

/**
 * Detects, writes what was asked for, and returns the result. Nothing is written when anything fails before.
 * @param context.detector one to share; otherwise one is started and closed
 * @throws ContrappostoError as `readImage`, `createPoseDetector` and `writeFileAtomic`; `usage` for an unknown format
 */
export async function runPose(
  options: PoseOptions,
  context: { signal?: AbortSignal; onProgress?: OnProgress; detector?: PoseDetector } = {},
): Promise<PoseResult> {
  const { format = 'openpose', minScore, maxPeople } = options;
  const { signal, onProgress } = context;
  if (!POSE_FORMATS.includes(format)) {
    throw new ContrappostoError('usage', {
      operation: 'pose',
      expected: POSE_FORMATS.join(', '),
      got: `format ${format}`,
    });
  }
  const startedAt = performance.now();
  const image = await readImage(options.image, { signal });
  for (const path of [options.draw, options.out]) if (path) await checkWritable(path);
  const detector = context.detector ?? createPoseDetector();
  try {
    const found = await detector.detect(image, { minScore, maxPeople, signal, onProgress });
    const people = [...found.people, ...found.hands.map(handAlone)];
    const size = { widthPx: image.widthPx, heightPx: image.heightPx };
    const pose = poseToJson(people, { ...size, format, fileName: basename(options.image) });
    if (options.out) await writeFileAtomic(options.out, `${JSON.stringify(pose, null, 2)}\n`);
    if (options.draw) {
      const drawn = options.black
        ? skeletonPicture(people, size)
        : drawSkeleton(image, people, { thinWhenSmall: true });
      await writeFileAtomic(options.draw, await encodePng(drawn));
    }
    const elapsedMs = performance.now() - startedAt;
    onProgress?.({ type: 'done', stage: 'pose', elapsedMs });
    return { ...describe(found, options.image), format, pose, ...outputs(options), elapsed_ms: Math.round(elapsedMs) };
  } finally {
    if (!context.detector) await detector.close();
  }
}

function outputs({ out, draw }: PoseOptions): Pick<PoseResult, 'out' | 'drawn'> {
  return { ...(out && { out }), ...(draw && { drawn: draw }) };
}

function describe(found: Detection, image: string): Omit<PoseResult, 'format' | 'pose' | 'elapsed_ms'> {
  return {
    image,
    width: found.widthPx,
    height: found.heightPx,
    people: found.people.map((person) => ({
      score: round(person.score, 3),
      box: person.box.map((v) => round(v)),
      keypoints: triples(toCoco(person)),
      hands: handsOf(person).map(describeHand),
    })),
    hands: found.hands.map(describeHand),
    objects: found.objects.map((o) => ({ label: o.label, score: round(o.score, 3), box: o.box.map((v) => round(v)) })),
  };
}

function handsOf(person: Person): DetectedHand[] {
  return (['left', 'right'] as const).flatMap((side) => {
    const { start, end } = side === 'left' ? WHOLEBODY.leftHand : WHOLEBODY.rightHand;
    const points = person.keypoints.slice(start, end);
    return points[0].score > 0 ? [{ side, points, score: points[0].score }] : [];
  });
}

function describeHand({ side, score, points }: DetectedHand): HandResult {
  const box: Box = boxOf(points) ?? [0, 0, 0, 0];
  return { side, score: round(score, 3), box: box.map((v) => round(v)), keypoints: triples(points) };
}

/** A close-up's hand as a person of whom nothing else is seen, so that it is written and drawn like others. */
function handAlone({ side, points, score }: DetectedHand): Person {
  const keypoints = unknownPoints(WHOLEBODY.count);
  const { start } = side === 'left' ? WHOLEBODY.leftHand : WHOLEBODY.rightHand;
  points.forEach((p, i) => {
    keypoints[start + i] = p;
  });
  return { keypoints, score };
}

function triples(points: readonly { x: number; y: number; score: number }[]): number[][] {
  return points.map((p) => (p.score > 0 ? [round(p.x), round(p.y), round(p.score, 3)] : [0, 0, 0]));
}

function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}
