// Reads the JSON files of a checkpoint folder and checks them against a schema.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ContrappostoError } from '../core/errors.js';
import { readError } from './byte-source.js';

/** The text of a small file; throws `not-found` or `io`. */
export function readTextFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw readError(`read "${path}"`, cause);
  }
}

/**
 * The content of a JSON file as `schema` describes it.
 * @throws `not-found`, `io`, `corrupt-file` when it is not JSON or not of that form
 */
export function readJsonFile<T>(path: string, schema: z.ZodType<T>): T {
  const operation = `read "${path}"`;
  const text = readTextFile(path);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new ContrappostoError('corrupt-file', {
      operation,
      expected: 'JSON',
      got,
      hint: 'download the file again',
      cause,
    });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new ContrappostoError('corrupt-file', {
    operation,
    got: z.prettifyError(result.error),
    hint: 'the file is damaged or belongs to something else; download it again',
  });
}
