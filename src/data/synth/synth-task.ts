// The work of one thread: open the body, render the seeds of a block, and write them in the wanted format.
import { readFileSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { ContrappostoError } from '../../core/errors.js';
import { openPack } from './makehuman/open-pack.js';
import { mannequinCast } from './mannequin.js';
import { type Cast, renderScene, SceneRenderer } from './render-scene.js';
import type { KindMix } from './scenes/kinds.js';
import type { TripletSet } from './scenes/triplets.js';
import type { PictureSize } from './types.js';
import { type Block, type BlockResult, STOP, type WorkerMessage } from './workers.js';
import { writeFolderBlock, writeShard } from './write-dataset.js';

export type DatasetFormat = 'folder' | 'shards';

/** Everything besides the seed that a picture depends on, and where it goes. Plain data: it crosses to the threads. */
export interface RenderSettings {
  size: PictureSize;
  kinds: KindMix;
  triplets: TripletSet;
  /** Path of a pack of baked characters; absent: the mannequin. */
  packPath?: string;
  /** Names of scenes to draw from; absent: all. */
  scenes?: string[];
  out: string;
  format: DatasetFormat;
  /** Depth also in shards. */
  depth?: boolean;
}

/** Pixels that the surfaces of a person seen from head to thighs may be off in exchange for fewer triangles. */
const TOLERANCE_PX = 0.45;
/** Units (10 cm) that a picture of half a figure shows from top to bottom. */
const HALF_FIGURE = 10.5;

/** The people that a dataset is drawn from, in as many triangles as pictures of `size` can show; absent: in all. */
export function openCast(packPath: string | undefined, size?: PictureSize | number): Cast {
  if (packPath === undefined) return mannequinCast();
  const sidePx = typeof size === 'object' ? Math.max(size.widthPx, size.heightPx) : size;
  return openPack(readFileSync(packPath), { tolerance: sidePx ? (TOLERANCE_PX * HALF_FIGURE) / sidePx : 0 });
}

/** Renders and writes one block; `onPictures` is called now and then with the number rendered since the last call. */
export async function renderBlock(
  block: Block,
  options: {
    settings: RenderSettings;
    renderer: SceneRenderer;
    onPictures: (count: number) => void;
    /** Shared with the pool; no picture is begun once it holds 1. */
    stopping: Int32Array;
  },
): Promise<BlockResult> {
  const { settings, renderer, onPictures, stopping } = options;
  const full = settings.format === 'folder';
  const render = (seed: number) => {
    if (Atomics.load(stopping, 0)) throw new ContrappostoError('aborted', { operation: 'render', got: 'an interrupt' });
    return renderScene(seed, {
      renderer,
      kinds: settings.kinds,
      scenes: settings.scenes,
      triplets: settings.triplets,
      personFree: full,
      objectFree: full,
      depth: full || settings.depth,
      detailed: full,
    });
  };
  const write = full ? writeFolderBlock : writeShard;
  return {
    index: block.index,
    lines: await write(block, { out: settings.out, size: settings.size, depth: settings.depth, render, onPictures }),
  };
}

/** In a worker thread: renders the blocks that the pool sends, one after the other. */
export function serveBlocks(): void {
  const port = parentPort;
  if (!port) return;
  const { synth: settings, stopping } = workerData as { synth: RenderSettings; stopping: Int32Array };
  const post = (message: WorkerMessage) => port.postMessage(message);
  const fail = (error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    post({ type: 'failed', code: 'runtime', message });
  };
  let renderer: SceneRenderer;
  const onPictures = (pictures: number) => post({ type: 'progress', pictures });
  port.on('message', (block: Block | typeof STOP) => {
    if (block === STOP) return port.close();
    renderBlock(block, { settings, renderer, onPictures, stopping })
      .then((result) => post({ type: 'done', result }))
      .catch(fail);
  });
  try {
    renderer = new SceneRenderer({ size: settings.size, cast: openCast(settings.packPath, settings.size) });
    post({ type: 'ready' });
  } catch (error) {
    fail(error);
  }
}
