import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readImage } from '../../src/core/image.js';
import { Program } from './program.js';

const scratch = mkdtempSync(join(tmpdir(), 'commands-'));
let program: Program;
let cwd: string;

beforeAll(async () => {
  program = await Program.build('commands');
});
afterAll(() => {
  program?.dispose();
  rmSync(scratch, { recursive: true, force: true });
});
beforeEach(() => {
  cwd = mkdtempSync(join(scratch, 'run-'));
});

const run = (...args: string[]) => program.run(args, { cwd });

/** Path -> digest of every file below a folder. */
function digests(folder: string): Record<string, string> {
  const paths = readdirSync(join(cwd, folder), { recursive: true }) as string[];
  const files = paths.sort().filter((path) => statSync(join(cwd, folder, path)).isFile());
  return Object.fromEntries(
    files.map((path) => [
      path,
      createHash('sha256')
        .update(readFileSync(join(cwd, folder, path)))
        .digest('hex'),
    ]),
  );
}

const synth = ['synth', '--body', 'mannequin', '--size', '64'];

describe('synth', () => {
  it('writes the same data set with one worker and with two, and reports it as JSON', async () => {
    const one = await run(...synth, '--count', '40', '--seed', '9', '--out', 'one', '--workers', '1', '--json');
    const two = await run(
      ...synth,
      '--count',
      '40',
      '--seed',
      '9',
      '--out',
      'two',
      '--workers',
      '2',
      '--sheet',
      's.png',
    );
    expect([one.code, two.code]).toEqual([0, 0]);
    expect(one.stdout).toMatch(/^\{[^\n]*\}\n$/);
    expect(JSON.parse(one.stdout)).toMatchObject({ kind: 'interaction', count: 40, start: 9, out: 'one' });
    const written = digests('one');
    expect(Object.keys(written).length).toBeGreaterThan(40);
    expect(digests('two')).toEqual(written);
    expect((await readImage(join(cwd, 's.png'))).widthPx).toBeGreaterThan(64);
  });

  it.each(['folder', 'shards'])(
    'ends with 130 when interrupted, with nothing half-written in its %s',
    async (format) => {
      const endless = [...synth, '--count', '100000', '--format', format, '--shard-size', '100000', '--out', 'many'];
      const started = program.start(endless, { cwd });
      await started.says(/render \d+\/100000/);
      started.child.kill('SIGINT');
      expect(await started.finished).toMatchObject({
        code: 130,
        stdout: '',
        stderr: expect.stringMatching(/interrupted/),
      });
      const files = readdirSync(join(cwd, 'many'), { recursive: true }) as string[];
      expect(files).not.toContain('annotations.jsonl');
      expect(files.filter((path) => /\.(tmp|part|u8)$/.test(path))).toEqual([]);
      for (const path of files.filter((name) => name.endsWith('.png'))) await readImage(join(cwd, 'many', path));
    },
  );
});

describe('synth --bake', () => {
  it('refuses a folder without assets and leaves no file', async () => {
    const { code, stderr } = await run('synth', '--bake', 'people.pack', '--assets', '.');
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/manifest\.json.*hint:/s) });
    expect(readdirSync(cwd)).toEqual([]);
  });
});

describe('train', () => {
  it('exports a recipe from rendered shards, or trains a small one', async () => {
    const shards = ['--format', 'shards', '--shard-size', '16', '--count', '32', '--out', 'data'];
    expect((await run('synth', '--body', 'mannequin', '--size', '64', ...shards)).code).toBe(0);
    const { code, stdout } = await run(
      'train',
      'toy-sd',
      '--data',
      'data',
      '--export',
      'export',
      '--seed',
      '5',
      '--json',
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ recipe: 'toy-sd', export: 'export', rows: 32 });
    const plan = JSON.parse(readFileSync(join(cwd, 'export/export.json'), 'utf8'));
    expect(plan.seed).toBe(5);
    expect(existsSync(join(cwd, 'export', plan.parameters))).toBe(true);
    const size = ['--training-seconds', '1', '--training-batch', '4', '--held-out', '8'];
    const here = await run('train', 'toy-clip', '--data', 'data', '--out', 'trained', ...size, '--json');
    expect(here.code).toBe(0);
    expect(JSON.parse(here.stdout)).toMatchObject({ recipe: 'toy-clip', out: 'trained', rows: 32 });
    for (const file of ['clip.safetensors', 'state.safetensors', 'log.jsonl', 'configs/clip/config.json']) {
      expect(existsSync(join(cwd, 'trained', file))).toBe(true);
    }
  });
});

describe('pose', () => {
  it('reports a rendered picture in pixels and writes poses and drawing', async () => {
    await run('synth', '--body', 'mannequin', '--count', '1', '--seed', '7', '--out', 'data');
    const picture = 'data/images/00000007.png';
    const { code, stdout } = await run('pose', picture, '--draw', 'd.png', '--out', 'p.json', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ image: picture, width: 256, height: 256, format: 'openpose' });
    const poses = JSON.parse(readFileSync(join(cwd, 'p.json'), 'utf8'));
    expect(poses).toMatchObject({ canvas_width: 256, canvas_height: 256, people: expect.any(Array) });
    expect((await readImage(join(cwd, 'd.png'))).heightPx).toBe(256);
  });
});
