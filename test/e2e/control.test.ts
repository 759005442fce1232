import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodePng, readImage } from '../../src/core/image.js';
import { Program } from './program.js';
import { writeTinyAdapter, writeTinyCheckpoint, writeTinyControlNet } from './tiny-checkpoint.js';

const scratch = mkdtempSync(join(tmpdir(), 'control-'));
const shared = resolve(import.meta.dirname, '../..', process.env['CONTRAPPOSTO_SHARED'] ?? '../shared', 'golden');
const at = (name: string) => join(scratch, name);
let program: Program;
let cwd: string;

const stripes = (side: number, height = side) => ({
  widthPx: side,
  heightPx: height,
  data: Uint8Array.from({ length: side * height * 3 }, (_, i) => (Math.floor(i / 24) % 2) * 255),
});

beforeAll(async () => {
  await writeTinyCheckpoint(at('model'));
  await writeTinyControlNet(at('net'));
  await writeTinyControlNet(at('wide'), { cross_attention_dim: 64 });
  await writeTinyAdapter(at('adapter'));
  writeFileSync(at('pose.png'), await encodePng(stripes(64)));
  writeFileSync(at('tall.png'), await encodePng(stripes(64, 96)));
  program = await Program.build('control');
});
afterAll(() => {
  program?.dispose();
  rmSync(scratch, { recursive: true, force: true });
});
beforeEach(() => {
  cwd = mkdtempSync(join(scratch, 'run-'));
});

const draw = ['generate', 'a man', '--method', 'sd', '--model', at('model'), '--steps', '3', '--seed', '4', '--json'];
const controlled = ['--control', at('net'), '--control-image', at('pose.png')];
const adapted = ['--adapter', at('adapter'), '--adapter-image', at('pose.png')];
const run = (...args: string[]) => program.run([...draw, ...args], { cwd });
const bytes = (name: string) => readFileSync(join(cwd, name));
const pixels = async (name: string) => Buffer.from((await readImage(join(cwd, name))).data);

describe('generate with ControlNets and T2I-Adapters', () => {
  it('is steered by each of them, and by several at once', async () => {
    const made = new Set<string>();
    const half = ['--control', `${at('net')}:0.5:0:0.7`];
    const ways = [[], controlled, adapted, [...controlled, ...half, ...adapted]];
    for (const [i, way] of ways.entries()) {
      const { code, stderr } = await run(...way, '--out', `${i}.png`);
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('warning') });
      made.add((await pixels(`${i}.png`)).toString('base64'));
    }
    expect(made.size).toBe(ways.length);
    await run('--control', `${at('net')}:0`, '--control-image', at('pose.png'), '--out', 'zero.png');
    const [plain, zero] = [await pixels('0.png'), await pixels('zero.png')];
    expect(zero.every((v, i) => Math.abs(v - plain[i]) <= 1)).toBe(true);
  });

  it('is the same with little memory', async () => {
    await run(...controlled, ...adapted, '--out', 'a.png');
    await run(...controlled, ...adapted, '--low-memory', '--out', 'b.png');
    expect(bytes('b.png')).toEqual(bytes('a.png'));
  });

  it('keeps them in the picture, changes pictures with them, and repeats both', async () => {
    const first = await run(...controlled, ...adapted, '--out', 'a.png');
    expect(JSON.parse(first.stdout).controls).toEqual([
      {
        ...{ kind: 'controlnet', name: at('net'), fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) },
        ...{ image: { path: at('pose.png'), fingerprint: expect.any(String) }, scale: 1, start: 0, end: 1 },
      },
      expect.objectContaining({ kind: 't2i-adapter', name: at('adapter') }),
    ]);
    const photo = ['--init-image', at('pose.png'), '--strength', '0.7'];
    const mask = ['--init-image', at('pose.png'), '--mask', at('pose.png')];
    await run(...photo, ...controlled, '--out', 'b.png');
    await run(...mask, ...controlled, '--out', 'c.png');
    for (const name of ['a', 'b', 'c']) {
      const again = await program.run(['generate', '--from', `${name}.png`, '--out', `${name}2.png`], { cwd });
      expect(again).toMatchObject({ code: 0, stderr: expect.not.stringContaining('warning') });
      expect(bytes(`${name}2.png`)).toEqual(bytes(`${name}.png`));
    }
    const other = ['--control-image', at('tall.png'), '--out', 'd.png'];
    const changed = await program.run(['generate', '--from', 'a.png', ...other], { cwd });
    expect(changed).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/cropped and resized from 64 by 96 to 64 by 64/),
    });
    expect(bytes('d.png')).not.toEqual(bytes('a.png'));
  });

  it('says when the network is no longer the one of the picture', async () => {
    await writeTinyControlNet(join(cwd, 'mine'));
    const own = ['--control', 'mine', '--control-image', at('pose.png')];
    await run(...own, '--out', 'a.png');
    await writeTinyControlNet(join(cwd, 'mine'), { norm_eps: 1e-6 });
    const again = await program.run(['generate', '--from', 'a.png', '--out', 'b.png'], { cwd });
    expect(again.stderr).toMatch(/warning: the network "mine" is not the one/);
  });

  it.each<[string, string[], RegExp]>([
    ['no picture', ['--control', 'net'], /--control: expected a picture for each \(--control-image FILE\).*hint:/s],
    [
      'a scale out of range',
      ['--control', 'net:99', '--control-image', at('pose.png')],
      /scale from 0 to 10.*"net:99"/,
    ],
    ['a whole pipeline', ['--control', at('model'), '--control-image', at('pose.png')], /whole pipeline.*--model/s],
    ['an adapter', ['--control', at('adapter'), '--control-image', at('pose.png')], /got T2IAdapter.*--adapter/s],
    ['another family', ['--control', at('wide'), '--control-image', at('pose.png')], /16\/32, 32\/32, got 16\/64/],
  ])('refuses %s', async (_, args, message) => {
    const { code, stdout, stderr } = await run(...args, '--out', 'a.png');
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(message) });
    expect(JSON.parse(stdout).error.message).toBeTruthy();
    expect(readdirSync(cwd)).toEqual([]);
  });

  it.skipIf(!existsSync(shared))('runs the reference ControlNet (skipped without CONTRAPPOSTO_SHARED)', async () => {
    const network = ['--control', join(shared, 'tiny-controlnet'), '--control-image', at('pose.png')];
    const model = ['generate', 'a man', '--model', join(shared, 'tiny-sd'), '--steps', '2', '--scheduler', 'pndm'];
    expect(await program.run([...model, ...network, '--out', 'a.png'], { cwd })).toMatchObject({ code: 0 });
  });
});
