// What `contrapposto synth` does: check the options, find or bake the people, render in threads, write the data set.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ContrappostoError, throwIfAborted } from '../../core/errors.js';
import { checkWritable, writeFileAtomic } from '../../core/files.js';
import type { OnProgress } from '../../core/progress.js';
import { contactSheet } from './contact-sheet.js';
import { MAGIC } from './makehuman/pack.js';
import { renderScene, SceneRenderer } from './render-scene.js';
import { type KindMix, parseKinds, scenePools, usualSize } from './scenes/kinds.js';
import { TRIPLET_SETS, type TripletSet } from './scenes/triplets.js';
import { type DatasetFormat, openCast, type RenderSettings } from './synth-task.js';
import type { PictureSize } from './types.js';
import { type Block, renderBlocks } from './workers.js';
import { prepareFolders } from './write-dataset.js';

export interface SynthOptions {
  /** A kind of scene, `all`, or several with weights: `interaction:6,gesture:2`. */
  kind: string;
  /** Number of pictures; their seeds are `start`, `start + 1`, ... */
  count: number;
  start?: number;
  out: string;
  /** Width and height or the side of square pictures, 64 to 1024 each; default: what is usual for the kind. */
  size?: PictureSize | number;
  /** Threads; default: one a core. */
  workers?: number;
  /** Default: `makehuman` when assets or a pack are given, else `mannequin`. */
  body?: 'makehuman' | 'mannequin';
  /**
   * Folder of MakeHuman assets, from which a pack is baked (and kept in the temporary folder). Default:
   * `assets/makehuman` in the folder that `CONTRAPPOSTO_SHARED` names, if it is there.
   */
  assets?: string;
  /** A baked pack. */
  pack?: string;
  /** `folder`: PNG files and `annotations.jsonl`; `shards`: raw arrays for training. Default `folder`. */
  format?: DatasetFormat;
  /** Depth also in shards; the `folder` format has it always. */
  depth?: boolean;
  /** Pictures a shard; default 1000. */
  shardSize?: number;
  /** Path of a PNG contact sheet of the first pictures with their skeletons. */
  sheet?: string;
  /** Pictures on the sheet; default 48. */
  sheetCount?: number;
  /** Words that select scenes: names, HICO-DET verbs or COCO objects. */
  scenes?: readonly string[];
  /** Combinations of verb and object to show; default `training`, which leaves out `HELD_OUT_TRIPLETS`. */
  triplets?: TripletSet;
  /** Module that runs in the threads, see `workers.ts`. */
  workerModule?: URL;
}

export interface SynthReport {
  kind: string;
  width: number;
  height: number;
  count: number;
  start: number;
  out: string;
  format: DatasetFormat;
  body: string;
  sheet: string | null;
  elapsedMs: number;
  picturesPerSecond: number;
}

/** People baked from assets. */
const PEOPLE = 96;
/** Counts the changes of what is baked that `MAGIC` does not tell: kept packs are then baked anew. */
const BAKE_VERSION = 2;
/** Pictures a thread renders before it asks for more, in the `folder` format. */
const FOLDER_BLOCK = 32;

/**
 * Renders a data set. The files depend on the options only, not on the number of workers.
 * @throws `usage`, `not-found`, `io`, `aborted`
 */
export async function runSynth(
  options: SynthOptions,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: OnProgress } = {},
): Promise<SynthReport> {
  const { kind, count, start = 0, out, format = 'folder' } = options;
  const kinds = parseKinds(kind);
  const { triplets = 'training' } = options;
  const size = sizeOf(options.size, kinds);
  checkOptions({ ...options, triplets }, { kinds, size });
  const packPath = await findPack(options, { signal, onProgress });
  const settings: RenderSettings = {
    size,
    kinds,
    triplets,
    packPath,
    scenes: options.scenes?.slice(),
    out: resolve(out),
    format,
    depth: options.depth,
  };
  prepareFolders(settings.out, format);
  const began = performance.now();
  let rendered = 0;
  const annotations: string[] = [];
  await renderBlocks(blocksOf(count, start, format === 'shards' ? (options.shardSize ?? 1000) : FOLDER_BLOCK), {
    settings,
    workers: options.workers ?? availableParallelism(),
    workerModule: options.workerModule,
    signal,
    onPictures: (pictures) => {
      rendered += pictures;
      onProgress?.({ type: 'step', stage: 'render', step: rendered, steps: count });
    },
    onBlock: ({ lines }) => {
      annotations.push(lines);
    },
  });
  if (format === 'folder') await writeFileAtomic(join(settings.out, 'annotations.jsonl'), annotations.join(''));
  const elapsedMs = performance.now() - began;
  if (options.sheet) await writeSheet(options.sheet, { ...options, triplets, kinds, size, packPath, start, signal });
  onProgress?.({ type: 'done', stage: 'render', elapsedMs });
  const body = packPath ? 'makehuman' : 'mannequin';
  const picturesPerSecond = Math.round((count / elapsedMs) * 10_000) / 10;
  const { widthPx: width, heightPx: height } = size;
  const sheet = options.sheet ?? null;
  return { kind, width, height, count, start, out, format, body, sheet, elapsedMs, picturesPerSecond };
}

function sizeOf(size: SynthOptions['size'], kinds: KindMix): PictureSize {
  return typeof size === 'number' ? { widthPx: size, heightPx: size } : (size ?? usualSize(kinds));
}

function checkOptions(options: SynthOptions, { kinds, size }: { kinds: KindMix; size: PictureSize }): void {
  const operation = 'synth';
  const { count, start = 0, workers = 1, shardSize = 1, scenes = [], triplets = 'training' } = options;
  const bad = (expected: string, got: unknown) =>
    new ContrappostoError('usage', { operation, expected, got: String(got) });
  if (!(Number.isSafeInteger(count) && count > 0)) throw bad('a positive count', count);
  if (!(Number.isSafeInteger(start) && start >= 0)) throw bad('a start seed of at least 0', start);
  for (const px of [size.widthPx, size.heightPx])
    if (!(Number.isInteger(px) && px >= 64 && px <= 1024)) throw bad('a size from 64 to 1024 pixels', px);
  if (!(Number.isInteger(workers) && workers > 0)) throw bad('at least one worker', workers);
  if (!(Number.isInteger(shardSize) && shardSize > 0)) throw bad('at least one picture a shard', shardSize);
  if (!TRIPLET_SETS.includes(triplets)) throw bad(`triplets of ${TRIPLET_SETS.join(', ')}`, triplets);
  scenePools({ kinds, words: scenes, triplets });
  if (options.body === 'makehuman' && !options.pack && !options.assets && !sharedAssets()) {
    throw new ContrappostoError('usage', {
      operation,
      expected: 'assets for the makehuman body',
      hint: 'give the folder with --assets, or use --body mannequin',
    });
  }
}

/** The assets in the optional folder of reference data that `CONTRAPPOSTO_SHARED` names. */
function sharedAssets(): string | undefined {
  const shared = process.env['CONTRAPPOSTO_SHARED'];
  const folder = shared && join(shared, 'assets', 'makehuman');
  return folder && existsSync(folder) ? folder : undefined;
}

function blocksOf(count: number, start: number, size: number): Block[] {
  return Array.from({ length: Math.ceil(count / size) }, (_, index) => ({
    index,
    start: start + index * size,
    count: Math.min(size, count - index * size),
  }));
}

/** Path of the pack to use, baked first where only assets are given; undefined for the mannequin. */
async function findPack(
  options: SynthOptions,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: OnProgress },
): Promise<string | undefined> {
  const { body, pack } = options;
  const assets = options.assets ?? sharedAssets();
  if (body === 'mannequin' || (!pack && !assets)) return undefined;
  if (pack) {
    if (!existsSync(pack))
      throw new ContrappostoError('not-found', { operation: 'synth', expected: 'a pack', got: pack });
    return resolve(pack);
  }
  return keptPack(resolve(assets as string), { signal, onProgress });
}

/** The pack of these assets in the temporary folder; baked where it is not there yet. */
async function keptPack(
  folder: string,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: OnProgress },
): Promise<string> {
  const manifest = await readFile(join(folder, 'manifest.json')).catch((cause) => {
    throw new ContrappostoError('not-found', {
      operation: 'synth',
      expected: `manifest.json in the assets folder "${folder}"`,
      hint: 'give a folder laid out as the makehuman assets with --assets',
      cause,
    });
  });
  throwIfAborted(signal, 'synth');
  // The manifest names every part, so its digest tells one set of assets from another; a pack of another format must
  // not be taken for this one's. The file is written in one step: an interrupt leaves none rather than half of one.
  const digest = createHash('sha256')
    .update(manifest)
    .update(`${folder} ${PEOPLE} ${MAGIC} ${BAKE_VERSION}`)
    .digest('hex')
    .slice(0, 16);
  const kept = join(tmpdir(), 'contrapposto', `people-${digest}.pack`);
  if (existsSync(kept)) return kept;
  onProgress?.({ type: 'stage', stage: 'bake', detail: folder });
  // Baking decodes pictures; the module is loaded only when it is needed.
  const { bakeCharacters } = await import('./makehuman/bake.js');
  const bytes = await bakeCharacters(folder, { count: PEOPLE, seed: 1, signal, onProgress });
  await mkdir(join(tmpdir(), 'contrapposto'), { recursive: true });
  await writeFileAtomic(kept, bytes);
  return kept;
}

/**
 * Bakes the people of a MakeHuman folder into one file, to be given as `pack`: elsewhere, or without the assets.
 *
 * @param options.assets as of `runSynth`
 * @throws `usage` without assets, `not-found`, `io`, `aborted`
 */
export async function bakePack(
  out: string,
  options: { assets?: string; signal?: AbortSignal; onProgress?: OnProgress } = {},
): Promise<{ out: string; people: number; bytes: number }> {
  const assets = options.assets ?? sharedAssets();
  if (!assets) {
    const hint = 'give the folder of makehuman assets with --assets';
    throw new ContrappostoError('usage', { operation: 'synth --bake', expected: 'assets', got: 'none', hint });
  }
  await checkWritable(out);
  const bytes = await readFile(await keptPack(resolve(assets), options));
  await writeFileAtomic(out, bytes);
  return { out, people: PEOPLE, bytes: bytes.length };
}

/** Renders the first pictures again and lays them out with their skeletons. */
async function writeSheet(
  path: string,
  options: Pick<SynthOptions, 'count' | 'scenes' | 'sheetCount'> & {
    kinds: KindMix;
    triplets: TripletSet;
    size: PictureSize;
    packPath?: string;
    start: number;
    signal?: AbortSignal;
  },
): Promise<void> {
  const { count, start, size, kinds, scenes, triplets, signal } = options;
  const renderer = new SceneRenderer({ size, cast: openCast(options.packPath, size) });
  const shown: Parameters<typeof contactSheet>[0][number][] = [];
  for (let i = 0; i < Math.min(count, options.sheetCount ?? 48); i++) {
    throwIfAborted(signal, 'synth');
    const { picture, record } = renderScene(start + i, { renderer, kinds, scenes, triplets });
    shown.push({ picture, record });
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { encodePng } = await import('../../core/image.js');
  await writeFileAtomic(path, await encodePng(contactSheet(shown, { columns: 8 })));
}
