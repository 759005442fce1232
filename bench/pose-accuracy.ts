// Accuracy and time of detection on annotated photographs: npx tsx bench/pose-accuracy.ts [--json]
// Needs the optional folder of reference data (CONTRAPPOSTO_SHARED) with data/photos/coco-annotations.json.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Image, readImage } from '../src/core/image.js';
import { averagePrecisionOfMany, type FoundAmongMany } from '../src/metrics/average-precision.js';
import { fromMediaPipe } from '../src/pose/convert.js';
import { COCO, WHOLEBODY } from '../src/pose/formats.js';
import {
  type Box,
  createPoseDetector,
  type DetectedPerson,
  iou,
  type Keypoint,
  oks,
  toMediaPipe,
} from '../src/pose/index.js';

interface Truth {
  points: Keypoint[];
  areaPx: number;
  box: Box;
}

interface Annotation {
  image_id: number;
  category_id: number;
  iscrowd: number;
  area: number;
  num_keypoints?: number;
  keypoints?: number[];
  bbox: [number, number, number, number];
}

interface Annotations {
  images: { id: number; file_name: string }[];
  annotations: Annotation[];
  categories: { id: number; name: string }[];
}

/** COCO itself evaluates people with any keypoint; below 5 the head alone is left. */
const MIN_KEYPOINTS = 5;

const folder = join(process.env.CONTRAPPOSTO_SHARED ?? '../shared', 'data/photos');
if (!existsSync(join(folder, 'coco-annotations.json'))) {
  console.error(`skipped: no annotated photographs in ${folder}`);
  process.exit(0);
}
const data = JSON.parse(readFileSync(join(folder, 'coco-annotations.json'), 'utf8')) as Annotations;
const detector = createPoseDetector();

const bodies: { oks: number; blaze: number; errors: number[] }[] = [];
/** For COCO's average precision: every detection of each picture against every person who has points. */
const pictures: Record<'movenet' | 'blazepose', { truths: number; found: FoundAmongMany[] }[]> = {
  movenet: [],
  blazepose: [],
};
/** From the annotated wrist to the hand's own, in shares of the longer side of the person's box. */
const wristErrors: number[] = [];
const objects = { found: 0, total: 0, right: 0, reported: 0 };
const times: number[] = [];
const cpuSeconds: number[] = [];
await detector.detect(await readImage(join(folder, data.images[0].file_name))); // loads the networks

for (const { id, file_name } of data.images) {
  const image = await readImage(join(folder, file_name));
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  const detection = await detector.detect(image);
  times.push(performance.now() - startedAt);
  const cpu = process.cpuUsage(cpuBefore); // of all threads, hardly moved by what else the machine does
  cpuSeconds.push((cpu.user + cpu.system) / 1e6);
  const rows = data.annotations.filter((a) => a.image_id === id);
  const people = rows.filter((a) => a.category_id === 1 && !a.iscrowd && (a.num_keypoints ?? 0) >= MIN_KEYPOINTS);
  for (const truth of people.map(toTruth)) bodies.push(matched(truth, detection.people));
  collect(rows, detection.people);
  countObjects(rows, { image, detected: detection.objects });
}
await detector.close();

const found = bodies.filter((b) => b.oks >= 0.5);
const errors = found.flatMap((b) => b.errors);
const result = {
  people: bodies.length,
  recall_oks50: found.length / bodies.length,
  recall_oks75: bodies.filter((b) => b.oks >= 0.75).length / bodies.length,
  mean_oks_of_found: mean(found.map((b) => b.oks)),
  mean_oks_of_found_blazepose: mean(found.map((b) => b.blaze).filter((v) => v > 0)),
  pck_10_percent_of_box: errors.filter((e) => e < 0.1).length / errors.length,
  average_precision_movenet: averagePrecisionOfMany(pictures.movenet).ap,
  average_precision_blazepose: averagePrecisionOfMany(pictures.blazepose).ap,
  hands_found: wristErrors.length,
  hand_wrists_10_percent_of_box: wristErrors.filter((e) => e < 0.1).length / wristErrors.length,
  object_recall_iou50: objects.found / objects.total,
  object_precision_iou50: objects.right / objects.reported,
  seconds_per_picture: mean(times) / 1000,
  cpu_seconds_per_picture: mean(cpuSeconds),
};
if (process.argv.includes('--json')) console.log(JSON.stringify(result));
else for (const [name, value] of Object.entries(result)) console.log(name.padEnd(30), Number(value.toFixed(3)));

function toTruth(a: Annotation): Truth {
  const values = a.keypoints ?? [];
  const points = Array.from({ length: 17 }, (_, k) => ({
    x: values[k * 3] + 0.5,
    y: values[k * 3 + 1] + 0.5,
    score: Math.min(1, values[k * 3 + 2]),
  }));
  return { points, areaPx: a.area, box: toBox(a.bbox) };
}

function toBox([x, y, width, height]: Annotation['bbox']): Box {
  return [x, y, x + width, y + height];
}

function matched(truth: Truth, people: readonly DetectedPerson[]): (typeof bodies)[number] {
  const scored = people.map((person) => ({ person, oks: oks(person.keypoints, truth.points, truth) }));
  const best = scored.sort((a, b) => b.oks - a.oks)[0];
  const side = Math.max(truth.box[2] - truth.box[0], truth.box[3] - truth.box[1]);
  const points = best?.person.keypoints ?? [];
  const known = truth.points.map((p, k) => ({ p, k })).filter(({ p }) => p.score > 0);
  const mediapipe = best?.person.mediapipe;
  return {
    oks: best?.oks ?? 0,
    blaze: mediapipe ? oks(fromMediaPipe(toMediaPipe(best.person)), truth.points, truth) : 0,
    errors: points.length ? known.map(({ p, k }) => Math.hypot(points[k].x - p.x, points[k].y - p.y) / side) : [],
  };
}

/** People with any point count, as COCO has it; who is annotated without points, or in a crowd, is not asked for. */
function collect(rows: readonly Annotation[], detected: readonly DetectedPerson[]): void {
  const people = rows.filter((a) => a.category_id === 1);
  const isCounted = (a: Annotation) => !a.iscrowd && (a.num_keypoints ?? 0) > 0;
  const truths = people.filter(isCounted).map(toTruth);
  const others = people.filter((a) => !isCounted(a)).map((a) => toBox(a.bbox));
  const foundBy = (pointsOf: (person: DetectedPerson) => readonly Keypoint[]) =>
    detected.map((person) => ({
      score: person.score,
      similarities: truths.map((truth) => oks(pointsOf(person), truth.points, truth)),
      isIgnorable: others.some((box) => inside(person.box, box) > 0.5),
    }));
  pictures.movenet.push({ truths: truths.length, found: foundBy((person) => person.keypoints) });
  const blazed = (person: DetectedPerson) => (person.mediapipe ? fromMediaPipe(toMediaPipe(person)) : person.keypoints);
  pictures.blazepose.push({ truths: truths.length, found: foundBy(blazed) });
  for (const truth of truths) wristErrors.push(...handErrors(truth, detected));
}

/** Share of a box that lies in another. */
function inside(box: Box, other: Box): number {
  const width = Math.min(box[2], other[2]) - Math.max(box[0], other[0]);
  const height = Math.min(box[3], other[3]) - Math.max(box[1], other[1]);
  const area = (box[2] - box[0]) * (box[3] - box[1]);
  return width > 0 && height > 0 ? (width * height) / area : 0;
}

/** COCO knows no hand but the wrist, which a hand's landmarks have too. */
function handErrors(truth: Truth, people: readonly DetectedPerson[]): number[] {
  const best = people.toSorted(
    (a, b) => oks(b.keypoints, truth.points, truth) - oks(a.keypoints, truth.points, truth),
  )[0];
  if (!best || oks(best.keypoints, truth.points, truth) < 0.5) return [];
  const side = Math.max(truth.box[2] - truth.box[0], truth.box[3] - truth.box[1]);
  const pairs = [
    [COCO.left_wrist, WHOLEBODY.leftHand.start],
    [COCO.right_wrist, WHOLEBODY.rightHand.start],
  ];
  return pairs.flatMap(([body, hand]) => {
    const [wanted, seen] = [truth.points[body], best.keypoints[hand]];
    return wanted.score > 0 && seen.score > 0 ? [Math.hypot(wanted.x - seen.x, wanted.y - seen.y) / side] : [];
  });
}

/** Objects other than persons that cover at least a thousandth of the picture. */
function countObjects(
  rows: readonly Annotation[],
  { image, detected }: { image: Image; detected: readonly { label: string; box: Box }[] },
): void {
  const least = (image.widthPx * image.heightPx) / 1000;
  const truths = rows
    .filter((a) => a.category_id !== 1 && !a.iscrowd)
    .map((a) => ({ ...a, label: data.categories.find((c) => c.id === a.category_id)?.name, box: toBox(a.bbox) }));
  const isHit = (a: { label?: string; box: Box }, b: { label?: string; box: Box }) =>
    a.label === b.label && iou(a.box, b.box) >= 0.5;
  const wanted = truths.filter((t) => t.area >= least);
  objects.total += wanted.length;
  objects.found += wanted.filter((t) => detected.some((d) => isHit(t, d))).length;
  objects.reported += detected.length;
  objects.right += detected.filter((d) => truths.some((t) => isHit(t, d))).length;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, v) => sum + v, 0) / values.length;
}
