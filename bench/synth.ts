// Pictures a second and core of the renderer, with all annotations and in the mode for training:
// `npx tsx bench/synth.ts [--pack FILE] [--count N]`. Counts processor time, so that a busy machine does not blur it.
import { parseArgs } from 'node:util';
import { renderScene, SceneRenderer } from '../src/data/synth/render-scene.js';
import { openCast } from '../src/data/synth/synth-task.js';

const { values } = parseArgs({ options: { pack: { type: 'string' }, count: { type: 'string', default: '300' } } });
const count = Number(values.count);
const renderer = new SceneRenderer({ size: 256, cast: openCast(values.pack, 256) });

/** Processor milliseconds a picture for the seeds [first, first + pictures). */
function measure(first: number, pictures: number, options: { personFree: boolean; detailed: boolean }): number {
  const before = process.cpuUsage();
  for (let seed = first; seed < first + pictures; seed++) renderScene(seed, { renderer, ...options });
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1000 / pictures;
}

// The people of a pack are built when they first appear: enough pictures ahead that most have.
const warmUp = values.pack ? 300 : 60;
measure(0, warmUp, { personFree: true, detailed: true });
measure(0, 30, { personFree: false, detailed: false });
// The two modes take turns, so that a compiler that is still warming up and a busy machine fall on both alike.
const TURNS = 4;
let training = 0;
let complete = 0;
for (let turn = 0; turn < TURNS; turn++) {
  const first = warmUp + turn * count;
  const pictures = Math.ceil(count / TURNS);
  training += measure(first, pictures, { personFree: false, detailed: false }) / TURNS;
  complete += measure(first, pictures, { personFree: true, detailed: true }) / TURNS;
}
console.log(
  JSON.stringify({
    body: values.pack ? 'makehuman' : 'mannequin',
    pictures: count,
    training_cpu_ms: Number(training.toFixed(1)),
    training_per_second_and_core: Number((1000 / training).toFixed(1)),
    complete_cpu_ms: Number(complete.toFixed(1)),
    complete_per_second_and_core: Number((1000 / complete).toFixed(1)),
  }),
);
