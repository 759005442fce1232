// What the command line may say of ControlNets and T2I-Adapters.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePng } from '../core/image.js';
import type { RunRecord } from '../diffusion/run-record.js';
import { openControls } from './control-networks.js';
import { type ControlOptions, planControls } from './control-plan.js';

const scratch = mkdtempSync(join(tmpdir(), 'control-plan-'));
const [pose, other] = ['pose.png', 'other.png'].map((name) => join(scratch, name));
beforeAll(async () => {
  for (const [i, path] of [pose, other].entries()) {
    writeFileSync(path, await encodePng({ widthPx: 8, heightPx: 8, data: new Uint8Array(192).fill(i) }));
  }
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const before = {
  controls: [
    {
      ...{ kind: 'controlnet' as const, name: 'a/b', fingerprint: 'ff', scale: 0.5, start: 0, end: 1 },
      image: { path: pose, fingerprint: 'old' },
    },
  ],
} as RunRecord;

describe('planControls', () => {
  it.each<[string, object]>([
    ['net', { name: 'net', scale: 1, start: 0, end: 1 }],
    ['net:0.8', { name: 'net', scale: 0.8 }],
    ['org/net@main:.5:0.1:0.9', { name: 'org/net@main', scale: 0.5, start: 0.1, end: 0.9 }],
    ['C:/nets/pose:2', { name: 'C:/nets/pose', scale: 2 }],
    ['v1:1:2', {}],
    ['net:1:0:1', { name: 'net', start: 0, end: 1 }],
  ])('reads %s', async (text, expected) => {
    const plan = planControls({ control: [text], controlImage: [pose] }, undefined);
    if (Object.keys(expected).length > 0) expect(await plan).toMatchObject([{ kind: 'controlnet', ...expected }]);
    else await expect(plan).rejects.toThrow(/FOLDER:SCALE:START:END/);
  });

  it('gives each network its picture, or all the same one', async () => {
    const paths = async (options: ControlOptions) =>
      (await planControls(options, undefined)).map(({ picture }) => picture.path);
    expect(await paths({ control: ['a', 'b'], controlImage: [pose, other] })).toEqual([pose, other]);
    expect(await paths({ control: ['a', 'b'], controlImage: [pose] })).toEqual([pose, pose]);
    const both = { control: ['a'], controlImage: [pose], adapter: ['b'], adapterImage: [other] };
    expect(await paths(both)).toEqual([pose, other]);
  });

  it('repeats those of a picture, lets options replace network or picture', async () => {
    const [same] = await planControls({}, before);
    expect(same).toMatchObject({ name: 'a/b', scale: 0.5, expectedFingerprint: 'ff' });
    expect(same.picture).toMatchObject({ path: pose, expectedFingerprint: 'old' });
    const [drawn] = await planControls({ controlImage: [other] }, before);
    expect(drawn).toMatchObject({ name: 'a/b', picture: { path: other, expectedFingerprint: undefined } });
    const [net] = await planControls({ control: ['mine'], controlImage: [other] }, before);
    expect(net).toMatchObject({ name: 'mine', scale: 1 });
    const hostile = { controls: [{ ...before.controls![0], scale: 1e9 }] } as RunRecord;
    await expect(planControls({}, hostile)).rejects.toThrow(/control "a\/b": expected a scale from 0 to 10/);
  });

  it.each<[string, ControlOptions, RegExp]>([
    ['no picture', { control: ['a'] }, /--control: expected a picture for each \(--control-image FILE\).*got 0 for 1/],
    ['no network', { adapterImage: ['a'] }, /--adapter-image: expected a network for it \(--adapter FOLDER\)/],
    ['too many pictures', { control: ['a'], controlImage: ['a', 'b'] }, /got 2 for 1/],
    ['a picture that is not there', { control: ['a'], controlImage: ['x.png'] }, /x\.png/],
    ['a negative scale', { control: ['a:-1'], controlImage: ['x'] }, /scale from 0 to 10/],
    ['a part without steps', { adapter: ['a:1:0.5:0.5'], adapterImage: ['x'] }, /--adapter: .*START < END/],
    ['an end beyond the last step', { control: ['a:1:0:2'], controlImage: ['x'] }, /END <= 1/],
    ['no name', { control: [':1'], controlImage: ['x'] }, /got ":1"/],
  ])('refuses %s', async (_, options, message) => {
    await expect(planControls(options, undefined)).rejects.toThrow(message);
  });
});

describe('openControls', () => {
  it.each([
    [scratch, /no config.json in it/],
    [join(scratch, 'nothing'), /no such name or folder/],
    [pose, /got no config.json in it/],
  ])('refuses %s', async (name, message) => {
    const planned = await planControls({ control: [name], controlImage: [pose] }, undefined);
    const context = { signal: new AbortController().signal, onProgress: () => undefined };
    await expect(openControls(planned, context)).rejects.toThrow(message);
  });
});
