// Text chunks of PNG files: inserted without touching the pixels, and read back (PNG specification, 3rd edition, 11.3.3).
import { crc32, inflateSync } from 'node:zlib';
import { ContrappostoError } from './errors.js';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Inflated text is refused beyond this size, so that a small hostile file cannot fill the memory. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024;

interface Chunk {
  type: string;
  data: Uint8Array;
  start: number;
  end: number;
}

/** Whether `bytes` begin with the PNG signature. */
export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/**
 * Returns a copy of the PNG with one text chunk for each entry, in the order given, directly behind the header.
 * A value goes into `tEXt` when it is Latin-1 and into `iTXt` (UTF-8) otherwise; equal input gives equal bytes.
 * @throws ContrappostoError `invalid-input` for a keyword outside the specification (1-79 printable Latin-1 characters)
 */
export function insertPngText(png: Uint8Array, text: Record<string, string>): Uint8Array {
  const header = chunks(png).next().value;
  if (!header) throw corrupt('no chunks');
  const added = Object.entries(text).map(([keyword, value]) => textChunk(keyword, value));
  return Uint8Array.from(Buffer.concat([png.subarray(0, header.end), ...added, png.subarray(header.end)]));
}

/**
 * Every `tEXt`, `zTXt` and `iTXt` entry of a PNG; a later entry of the same keyword wins.
 * @throws ContrappostoError `unsupported` when the bytes are no PNG, `corrupt-file` for a broken chunk, `limit` for a text bomb
 */
export function readPngText(bytes: Uint8Array): Record<string, string> {
  if (!isPng(bytes)) {
    throw new ContrappostoError('unsupported', {
      operation: 'read PNG text',
      expected: 'a PNG file',
      got: 'other bytes',
      hint: 'only PNG files that this program wrote carry their settings; a copy converted to JPEG has lost them',
    });
  }
  // No prototype: a keyword such as `__proto__` in a foreign file stays an ordinary key.
  const entries: Record<string, string> = Object.create(null);
  for (const chunk of chunks(bytes)) {
    const entry = decodeText(chunk);
    if (entry) entries[entry[0]] = entry[1];
  }
  return entries;
}

function* chunks(png: Uint8Array): Generator<Chunk, undefined> {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  let start = SIGNATURE.length;
  while (start + 12 <= png.length) {
    const length = view.getUint32(start);
    const end = start + 12 + length;
    if (end > png.length) throw corrupt(`a chunk that ends ${end - png.length} bytes behind the file`);
    const type = latin1(png.subarray(start + 4, start + 8));
    if (isText(type) && crc32(png.subarray(start + 4, end - 4)) !== view.getUint32(end - 4)) {
      throw corrupt(`a ${type} chunk with a wrong checksum`);
    }
    yield { type, data: png.subarray(start + 8, end - 4), start, end };
    if (type === 'IEND') return;
    start = end;
  }
}

function isText(type: string): boolean {
  return type === 'tEXt' || type === 'zTXt' || type === 'iTXt';
}

function textChunk(keyword: string, value: string): Uint8Array {
  if (!/^[\x21-\x7e\xa1-\xff]([\x20-\x7e\xa1-\xff]{0,77}[\x21-\x7e\xa1-\xff])?$/.test(keyword)) {
    throw new ContrappostoError('invalid-input', {
      operation: 'write PNG text',
      expected: 'a keyword of 1 to 79 printable Latin-1 characters without outer spaces',
      got: JSON.stringify(keyword),
    });
  }
  // NUL separates the fields of tEXt and is therefore not allowed inside its text.
  const isLatin1 = /^[^\u0100-\uffff]*$/.test(value) && !value.includes('\0');
  const name = Buffer.from(keyword, 'latin1');
  return isLatin1
    ? chunk('tEXt', Buffer.concat([name, Buffer.of(0), Buffer.from(value, 'latin1')]))
    : chunk('iTXt', Buffer.concat([name, Buffer.of(0, 0, 0, 0, 0), Buffer.from(value, 'utf8')]));
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

function decodeText({ type, data }: Chunk): [string, string] | undefined {
  if (!isText(type)) return undefined;
  const keyEnd = zero(data, 0);
  const keyword = latin1(data.subarray(0, keyEnd));
  if (type === 'tEXt') return [keyword, latin1(data.subarray(keyEnd + 1))];
  if (type === 'zTXt') return [keyword, latin1(inflate(data.subarray(keyEnd + 2)))];
  const textStart = zero(data, zero(data, keyEnd + 3) + 1) + 1;
  const text = data.subarray(textStart);
  return [keyword, Buffer.from(data[keyEnd + 1] === 1 ? inflate(text) : text).toString('utf8')];
}

function zero(data: Uint8Array, from: number): number {
  const at = data.indexOf(0, from);
  if (at < 0) throw corrupt('a text chunk without separator');
  return at;
}

function inflate(data: Uint8Array): Uint8Array {
  try {
    return inflateSync(data, { maxOutputLength: MAX_TEXT_BYTES });
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new ContrappostoError('limit', {
        operation: 'read PNG text',
        expected: `at most ${MAX_TEXT_BYTES} bytes of text`,
        got: 'more',
        cause,
      });
    }
    throw corrupt('a compressed text that does not inflate', cause);
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function corrupt(got: string, cause?: unknown): ContrappostoError {
  return new ContrappostoError('corrupt-file', {
    operation: 'read PNG text',
    expected: 'an intact PNG',
    got,
    hint: 'the file is damaged; copy or download it again',
    cause,
  });
}
