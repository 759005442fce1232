// Finds the files of a data set under the path that `--data` gives.
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ContrappostoError } from '../../core/errors.js';

export interface DataFiles {
  /** Of the benchmark, for messages. */
  name: string;
  /** What `--data` has to be, for messages. */
  needs: string;
}

/** The path that `--data` gave. Throws `usage` without it, `not-found` when nothing is there. */
export function requireData(data: string | undefined, { name, needs }: DataFiles): string {
  const operation = `benchmark "${name}"`;
  if (data === undefined) {
    throw new ContrappostoError('usage', { operation, expected: `--data ${needs}`, got: 'none' });
  }
  if (existsSync(data)) return data;
  throw new ContrappostoError('not-found', { operation, expected: needs, got: `nothing at "${data}"` });
}

/**
 * `data` itself where it is a file, else the first of the names that is in the folder.
 * Throws `usage`, `not-found` naming what was looked for.
 */
export function dataFile(data: string | undefined, options: DataFiles & { names: readonly string[] }): string {
  const path = requireData(data, options);
  if (statSync(path).isFile()) return path;
  const found = options.names.find((name) => existsSync(join(path, name)));
  if (found !== undefined) return join(path, found);
  throw new ContrappostoError('not-found', {
    operation: `benchmark "${options.name}"`,
    expected: `${options.names.join(' or ')} in "${path}"`,
    got: 'none of them',
    hint: `--data is ${options.needs}`,
  });
}
