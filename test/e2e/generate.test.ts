import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { encodePng, readImage, readPngText } from '../../src/core/image.js';
import { float32, sizeOf } from '../../src/core/tensor.js';
import { writeSafetensors } from '../../src/weights/index.js';
import { Program } from './program.js';
import { writeTinyCheckpoint } from './tiny-checkpoint.js';

const scratch = mkdtempSync(join(tmpdir(), 'generate-'));
const model = join(scratch, 'model');
let program: Program;
let cwd: string;

beforeAll(async () => {
  await writeTinyCheckpoint(model);
  program = await Program.build('generate');
});
afterAll(() => {
  program?.dispose();
  rmSync(scratch, { recursive: true, force: true });
});
beforeEach(() => {
  cwd = mkdtempSync(join(scratch, 'run-'));
});

const generate = (...args: string[]) => program.run(['generate', '--method', 'sd', ...args], { cwd });
const bytes = (name: string) => readFileSync(join(cwd, name));

describe('generate', () => {
  it('prints one JSON object alone on standard output and writes what it says', async () => {
    const run = await generate('a man', '--model', model, '--seed', '7', '--steps', '2', '--out', 'a.png', '--json');
    expect(run).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\{[^\n]*\}\n$/) });
    const result = JSON.parse(run.stdout);
    expect(result).toMatchObject({
      method: 'sd',
      prompt: 'a man',
      seed: 7,
      steps: 2,
      scheduler: 'ddim',
      files: [{ path: 'a.png', seed: 7 }],
      warnings: [],
    });
    const picture = await readImage(join(cwd, 'a.png'));
    expect([picture.widthPx, picture.heightPx]).toEqual([result.width, result.height]);
    expect(new Set(picture.data).size).toBeGreaterThan(20);
    expect(readPngText(bytes('a.png'))['parameters']).toContain('Steps: 2, Sampler: DDIM, CFG scale: 7.5, Seed: 7');
  });

  it('merges a LoRA file, keeps it in the picture and repeats it from there', async () => {
    const module = 'mid_block.attentions.0.transformer_blocks.0.attn2.to_v';
    const wave = (shape: number[]) =>
      float32(
        Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i)),
        shape,
      );
    const tensors = {
      [`unet.${module}.lora_A.weight`]: wave([2, 32]),
      [`unet.${module}.lora_B.weight`]: wave([32, 2]),
    };
    await writeSafetensors(join(cwd, 'l.safetensors'), tensors);
    const settings = ['a man', '--model', model, '--seed', '7', '--steps', '2'];
    const pixels = async (name: string) => (await readImage(join(cwd, name))).data;
    await generate(...settings, '--out', 'plain.png');
    await generate(...settings, '--lora', 'l.safetensors:0', '--out', 'zero.png');
    const run = await generate(...settings, '--lora', 'l.safetensors:3', '--out', 'a.png', '--json');
    expect(JSON.parse(run.stdout).loras).toEqual([
      { name: 'l.safetensors', scale: 3, fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) },
    ]);
    expect(await pixels('zero.png')).toEqual(await pixels('plain.png'));
    expect(await pixels('a.png')).not.toEqual(await pixels('plain.png'));
    expect((await generate('--from', 'a.png', '--out', 'b.png')).code).toBe(0);
    expect(bytes('b.png')).toEqual(bytes('a.png'));
    expect(await generate('a man', '--lora', 'l.safetensors')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/another family/),
    });
  });

  it('repeats a picture bit for bit from its settings, and lets options override them', async () => {
    const settings = ['--steps', '3', '--guidance-scale', '4', '--scheduler', 'dpm++', '--width', '96'];
    const text = ['--negative-prompt', 'ein Fahrrad, blau 自転車'];
    await generate('a "man": ü', '--model', model, '--seed', '41', ...settings, ...text, '--out', 'a.png');
    expect((await generate('--from', 'a.png', '--out', 'b.png')).code).toBe(0);
    expect(bytes('b.png')).toEqual(bytes('a.png'));

    await generate('--from', 'a.png', '--seed', '42', '--out', 'c.png');
    expect(JSON.parse(readPngText(bytes('c.png'))['contrapposto'])).toMatchObject({ seed: 42, steps: 3, width: 96 });
    expect((await readImage(join(cwd, 'c.png'))).data).not.toEqual((await readImage(join(cwd, 'a.png'))).data);
  });

  it('numbers the pictures of a batch, each equal to a single run with its seed', async () => {
    const same = ['a man', '--model', model, '--steps', '2'];
    expect((await generate(...same, '--seed', '5', '--count', '2', '--out', 'a.png')).code).toBe(0);
    await generate(...same, '--seed', '6', '--out', 'b.png');
    expect(readdirSync(cwd).sort()).toEqual(['a-1.png', 'a-2.png', 'b.png']);
    expect(bytes('a-2.png')).toEqual(bytes('b.png'));
    expect(bytes('a-1.png')).not.toEqual(bytes('b.png'));
  });

  it('says what was cut from a prompt that is too long, and still makes the picture', async () => {
    const prompt = `${'very '.repeat(80)}tall lamp`;
    const run = await generate(prompt, '--model', model, '--steps', '1', '--out', 'a.png', '--json');
    expect(run.code).toBe(0);
    expect(JSON.parse(run.stdout).warnings).toEqual([expect.stringMatching(/tall lamp/)]);
    expect(run.stderr).toMatch(/warning: .*tall lamp/);
  });

  it('changes a picture, or a part of it, and repeats both from their settings', async () => {
    const solid = (of: (pixel: number) => number) => ({
      widthPx: 64,
      heightPx: 32,
      data: Uint8Array.from({ length: 64 * 32 * 3 }, (_, i) => of(Math.floor(i / 3))),
    });
    const photo = solid((i) => (i * 31) % 256);
    writeFileSync(join(cwd, 'photo.png'), await encodePng(photo));
    writeFileSync(join(cwd, 'mask.png'), await encodePng(solid((i) => (i % 64 < 32 ? 255 : 0))));
    const same = ['a man', '--model', model, '--steps', '4', '--seed', '3', '--scheduler', 'euler-ancestral'];
    const size = ['--width', '64', '--height', '64'];
    const changed = await generate(
      ...same,
      '--init-image',
      'photo.png',
      '--strength',
      '0.5',
      '--out',
      'a.png',
      '--json',
    );
    expect(JSON.parse(changed.stdout)).toMatchObject({
      strength: 0.5,
      init_image: { path: 'photo.png' },
      width: 88,
      height: 64,
    });
    await generate(...same, ...size, '--init-image', 'photo.png', '--mask', 'mask.png', '--out', 'b.png');
    const inpainted = await readImage(join(cwd, 'b.png'));
    expect([inpainted.widthPx, inpainted.heightPx]).toEqual([64, 64]);
    for (const name of ['a', 'b']) {
      const run = await generate('--from', `${name}.png`, '--out', `${name}2.png`);
      expect(run).toMatchObject({ code: 0, stderr: expect.not.stringContaining('warning') });
      expect(bytes(`${name}2.png`)).toEqual(bytes(`${name}.png`));
    }
    writeFileSync(join(cwd, 'photo.png'), await encodePng(solid(() => 9)));
    expect((await generate('--from', 'a.png', '--out', 'c.png')).stderr).toMatch(/warning: "photo.png" is not the/);
  });

  it('reads a long prompt in chunks when asked', async () => {
    const prompt = `${'very '.repeat(80)}tall lamp`;
    const options = ['--model', model, '--steps', '1', '--seed', '1', '--long-prompts', 'chunk', '--json'];
    const run = await generate(prompt, ...options, '--out', 'a.png');
    expect(JSON.parse(run.stdout)).toMatchObject({ warnings: [], long_prompts: 'chunk' });
    await generate('--from', 'a.png', '--out', 'b.png');
    expect(bytes('b.png')).toEqual(bytes('a.png'));
  });

  it('writes previews, and warns when the model is not the one that made the picture', async () => {
    await generate('a man', '--model', model, '--steps', '2', '--out', 'a.png', '--preview', 'p.png');
    expect((await readImage(join(cwd, 'p.png'))).widthPx).toBe(64);
    const text = readPngText(bytes('a.png'));
    const record = JSON.parse(text['contrapposto']);
    record.model.fingerprint = '0000000000000000';
    const foreign = await encodePng(await readImage(join(cwd, 'a.png')), {
      text: { contrapposto: JSON.stringify(record) },
    });
    writeFileSync(join(cwd, 'foreign.png'), foreign);
    expect((await generate('--from', 'foreign.png', '--out', 'c.png')).stderr).toMatch(/warning: .*not the one/);
  });
});

it("the README's program makes a picture", async () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const source = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  expect(source).toContain("modelFolder('mini')");
  const run = await program.runModule(source.replace("'mini'", JSON.stringify(model)), { cwd });
  expect(run).toEqual({ code: 0, stdout: '', stderr: '' });
  expect((await readImage(join(cwd, 'a.png'))).widthPx).toBe(64);
});

describe('generate, interrupted', () => {
  const long = (out: string) => [
    'generate',
    'a man',
    '--method',
    'sd',
    '--model',
    model,
    '--steps',
    '1000',
    '--out',
    out,
  ];

  it.each(['SIGINT', 'SIGTERM'] as const)('ends with 130 after %s and leaves no file', async (signal) => {
    const run = program.start(long('a.png'), { cwd });
    await run.says(/denoise 1\/1000/);
    run.child.kill(signal);
    const { code, stdout, stderr } = await run.finished;
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(stderr).toMatch(/interrupted/);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('ends at once on the second Ctrl-C, keeps what was there before', async () => {
    writeFileSync(join(cwd, 'a.png'), 'old');
    const run = program.start(long('a.png'), { cwd });
    await run.says(/denoise 1\/1000/);
    run.child.kill('SIGINT');
    run.child.kill('SIGINT');
    expect((await run.finished).code).toBe(130);
    expect(readdirSync(cwd)).toEqual(['a.png']);
    expect(bytes('a.png').toString()).toBe('old');
  });

  it('finishes the picture although nobody reads its output any more', async () => {
    const run = program.start(
      ['generate', 'a man', '--method', 'sd', '--model', model, '--steps', '2', '--out', 'a.png'],
      { cwd },
    );
    run.child.stdout?.destroy();
    run.child.stderr?.destroy();
    expect((await run.finished).code).toBe(0);
    expect(readdirSync(cwd)).toEqual(['a.png']);
  });
});
