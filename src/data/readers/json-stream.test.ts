// Streaming JSON: the same values as JSON.parse wherever the chunks are cut, nothing parsed that is skipped, clear errors.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type JsonEntry, type JsonPath, JsonScanner, type Visit } from './json-scanner.js';
import { checkEntry, jsonEntries, within } from './json-stream.js';

/** Everything that a scanner finds in `text`, cut into pieces of `size` bytes. */
function scan(text: string, visit: (path: JsonPath) => Visit, size = 1e9): JsonEntry[] {
  const scanner = new JsonScanner('scan', visit);
  const bytes = Buffer.from(text);
  const found: JsonEntry[] = [];
  for (let i = 0; i < bytes.length; i += size) found.push(...scanner.push(bytes.subarray(i, i + size)));
  return [...found, ...scanner.end()];
}

/** What is at depth two and above it, by JSON.parse. */
function expectedEntries(value: unknown, path: JsonPath = []): JsonEntry[] {
  if (path.length === 2 || typeof value !== 'object' || value === null) return [{ path, value }];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, inner]) => expectedEntries(inner, [...path, key]));
}

describe('JsonScanner', () => {
  it('finds what JSON.parse finds, however the document is cut', () => {
    const visit = (path: JsonPath): Visit => (path.length < 2 ? 'enter' : 'take');
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.integer({ min: 1, max: 9 }), fc.boolean(), (json, size, spaced) => {
        const value = JSON.parse(json);
        const text = spaced ? `${JSON.stringify(value, null, 2)}\n` : json;
        // Keys given twice and `__proto__` are JSON.parse's to decide.
        expect(scan(text, visit, size)).toEqual(expectedEntries(JSON.parse(text)));
      }),
      { numRuns: 300 },
    );
  });

  it('does not parse what it skips', () => {
    const text = '{"rubbish": [1 2 nonsense "]}"], "annotations": [{"a": "]\\""}, 7]}';
    expect(scan(text, within('annotations'))).toEqual([
      { path: ['annotations', 0], value: { a: ']"' } },
      { path: ['annotations', 1], value: 7 },
    ]);
  });

  it.each(['', '{', '{"a" 1}', '[1 2]', '{"a": }', '[1,]', '{,}', '[1}', '{"a": tru}', '[] []', '["\u0001"]', 'nul'])(
    'refuses %j',
    (text) => {
      const visit = (path: JsonPath): Visit => (path.length === 0 ? 'enter' : 'take');
      expect(() => scan(text, visit)).toThrow(/scan: expected .* at byte/);
    },
  );
});

describe('jsonEntries', () => {
  const file = async (text: string) => {
    const path = join(await mkdtemp(join(tmpdir(), 'json-')), 'a.json');
    await writeFile(path, text);
    return path;
  };
  const all = async (path: string, options: { signal?: AbortSignal } = {}) => {
    const found: JsonEntry[] = [];
    for await (const entry of jsonEntries(path, { visit: within('a'), ...options })) found.push(entry);
    return found;
  };

  it('reads a file and tells how far it is', async () => {
    const path = await file(`\ufeff{"a": ${JSON.stringify([1, 2, 3])}}`);
    const events: unknown[] = [];
    const visit = within('a');
    const values: unknown[] = [];
    for await (const { value } of jsonEntries(path, { visit, onProgress: (e) => events.push(e) })) values.push(value);
    expect(values).toEqual([1, 2, 3]);
    expect(events).toEqual([{ type: 'load', name: 'a.json', loadedBytes: 17, totalBytes: 17 }]);
  });

  it('refuses what is not there, folders and aborted signals', async () => {
    await expect(all('/nowhere/a.json')).rejects.toMatchObject({ code: 'not-found' });
    await expect(all(tmpdir())).rejects.toMatchObject({ code: 'invalid-input' });
    const aborted = all(await file('{"a": []}'), { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
  });

  it('names the entry that is not as described', () => {
    const entry = { path: ['annotations', 17], value: { box: 'none' } };
    const check = () => checkEntry(entry, { file: 'x.json', schema: z.object({ box: z.array(z.number()) }) });
    expect(check).toThrow(/read "x.json".*annotations\.17\.box/);
  });
});
