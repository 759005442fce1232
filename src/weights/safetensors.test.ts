// Safetensors: what is written is read back, and every way a file can be broken is refused with its reason.
import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { float32, int64, type Tensor } from '../core/tensor.js';
import { encodeFloat16 } from './float16.js';
import { openSafetensors } from './safetensors.js';
import { encodeSafetensors, packTensors, writeSafetensors } from './safetensors-writer.js';

const golden = join(process.env.CONTRAPPOSTO_SHARED ?? '../shared', 'golden');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const samples: Record<string, Tensor> = {
  f32: float32([1, -2.5, 0.1, 4, 5, 6], [2, 3]),
  f16: { dtype: 'float16', shape: [3], data: encodeFloat16(Float32Array.of(1, -0.5, 65504)) },
  bf16: { dtype: 'bfloat16', shape: [2], data: Uint16Array.of(0x3f80, 0xc000) },
  f64: { dtype: 'float64', shape: [1], data: Float64Array.of(0.1) },
  i64: int64([1, -2], [2, 1]),
  i32: { dtype: 'int32', shape: [], data: Int32Array.of(-7) },
  i16: { dtype: 'int16', shape: [1], data: Int16Array.of(-300) },
  u16: { dtype: 'uint16', shape: [1], data: Uint16Array.of(65535) },
  i8: { dtype: 'int8', shape: [3], data: Int8Array.of(-128, 0, 127) },
  u8: { dtype: 'uint8', shape: [0, 4], data: new Uint8Array(0) },
  bool: { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) },
};

describe('round trip', () => {
  it('keeps every dtype bit for bit, and widens the short floats when read', async () => {
    const path = join(folder, 'all.safetensors');
    await writeSafetensors(path, samples, { metadata: { step: '3', note: 'naïve "é"' } });
    const file = openSafetensors(path);
    expect([...file.names()].sort()).toEqual(Object.keys(samples).sort());
    expect(file.metadata).toEqual({ step: '3', note: 'naïve "é"' });
    for (const [name, tensor] of Object.entries(samples)) {
      expect(file.rawRead(name), name).toEqual(tensor);
      expect(file.info(name), name).toEqual({ dtype: tensor.dtype, shape: tensor.shape });
    }
    expect(file.read('f16')).toEqual(float32([1, -0.5, 65504], [3]));
    expect(file.read('bf16')).toEqual(float32([1, -2], [2]));
    expect(file.read('f64')).toEqual(float32([0.1], [1]));
    expect(file.read('i64')).toEqual(samples.i64);
    file.close();
  });

  it('writes the same bytes whatever the order, aligned to eight', () => {
    const shuffled = Object.fromEntries(Object.entries(samples).reverse());
    const bytes = encodeSafetensors(samples, { metadata: { b: '2', a: '1' } });
    expect(encodeSafetensors(shuffled, { metadata: { a: '1', b: '2' } })).toEqual(bytes);
    expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
  });

  it('keeps any names and metadata', () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text !== '__metadata__');
    const names = fc.uniqueArray(fc.oneof(name, fc.constantFrom('0', '1', '"', '\\', '{"a":1}')), { minLength: 1 });
    fc.assert(
      fc.property(names, (list) => {
        const tensors = Object.fromEntries(list.map((key, i) => [key, float32([i], [1])]));
        const file = openSafetensors(encodeSafetensors(tensors, { metadata: tensors.a ? {} : { [list[0]]: list[0] } }));
        for (const [i, key] of list.entries()) expect(file.read(key).data[0]).toBe(i);
      }),
    );
  });

  it('refuses a tensor whose data does not fit its shape, and writes nothing', async () => {
    const path = join(folder, 'bad.safetensors');
    const bad = { dtype: 'float32', shape: [3], data: new Float32Array(2) } as const;
    await expect(writeSafetensors(path, { bad })).rejects.toMatchObject({ code: 'invalid-input' });
    expect(existsSync(path)).toBe(false);
  });

  it('stops at a signal and reports progress', async () => {
    const path = join(folder, 'stopped.safetensors');
    const abort = new AbortController();
    const seen: number[] = [];
    const write = writeSafetensors(path, samples, {
      signal: abort.signal,
      onProgress: (event) => {
        if (event.type === 'load' && seen.push(event.loadedBytes ?? 0) === 2) abort.abort();
      },
    });
    await expect(write).rejects.toMatchObject({ code: 'aborted' });
    expect(seen).toHaveLength(2);
    expect(existsSync(path)).toBe(false);
  });
});

describe('quantised storage', () => {
  it('hides the scales and reads float32', () => {
    const weight = float32([1, -0.5, 0.25, 100, 50, -25], [2, 3]);
    const packed = packTensors({ weight, bias: float32([1, 2], [2]), ids: samples.i64 }, (name) =>
      name === 'weight' ? 'int8' : 'float16',
    );
    const file = openSafetensors(encodeSafetensors(packed));
    expect([...file.names()].sort()).toEqual(['bias', 'ids', 'weight']);
    expect(file.has('weight.scale')).toBe(false);
    expect(file.info('weight')).toEqual({ dtype: 'float32', shape: [2, 3] });
    expect(file.rawRead('weight').dtype).toBe('int8');
    expect(file.rawRead('weight.scale').data[0]).toBeCloseTo(1 / 127);
    const { data } = file.read('weight');
    for (const [i, value] of weight.data.entries()) expect(Math.abs(Number(data[i]) - Number(value))).toBeLessThan(0.4);
  });

  it('leaves a scale alone that belongs to no int8 tensor', () => {
    const tensors = { norm: float32([1, 2], [2]), 'norm.scale': float32([3, 4], [2]), 'x.scale': float32([5], [1]) };
    expect([...openSafetensors(encodeSafetensors(tensors)).names()].sort()).toEqual(Object.keys(tensors));
  });

  it('refuses halves that would overflow', () => {
    expect(() => packTensors({ a: float32([70000], [1]) }, () => 'float16')).toThrow(/store this tensor as float32/);
  });
});

/** A file from a header text (or object) and data. */
function fileOf(header: unknown, dataBytes = 0, statedLength?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const out = new Uint8Array(8 + json.length + dataBytes);
  new DataView(out.buffer).setBigUint64(0, statedLength ?? BigInt(json.length), true);
  out.set(json, 8);
  return out;
}
const entry = (dtype: unknown, shape: unknown, data_offsets: unknown) => ({ dtype, shape, data_offsets });
const four = entry('F32', [1], [0, 4]);

describe('broken files', () => {
  it('opens the intact ones that the broken ones are made from', () => {
    expect([...openSafetensors(fileOf({ a: four }, 4)).names()]).toEqual(['a']);
    expect([...openSafetensors(fileOf('{}  ')).names()]).toEqual([]);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(0), /got 0 bytes/],
    ['seven bytes', new Uint8Array(7), /got 7 bytes/],
    ['a length over the limit', fileOf({ a: four }, 4, 100_000_001n), /at most 100000000/],
    ['a length of 2^64-1', fileOf({ a: four }, 4, 0xffffffffffffffffn), /at most 100000000/],
    ['a header beyond the file', fileOf({ a: four }, 4, 1000n), /truncated/],
    ['text', new TextEncoder().encode('just some words in a file'), /expected a safetensors header/],
    ['broken JSON', fileOf('{"a":'), /JSON/],
    ['broken UTF-8', fileOf(`{"${String.fromCharCode(0xd800)}`).fill(0xff, 9), /JSON/],
    ['a tensor that is a number', fileOf({ a: 3 }), /expected an object/],
    ['metadata that is not text', fileOf({ __metadata__: { a: 1 } }), /__metadata__/],
    ['no dtype', fileOf({ a: { shape: [1], data_offsets: [0, 4] } }, 4), /got dtype nothing/],
    ['an unknown dtype', fileOf({ a: entry('F33', [1], [0, 4]) }, 4), /got dtype "F33"/],
    ['a dtype from the prototype', fileOf({ a: entry('toString', [1], [0, 4]) }, 4), /got dtype "toString"/],
    ['a negative side', fileOf({ a: entry('F32', [-1, -1], [0, 4]) }, 4), /shape of whole numbers/],
    ['a fractional side', fileOf({ a: entry('F32', [0.5, 2], [0, 4]) }, 4), /shape of whole numbers/],
    ['a side beyond 2^53', fileOf('{"a":{"dtype":"F32","shape":[1e300],"data_offsets":[0,4]}}', 4), /whole numbers/],
    ['a product that overflows', fileOf({ a: entry('F32', [2 ** 40, 2 ** 40], [0, 4]) }, 4), /bytes for F32/],
    [
      'a product that wraps to the size',
      fileOf({ a: entry('F32', [2 ** 32, 2 ** 32 + 1], [0, 4]) }, 4),
      /bytes for F32/,
    ],
    ['a shape too small', fileOf({ a: entry('F32', [2], [0, 4]) }, 4), /expected 8 bytes for F32 \[2\], got 4/],
    ['offsets that are not aligned', fileOf({ a: entry('F32', [1], [0, 3]) }, 3), /bytes for F32/],
    ['three offsets', fileOf({ a: entry('F32', [1], [0, 4, 8]) }, 8), /data_offsets/],
    ['offsets reversed', fileOf({ a: entry('F32', [1], [4, 0]) }, 4), /data_offsets/],
    ['negative offsets', fileOf({ a: entry('F32', [1], [-4, 0]) }, 4), /data_offsets/],
    ['data beyond the file', fileOf({ a: four }, 3), /truncated/],
    ['bytes after the data', fileOf({ a: four }, 5), /1 more after/],
    ['overlap', fileOf({ a: four, b: entry('F32', [1], [2, 6]) }, 6), /another tensor/],
    ['the same bytes twice', fileOf({ a: four, b: four }, 4), /another tensor/],
    ['a gap', fileOf({ a: four, b: entry('F32', [1], [8, 12]) }, 12), /gap/],
    [
      'a name twice',
      fileOf(`{"a":${JSON.stringify(four)},"\\u0061":${JSON.stringify(entry('F32', [1], [4, 8]))}}`, 8),
      /"a" twice/,
    ],
    [
      'a key of a tensor twice',
      fileOf('{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}', 4),
      /"shape" twice/,
    ],
    ['a zip archive', new TextEncoder().encode('PK\x03\x04 and the rest of a checkpoint'), /PyTorch pickle/],
    ['a bare pickle', Uint8Array.of(0x80, 2, 0x7d, 0x71, 0, 0x2e, 0, 0, 0, 0), /PyTorch pickle/],
    ['a Git LFS pointer', new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\noid'), /git lfs pull/],
    ['a web page', new TextEncoder().encode('<!DOCTYPE html><html>'), /web page/],
  ])('refuses %s', (_, bytes, reason) => {
    expect(() => openSafetensors(bytes)).toThrowError(
      expect.objectContaining({ code: 'corrupt-file', message: expect.stringMatching(reason) }),
    );
    expect(() => openSafetensors(bytes)).toThrow(/hint: /);
  });

  it('calls a dtype of newer files unsupported', () => {
    expect(() => openSafetensors(fileOf({ a: entry('F8_E4M3', [4], [0, 4]) }, 4))).toThrowError(
      expect.objectContaining({ code: 'unsupported' }),
    );
  });

  it('refuses a boolean that is neither 0 nor 1', () => {
    const bytes = fileOf({ a: entry('BOOL', [1], [0, 1]) }, 1);
    bytes[bytes.length - 1] = 2;
    expect(() => openSafetensors(bytes).read('a')).toThrowError(expect.objectContaining({ code: 'corrupt-file' }));
  });

  it('tells missing files, folders and absent tensors apart', () => {
    expect(() => openSafetensors(join(folder, 'none'))).toThrowError(expect.objectContaining({ code: 'not-found' }));
    expect(() => openSafetensors(folder)).toThrowError(expect.objectContaining({ code: 'invalid-input' }));
    expect(() => openSafetensors(fileOf({ a: four }, 4)).read('b')).toThrowError(
      expect.objectContaining({ code: 'not-found' }),
    );
  });

  it('names the pickle by its extension too', () => {
    const path = join(folder, 'model.ckpt');
    writeFileSync(path, 'some old format');
    expect(() => openSafetensors(path)).toThrow(/PyTorch pickle/);
  });

  it('notices a file that shrinks while it is open', () => {
    const path = join(folder, 'shrinks.safetensors');
    const bytes = fileOf({ a: four }, 4);
    writeFileSync(path, bytes);
    const file = openSafetensors(path);
    truncateSync(path, bytes.length - 1);
    expect(() => file.read('a')).toThrowError(expect.objectContaining({ code: 'corrupt-file' }));
    file.close();
  });
});

it.skipIf(!existsSync(golden))('reads files of the reference implementation', () => {
  const path = join(golden, 'tiny-sd/unet/diffusion_pytorch_model.safetensors');
  const file = openSafetensors(path);
  expect(file.info('conv_in.weight')).toEqual({ dtype: 'float32', shape: [32, 4, 3, 3] });
  expect(openSafetensors(readFileSync(path)).read('conv_in.weight')).toEqual(file.read('conv_in.weight'));
  file.close();
});
