// The container of baked characters: a JSON header that points into aligned blobs, the whole deflated.
import { gunzipSync, gzipSync } from 'node:zlib';
import { ContrappostoError } from '../../../core/errors.js';

/** Begins every pack; its number changes with the format. */
export const MAGIC = 'CPBODY03';

type BlobType = 'u8' | 'u16' | 'i16' | 'f32';

const VIEWS = { u8: Uint8Array, u16: Uint16Array, i16: Int16Array, f32: Float32Array } as const;

/** Where an array lies: byte offset from the start of the blobs, and the number of elements. */
export interface BlobRef<T extends BlobType = BlobType> {
  type: T;
  offset: number;
  length: number;
}

export type BlobView<T extends BlobType> = InstanceType<(typeof VIEWS)[T]>;

/** Collects arrays and hands out references to them for the header. */
export class PackWriter {
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  put<T extends BlobType>(type: T, values: ArrayLike<number>): BlobRef<T> {
    const view = VIEWS[type].from(values as ArrayLike<number> & Iterable<number>);
    const padding = (4 - (this.#size % 4)) % 4;
    this.#chunks.push(new Uint8Array(padding), new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    const offset = this.#size + padding;
    this.#size = offset + view.byteLength;
    return { type, offset, length: view.length };
  }

  /** The finished file. `header` must be plain data. */
  finish(header: unknown): Uint8Array {
    const json = new TextEncoder().encode(JSON.stringify(header));
    const start = Math.ceil((16 + json.length) / 4) * 4;
    const bytes = new Uint8Array(start + this.#size);
    bytes.set(new TextEncoder().encode(MAGIC), 0);
    new DataView(bytes.buffer).setUint32(8, json.length, true);
    bytes.set(json, 16);
    let at = start;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return gzipSync(bytes, { level: 9 });
  }
}

/** An opened container: the header as parsed JSON, and views of its arrays (not copies). */
export class PackReader {
  readonly header: unknown;
  readonly #bytes: Uint8Array;
  readonly #start: number;

  /** @throws `corrupt-file` when `file` is not a pack of this version. */
  constructor(file: Uint8Array) {
    this.#bytes = inflate(file);
    const length = new DataView(this.#bytes.buffer).getUint32(8, true);
    this.#start = Math.ceil((16 + length) / 4) * 4;
    if (this.#start > this.#bytes.length) throw damaged('a header longer than the file');
    this.header = JSON.parse(new TextDecoder().decode(this.#bytes.subarray(16, 16 + length)));
  }

  get<T extends BlobType>(ref: BlobRef<T>): BlobView<T> {
    const View = VIEWS[ref.type];
    const offset = this.#start + ref.offset;
    if (offset + ref.length * View.BYTES_PER_ELEMENT > this.#bytes.length) throw damaged('an array past the end');
    return new View(this.#bytes.buffer as ArrayBuffer, offset, ref.length) as BlobView<T>;
  }
}

/** The bytes in a buffer of their own, so that typed views are aligned. */
function inflate(file: Uint8Array): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(gunzipSync(file));
  } catch (cause) {
    throw damaged(cause instanceof Error ? cause.message : 'unreadable data');
  }
  const magic = new TextDecoder().decode(bytes.subarray(0, 8));
  if (bytes.length < 16 || magic !== MAGIC) throw damaged(`a file that begins with ${JSON.stringify(magic)}`);
  return bytes;
}

function damaged(got: string): ContrappostoError {
  return new ContrappostoError('corrupt-file', {
    operation: 'open pack of characters',
    expected: `a pack of people that this version baked`,
    got,
    hint: 'bake it again',
  });
}
