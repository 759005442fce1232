// Pictures a second and core of the renderer, with all annotations and in the mode for training:
// `npx tsx bench/synth.ts [--pack FILE] [--count N]`. Counts processor time, so that a busy machine does not blur it.
import { parseArgs } from 'node:util';
import { renderScene, SceneRenderer } from '../src/data/synth/render-scene.js';
import { openCast } from '../src/data/synth/synth-task.js';

const { values } = parseArgs({ options: { pack: { type: 'string' }, count: { type: 'string', default: '300' } } });
const count = Number(values.count);
const renderer = new SceneRenderer({ sizePx: 256, cast: openCast(values.pack) });

/** Processor milliseconds a picture; `first` seeds are rendered before the clock starts. */
function measure(first: number, options: { personFree: boolean; detailed: boolean }): number {
  for (let seed = 0; seed < first; seed++) renderScene(seed, { renderer, ...options });
  const before = process.cpuUsage();
  for (let seed = first; seed < first + count; seed++) renderScene(seed, { renderer, ...options });
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1000 / count;
}

// The people of a pack are built when they first appear: enough pictures ahead that most have.
const warmUp = values.pack ? 300 : 60;
const training = measure(warmUp, { personFree: false, detailed: false });
const complete = measure(warmUp, { personFree: true, detailed: true });
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
