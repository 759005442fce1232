// Pictures: hostile files fail with one clear error, good ones survive PNG, resizing and tensors exactly.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePng, fromTensor, type Image, readImage, readPngText, resizeImage, toTensor } from './image.js';

function gradient(widthPx: number, heightPx: number): Image {
  const data = new Uint8Array(widthPx * heightPx * 3);
  for (let i = 0; i < data.length; i++) data[i] = (i * 37 + (i >> 5)) & 255;
  return { widthPx, heightPx, data };
}

function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

function pngOfSize(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  const idat = pngChunk('IDAT', deflateSync(Buffer.alloc(64)));
  return Buffer.concat([signature, pngChunk('IHDR', header), idat, pngChunk('IEND', Buffer.alloc(0))]);
}

describe('readImage on hostile input', () => {
  let dir = '';
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'image-test-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  const jpeg = async () => sharp(Buffer.alloc(64 * 64 * 3, 90), { raw: { width: 64, height: 64, channels: 3 } }).jpeg();
  const cases: [string, () => Promise<Uint8Array> | Uint8Array, string][] = [
    ['text called .jpg', () => Buffer.from('this is only text, not a picture at all\n'), 'unsupported'],
    ['an empty file', () => new Uint8Array(0), 'invalid-input'],
    ['a decompression bomb', () => pngOfSize(60_000, 60_000), 'limit'],
    ['a picture of zero size', () => pngOfSize(0, 10), 'corrupt-file'],
    ['a PNG whose pixels are missing', () => pngOfSize(100, 100), 'corrupt-file'],
    ['an SVG', () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), 'unsupported'],
    [
      'a cut JPEG',
      async () => {
        const bytes = await (await jpeg()).toBuffer();
        return bytes.subarray(0, bytes.length - 60);
      },
      'corrupt-file',
    ],
  ];
  it.each(cases)('refuses %s', async (name, make, code) => {
    const bytes = await make();
    const path = join(dir, `${name.replaceAll(' ', '-')}.jpg`);
    await writeFile(path, bytes);
    await expect(readImage(path)).rejects.toMatchObject({ name: 'ContrappostoError', code });
    await expect(readImage(path)).rejects.toThrow(path);
    await expect(readImage(bytes)).rejects.toMatchObject({ code });
  });

  it('refuses a folder and a missing file, and stops on a signal', async () => {
    await expect(readImage(dir)).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(readImage(join(dir, 'nothing.png'))).rejects.toMatchObject({ code: 'not-found' });
    const bytes = await encodePng(gradient(4, 4));
    await expect(readImage(bytes, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'aborted' });
    await expect(readImage(bytes, { maxPixels: 15 })).rejects.toMatchObject({ code: 'limit' });
  });
});

describe('readImage on good input', () => {
  it('applies EXIF rotation', async () => {
    const left = sharp(Buffer.from([255, 0, 0, 0, 0, 255]), { raw: { width: 2, height: 1, channels: 3 } });
    const image = await readImage(await left.withMetadata({ orientation: 6 }).png().toBuffer());
    expect(image).toMatchObject({ widthPx: 1, heightPx: 2, data: Uint8Array.of(255, 0, 0, 0, 0, 255) });
  });

  it('turns grey, 16-bit and transparent pictures into RGB', async () => {
    const grey = await sharp(Buffer.of(7, 200), { raw: { width: 2, height: 1, channels: 1 } })
      .png()
      .toBuffer();
    expect((await readImage(grey)).data).toEqual(Uint8Array.of(7, 7, 7, 200, 200, 200));
    const clear = await sharp(Buffer.of(1, 2, 3, 0), { raw: { width: 1, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    expect((await readImage(clear)).data).toEqual(Uint8Array.of(255, 255, 255));
    const deep = await sharp(grey).toColourspace('rgb16').png().toBuffer();
    expect((await readImage(deep)).data).toEqual(Uint8Array.of(7, 7, 7, 200, 200, 200));
  });
});

describe('encodePng', () => {
  it('keeps pixels and text exactly, and is deterministic', async () => {
    const image = gradient(19, 7);
    const text = { contrapposto: '{"seed":7}', Title: 'größe', prompt: '走る人 🏃', Empty: '' };
    const png = await encodePng(image, { text });
    expect(await readImage(png)).toEqual(image);
    expect({ ...readPngText(png) }).toEqual(text);
    expect(await encodePng(image, { text })).toEqual(png);
  });

  it('keeps any text', async () => {
    const png = await encodePng(gradient(1, 1));
    const { insertPngText } = await import('./png-text.js');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        expect(readPngText(insertPngText(png, { key: value })).key).toBe(value);
      }),
    );
  });

  it('refuses bad keywords, wrong lengths and foreign bytes', async () => {
    await expect(encodePng(gradient(2, 2), { text: { '': 'x' } })).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(encodePng(gradient(2, 2), { text: { ' a': 'x' } })).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(encodePng({ ...gradient(2, 2), widthPx: 3 })).rejects.toMatchObject({ code: 'shape' });
    expect(() => readPngText(Buffer.from('no png'))).toThrow(/expected a PNG/);
  });

  it('notices damaged and oversized text', async () => {
    const png = await encodePng(gradient(2, 2), { text: { key: 'value' } });
    const damaged = Uint8Array.from(png);
    damaged[Buffer.from(png).indexOf('value')] ^= 1;
    expect(() => readPngText(damaged)).toThrow(/checksum/);
    expect(() => readPngText(png.subarray(0, 50))).toThrow(/corrupt|behind the file/);
    const bomb = pngChunk('zTXt', Buffer.concat([Buffer.from('key\0\0'), deflateSync(Buffer.alloc(32 << 20))]));
    const hostile = Buffer.concat([png.subarray(0, 33), bomb, png.subarray(33)]);
    expect(() => readPngText(hostile)).toThrow(/at most/);
  });
});

describe('resizing and tensors', () => {
  it('resizes constants to constants and keeps equal sizes untouched', async () => {
    const grey: Image = { widthPx: 8, heightPx: 6, data: new Uint8Array(8 * 6 * 3).fill(77) };
    const half = await resizeImage(grey, { widthPx: 4, heightPx: 3 });
    expect(half).toEqual({ widthPx: 4, heightPx: 3, data: new Uint8Array(36).fill(77) });
    expect(await resizeImage(grey, { widthPx: 8, heightPx: 6 })).toBe(grey);
    await expect(resizeImage(grey, { widthPx: 0, heightPx: 6 })).rejects.toMatchObject({ code: 'shape' });
  });

  it('goes to NCHW in [-1, 1] and back exactly', () => {
    const image = gradient(5, 3);
    const tensor = toTensor(image);
    expect(tensor[15]).toBeCloseTo(image.data[1] / 127.5 - 1, 6);
    expect(fromTensor(tensor, image)).toEqual(image);
    expect(fromTensor(Float32Array.of(-9, 9, Number.NaN), { widthPx: 1, heightPx: 1 }).data).toEqual(
      Uint8Array.of(0, 255, 0),
    );
    expect(() => fromTensor(tensor, { widthPx: 5, heightPx: 4 })).toThrow(/60 values/);
  });
});
