// Draws the sheet of docs/: `npx tsx scripts/contact-sheet.ts OUT.jpg [--model PATH] [--seed N] [--guidance-scale N]`.
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { createRuntime, loadPipeline, modelFolder, openCheckpoint, textToImage } from '../src/index.js';
import { GRID_PROMPTS } from '../src/train/mini-sd/grid-prompts.js';
import { modelDefaults } from '../src/weights/model-folder.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'mini' },
    seed: { type: 'string', default: '7' },
    columns: { type: 'string', default: '8' },
    'guidance-scale': { type: 'string' },
    steps: { type: 'string' },
    scheduler: { type: 'string' },
    prompts: { type: 'string' },
  },
});
const out = positionals[0] ?? 'docs/contact-sheet.jpg';
const columns = Number(values.columns);
const folder = modelFolder(values.model);
const defaults = modelDefaults(folder);
const prompts = values.prompts ? GRID_PROMPTS.slice(0, Number(values.prompts)) : GRID_PROMPTS;

const runtime = createRuntime();
const pipeline = loadPipeline(openCheckpoint(folder), runtime);
const tiles = [];
for (const [i, prompt] of prompts.entries()) {
  const [{ image }] = await textToImage(pipeline, {
    prompt,
    seed: Number(values.seed) + i,
    steps: Number(values.steps ?? defaults.steps ?? 20),
    guidanceScale: Number(values['guidance-scale'] ?? defaults.guidanceScale ?? 7.5),
    scheduler: (values.scheduler ?? defaults.scheduler) as 'ddim' | 'dpm++' | undefined,
  });
  const raw = { width: image.widthPx, height: image.heightPx, channels: 3 as const };
  const input = await sharp(image.data, { raw }).png().toBuffer();
  tiles.push({ input, left: (i % columns) * raw.width, top: Math.floor(i / columns) * raw.height });
  console.error(`${i + 1} of ${prompts.length}: ${prompt}`);
}
await runtime.close();
const [width, height] = [columns * 256, Math.ceil(prompts.length / columns) * 256];
const sheet = sharp({ create: { width, height, channels: 3, background: '#ffffff' } }).composite(tiles);
await sheet.jpeg({ quality: 82 }).toFile(out);
