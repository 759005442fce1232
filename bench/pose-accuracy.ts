// Accuracy and time of detection on annotated photographs: npx tsx bench/pose-accuracy.ts [--json]
// Needs the optional folder of reference data (CONTRAPPOSTO_SHARED) with data/photos/coco-annotations.json.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Image, readImage } from '../src/core/image.js';
import { fromMediaPipe } from '../src/pose/convert.js';
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
