// The pictures of a run on disk: their names, whether one is what was asked for, and references that have to be drawn.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { throwIfAborted } from '../core/errors.js';
import { writeFileAtomic } from '../core/files.js';
import { encodePng, readPngText } from '../core/image.js';
import type { Benchmark, BenchmarkCase } from './benchmark.js';
import type { MethodSpec, RunControl, Task } from './method.js';

/** Path of a picture from the folder of the run, with `/` on every system. */
export function pictureFile({ slug }: Pick<MethodSpec, 'slug'>, { case: { id }, seed }: Task): string {
  return `pictures/${slug}/${id}-${seed}.png`;
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The digest of the picture at `path` if it carries exactly `text`; undefined when it is to be made. */
export async function keptPicture(path: string, text: Readonly<Record<string, string>>): Promise<string | undefined> {
  if (!existsSync(path)) return undefined;
  const bytes = await readFile(path);
  try {
    const found = readPngText(bytes);
    const isSame = Object.entries(text).every(([keyword, value]) => found[keyword] === value);
    return isSame ? digestOf(bytes) : undefined;
  } catch {
    // Damaged, or no PNG: made again.
    return undefined;
  }
}

/** Writes bytes in one step, with the folder they go to. */
export async function storePicture(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFileAtomic(path, bytes);
}

/** Where each case's reference is: the data set's own picture, or one that the benchmark draws and `out` keeps. */
export function referencePaths(benchmark: Benchmark, out: string): (one: BenchmarkCase) => string | undefined {
  return (one) => one.reference ?? (benchmark.drawReference && join(out, 'references', `${one.id}.png`));
}

/** Draws the references that are missing. Throws `aborted`, `io`, and what drawing throws. */
export async function drawReferences(
  benchmark: Benchmark,
  { out, signal, onProgress }: { out: string } & RunControl,
): Promise<void> {
  if (!benchmark.drawReference) return;
  const pathOf = referencePaths(benchmark, out);
  const missing = benchmark.cases.filter((one) => one.reference === undefined && !existsSync(pathOf(one)!));
  for (const [i, one] of missing.entries()) {
    throwIfAborted(signal, 'draw references');
    await storePicture(pathOf(one)!, await encodePng(await benchmark.drawReference(one)));
    onProgress?.({ type: 'step', stage: 'draw references', step: i + 1, steps: missing.length });
  }
}
