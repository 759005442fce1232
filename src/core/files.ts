// Writing files so that a reader never sees a half-written one.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ContrappostoError } from './errors.js';

/** A file's whole content, or its parts in order, which are asked for only as fast as they are written. */
export type FileContent = Uint8Array | string | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Writes `content` to `path` in one step: to a temporary file in the same folder, which is then renamed. Whatever was at
 * `path` stays as it was until then, and the temporary file is removed on failure. A symbolic link is followed; a pipe
 * or device is written to directly. Throws `io` (or `invalid-input` when `path` is a folder), or the error with which
 * producing a part failed.
 */
export async function writeFileAtomic(path: string, content: FileContent): Promise<void> {
  const target = await resolveTarget(path);
  if (target.special) {
    await writeFile(target.path, content).catch((error) => failWrite(path, error));
    return;
  }
  const temporary = temporaryBeside(target.path);
  try {
    await writeFile(temporary, content, { flag: 'wx' });
    await rename(temporary, target.path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    failWrite(path, error);
  }
}

/**
 * Fails now, before anything is computed, where `writeFileAtomic(path)` would fail later: it creates the temporary file
 * and removes it again, so that permissions, read-only and full disks show as they are.
 */
export async function checkWritable(path: string): Promise<void> {
  const target = await resolveTarget(path);
  if (target.special) return;
  const temporary = temporaryBeside(target.path);
  await writeFile(temporary, '', { flag: 'wx' }).catch((error) => failWrite(path, error));
  await rm(temporary, { force: true });
}

async function resolveTarget(path: string): Promise<{ path: string; special: boolean }> {
  if (path === '' || path.includes('\0')) {
    throw new ContrappostoError('invalid-input', {
      operation: 'write file',
      expected: 'a file name',
      got: path === '' ? 'an empty one' : 'a name with a NUL byte',
    });
  }
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') failWrite(path, error);
    return undefined;
  });
  if (found?.isDirectory()) {
    throw new ContrappostoError('invalid-input', {
      operation: `write "${path}"`,
      expected: 'a file name',
      got: 'a folder',
      hint: `name a file in it, for example "${join(path, 'a.png')}"`,
    });
  }
  if (!found) return { path, special: false };
  return { path: await realpath(path), special: !found.isFile() };
}

function temporaryBeside(path: string): string {
  // Cut, so that a long but legal name does not become an illegal one.
  return join(dirname(path), `.${basename(path).slice(0, 40)}.${randomBytes(6).toString('hex')}.tmp`);
}

const HINTS: Record<string, (path: string) => string> = {
  ENOENT: (path) =>
    existsSync(dirname(path))
      ? 'choose another folder: no file can be made in this one'
      : `the folder "${dirname(path)}" does not exist; create it first`,
  ENOTDIR: (path) => `"${dirname(path)}" is not a folder`,
  EACCES: () => 'choose a folder that you may write to',
  EPERM: () => 'choose a folder that you may write to',
  EROFS: () => 'the disk is read-only; choose another folder',
  ENOSPC: () => 'the disk is full',
  ENAMETOOLONG: () => 'choose a shorter name',
};

function failWrite(path: string, error: unknown): never {
  if (error instanceof ContrappostoError) throw error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  throw new ContrappostoError('io', {
    operation: `write "${path}"`,
    expected: 'a place that can be written',
    got: code || String(error),
    hint: HINTS[code]?.(path),
    cause: error,
  });
}
