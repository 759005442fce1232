// What is measured on the evidence's pictures: detectors trained on photographs, the judge, features, the autoencoder.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodePng, fromTensor, type Image, readImage, toTensor } from '../src/core/image.js';
import { float32 } from '../src/core/tensor.js';
import { regionClasses } from '../src/data/synth/annotations.js';
import type { SceneRenderer } from '../src/data/synth/render-scene.js';
import { mobilenetFeatures } from '../src/evaluate/probes/detectors.js';
import { createRuntime, loadPipeline, openCheckpoint } from '../src/index.js';
import { openClipScorer } from '../src/metrics/clip-scorer.js';
import { openJudge } from '../src/metrics/judge.js';
import { detectObjects } from '../src/pose/detect/centernet.js';
import { Pyramid } from '../src/pose/detect/crop.js';
import { estimatePose } from '../src/pose/detect/movenet.js';
import { Ledger, type Source } from './mini-evidence-ledger.js';
import { detectable, type EvidencePrompt, renderPrompt } from './mini-evidence-prompts.js';

export const MIN_SCORE = 0.3;
const rounded = (v: number) => Number(v.toPrecision(5));

export interface Context {
  out: string;
  prompts: readonly EvidencePrompt[];
  note: (text: string) => void;
}

export interface Detected {
  /** MoveNet's points over 0.3, of 17. */
  points: number;
  /** CenterNet's best score for the named object; absent where it has no such class. */
  object?: number;
  person: number;
}

export interface Judged {
  /** Number of the prompt's triplet among the judge's; -1 when it does not know it. */
  own: number;
  /** Probability of each triplet that the judge knows. */
  scores: number[];
  features: number[];
}

export const pathOf = (out: string, source: Source, index: number) =>
  join(out, source, `${String(index).padStart(3, '0')}.png`);

/** Measures every picture that is there and was not measured before. */
async function measure<T>(
  context: Context,
  { name, sources = ['pictures', 'renders', 'others'] }: { name: string; sources?: readonly Source[] },
  value: (image: Image, prompt: EvidencePrompt) => Promise<T>,
): Promise<Ledger<T>> {
  const ledger = new Ledger<T>(join(context.out, `${name}.jsonl`));
  for (const source of sources) {
    for (const prompt of context.prompts) {
      const path = pathOf(context.out, source, prompt.index);
      if (ledger.has(source, prompt.index) || !existsSync(path)) continue;
      ledger.add(source, prompt.index, await value(await readImage(path), prompt));
      context.note(`${name}: ${source} ${prompt.index}`);
    }
  }
  return ledger;
}

/** One person fills the picture, so the pose network is given all of it. */
export function measureDetectors(context: Context): Promise<Ledger<Detected>> {
  return measure(
    context,
    { name: 'detectors', sources: ['pictures', 'renders', 'reconstructed'] },
    async (image, prompt) => {
      const picture = new Pyramid(image);
      const { points } = await estimatePose(picture, [0, 0, image.widthPx, image.heightPx]);
      const objects = await detectObjects(picture, { minScore: 0.05 });
      const best = (label: string) => Math.max(0, ...objects.filter((o) => o.label === label).map((o) => o.score));
      const label = detectable(prompt);
      return {
        points: points.filter((p) => p.score > MIN_SCORE).length,
        person: best('person'),
        ...(label ? { object: best(label) } : {}),
      };
    },
  );
}

/** The judge's view; `folder` is where its weights are (default: the embedded ones). */
export async function measureJudge(context: Context, folder: string | undefined): Promise<Ledger<Judged>> {
  const runtime = createRuntime();
  const judge = openJudge(runtime, { folder });
  const ledger = await measure<Judged>(context, { name: 'judge' }, async (image, { verb, object }) => {
    const found = await judge.judgeInteraction(image);
    const own = judge.triplets.findIndex((triplet) => triplet.verb === verb && triplet.object === object);
    const scores = judge.triplets.map((triplet) => found.find((f) => f.triplet === triplet)!.score);
    return { own, scores: scores.map(rounded), features: Array.from(await judge.judgeFeatures(image), rounded) };
  });
  await runtime.close();
  return ledger;
}

/** Texts that a picture's own prompt is ranked among. */
export const TEXTS = 20;

/**
 * Place of a picture's own prompt among texts, 0 the first, by the scorer of texts and pictures; the others are prompts
 * spread over the whole list. `folder` is where its weights are (default: the embedded ones).
 */
export async function measureScorer(
  context: Context,
  options: { folder?: string; all: readonly EvidencePrompt[] },
): Promise<Ledger<number>> {
  const runtime = createRuntime();
  const { all, folder } = options;
  const scorer = openClipScorer(runtime, { folder });
  const ledger = await measure(context, { name: 'scorer', sources: ['pictures', 'renders'] }, async (image, prompt) => {
    const stride = Math.floor(all.length / TEXTS);
    const texts = Array.from({ length: TEXTS }, (_, k) => all[(prompt.index + k * stride) % all.length].prompt);
    const ranked = await scorer.rankTexts(image, [...new Set(texts)]);
    return ranked.findIndex(({ text }) => text === prompt.prompt);
  });
  await runtime.close();
  return ledger;
}

/** Pooled features of a network trained on photographs. */
export function measureFeatures(context: Context): Promise<Ledger<number[]>> {
  return measure(context, { name: 'features' }, mobilenetFeatures);
}

export interface Reconstructed {
  /** Mean square errors of values in [0, 1]. */
  whole: number;
  /** Of faces and hands; null where none is seen. */
  fine: number | null;
}

/** What the autoencoder keeps of the prompts' renders; the pictures it makes of them stay in the folder. */
export async function measureReconstruction(
  context: Context,
  options: { model: string; renderer: SceneRenderer },
): Promise<Ledger<Reconstructed>> {
  const ledger = new Ledger<Reconstructed>(join(context.out, 'reconstruction.jsonl'));
  mkdirSync(join(context.out, 'reconstructed'), { recursive: true });
  const runtime = createRuntime();
  const pipeline = loadPipeline(openCheckpoint(options.model), runtime);
  for (const prompt of context.prompts) {
    const path = pathOf(context.out, 'reconstructed', prompt.index);
    if (ledger.has('renders', prompt.index) && existsSync(path)) continue;
    const { picture, labels, record } = renderPrompt(prompt, options.renderer);
    const { width: widthPx, height: heightPx } = record;
    const before = toTensor({ widthPx, heightPx, data: picture });
    const latents = await pipeline.encode(float32(before, [1, 3, heightPx, widthPx]));
    const after = (await pipeline.decode(latents)).data as Float32Array;
    writeFileSync(path, await encodePng(fromTensor(after, { widthPx, heightPx })));
    const classes = new Uint8Array(labels.length);
    regionClasses(labels, classes);
    ledger.add('renders', prompt.index, squareErrors(before, after, classes));
    context.note(`reconstruction: ${prompt.index}`);
  }
  await runtime.close();
  return ledger;
}

function squareErrors(before: Float32Array, after: Float32Array, classes: Uint8Array): Reconstructed {
  const pixels = classes.length;
  let [whole, fine, finePixels] = [0, 0, 0];
  for (let i = 0; i < pixels; i++) {
    let square = 0;
    for (let c = 0; c < 3; c++) {
      const v = Math.min(1, Math.max(-1, after[c * pixels + i]));
      square += ((v - before[c * pixels + i]) / 2) ** 2 / 3;
    }
    whole += square / pixels;
    if (classes[i] !== 3) continue;
    fine += square;
    finePixels++;
  }
  return { whole, fine: finePixels > 0 ? fine / finePixels : null };
}
