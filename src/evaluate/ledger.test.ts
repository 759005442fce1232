import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { keyOf, Ledger } from './ledger.js';

const folder = mkdtempSync(join(tmpdir(), 'ledger-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('keeps values, and goes on behind a line that a killed run left unfinished', async () => {
  const path = join(folder, 'a.jsonl');
  const first = await Ledger.open(path);
  await first.add('x', { points: [0.1 + 0.2] }, { file: 'x.png' });
  await first.add('y', [1, 2]);
  truncateSync(path, readFileSync(path).length - 4);

  const second = await Ledger.open(path);
  expect(second.get('x')).toEqual({ points: [0.1 + 0.2] });
  expect(second.has('y')).toBe(false);
  await second.add('y', [3]);
  appendFileSync(path, 'null\n{"key":1}\n');
  const third = await Ledger.open(path);
  expect([third.get('x'), third.get('y'), third.has('1')]).toEqual([first.get('x'), [3], false]);
});

it('gives a value as it will be read back', async () => {
  const ledger = await Ledger.open(join(folder, 'b.jsonl'));
  await ledger.add('x', { a: undefined, b: Float32Array.of(1)[0] });
  expect(ledger.get('x')).toEqual(JSON.parse('{"b":1}'));
});

it('has other keys for other parts', () => {
  expect(keyOf('a', 1)).toBe(keyOf('a', 1));
  expect(new Set([keyOf('a', 1), keyOf('a', '1'), keyOf('a1'), keyOf('a', 1, '')]).size).toBe(4);
});
