// The two forms of a data set on disk: a folder of PNG files with one JSON record a line, and raw shards for training.
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ContrappostoError } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import { encodeGrey16Png } from '../../core/png-grey.js';
import { regionClasses } from './annotations.js';
import type { RenderedScene } from './render-scene.js';
import type { PictureSize } from './types.js';
import type { Block } from './workers.js';

export interface BlockWriterOptions {
  out: string;
  size: PictureSize;
  render: (seed: number) => RenderedScene;
  /** Scenes come with their depth, which shards then hold too. */
  depth?: boolean;
  onPictures: (count: number) => void;
}

/** Pictures between two reports of progress, and between two writes to a shard. */
const BATCH = 32;

/** Creates the folders of a data set. Throws `io` when that is not possible. */
export function prepareFolders(out: string, format: 'folder' | 'shards'): void {
  try {
    mkdirSync(out, { recursive: true });
    if (format === 'shards') return;
    for (const name of ['images', 'person-free', 'object-free', 'regions', 'depth'])
      mkdirSync(join(out, name), { recursive: true });
  } catch (cause) {
    throw new ContrappostoError('io', {
      operation: `create folder "${out}"`,
      got: cause instanceof Error ? cause.message : String(cause),
      hint: 'choose a folder that can be written with --out',
      cause,
    });
  }
}

/**
 * Writes `shard-<start>.image.u8` [N, height, width, 3], `shard-<start>.region.u8` [N, height, width] (0 background, 1 object,
 * 2 person, 3 face or hand), `shard-<start>.depth.i32` [N, height, width] (millimetres along the viewing axis, 0 beyond
 * 65.5 m; 32 bits, which the trainer reads) where the scenes come with their depth, and `shard-<start>.jsonl`; each appears under its name only when it is complete.
 */
export async function writeShard(block: Block, options: BlockWriterOptions): Promise<string> {
  const { out, size, render, onPictures } = options;
  const pixels = size.widthPx * size.heightPx;
  const images = new Uint8Array(BATCH * pixels * 3);
  const classes = new Uint8Array(BATCH * pixels);
  const depths = new Int32Array(options.depth ? BATCH * pixels : 0);
  const names = ['image.u8', 'region.u8', ...(options.depth ? ['depth.i32'] : [])];
  const paths = names.map((name) => join(out, `shard-${block.start}.${name}`));
  const files = paths.map((path) => openSync(`${path}.part`, 'w'));
  const lines: string[] = [];
  let complete = false;
  try {
    for (let first = 0; first < block.count; first += BATCH) {
      const count = Math.min(BATCH, block.count - first);
      for (let i = 0; i < count; i++) {
        const scene = render(block.start + first + i);
        images.set(scene.picture, i * pixels * 3);
        regionClasses(scene.labels, classes.subarray(i * pixels, (i + 1) * pixels));
        if (options.depth && scene.depth) depths.set(scene.depth, i * pixels);
        lines.push(JSON.stringify(scene.record));
      }
      writeSync(files[0], images, 0, count * pixels * 3);
      writeSync(files[1], classes, 0, count * pixels);
      if (options.depth) writeSync(files[2], new Uint8Array(depths.buffer), 0, 4 * count * pixels);
      onPictures(count);
      // Lets an interrupt in between two batches.
      await new Promise((resolve) => setImmediate(resolve));
    }
    complete = true;
  } finally {
    for (const file of files) closeSync(file);
    for (const path of paths) {
      if (complete) renameSync(`${path}.part`, path);
      else rmSync(`${path}.part`, { force: true });
    }
  }
  const text = `${lines.join('\n')}\n`;
  await writeFileAtomic(join(out, `shard-${block.start}.jsonl`), text);
  return '';
}

/** Names of a picture's files inside the data set folder. */
export function fileNames(seed: number) {
  const name = `${String(seed).padStart(8, '0')}.png`;
  return {
    image: `images/${name}`,
    personFree: `person-free/${name}`,
    objectFree: `object-free/${name}`,
    regions: `regions/${name}`,
    depth: `depth/${name}`,
  };
}

/**
 * Writes the PNG files of a block and returns its records. Labels are stored as grey values, see `label` in the record;
 * depth as 16-bit grey in millimetres along the viewing axis, 0 where nothing is nearer than 65.5 m.
 */
export async function writeFolderBlock(block: Block, options: BlockWriterOptions): Promise<string> {
  const { out, size, render, onPictures } = options;
  // Loaded here so that the shards format works where no picture library is installed.
  const { encodePng } = await import('../../core/image.js');
  const lines: string[] = [];
  for (let i = 0; i < block.count; i++) {
    const seed = block.start + i;
    const scene = render(seed);
    const files = fileNames(seed);
    const save = async (name: string, data: Uint8Array) =>
      writeFileAtomic(join(out, name), await encodePng({ ...size, data }));
    await save(files.image, scene.picture);
    if (scene.personFree) await save(files.personFree, scene.personFree);
    if (scene.objectFree) await save(files.objectFree, scene.objectFree);
    if (scene.depth) await writeFileAtomic(join(out, files.depth), encodeGrey16Png(scene.depth, size));
    await save(files.regions, grey(scene.labels));
    const names = {
      file: files.image,
      person_free: scene.personFree ? files.personFree : null,
      object_free: scene.objectFree ? files.objectFree : null,
      regions: files.regions,
      depth: scene.depth ? files.depth : null,
    };
    lines.push(`${JSON.stringify({ ...names, ...scene.record })}\n`);
    if ((i + 1) % BATCH === 0 || i + 1 === block.count) onPictures((i % BATCH) + 1);
  }
  return lines.join('');
}

function grey(values: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(values.length * 3);
  for (let i = 0; i < values.length; i++) rgb.fill(values[i], 3 * i, 3 * i + 3);
  return rgb;
}
