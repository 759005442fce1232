// How good the embedded model is, with everything that it is compared with: `npx tsx bench/mini-evidence.ts --pack FILE`.
// Goes on where it was stopped (pictures and measurements stay in --out); --part runs some of its parts:
// prompts (freezes the list), renders, pictures, detectors, features, reconstruction, judge, scorer, storage, report.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { ContrappostoError } from '../src/core/errors.js';
import { encodePng, readImage } from '../src/core/image.js';
import { createRuntime, loadPipeline, modelFolder, openCheckpoint, textToImage } from '../src/index.js';
import { modelDefaults } from '../src/weights/model-folder.js';
import type { Source } from './mini-evidence-ledger.js';
import {
  type Context,
  measureDetectors,
  measureFeatures,
  measureJudge,
  measureReconstruction,
  measureScorer,
  pathOf,
} from './mini-evidence-measures.js';
import {
  type EvidencePrompt,
  evidenceRenderer,
  freezePrompts,
  readPrompts,
  renderPrompt,
} from './mini-evidence-prompts.js';
import { markdown } from './mini-evidence-report.js';
import { type GenerationRecord, summarise } from './mini-evidence-summary.js';

const PARTS = ['renders', 'pictures', 'reconstruction', 'detectors', 'features', 'judge', 'scorer', 'report'];
/** Pictures made again from other weights. */
const STORAGE_PICTURES = 12;
/** Seeds from a prompt's scene to the render that stands for "another one" of its triplet. */
const OTHER = 50_000;
const SHEET = { columns: 8, rows: 6, tilePx: 160 };

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    part: { ...text, default: PARTS.join(',') },
    model: { ...text, default: 'mini' },
    /** The judge's folder; default: the embedded one. */
    judge: text,
    /** The folder of the scorer of texts and pictures; default: the embedded one. */
    scorer: text,
    pack: text,
    out: { ...text, default: 'out/evidence' },
    /** Only the first prompts of the list. */
    count: text,
    /** The same model stored otherwise, for the part `storage`. */
    compare: text,
    /** TITLE=DIR: another model's --out folder, shown beside this one in the report. */
    against: text,
    /** What the report calls the model; default: --model. */
    title: text,
    /** Where the Markdown page goes; the JSON is written beside it. */
    page: { ...text, default: 'docs/mini-evidence.md' },
  },
});
const out = values.out;
mkdirSync(out, { recursive: true });
const note = (line: string) => console.error(line);

function chosenPrompts(): EvidencePrompt[] {
  const all = readPrompts();
  if (!values.count) return all;
  // Every so-manieth, so that few prompts are a sample of all.
  const stride = all.length / Math.min(Number(values.count), all.length);
  return all.filter((_, i) => Math.floor(i / stride) !== Math.floor((i - 1) / stride));
}

function renders({ prompts }: Context): Promise<void> {
  const renderer = evidenceRenderer(values.pack);
  return each(prompts, ['renders', 'others'], async (prompt, source) => {
    const { picture, record } = renderPrompt(prompt, renderer, source === 'others' ? OTHER : 0);
    return encodePng({ widthPx: record.width, heightPx: record.height, data: picture });
  });
}

/** Writes the pictures that are missing. */
async function each(
  prompts: readonly EvidencePrompt[],
  sources: readonly Source[],
  make: (prompt: EvidencePrompt, source: Source) => Promise<Uint8Array>,
): Promise<void> {
  for (const source of sources) {
    mkdirSync(join(out, source), { recursive: true });
    for (const prompt of prompts) {
      const path = pathOf(out, source, prompt.index);
      if (existsSync(path)) continue;
      writeFileSync(path, await make(prompt, source));
      note(`${source} ${prompt.index}: ${prompt.prompt}`);
    }
  }
}

function painter(folder: string) {
  const { steps, guidanceScale, scheduler } = modelDefaults(folder);
  const runtime = createRuntime();
  const pipeline = loadPipeline(openCheckpoint(folder), runtime);
  const settings = { steps, guidanceScale, scheduler: scheduler as 'dpm++' | undefined };
  return {
    paint: async ({ prompt, index }: EvidencePrompt) => {
      const [{ image }] = await textToImage(pipeline, { prompt, seed: index, ...settings });
      return image;
    },
    close: () => runtime.close(),
  };
}

/** Time and memory are those of this process, so the part is best run alone; only a run that makes all of them counts. */
async function pictures({ prompts }: Context): Promise<void> {
  const { paint, close } = painter(modelFolder(values.model));
  const made = { count: 0, began: performance.now(), cpu: process.cpuUsage() };
  await each(prompts, ['pictures'], async (prompt) => {
    made.count++;
    return encodePng(await paint(prompt));
  });
  await close();
  if (made.count < prompts.length) return;
  const { user, system } = process.cpuUsage(made.cpu);
  const record: GenerationRecord = {
    pictures: made.count,
    seconds: (performance.now() - made.began) / 1000,
    cpuSeconds: (user + system) / 1e6,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
  };
  writeFileSync(join(out, 'generation.json'), JSON.stringify(record));
}

/** The same seeds through the same model stored otherwise. */
async function storage({ prompts }: Context): Promise<void> {
  if (!values.compare) {
    const hint = 'give the folder of the same weights in float16 with --compare';
    throw new ContrappostoError('usage', { operation: 'storage', expected: 'another model', got: 'none', hint });
  }
  const { paint, close } = painter(values.compare);
  const ratios: number[] = [];
  for (const prompt of prompts.slice(0, STORAGE_PICTURES)) {
    const [a, b] = [await paint(prompt), await readImage(pathOf(out, 'pictures', prompt.index))];
    const square = a.data.reduce((sum, v, i) => sum + (v - b.data[i]) ** 2, 0) / a.data.length;
    ratios.push(10 * Math.log10(255 ** 2 / Math.max(square, 1e-6)));
    note(`storage ${prompt.index}: ${ratios[ratios.length - 1].toFixed(1)} dB`);
  }
  await close();
  const psnr = ratios.reduce((a, b) => a + b, 0) / ratios.length;
  writeFileSync(join(out, 'storage.json'), JSON.stringify({ pictures: ratios.length, psnr }));
}

/** Pictures of prompts spread over the list, with no choice among them. */
async function sheet(prompts: readonly EvidencePrompt[], path: string): Promise<void> {
  const { columns, rows, tilePx } = SHEET;
  const made = prompts.filter((prompt) => existsSync(pathOf(out, 'pictures', prompt.index)));
  const stride = Math.max(1, Math.floor(made.length / (columns * rows)));
  const chosen = made.filter((_, i) => i % stride === 0).slice(0, columns * rows);
  const tiles = await Promise.all(
    chosen.map(async (prompt, i) => ({
      input: await sharp(pathOf(out, 'pictures', prompt.index))
        .resize(tilePx)
        .toBuffer(),
      left: (i % columns) * tilePx,
      top: Math.floor(i / columns) * tilePx,
    })),
  );
  if (tiles.length === 0) return;
  const height = Math.ceil(tiles.length / columns) * tilePx;
  await sharp({ create: { width: columns * tilePx, height, channels: 3, background: '#ffffff' } })
    .composite(tiles)
    .jpeg({ quality: 82 })
    .toFile(path);
}

async function report({ prompts }: Context): Promise<void> {
  const summary = summarise(out, prompts);
  const pack = values.pack ? ' --pack people.pack' : '';
  const count = values.count ? ` --count ${values.count}` : '';
  const command = `npx tsx bench/mini-evidence.ts${pack}${count}${values.model === 'mini' ? '' : ' --model MODEL'}`;
  const { title = values.model } = values;
  const [, otherTitle, folder] = /^(.+)=(.+)$/.exec(values.against ?? '') ?? [];
  const other = folder ? { title: otherTitle, summary: summarise(folder, prompts) } : undefined;
  const images = join(values.page, '..', 'images');
  mkdirSync(images, { recursive: true });
  writeFileSync(values.page, markdown(summary, { title, command, prompts: prompts.length, other }));
  writeFileSync(values.page.replace(/\.md$/, '.json'), `${JSON.stringify(summary, null, 2)}\n`);
  await sheet(prompts, join(images, 'mini-evidence.jpg'));
  console.log(JSON.stringify(summary));
}

/** Runs a part whose weights may not be embedded in this copy. */
async function ifThere(name: 'judge' | 'scorer', part: () => Promise<unknown>): Promise<void> {
  try {
    await part();
  } catch (error) {
    if (values[name] || !(error instanceof ContrappostoError && error.code === 'not-found')) throw error;
    note(`${name} left out: ${error.message}`);
  }
}

const parts = values.part.split(',');
if (parts.includes('prompts')) note(`${freezePrompts(values.pack).length} prompts frozen`);
const context: Context = { out, prompts: chosenPrompts(), note };
const RUN: Record<string, () => Promise<unknown>> = {
  prompts: async () => undefined,
  renders: () => renders(context),
  pictures: () => pictures(context),
  detectors: () => measureDetectors(context),
  judge: () => ifThere('judge', () => measureJudge(context, values.judge)),
  scorer: () => ifThere('scorer', () => measureScorer(context, { folder: values.scorer, all: readPrompts() })),
  features: () => measureFeatures(context),
  reconstruction: () =>
    measureReconstruction(context, {
      model: modelFolder(values.model),
      renderer: evidenceRenderer(values.pack),
    }),
  storage: () => storage(context),
  report: () => report(context),
};
for (const part of parts) {
  if (!RUN[part]) {
    const expected = `parts of ${Object.keys(RUN).join(', ')}`;
    throw new ContrappostoError('usage', { operation: 'mini-evidence', expected, got: `"${part}"` });
  }
  await RUN[part]();
}
