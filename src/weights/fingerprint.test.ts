import { cpSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkpointFingerprint } from './fingerprint.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fingerprint-'));
  mkdirSync(join(folder, 'a/unet'), { recursive: true });
  writeFileSync(join(folder, 'a/unet/model.safetensors'), 'weights');
  writeFileSync(join(folder, 'a/model_index.json'), '{}');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('is the same for a copy, and blind to files that decide nothing', async () => {
  const before = await checkpointFingerprint(join(folder, 'a'));
  expect(before).toMatch(/^[0-9a-f]{16}$/);
  cpSync(join(folder, 'a'), join(folder, 'b'), { recursive: true });
  writeFileSync(join(folder, 'b/README.md'), 'a model card');
  expect(await checkpointFingerprint(join(folder, 'b'))).toBe(before);
});

it.each([
  ['a byte of the weights', 'a/unet/model.safetensors', 'weightz'],
  ['a configuration', 'a/model_index.json', '{ }'],
  ['a further file', 'a/unet/config.json', '{}'],
])('changes with %s', async (_, path, content) => {
  const before = await checkpointFingerprint(join(folder, 'a'));
  writeFileSync(join(folder, path), content);
  expect(await checkpointFingerprint(join(folder, 'a'))).not.toBe(before);
});

it('samples a large file: its first and its last byte count', async () => {
  const path = join(folder, 'a/unet/model.safetensors');
  const size = 200 * 2 ** 20;
  truncateSync(path, size);
  const seen = new Set([await checkpointFingerprint(join(folder, 'a'))]);
  for (const position of [0, size - 1]) {
    const file = await open(path, 'r+');
    await file.write(Buffer.from([1]), 0, 1, position);
    await file.close();
    seen.add(await checkpointFingerprint(join(folder, 'a')));
  }
  expect(seen.size).toBe(3);
});
