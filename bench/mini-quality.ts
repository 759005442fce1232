// How the embedded model's pictures look to networks trained on photographs: npx tsx bench/mini-quality.ts [--seeds N] [--json]
// A plausible person has at least 12 of MoveNet's 17 points over 0.3; an object counts when CenterNet finds its class over 0.3.
import { parseArgs } from 'node:util';
import { createRuntime, loadPipeline, modelFolder, openCheckpoint, textToImage } from '../src/index.js';
import { detectObjects } from '../src/pose/detect/centernet.js';
import { Pyramid } from '../src/pose/detect/crop.js';
import { estimatePose } from '../src/pose/detect/movenet.js';
import { COCO_CLASSES } from '../src/pose/index.js';
import { GRID_PROMPTS } from '../src/train/mini-sd/grid-prompts.js';
import { modelDefaults } from '../src/weights/model-folder.js';

const MIN_SCORE = 0.3;
const MIN_POINTS = 12;

const { values } = parseArgs({ options: { seeds: { type: 'string', default: '2' }, json: { type: 'boolean' } } });
const folder = modelFolder('mini');
const { steps, guidanceScale, scheduler } = modelDefaults(folder);
const runtime = createRuntime();
const pipeline = loadPipeline(openCheckpoint(folder), runtime);

interface Row {
  prompt: string;
  seed: number;
  points: number;
  object?: string;
  found?: boolean;
}
const rows: Row[] = [];
for (const [i, prompt] of GRID_PROMPTS.entries()) {
  for (let s = 0; s < Number(values.seeds); s++) {
    const seed = 1000 * s + i;
    const options = { prompt, seed, steps, guidanceScale, scheduler: scheduler as 'dpm++' | undefined };
    const [{ image }] = await textToImage(pipeline, options);
    // One person fills the picture, so the pose network is given all of it.
    const picture = new Pyramid(image);
    const box = [0, 0, image.widthPx, image.heightPx] as const;
    const points = (await estimatePose(picture, [...box])).points.filter((k) => k.score > MIN_SCORE).length;
    const objects = await detectObjects(picture, { minScore: MIN_SCORE });
    const object = COCO_CLASSES.find((name) => prompt.includes(name));
    const found = object && objects.some((o) => o.label === object && o.score > MIN_SCORE);
    rows.push({ prompt, seed, points, object, found: found || undefined });
    console.error(
      `${rows.length}: ${prompt}: ${points} points${object ? `, ${object} ${found ? 'found' : 'not found'}` : ''}`,
    );
  }
}
await runtime.close();

const plausible = rows.filter((row) => row.points >= MIN_POINTS).length;
const named = rows.filter((row) => row.object);
const found = named.filter((row) => row.found);
const summary = { pictures: rows.length, plausible, named: named.length, found: found.length };
console.log(values.json ? JSON.stringify({ ...summary, rows }) : summary);
