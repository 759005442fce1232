// Finds the networks that lie in folders of their own beside a checkpoint, by what their config.json says they are.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ContrappostoError } from '../core/errors.js';
import { readJsonFile } from '../weights/index.js';

/** A kind of network: its name for messages, and how its config is told from others. */
export interface NetworkKind {
  name: string;
  matches(config: Readonly<Record<string, unknown>>): boolean;
}

/** Networks that diffusers stores under the class name `name`. */
export function diffusersClass(name: string): NetworkKind {
  return { name, matches: (config) => config._class_name === name };
}

/**
 * The folder of a network of this kind. Where there are several, the one whose name begins most like the checkpoint's:
 * `tiny-controlnet` serves `tiny-sd`, `small-controlnet` serves `small-sd`.
 *
 * @param checkpoints the folder itself, or a folder of folders
 * @throws ContrappostoError `not-found`
 */
export function findNetwork(checkpoints: string, { kind, near }: { kind: NetworkKind; near: string }): string {
  const below = readdirSync(checkpoints).map((name) => ({ name, folder: join(checkpoints, name) }));
  const [best] = [{ name: '', folder: checkpoints }, ...below]
    .filter(({ folder }) => existsSync(join(folder, 'config.json')))
    .filter(({ folder }) => kind.matches(readJsonFile(join(folder, 'config.json'), z.record(z.string(), z.unknown()))))
    .sort((a, b) => commonPrefix(b.name, near) - commonPrefix(a.name, near) || (a.name < b.name ? -1 : 1));
  if (best) return best.folder;
  throw new ContrappostoError('not-found', {
    operation: `networks of ${near}`,
    expected: `a ${kind.name} in a folder of ${checkpoints}`,
    got: 'none',
    hint: 'give the folder that holds the checkpoints with --checkpoints',
  });
}

/** How many letters two names have in common from the start. */
export function commonPrefix(a: string, b: string): number {
  let n = 0;
  while (n < a.length && a[n] === b[n]) n++;
  return n;
}
