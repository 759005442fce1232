// What the layout model learns from, as columns for the trainer: V-COCO's pairs, and rendered scenes for what keypoints tell.
import { createReadStream, existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { LAYOUT_OBJECTS, LAYOUT_VERBS, layoutVerb, verbOfVCoco } from '../../agents/layout-words.js';
import { ContrappostoError, throwIfAborted } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import { readVCoco, type VCocoPair } from '../../data/readers/v-coco.js';
import { MEDIAPIPE_NAMES } from '../../pose/formats.js';
import { areaOf, type Box } from '../../pose/person.js';
import { inferredCanvas } from './canvas.js';

/** A pair of person and object. Boxes and points are shares of the picture's sides. */
export interface LayoutRow {
  person: Box;
  object: Box;
  /** Width over height. */
  aspect: number;
  /** Rows of the model's tables. */
  verbId: number;
  objectId: number;
  /** x, y and 1 where known, of each of MediaPipe's points. */
  keypoints: readonly number[];
}

/** The annotations that must lie in the data folder. */
export const V_COCO_FILE = 'instances_vcoco_trainval.json';
/** One picture in so many is held out. */
const HELD_OUT_SHARE = 6;
const NO_KEYPOINTS: readonly number[] = new Array(3 * MEDIAPIPE_NAMES.length).fill(0);

/** A word's row in the model's table; 0 for a word that it does not know. */
export function tableRow(words: readonly string[], word: string | undefined): number {
  return word === undefined ? 0 : words.indexOf(word) + 1;
}

/** V-COCO's pairs with their pictures' inferred sizes, in the file's order. */
export function vCocoRows(pairs: readonly VCocoPair[]): (LayoutRow & { pictureId: number })[] {
  const pictures = new Map<number, VCocoPair[]>();
  for (const pair of pairs) pictures.set(pair.pictureId, [...(pictures.get(pair.pictureId) ?? []), pair]);
  return [...pictures].flatMap(([pictureId, found]) => {
    const canvas = inferredCanvas(found.flatMap((pair) => [pair.humanBox, pair.objectBox]));
    return found.map((pair) => ({
      pictureId,
      person: shares(pair.humanBox, canvas),
      object: shares(pair.objectBox, canvas),
      aspect: canvas.widthPx / canvas.heightPx,
      verbId: tableRow(LAYOUT_VERBS, verbOfVCoco(pair.verb, pair.role)),
      objectId: tableRow(LAYOUT_OBJECTS, pair.object),
      keypoints: NO_KEYPOINTS,
    }));
  });
}

/** A box as shares of the picture's sides, cut at its edges. */
export function shares(box: Box, { widthPx, heightPx }: { widthPx: number; heightPx: number }): Box {
  const share = (v: number, side: number) => Math.min(1, Math.max(0, v / side));
  return [share(box[0], widthPx), share(box[1], heightPx), share(box[2], widthPx), share(box[3], heightPx)];
}

const boxSchema = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const sceneSchema = z.looseObject({
  width: z.number().positive(),
  height: z.number().positive(),
  triplet: z.looseObject({ verb: z.string(), object: z.string().nullable() }),
  person: z.looseObject({ box: boxSchema.nullable() }),
  objects: z.array(z.looseObject({ category: z.string(), role: z.string(), box: boxSchema.nullable() })),
  mediapipe_keypoints: z.array(z.number()).length(NO_KEYPOINTS.length),
});
type Scene = z.infer<typeof sceneSchema>;

/** The target of a rendered scene; undefined when the person uses nothing, or one of both is not seen. */
function sceneRow(scene: Scene): LayoutRow | undefined {
  const { verb, object } = scene.triplet;
  const known = object === null ? undefined : layoutVerb(verb, { object });
  const target = scene.objects.find((o) => o.role === 'target' && o.category === object);
  const [person, box] = [scene.person.box, target?.box];
  if (!known || object === null || !person || !box || areaOf(person) === 0 || areaOf(box) === 0) return undefined;
  const canvas = { widthPx: scene.width, heightPx: scene.height };
  return {
    person: shares(person, canvas),
    object: shares(box, canvas),
    aspect: scene.width / scene.height,
    verbId: tableRow(LAYOUT_VERBS, known),
    objectId: tableRow(LAYOUT_OBJECTS, object),
    keypoints: scene.mediapipe_keypoints.map((v, i) => [v / scene.width, v / scene.height, Number(v > 0)][i % 3]),
  };
}

async function sceneRows(directory: string, signal?: AbortSignal): Promise<LayoutRow[]> {
  const rows: LayoutRow[] = [];
  const files = (await readdir(directory)).filter((name) => /^shard-.*\.jsonl$/.test(name)).sort();
  for (const file of files) {
    throwIfAborted(signal, 'read scenes');
    const path = join(directory, file);
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
      const row = sceneRow(parseScene(line, path));
      if (row) rows.push(row);
    }
  }
  return rows;
}

function parseScene(line: string, path: string): Scene {
  try {
    return sceneSchema.parse(JSON.parse(line));
  } catch (cause) {
    throw new ContrappostoError('corrupt-file', { operation: `read "${path}"`, got: line.slice(0, 80), cause });
  }
}

/**
 * Writes `shard-layout.layout_*` into a folder that holds V-COCO's annotations and, if wanted, the records of rendered
 * scenes (`shard-*.jsonl`). Rows of one V-COCO picture in six come first, to be held out.
 * @throws `not-found` without the annotations, `corrupt-file` for damaged records
 */
export async function writeLayoutRows(
  directory: string,
  options: { signal?: AbortSignal } = {},
): Promise<{ heldOut: number; training: LayoutRow[] }> {
  const { heldOut, training } = await readLayoutRows(directory, options);
  await writeColumns(directory, [...heldOut, ...training]);
  return { heldOut: heldOut.length, training };
}

/** How many rows a data folder gives, held-out ones included. Throws like `writeLayoutRows`. */
export async function countLayoutRows(directory: string): Promise<number> {
  const { heldOut, training } = await readLayoutRows(directory, {});
  return heldOut.length + training.length;
}

async function readLayoutRows(directory: string, { signal }: { signal?: AbortSignal }) {
  const path = join(directory, V_COCO_FILE);
  if (!existsSync(path)) {
    throw new ContrappostoError('not-found', {
      operation: `read "${directory}"`,
      expected: V_COCO_FILE,
      got: 'no such file',
      hint: 'copy V-COCO’s annotation of pairs there; records of `contrapposto synth --format shards` may lie beside it',
    });
  }
  const photographs = vCocoRows(readVCoco(path).pairs);
  const heldOut: LayoutRow[] = photographs.filter((row) => row.pictureId % HELD_OUT_SHARE === 0);
  const learned = photographs.filter((row) => row.pictureId % HELD_OUT_SHARE !== 0);
  return { heldOut, training: [...learned, ...(await sceneRows(directory, signal))] };
}

async function writeColumns(directory: string, rows: readonly LayoutRow[]): Promise<void> {
  const floats = (of: (row: LayoutRow) => readonly number[]) => Float32Array.from(rows.flatMap(of));
  const ids = (of: (row: LayoutRow) => number) => Int32Array.from(rows, of);
  const columns = {
    'layout_person.f32': floats((row) => row.person),
    'layout_box.f32': floats((row) => row.object),
    'layout_aspect.f32': floats((row) => [row.aspect]),
    'layout_keypoints.f32': floats((row) => row.keypoints),
    'layout_verb.i32': ids((row) => row.verbId),
    'layout_object.i32': ids((row) => row.objectId),
  };
  for (const [name, values] of Object.entries(columns)) {
    await writeFileAtomic(join(directory, `shard-layout.${name}`), new Uint8Array(values.buffer));
  }
}
