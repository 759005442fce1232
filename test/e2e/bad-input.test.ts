import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePng } from '../../src/core/image.js';
import { type Finished, Program } from './program.js';
import { writeTinyCheckpoint } from './tiny-checkpoint.js';

const scratch = mkdtempSync(join(tmpdir(), 'bad-input-'));
let program: Program;

beforeAll(async () => {
  await writeFixtures();
  program = await Program.build('bad-input');
});
afterAll(() => {
  program?.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

/** Everything a case may name, in the folder that the program runs in. */
async function writeFixtures(): Promise<void> {
  const at = (...path: string[]) => join(scratch, ...path);
  await writeTinyCheckpoint(at('model'));
  const weights = 'unet/diffusion_pytorch_model.safetensors';
  for (const name of ['truncated', 'hostile', 'endless', 'unlike', 'no-unet', 'no-json']) {
    cpSync(at('model'), at(name), { recursive: true });
  }
  truncateSync(at('truncated', weights), 100_000);
  writeFileSync(
    at('hostile', weights),
    safetensors({ a: { dtype: 'F32', shape: [2 ** 40], data_offsets: [0, 2 ** 42] } }),
  );
  writeFileSync(at('endless', weights), Buffer.from([255, 255, 255, 255, 255, 255, 255, 127, 0x7b]));
  writeFileSync(at('unlike', weights), safetensors({ a: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } }, 4));
  rmSync(at('no-unet', 'unet'), { recursive: true });
  writeFileSync(at('no-json', 'unet/config.json'), '{ "act_fn": ');
  mkdirSync(at('folder'));
  mkdirSync(at('folder.png'));
  writeFileSync(at('text.jpg'), 'this is no picture');
  writeFileSync(at('empty.jpg'), '');
  const noise = {
    widthPx: 64,
    heightPx: 64,
    data: Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7919) % 251),
  };
  const png = await encodePng(noise);
  writeFileSync(at('plain.png'), png);
  writeFileSync(at('cut.png'), png.subarray(0, png.length / 2));
  writeFileSync(at('bomb.png'), bomb());
  writeFileSync(at('other.png'), await encodePng(noise, { text: { parameters: 'Steps: 20' } }));
  writeFileSync(at('broken.png'), await encodePng(noise, { text: { contrapposto: '{"schema":1' } }));
  const record = { schema: 1, method: 'sd', prompt: 'x', negative_prompt: '', seed: 0, steps: 1e9, guidance_scale: 1 };
  const model = { name: 'model', fingerprint: '' };
  const hostile = JSON.stringify({ ...record, scheduler: 'ddim', width: 64, height: 64, model, software: {} });
  writeFileSync(at('steps.png'), await encodePng(noise, { text: { contrapposto: hostile } }));
}

function safetensors(header: object, dataBytes = 0): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, Buffer.alloc(dataBytes)]);
}

/** A PNG of a few kilobytes that unpacks to 30,000 by 30,000 pixels. */
function bomb(): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(30_000, 0);
  header.writeUInt32BE(30_000, 4);
  header.set([1, 0], 8); // one bit, greyscale
  const rows = deflateSync(Buffer.alloc(3751 * 1000));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', rows),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Runs a command that must be refused, and checks what every refusal has in common. */
async function refuse(args: readonly string[]): Promise<Finished> {
  const before = listing();
  const named = args.filter((arg, i) => i === 0 || (i === 1 && arg === 'verify'));
  const run = await program.run(args.length > 0 ? [...named, '--json', ...args.slice(named.length)] : [], {
    cwd: scratch,
  });
  expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^error: /m) });
  expect(run.stderr.match(/^error: /gm)).toHaveLength(1);
  expect(run.stderr).not.toMatch(/ {4}at |node:internal|undefined/);
  if (args.length > 0) expect(run.stderr).toContain(JSON.parse(run.stdout).error.message);
  else expect(run.stdout).toBe('');
  expect(listing()).toEqual(before);
  return run;
}

const listing = () => readdirSync(scratch, { recursive: true }).sort();

const ABSENT_DEVICE = process.platform === 'darwin' ? 'dml' : 'coreml';
const draw = ['generate', 'a man', '--model', 'model', '--steps', '1'];
const out = ['--out', 'a.png'];

describe('the command line', () => {
  it.each<[string, string[], RegExp]>([
    ['no command', [], /expected generate, .*hint: see contrapposto --help/s],
    ['an unknown command', ['gnerate'], /unknown command 'gnerate'.*did you mean generate\?/s],
    ['an unknown option', [...draw, '--stps', '3'], /unknown option '--stps'.*did you mean --steps\?/s],
    ['an option without its value', [...draw, '--seed'], /hint: see contrapposto generate --help/],
    ['two prompts', [...draw, 'a dog'], /too many arguments.*hint:/s],
    ['another device', [...draw, ...out, '--device', 'abacus'], /--device: expected auto, cpu.*hint:/s],
    [
      'a device that is not here',
      [...draw, ...out, '--device', ABSENT_DEVICE],
      /--device \w+: expected a device.*hint:/s,
    ],
    ['a kind of scene that is not there', ['synth', '--kind', 'opera', '--out', 's'], /opera.*hint:/s],
    ['synth without a folder', ['synth'], /--out.*hint:/s],
    ['an unknown recipe', ['train', 'nothing', '--export', 'e', '--data', 'folder'], /recipe: expected one of/],
    ['training in this process', ['train', 'toy-sd'], /--export DIR.*hint:/s],
  ])('refuses %s', async (_, args, message) => {
    expect((await refuse(args)).stderr).toMatch(message);
  });
});

describe('generate', () => {
  it.each<[string, string[], RegExp]>([
    ['no prompt', ['generate'], /prompt: expected a few words.*hint: for example/s],
    ['an empty prompt', ['generate', ' '], /got an empty one.*hint: for example/s],
    ['an unknown method', [...draw, '--method', 'magic'], /expected record, sd.*got "magic".*hint:/s],
    ['an unknown model', ['generate', 'x', '--model', 'nothing'], /no such name or folder.*hint:/s],
    [
      'a model that is a file',
      ['generate', 'x', '--model', 'text.jpg', ...out],
      /expected a safetensors header.*hint:/s,
    ],
    ['a folder that is no model', ['generate', 'x', '--model', 'folder', ...out], /sub-folders.*hint:/s],
    ['a side that is not a multiple of 8', [...draw, '--width', '100'], /hint: try --width 96 or --width 104/],
    ['an absurd side', [...draw, '--height', '99999'], /--height: expected .*64 to 2048.*hint:/s],
    ['no steps', [...draw, '--steps', '0'], /--steps: expected a whole number from 1 to 1000.*hint:/s],
    ['half a step', [...draw, '--steps', '1.5'], /--steps.*hint:/s],
    ['a guidance scale out of range', [...draw, '--guidance-scale', '-3'], /--guidance-scale.*0 to 100.*hint:/s],
    ['a seed that is no number', [...draw, '--seed', 'seven'], /--seed.*got "seven".*hint:/s],
    [
      'a scheduler that is not there',
      [...draw, ...out, '--scheduler', 'magic'],
      /expected one of ddim, .*euler-ancestral/,
    ],
    [
      'a mask without a picture',
      [...draw, ...out, '--mask', 'plain.png'],
      /--mask: expected a picture to change.*hint:/s,
    ],
    ['a strength without a picture', [...draw, ...out, '--strength', '0.5'], /--strength: expected a picture.*hint:/s],
    ['a strength out of range', [...draw, ...out, '--strength', '1.5'], /--strength.*0.01 to 1.*hint:/s],
    ['a picture that is none', [...draw, ...out, '--init-image', 'text.jpg'], /no known picture format.*hint:/s],
    [
      'a strength that leaves no step',
      [...draw, ...out, '--init-image', 'plain.png', '--strength', '0.1'],
      /one step.*hint:/s,
    ],
    ['another way with long prompts', [...draw, ...out, '--long-prompts', 'sing'], /cut or chunk.*hint:/s],
    ['an output folder that does not exist', [...draw, '--out', 'no/a.png'], /hint: the folder "no" does not exist/],
    ['an output below a file', [...draw, '--out', 'text.jpg/a.png'], /hint: "text.jpg" is not a folder/],
    ['an output that cannot be written', [...draw, '--out', '/proc/a.png'], /write "\/proc\/a.png": expected a place/],
    ['an output that is a folder', [...draw, '--out', 'folder.png'], /got a folder.*hint:/s],
    ['an output that is no PNG', [...draw, '--out', 'a.jpg'], /a name ending in .png.*hint:/s],
    ['a preview that cannot be written', [...draw, ...out, '--preview', 'no/p.png'], /hint: the folder "no"/],
    ['a picture without settings', ['generate', '--from', 'plain.png'], /a PNG without settings.*hint:/s],
    ["another program's picture", ['generate', '--from', 'other.png'], /another program's settings.*hint:/s],
    ['broken settings', ['generate', '--from', 'broken.png'], /settings in JSON, got broken JSON/],
    ['settings out of range', ['generate', '--from', 'steps.png', ...out], /steps: expected 1 to 1000/],
    ['settings of a text file', ['generate', '--from', 'text.jpg'], /expected a PNG file.*hint:/s],
    ['settings of no file', ['generate', '--from', 'none.png'], /ENOENT.*hint:/s],
    ['truncated weights', ['generate', 'x', '--model', 'truncated', ...out], /truncated.*hint:/s],
    ['weights that promise terabytes', ['generate', 'x', '--model', 'hostile', ...out], /hostile.*hint:/s],
    ['a header without end', ['generate', 'x', '--model', 'endless', ...out], /endless.*hint:/s],
    ["another network's weights", ['generate', 'x', '--model', 'unlike', ...out], /unet: expected a tensor.*hint:/s],
    ['a checkpoint without its UNet', ['generate', 'x', '--model', 'no-unet', ...out], /"unet".*hint:/s],
    ['a broken config', ['generate', 'x', '--model', 'no-json', ...out], /config\.json/],
  ])('refuses %s', async (_, args, message) => {
    expect((await refuse(args)).stderr).toMatch(message);
  });
});

describe('pose', () => {
  it.each<[string, string[], RegExp]>([
    ['no picture', ['pose'], /missing required argument 'image'/],
    ['a file that is not there', ['pose', 'none.jpg'], /nothing at this path.*hint:/s],
    ['a folder', ['pose', 'folder'], /got a folder.*hint:/s],
    ['a text file called .jpg', ['pose', 'text.jpg'], /no known picture format.*hint:/s],
    ['an empty file', ['pose', 'empty.jpg'], /an empty file/],
    ['a picture cut off', ['pose', 'cut.png'], /cut\.png/],
    ['a decompression bomb', ['pose', 'bomb.png'], /at most \d+ pixels.*hint:/s],
    ['a drawing that cannot be written', ['pose', 'plain.png', '--draw', 'no/p.png'], /hint: the folder "no"/],
    ['an unknown layout', ['pose', 'plain.png', '--format', 'bvh'], /Allowed choices are openpose/],
  ])('refuses %s', async (_, args, message) => {
    expect((await refuse(args)).stderr).toMatch(message);
  });
});

it('models verify finds a NaN among the weights', async () => {
  const name = 'unet/diffusion_pytorch_model.safetensors';
  cpSync(join(scratch, 'model'), join(scratch, 'nan'), { recursive: true });
  const bytes = readFileSync(join(scratch, 'nan', name));
  bytes.writeFloatLE(Number.NaN, bytes.length - 4);
  writeFileSync(join(scratch, 'nan', name), bytes);
  expect((await refuse(['models', 'verify', 'nan'])).stderr).toMatch(/verify unet: expected finite numbers.*hint:/s);
  const run = await program.run(['models', 'verify', 'model', '--json'], { cwd: scratch });
  expect(JSON.parse(run.stdout)).toMatchObject({ name: 'model', valid: true });
});
