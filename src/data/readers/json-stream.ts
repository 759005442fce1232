// Reads JSON files that are too large to hold, value by value: annotations of data sets reach gigabytes.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { z } from 'zod';
import { ContrappostoError, throwIfAborted } from '../../core/errors.js';
import type { OnProgress } from '../../core/progress.js';
import { readError } from '../../weights/byte-source.js';
import { type JsonEntry, type JsonPath, JsonScanner, type Visit } from './json-scanner.js';

export type { JsonEntry, JsonPath, Visit } from './json-scanner.js';

export interface ReadOptions {
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

const CHUNK_BYTES = 1 << 20;

/**
 * The values that `visit` takes, in the order of the file; what it skips is never parsed.
 *
 * @example
 * const visit = (path: JsonPath) => (path.length === 0 || path[0] === 'annotations' && path.length === 1 ? 'enter' : path[0] === 'annotations' ? 'take' : 'skip');
 * for await (const { path, value } of jsonEntries('instances.json', { visit })) count++;
 *
 * @param options.visit asked once for each value, containers before what is in them; a plain value that it enters is taken
 * @throws `not-found`, `io`, `invalid-input` (a folder), `corrupt-file` (no JSON, incomplete), `aborted`
 */
export async function* jsonEntries(
  path: string,
  options: ReadOptions & { visit: (path: JsonPath) => Visit },
): AsyncGenerator<JsonEntry> {
  const operation = `read "${path}"`;
  const { visit, signal, onProgress } = options;
  throwIfAborted(signal, operation);
  const totalBytes = await fileSize(path, operation);
  const scanner = new JsonScanner(operation, visit);
  let loadedBytes = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) {
      throwIfAborted(signal, operation);
      yield* scanner.push(chunk as Uint8Array);
      loadedBytes += (chunk as Uint8Array).length;
      onProgress?.({ type: 'load', name: basename(path), loadedBytes, totalBytes });
    }
  } catch (error) {
    // Whatever the reader of the entries throws passes through here as well.
    throw isSystemError(error) ? readError(operation, error) : error;
  }
  yield* scanner.end();
}

/** Enters the document and its members of these names, and takes what is in them. */
export function within(...names: readonly string[]): (path: JsonPath) => Visit {
  return (path) => {
    if (path.length === 0) return 'enter';
    if (!names.includes(path[0] as string)) return 'skip';
    return path.length === 1 ? 'enter' : 'take';
  };
}

/**
 * An entry as `schema` describes it.
 * @throws `corrupt-file` naming the entry, e.g. `annotations.17.bbox`
 */
export function checkEntry<T>({ path, value }: JsonEntry, { file, schema }: { file: string; schema: z.ZodType<T> }): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new ContrappostoError('corrupt-file', {
    operation: `read "${file}"`,
    expected: 'the layout of its data set',
    got: `${[...path, ...issue.path].join('.')}: ${issue.message}`,
    hint: 'the file is of another data set or version, or damaged',
  });
}

async function fileSize(path: string, operation: string): Promise<number> {
  const found = await stat(path).catch((cause) => {
    throw readError(operation, cause);
  });
  if (found.isFile()) return found.size;
  throw new ContrappostoError('invalid-input', { operation, expected: 'a JSON file', got: 'a folder' });
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
