// Reads a benchmark from a file of cases, one JSON object a line.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { ContrappostoError } from '../core/errors.js';
import type { Keypoint } from '../pose/person.js';
import type { Benchmark, BenchmarkCase } from './benchmark.js';

const POINTS = [17, 133];
const box = z
  .tuple([z.number(), z.number(), z.number(), z.number()])
  .refine(([x1, y1, x2, y2]) => x2 > x1 && y2 > y1, 'must be x1, y1, x2, y2 with x1 < x2 and y1 < y2');

const caseSchema = z.strictObject({
  id: z.string().regex(/^[\w][\w.-]*$/, 'must be of letters, digits, ".", "_" and "-"'),
  prompt: z.string().trim().min(1, 'must not be empty'),
  negative_prompt: z.string().optional(),
  seed: z.int().nonnegative().optional(),
  triplet: z.strictObject({ verb: z.string().min(1), object: z.string().min(1).nullable() }).optional(),
  boxes: z.strictObject({ person: box.optional(), object: box.optional() }).optional(),
  /** x, y, score; score 0 for a point that is not known. */
  keypoints: z
    .array(z.tuple([z.number(), z.number(), z.number()]))
    .refine((points) => POINTS.includes(points.length), `must be ${POINTS.join(' or ')} points`)
    .optional(),
  canvas: z.tuple([z.number().positive(), z.number().positive()]).optional(),
  reference: z.string().optional(),
  source: z.string().optional(),
  tags: z.array(z.string()).optional(),
});

/**
 * The benchmark in a JSONL file; paths in it are relative to its folder. `reference` pictures are taken for the very ones
 * that are wanted.
 *
 * @throws `not-found` for the file or a picture that it names, `invalid-input` for a line that is no case (naming it) or an
 *   id used twice, `io`
 */
export async function readCaseFile(path: string): Promise<Benchmark> {
  const operation = `read cases "${path}"`;
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new ContrappostoError(cause.code === 'ENOENT' ? 'not-found' : 'io', {
      operation,
      expected: 'a file with one JSON object a line',
      got: cause.code,
      cause,
    });
  });
  const cases = parseCases(text, { operation });
  for (const one of cases) resolvePictures(one, { folder: dirname(path), operation });
  const name = basename(path, extname(path));
  return { name, about: `The ${cases.length} cases of ${basename(path)}.`, cases, references: 'paired' };
}

/** The cases of a JSONL text, whose paths stay as they are. Throws `invalid-input`. */
export function parseCases(text: string, { operation }: { operation: string }): BenchmarkCase[] {
  const cases: BenchmarkCase[] = [];
  const seen = new Map<string, number>();
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') return;
    const one = parseCase(line, `${operation}: line ${i + 1}`);
    const earlier = seen.get(one.id.toLowerCase());
    if (earlier !== undefined) {
      // Without regard to case: some file systems have none.
      const got = `"${one.id}" in lines ${earlier} and ${i + 1}`;
      throw new ContrappostoError('invalid-input', { operation, expected: 'ids used once', got });
    }
    seen.set(one.id.toLowerCase(), i + 1);
    cases.push(one);
  });
  if (cases.length > 0) return cases;
  throw new ContrappostoError('invalid-input', { operation, expected: 'at least one case', got: 'none' });
}

function parseCase(line: string, operation: string): BenchmarkCase {
  let content: unknown;
  try {
    content = JSON.parse(line);
  } catch (cause) {
    throw new ContrappostoError('invalid-input', { operation, expected: 'a JSON object', got: 'broken JSON', cause });
  }
  const { data, error } = caseSchema.safeParse(content);
  if (error) {
    const [issue] = error.issues;
    throw new ContrappostoError('invalid-input', {
      operation,
      expected: 'a case',
      got: `${issue.path.join('.') || 'the object'}: ${issue.message}`,
      hint: 'docs/evaluate.md lists the fields of a case',
    });
  }
  const { negative_prompt, canvas, keypoints, ...same } = data;
  return {
    ...same,
    ...(negative_prompt !== undefined && { negativePrompt: negative_prompt }),
    ...(canvas && { canvas: { widthPx: canvas[0], heightPx: canvas[1] } }),
    ...(keypoints && { keypoints: keypoints.map(([x, y, score]): Keypoint => ({ x, y, score })) }),
  };
}

function resolvePictures(one: BenchmarkCase, { folder, operation }: { folder: string; operation: string }): void {
  for (const field of ['reference', 'source'] as const) {
    const path = one[field];
    if (path === undefined) continue;
    one[field] = isAbsolute(path) ? path : join(folder, path);
    if (existsSync(one[field])) continue;
    throw new ContrappostoError('not-found', {
      operation: `${operation}: case "${one.id}"`,
      expected: `its ${field} picture "${path}"`,
      got: 'nothing at this path',
      hint: 'paths are relative to the folder of the file',
    });
  }
}
