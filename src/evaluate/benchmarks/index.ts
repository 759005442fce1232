// The benchmarks that can be named; anything else is the path of a file of cases.
import { existsSync } from 'node:fs';
import { ContrappostoError } from '../../core/errors.js';
import type { Benchmark, BenchmarkReader, ReadOptions } from '../benchmark.js';
import { readCaseFile } from '../case-file.js';
import { hoiMini } from './hoi-mini.js';
import { hicoDet, t2iCompBench, vCoco } from './interactions.js';
import { photos } from './photos.js';
import { deepFashion, market } from './pose-transfer.js';

export const BENCHMARKS: Readonly<Record<string, BenchmarkReader>> = {
  'hoi-mini': hoiMini,
  'hico-det': hicoDet,
  'v-coco': vCoco,
  't2i-compbench': t2iCompBench,
  deepfashion: deepFashion,
  market,
  photos,
};

/** Reads a benchmark by its name or from a JSONL file. Throws `not-found`, and whatever its reader throws. */
export async function openBenchmark(nameOrPath: string, options: ReadOptions): Promise<Benchmark> {
  if (Object.hasOwn(BENCHMARKS, nameOrPath)) return BENCHMARKS[nameOrPath].read(options);
  if (existsSync(nameOrPath)) return readCaseFile(nameOrPath);
  throw new ContrappostoError('not-found', {
    operation: `benchmark "${nameOrPath}"`,
    expected: `${Object.keys(BENCHMARKS).join(', ')}, or a JSONL file of cases`,
    got: 'no such name or file',
    hint: 'docs/evaluate.md says what a file of cases holds',
  });
}
