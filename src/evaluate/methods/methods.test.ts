import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { encodePng } from '../../core/image.js';
import { METHOD_NAMES } from '../../methods/registry.js';
import type { MethodContext } from '../method.js';
import { METHODS, parseMethods } from './index.js';

const folder = mkdtempSync(join(tmpdir(), 'methods-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const context: MethodContext = {
  benchmark: { name: 'b', about: '', cases: [{ id: 'a', prompt: 'p' }], references: 'paired' },
  ...{ model: 'no-such-model', device: 'cpu', software: {}, referenceOf: () => undefined },
};
const task = (id: string, seed: number) => ({ case: { id, prompt: 'p' }, seed });

describe('--methods', () => {
  it('are read with targets, options and names', () => {
    const [sd, named, theirs] = parseMethods([
      'sd',
      'sd:guidance=3:lora=C:/a.safetensors@0.5:label=Mine, folder:/a/b:c',
    ]);
    expect(sd).toEqual({ method: 'sd', pairs: [], label: 'sd', slug: 'sd' });
    expect(named).toMatchObject({ label: 'Mine', slug: 'mine' });
    expect(named.pairs).toEqual([
      ['guidance', '3'],
      ['lora', 'C:/a.safetensors@0.5'],
    ]);
    expect(theirs).toMatchObject({ method: 'folder', target: '/a/b:c', slug: 'folder-a-b-c' });
  });

  it('take a comma between options as well, and know those of generate', () => {
    const specs = parseMethods(['record:candidates=3,steps=20,sd,boxdiff, label=Boxes']);
    expect(specs.map(({ method }) => method)).toEqual(['record', 'sd', 'boxdiff']);
    expect(specs[0].pairs).toEqual([
      ['candidates', '3'],
      ['steps', '20'],
    ]);
    expect(Object.keys(METHODS)).toEqual([...METHOD_NAMES, 'folder', 'reference']);
  });

  it('have folders that no file system objects to', () => {
    const [long, odd] = parseMethods([`sd:model=${'x'.repeat(300)}`, 'sd:label=…']);
    expect(long.slug.length).toBeLessThanOrEqual(60);
    expect(odd.slug).toMatch(/^[\w.-]+$/);
    expect(() => parseMethods(['sd:label=a b,sd:label=A-B'])).toThrow('label=NAME');
  });

  it.each([
    ['nothing', ''],
    ['an unknown name', 'magic'],
    ['a name of every object', 'constructor'],
    ['one twice', 'sd,sd'],
  ])('refuse %s', (_, text) => {
    expect(() => parseMethods([text])).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  it.each([
    ...[
      'sd:colour=red',
      'sd:steps=many',
      'sd:target',
      'sd:long-prompts=no',
      'sd:candidates=2',
      'folder',
      'reference:x',
    ],
    ...['record:candidates=0', 'record:modules=X', 'record:preset=best', 'boxdiff:modules=G', 'lmd:agent=nobody'],
  ])('refuse the options of %s', async (text) => {
    const [spec] = parseMethods([text]);
    await expect(METHODS[spec.method].open(spec, context)).rejects.toMatchObject({ code: 'usage' });
  });

  it('say what is missing', async () => {
    await expect(METHODS.sd.open({ pairs: [] }, context)).rejects.toMatchObject({ code: 'not-found' });
    await expect(METHODS.folder.open({ target: '/no/such', pairs: [] }, context)).rejects.toMatchObject({
      code: 'not-found',
    });
    await expect(METHODS.reference.open({ pairs: [] }, context)).rejects.toMatchObject({ code: 'invalid-input' });
  });
});

describe('folder', () => {
  it('finds the picture of a case and seed, then that of the case, and says when it changed', async () => {
    const picture = (value: number) => encodePng({ widthPx: 1, heightPx: 1, data: Uint8Array.of(value, value, value) });
    writeFileSync(join(folder, 'a.png'), await picture(1));
    writeFileSync(join(folder, 'a-7.PNG'), await picture(2));
    const method = await METHODS.folder.open({ target: folder, pairs: [] }, context);
    expect((await method.make(task('a', 7), {})).image.data[0]).toBe(2);
    expect((await method.make(task('a', 8), {})).image.data[0]).toBe(1);
    await expect(method.make(task('b', 7), {})).rejects.toMatchObject({ code: 'not-found' });
    const before = await method.describe(task('a', 8));
    expect(await method.describe(task('a', 8))).toEqual(before);
    writeFileSync(join(folder, 'a.png'), await picture(3));
    expect(await method.describe(task('a', 8))).not.toEqual(before);
  });
});
