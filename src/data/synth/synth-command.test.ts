import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { runSynth } from './synth-command.js';

const folder = mkdtempSync(join(tmpdir(), 'synth-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const COMMON = { kind: 'interaction', count: 6, start: 40, size: 64, body: 'mannequin' } as const;

it('writes the same shards with one worker and with two', async () => {
  for (const workers of [1, 2]) {
    const out = join(folder, `shards-${workers}`);
    await runSynth({ ...COMMON, out, format: 'shards', shardSize: 3, workers });
  }
  const names = readdirSync(join(folder, 'shards-1')).sort();
  expect(names).toEqual(
    [40, 43].flatMap((start) => ['image.u8', 'jsonl', 'region.u8'].map((kind) => `shard-${start}.${kind}`)).sort(),
  );
  for (const name of names) {
    const [one, two] = [1, 2].map((workers) => readFileSync(join(folder, `shards-${workers}`, name)));
    expect(Buffer.compare(one, two)).toBe(0);
    if (name.endsWith('image.u8')) expect(one).toHaveLength(3 * 64 * 64 * 3);
    if (name.endsWith('region.u8')) expect(new Set(one)).toEqual(new Set([0, 1, 2, 3]));
  }
}, 60_000);

it('writes a folder whose records are in order and whose files exist, and a contact sheet', async () => {
  const out = join(folder, 'pictures');
  const events: string[] = [];
  const sheet = join(folder, 'sheet.png');
  const report = await runSynth(
    { ...COMMON, count: 3, out, workers: 1, sheet },
    { onProgress: (event) => events.push(event.type) },
  );
  expect(report).toMatchObject({ count: 3, body: 'mannequin', format: 'folder', sheet });
  const records = readFileSync(join(out, 'annotations.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(records.map((record) => record.seed)).toEqual([40, 41, 42]);
  for (const record of records) {
    expect(record.object_free !== null).toBe(record.triplet.object !== null);
    const optional = record.object_free === null ? [] : [record.object_free];
    for (const file of [record.file, record.person_free, record.regions, record.depth, ...optional]) {
      expect([...readFileSync(join(out, file)).subarray(1, 4)]).toEqual([...Buffer.from('PNG')]);
    }
  }
  expect(events).toContain('done');
  expect(readFileSync(sheet).length).toBeGreaterThan(1000);
}, 60_000);

it('takes the usual size of a kind, writes every part of it in that size, and mixes kinds', async () => {
  const out = join(folder, 'catalogue');
  const report = await runSynth({ ...COMMON, kind: 'street', size: undefined, count: 1, out, workers: 1 });
  expect([report.width, report.height]).toEqual([64, 128]);
  for (const part of ['images', 'person-free', 'regions', 'depth']) {
    const header = readFileSync(join(out, part, '00000040.png'));
    expect([header.readUInt32BE(16), header.readUInt32BE(20)]).toEqual([64, 128]);
  }
  const mixed = join(folder, 'mixed');
  const kind = 'gesture:1,street:1';
  await runSynth({ ...COMMON, kind, count: 8, out: mixed, format: 'shards', depth: true, workers: 1 });
  const depth = readFileSync(join(mixed, 'shard-40.depth.i32'));
  const pictures = readFileSync(join(mixed, 'shard-40.image.u8'));
  expect(depth.length).toBe((4 * pictures.length) / 3);
  // Somebody stands in the middle, within a few metres.
  expect(depth.readInt32LE(depth.length / 16)).toBeGreaterThan(500);
  const lines = readFileSync(join(mixed, 'shard-40.jsonl'), 'utf8').trim().split('\n');
  expect(new Set(lines.map((line) => JSON.parse(line).kind))).toEqual(new Set(['gesture', 'street']));
}, 60_000);

it('refuses bad options with one clear message', async () => {
  const run = (options: object) => runSynth({ ...COMMON, out: join(folder, 'none'), ...options });
  await expect(run({ count: 0 })).rejects.toThrow(/positive count/);
  await expect(run({ size: 9000 })).rejects.toThrow(/64 to 1024/);
  await expect(run({ scenes: ['flibber'] })).rejects.toThrow(/flibber/);
  await expect(run({ kind: 'opera' })).rejects.toThrow(/opera.*hint:/s);
  await expect(run({ size: { widthPx: 64, heightPx: 32 } })).rejects.toThrow(/64 to 1024/);
  await expect(run({ scenes: ['sit-on-bench'] })).rejects.toThrow(/--triplets all/);
  await expect(run({ body: 'makehuman', assets: join(folder, 'missing') })).rejects.toThrow(/manifest\.json/);
});

it('stops when it is aborted', async () => {
  const stop = new AbortController();
  const run = runSynth({ ...COMMON, count: 4000, out: join(folder, 'stopped'), workers: 1 }, { signal: stop.signal });
  setTimeout(() => stop.abort(), 300);
  await expect(run).rejects.toMatchObject({ code: 'aborted' });
}, 60_000);
