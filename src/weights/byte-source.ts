// Random access to the bytes of a file or of memory, so that a checkpoint is read tensor by tensor.
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { ContrappostoError } from '../core/errors.js';

export interface ByteSource {
  /** What messages call it, e.g. `"unet/model.safetensors"`. */
  readonly name: string;
  /** Of a file. */
  readonly path?: string;
  readonly byteLength: number;
  /** Fills `into` with the bytes from `offset` on; throws `corrupt-file` when there are fewer, `io` when reading fails. */
  read(offset: number, into: Uint8Array): void;
  close(): void;
}

/** Bytes in memory; they are not copied. */
export function memoryBytes(bytes: Uint8Array, name = 'bytes in memory'): ByteSource {
  return {
    name,
    byteLength: bytes.byteLength,
    read(offset, into) {
      if (offset + into.byteLength > bytes.byteLength) throw endedEarly(name);
      into.set(bytes.subarray(offset, offset + into.byteLength));
    },
    close() {},
  };
}

// One system call reads at most 2 GiB - 1; a round number below keeps the loop simple.
const MAX_READ_BYTES = 1 << 30;

/**
 * A file, kept open until `close`.
 * @throws `not-found` when there is none, `invalid-input` for a folder or device, `io` when it cannot be opened.
 */
export function fileBytes(path: string): ByteSource {
  const name = `"${path}"`;
  const { descriptor, byteLength } = openRegular(path);
  let open = true;
  return {
    name,
    path,
    byteLength,
    read(offset, into) {
      if (!open) throw new ContrappostoError('internal', { operation: `read ${name}`, got: 'a file already closed' });
      for (let done = 0; done < into.byteLength; ) {
        const length = Math.min(into.byteLength - done, MAX_READ_BYTES);
        const count = readChunk(descriptor, { into, done, length, position: offset + done, name });
        if (count === 0) throw endedEarly(name);
        done += count;
      }
    },
    close() {
      if (open) closeSync(descriptor);
      open = false;
    },
  };
}

interface Chunk {
  into: Uint8Array;
  done: number;
  length: number;
  position: number;
  name: string;
}

function readChunk(descriptor: number, { into, done, length, position, name }: Chunk): number {
  try {
    return readSync(descriptor, into, done, length, position);
  } catch (cause) {
    throw readError(`read ${name}`, cause);
  }
}

function openRegular(path: string): { descriptor: number; byteLength: number } {
  const operation = `open "${path}"`;
  let descriptor: number;
  let stats: Stats;
  try {
    // A pipe without a writer would block for ever, hence O_NONBLOCK; regular files ignore it.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    stats = fstatSync(descriptor);
  } catch (cause) {
    throw readError(operation, cause);
  }
  if (stats.isFile()) return { descriptor, byteLength: stats.size };
  closeSync(descriptor);
  const got = stats.isDirectory() ? 'a folder' : 'a device, pipe or socket';
  throw new ContrappostoError('invalid-input', { operation, expected: 'a file', got });
}

function endedEarly(name: string): ContrappostoError {
  return new ContrappostoError('corrupt-file', {
    operation: `read ${name}`,
    got: 'an end of the file before the data was complete',
    hint: 'the file changed while it was being read; copy it again',
  });
}

/** The error of a failed read: `not-found` when nothing is there, else `io`. */
export function readError(operation: string, cause: unknown): ContrappostoError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new ContrappostoError('not-found', { operation, got: 'no such file', hint: 'check the path', cause });
  }
  const hint = code === 'EACCES' ? 'you have no permission to read it' : undefined;
  return new ContrappostoError('io', { operation, got: code || String(cause), hint, cause });
}
