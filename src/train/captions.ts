// Captions of rendered data: read from the shards' records, learned into a vocabulary, written back as token rows.
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { z } from 'zod';
import { ContrappostoError, throwIfAborted } from '../core/errors.js';
import type { OnProgress } from '../core/progress.js';
import type { ClipTokenizer } from '../weights/index.js';

const record = z.looseObject({ captions: z.array(z.string()).min(1) });

interface Watch {
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

/** Record files of a data folder in the order in which the trainer joins its shards. Throws `not-found`. */
export async function shardRecords(directory: string): Promise<string[]> {
  const names = (await readdir(directory)).filter((n) => /^shard-.*\.jsonl$/.test(n)).sort();
  if (names.length > 0) return names.map((n) => join(directory, n));
  throw new ContrappostoError('not-found', {
    operation: `read "${directory}"`,
    expected: 'shard-*.jsonl files',
    got: 'none',
    hint: 'render data first: contrapposto synth --kind interaction --format shards --out DIR',
  });
}

async function* captionsOf(file: string): AsyncGenerator<string[]> {
  let row = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    row++;
    const parsed = record.safeParse(parseJson(line));
    if (parsed.success) yield parsed.data.captions;
    else
      throw new ContrappostoError('corrupt-file', {
        operation: `${file} line ${row}`,
        expected: 'captions',
        got: line.slice(0, 80),
      });
  }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** All captions of a data folder, one after another, for learning a vocabulary. */
export async function readCaptions(directory: string, { signal }: Watch = {}): Promise<string[]> {
  const all: string[] = [];
  for (const file of await shardRecords(directory)) {
    throwIfAborted(signal, 'read captions');
    for await (const captions of captionsOf(file)) all.push(...captions);
  }
  return all;
}

/** Number of pictures of a data folder. Throws `not-found` without one, `corrupt-file` for a bad record. */
export async function countRows(directory: string, { signal }: Watch = {}): Promise<number> {
  let rows = 0;
  for (const file of await shardRecords(directory)) {
    throwIfAborted(signal, 'count pictures');
    for await (const _ of captionsOf(file)) rows++;
  }
  return rows;
}

/**
 * Writes `shard-*.tokens.i32` beside each record file: int32 [rows, phrasings, tokens]. A picture with fewer phrasings
 * repeats them; longer captions are cut as the tokenizer cuts them.
 */
export async function writeTokens(
  directory: string,
  options: Watch & { tokenizer: ClipTokenizer; phrasings: number },
): Promise<{ rows: number }> {
  const files = await shardRecords(directory);
  let rows = 0;
  for (const [i, file] of files.entries()) {
    throwIfAborted(options.signal, 'write tokens');
    rows += await writeShardTokens(file, options);
    options.onProgress?.({ type: 'step', stage: 'tokens', step: i + 1, steps: files.length });
  }
  return { rows };
}

async function writeShardTokens(
  file: string,
  { tokenizer, phrasings }: { tokenizer: ClipTokenizer; phrasings: number },
): Promise<number> {
  const target = file.replace(/\.jsonl$/, '.tokens.i32');
  const stream = createWriteStream(`${target}.part`);
  const known = new Map<string, number[]>();
  let rows = 0;
  for await (const captions of captionsOf(file)) {
    const ids = Array.from({ length: phrasings }, (_, k) => {
      const text = captions[k % captions.length];
      const row = known.get(text) ?? tokenizer.encode(text).ids;
      known.set(text, row);
      return row;
    });
    stream.write(new Uint8Array(Int32Array.from(ids.flat()).buffer));
    rows++;
  }
  stream.end();
  await finished(stream);
  await rename(`${target}.part`, target);
  return rows;
}
