// How rendered gestures look to a hand network trained on photographs: the error of its 21 points, gesture by gesture.
// `npx tsx bench/synth-hands.ts --pack FILE [--each 8] [--start 910000]`. Prints one JSON line.
import { parseArgs } from 'node:util';
import { renderScene, SceneRenderer } from '../src/data/synth/render-scene.js';
import type { SceneRecord } from '../src/data/synth/scene-record.js';
import { GESTURE_SCENES } from '../src/data/synth/scenes/gesture.js';
import { openCast } from '../src/data/synth/synth-task.js';
import { Pyramid } from '../src/pose/detect/crop.js';
import { handRegions, MIN_HAND_SCORE, readHand } from '../src/pose/detect/hands.js';
import type { Keypoint } from '../src/pose/index.js';

const SIZE_PX = 256;
/** Of the hand's size: the longer side of the box around its visible pixels. */
const ERROR_SHARE = 0.1;
const FIRST_POINT = { left: 91, right: 112 } as const;

const { values } = parseArgs({
  options: {
    pack: { type: 'string' },
    each: { type: 'string', default: '8' },
    start: { type: 'string', default: '910000' },
  },
});
const renderer = new SceneRenderer({ size: SIZE_PX, cast: openCast(values.pack) });

interface Tally {
  shown: number;
  detected: number;
  right: number;
  errors: number[];
  extents: number[];
}
const tallies = new Map<string, Tally>();

const each = Number(values.each);
let seed = Number(values.start);
for (const { name } of GESTURE_SCENES) {
  const tally: Tally = { shown: 0, detected: 0, right: 0, errors: [], extents: [] };
  tallies.set(name.replace('gesture-', ''), tally);
  // Other people for every gesture.
  for (const end = seed + each; seed < end; seed++) {
    const { record, picture } = renderScene(seed, { renderer, kinds: [['gesture', 1]], scenes: [name] });
    const pyramid = new Pyramid({ widthPx: SIZE_PX, heightPx: SIZE_PX, data: picture });
    for (const side of ['left', 'right'] as const)
      if (record.gestures[side]) await measure(tally, pyramid, { record, side });
  }
}

/** Compares what the network reads around the true wrist with the true points. */
async function measure(
  tally: Tally,
  pyramid: Pyramid,
  { record, side }: { record: SceneRecord; side: 'left' | 'right' },
): Promise<void> {
  const points = keypoints(record, FIRST_POINT[side], 21);
  const { box } = record.hands[side];
  if (!box) return;
  const extent = Math.max(box[2] - box[0], box[3] - box[1]);
  tally.shown++;
  tally.extents.push(extent);
  const hand = await readHand(pyramid, handRegions(keypoints(record, 0, 17), side));
  if (!hand || hand.score < MIN_HAND_SCORE) return;
  tally.detected++;
  const error = points.reduce((sum, p, i) => sum + Math.hypot(p.x - hand.points[i].x, p.y - hand.points[i].y), 0) / 21;
  tally.errors.push(error / extent);
  if (error < ERROR_SHARE * extent) tally.right++;
}

function keypoints(record: SceneRecord, first: number, count: number): Keypoint[] {
  return Array.from({ length: count }, (_, i) => {
    const [x, y, v] = record.keypoints.slice(3 * (first + i), 3 * (first + i) + 3);
    return { x, y, score: v > 0 ? 1 : 0 };
  });
}

const mean = (xs: readonly number[]) => Number((xs.reduce((a, b) => a + b, 0) / Math.max(1, xs.length)).toFixed(3));
const all = [...tallies.values()];
const sum = (key: 'shown' | 'detected' | 'right') => all.reduce((total, tally) => total + tally[key], 0);
console.log(
  JSON.stringify({
    first_seed: Number(values.start),
    hands: sum('shown'),
    detected: mean([sum('detected') / sum('shown')]),
    within_a_tenth: mean([sum('right') / sum('detected')]),
    mean_error: mean(all.flatMap((tally) => tally.errors)),
    hand_px: mean(all.flatMap((tally) => tally.extents)),
    gestures: Object.fromEntries(
      [...tallies].map(([name, t]) => [name, `${t.right} of ${t.detected} of ${t.shown}, error ${mean(t.errors)}`]),
    ),
  }),
);
