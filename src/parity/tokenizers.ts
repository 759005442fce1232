// Checks tokenizers against recorded token ids.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ContrappostoError } from '../core/errors.js';
import { openTokenizer } from '../weights/index.js';
import { type Check, compare } from './report.js';

const casesSchema = z.array(z.object({ text: z.string(), ids: z.array(z.int()) }));

/**
 * Compares the ids of each case; they must be equal.
 *
 * @param file path of `cases.json` as shown in the report
 * @param options.path where `cases.json` lies
 * @param options.folder the tokenizer's folder
 */
export function checkTokenizer(file: string, options: { path: string; folder: string }): Check[] {
  const cases = readCases(options.path);
  const tokenizer = openTokenizer(options.folder);
  return cases.map(({ text, ids }) => {
    const where = { file, tensor: JSON.stringify(shorten(text)), tolerance: 0 };
    const data = Int32Array.from(ids);
    return compare(where, tokenizer.encode(text).ids, { dtype: 'int32', shape: [data.length], data });
  });
}

function readCases(path: string): z.infer<typeof casesSchema> {
  try {
    return casesSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new ContrappostoError('corrupt-file', {
      operation: `read ${path}`,
      expected: 'a list of { text, ids }',
      got: 'something else',
      cause,
    });
  }
}

function shorten(text: string): string {
  const letters = [...text];
  return letters.length > 40 ? `${letters.slice(0, 39).join('')}…` : text;
}
