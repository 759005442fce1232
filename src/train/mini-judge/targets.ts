// What the judge learns from rendered data: the class of each picture's triplet and the judged keypoints, as columns beside the shards.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { ContrappostoError, throwIfAborted } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import type { OnProgress } from '../../core/progress.js';
import type { JudgeConfig } from '../../models/index.js';
import { WHOLEBODY } from '../../pose/formats.js';
import { shardRecords } from '../captions.js';
import { JUDGED_POINTS } from './settings.js';

type Triplet = JudgeConfig['triplets'][number];

const recordSchema = z.object({
  width: z.number(),
  height: z.number(),
  triplet: z.object({ verb: z.string(), object: z.string().nullable() }),
  gestures: z.object({ left: z.string().nullable(), right: z.string().nullable() }).optional(),
  keypoints: z.array(z.number()).length(3 * WHOLEBODY.count),
});

type SceneRecord = z.infer<typeof recordSchema>;

interface Options {
  /** Side in pixels that all pictures must have. */
  pictureSize: number;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

/** A triplet's words as one, e.g. `ride bicycle` or `wave`. */
export function tripletName({ verb, object }: Triplet): string {
  return object === null ? verb : `${verb} ${object}`;
}

/**
 * Writes `shard-*.judge_class.i32` [rows, 1] and `shard-*.judge_keypoints.f32` [rows, K, 3] (x, y in pixels, visibility
 * as in COCO) beside the record files, and returns the classes: every pair of verb and object of the data, sorted.
 * @throws `not-found` without data, `corrupt-file` for a bad record, `invalid-input` for pictures of another size
 */
export async function writeJudgeTargets(
  directory: string,
  options: Options,
): Promise<{ triplets: Triplet[]; rows: number }> {
  const files = await shardRecords(directory);
  const shards: Shard[] = [];
  for (const [i, file] of files.entries()) {
    throwIfAborted(options.signal, 'write targets');
    shards.push(await readShard(file, options.pictureSize));
    options.onProgress?.({ type: 'step', stage: 'targets', step: i + 1, steps: files.length });
  }
  const known = new Map(shards.flatMap((s) => s.triplets).map((t) => [tripletName(t), t]));
  const names = [...known.keys()].sort();
  const index = new Map(names.map((name, i) => [name, i]));
  for (const [i, { triplets, keypoints }] of shards.entries()) {
    const stem = files[i].replace(/\.jsonl$/, '');
    const classes = Int32Array.from(triplets, (t) => index.get(tripletName(t)) as number);
    await writeFileAtomic(`${stem}.judge_class.i32`, new Uint8Array(classes.buffer));
    await writeFileAtomic(`${stem}.judge_keypoints.f32`, new Uint8Array(Float32Array.from(keypoints).buffer));
  }
  const rows = shards.reduce((sum, s) => sum + s.triplets.length, 0);
  return { triplets: names.map((name) => known.get(name) as Triplet), rows };
}

interface Shard {
  triplets: Triplet[];
  /** All rows' judged points, one after another. */
  keypoints: number[];
}

async function readShard(file: string, pictureSize: number): Promise<Shard> {
  const shard: Shard = { triplets: [], keypoints: [] };
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    const found = readRecord(line, `${file} line ${shard.triplets.length + 1}`);
    const { width, height, keypoints } = found;
    if (width !== pictureSize || height !== pictureSize) {
      throw new ContrappostoError('invalid-input', {
        operation: `read "${file}"`,
        expected: `pictures of ${pictureSize} x ${pictureSize}`,
        got: `${width} x ${height}`,
        hint: `render with --size ${pictureSize}`,
      });
    }
    shard.triplets.push(tripletOf(found));
    for (const i of JUDGED_POINTS) shard.keypoints.push(...keypoints.slice(3 * i, 3 * i + 3));
  }
  return shard;
}

/** A gesture counts as the object of its verb, so that each is a class: `gesture peace`. */
function tripletOf({ triplet, gestures }: SceneRecord): Triplet {
  if (triplet.verb !== 'gesture' || !gestures) return triplet;
  return { verb: 'gesture', object: gestures.left ?? gestures.right };
}

function readRecord(line: string, operation: string): SceneRecord {
  try {
    return recordSchema.parse(JSON.parse(line));
  } catch (cause) {
    throw new ContrappostoError('corrupt-file', {
      operation,
      expected: 'a record with width, height, triplet and 133 keypoints',
      got: line.slice(0, 80),
      cause,
    });
  }
}
