// How rendered pictures look to networks trained on photographs: body points of MoveNet thunder and objects of CenterNet.
// `npx tsx bench/synth-detectors.ts --pack FILE [--count 120] [--start 900000]`. Prints one JSON line.
import { parseArgs } from 'node:util';
import { renderScene, SceneRenderer } from '../src/data/synth/render-scene.js';
import type { SceneRecord } from '../src/data/synth/scene-record.js';
import { openCast } from '../src/data/synth/synth-task.js';
import { detectObjects } from '../src/pose/detect/centernet.js';
import { Pyramid } from '../src/pose/detect/crop.js';
import { estimatePose } from '../src/pose/detect/movenet.js';
import { type Box, iou } from '../src/pose/index.js';

const SIZE_PX = 256;
const MIN_SCORE = 0.3;
const MIN_IOU = 0.3;
/** Of the distance from a shoulder to the opposite hip; the first decides which pictures are named as poor. */
const PCK_SHARES = [0.2, 0.1] as const;
/** A person is plausible when MoveNet sees this many of its 17 points with more than `MIN_SCORE`. */
const PLAUSIBLE_POINTS = 12;
/** Objects of fewer visible pixels are not asked for. */
const MIN_PIXELS = 60;

const { values } = parseArgs({
  options: {
    pack: { type: 'string' },
    count: { type: 'string', default: '120' },
    start: { type: 'string', default: '900000' },
  },
});
const count = Number(values.count);
const first = Number(values.start);
const renderer = new SceneRenderer({ size: SIZE_PX, cast: openCast(values.pack, SIZE_PX) });

const points = { visible: { right: [0, 0], total: 0 }, hidden: { right: [0, 0], total: 0 } };
let plausible = 0;
const classes = new Map<string, { found: number; total: number; scores: number[] }>();
let personsFound = 0;
const missed: string[] = [];

for (let seed = first; seed < first + count; seed++) {
  const { record, picture } = renderScene(seed, { renderer });
  const pyramid = new Pyramid({ widthPx: SIZE_PX, heightPx: SIZE_PX, data: picture });
  const seen = (await estimatePose(pyramid, [0, 0, SIZE_PX, SIZE_PX])).points;
  if (seen.filter(({ score }) => score > MIN_SCORE).length >= PLAUSIBLE_POINTS) plausible++;
  const share = await countPoints(pyramid, record);
  if (share < 0.6) missed.push(`${seed} ${record.scene}: ${Math.round(share * 100)} % of its points`);
  const detected = await detectObjects(pyramid, { minScore: 0.05 });
  const best = (label: string, box: Box | null) =>
    Math.max(0, ...detected.filter((d) => box && d.label === label && iou(d.box, box) > MIN_IOU).map((d) => d.score));
  if (best('person', record.person.box) > MIN_SCORE) personsFound++;
  for (const object of record.objects) {
    if (object.role !== 'target' || object.pixels < MIN_PIXELS) continue;
    const entry = classes.get(object.category) ?? { found: 0, total: 0, scores: [] };
    classes.set(object.category, entry);
    const score = best(object.category, object.box);
    entry.total++;
    entry.scores.push(score);
    if (score > MIN_SCORE) entry.found++;
  }
}

/** Counts the points that MoveNet finds in the true box; returns the share of the visible ones that are right. */
async function countPoints(pyramid: Pyramid, { keypoints, person }: SceneRecord): Promise<number> {
  const full = person.full_box ?? person.box;
  if (!full) return 1;
  const box: Box = [Math.max(0, full[0]), Math.max(0, full[1]), Math.min(SIZE_PX, full[2]), Math.min(SIZE_PX, full[3])];
  const found = (await estimatePose(pyramid, box)).points;
  const distance = (a: number, b: number) =>
    Math.hypot(keypoints[3 * a] - keypoints[3 * b], keypoints[3 * a + 1] - keypoints[3 * b + 1]);
  const torso = Math.max(distance(5, 12), distance(6, 11));
  let [right, total] = [0, 0];
  for (let k = 0; k < 17; k++) {
    const visibility = keypoints[3 * k + 2];
    if (visibility === 0) continue;
    const off = Math.hypot(found[k].x - keypoints[3 * k], found[k].y - keypoints[3 * k + 1]);
    const hit = off < PCK_SHARES[0] * torso;
    const tally = visibility === 2 ? points.visible : points.hidden;
    tally.total++;
    PCK_SHARES.forEach((limit, i) => {
      if (off < limit * torso) tally.right[i]++;
    });
    if (visibility === 2) total++;
    if (visibility === 2 && hit) right++;
  }
  return total === 0 ? 1 : right / total;
}

const rate = (part: number, of: number) => Number((part / Math.max(1, of)).toFixed(3));
const rows = [...classes].sort(([a], [b]) => a.localeCompare(b));
const all = rows.reduce((sum, [, c]) => ({ found: sum.found + c.found, total: sum.total + c.total }), {
  found: 0,
  total: 0,
});
console.log(
  JSON.stringify({
    pictures: count,
    first_seed: first,
    pck_visible: points.visible.right.map((right) => rate(right, points.visible.total)),
    pck_hidden: points.hidden.right.map((right) => rate(right, points.hidden.total)),
    plausible_rate: rate(plausible, count),
    person_rate: rate(personsFound, count),
    object_rate: rate(all.found, all.total),
    objects: Object.fromEntries(rows.map(([name, c]) => [name, `${c.found} of ${c.total}`])),
    poorest: missed,
  }),
);
