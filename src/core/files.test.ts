import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ContrappostoError } from './errors.js';
import { checkWritable, writeFileAtomic } from './files.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'files-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('writeFileAtomic', () => {
  it('writes and overwrites, and leaves nothing else in the folder', async () => {
    const path = join(folder, 'a.txt');
    await writeFileAtomic(path, 'first');
    await writeFileAtomic(path, new Uint8Array([50, 51]));
    expect(await readFile(path, 'utf8')).toBe('23');
    expect(await readdir(folder)).toEqual(['a.txt']);
  });

  it('follows a symbolic link instead of replacing it', async () => {
    await mkdir(join(folder, 'real'));
    await writeFile(join(folder, 'real/a.txt'), 'old');
    await symlink('real/a.txt', join(folder, 'link.txt'));
    await writeFileAtomic(join(folder, 'link.txt'), 'new');
    expect(await readFile(join(folder, 'real/a.txt'), 'utf8')).toBe('new');
  });

  it('writes parts in order', async () => {
    const path = join(folder, 'a.txt');
    await writeFileAtomic(path, [Uint8Array.of(50), new Uint8Array(0), Uint8Array.of(51, 52)]);
    expect(await readFile(path, 'utf8')).toBe('234');
  });

  it('keeps the old file and the error when a part fails', async () => {
    const path = join(folder, 'a.txt');
    await writeFileAtomic(path, 'old');
    const failing = (function* () {
      yield Uint8Array.of(50);
      throw new ContrappostoError('aborted', { operation: 'test' });
    })();
    await expect(writeFileAtomic(path, failing)).rejects.toMatchObject({ code: 'aborted' });
    expect(await readdir(folder)).toEqual(['a.txt']);
    expect(await readFile(path, 'utf8')).toBe('old');
  });

  it('leaves the old file and no temporary one when a part cannot be made', async () => {
    const path = join(folder, 'a.txt');
    await writeFile(path, 'old');
    const parts = function* () {
      yield new Uint8Array(10);
      throw new Error('no more');
    };
    await expect(writeFileAtomic(path, parts())).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['a.txt']);
    expect(await readFile(path, 'utf8')).toBe('old');
  });
});

describe('checkWritable', () => {
  it.each([
    ['a folder', '', 'invalid-input', /a folder/],
    ['a missing parent', 'no/a.png', 'io', /does not exist/],
    ['a parent that is a file', 'file/a.png', 'io', /is not a folder/],
    ['a name too long', `${'n'.repeat(300)}.png`, 'io', /shorter/],
    ['a NUL byte', 'a\0.png', 'invalid-input', /NUL/],
  ])('refuses %s', async (_, name, code, message) => {
    await writeFile(join(folder, 'file'), '');
    const path = join(folder, name);
    await expect(checkWritable(path)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    await expect(writeFileAtomic(path, 'x')).rejects.toMatchObject({ code });
  });

  // A folder of the kernel: it is there, and answers as if it were not.
  it.skipIf(process.platform !== 'linux')('does not deny a folder that is there', async () => {
    await expect(checkWritable('/proc/a.png')).rejects.toThrow(/hint: choose another folder/);
  });

  it('touches neither an existing file nor the folder', async () => {
    const path = join(folder, 'a.txt');
    await checkWritable(path);
    expect(await readdir(folder)).toEqual([]);
    await writeFile(path, 'old');
    await checkWritable(path);
    expect(await readFile(path, 'utf8')).toBe('old');
  });
});
