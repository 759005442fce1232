// Writes safetensors files: same tensors, same bytes, whatever their order in memory.
import { ContrappostoError, throwIfAborted } from '../core/errors.js';
import { writeFileAtomic } from '../core/files.js';
import type { OnProgress } from '../core/progress.js';
import { BYTES_PER_ELEMENT, type DType, floats, sizeOf, type Tensor } from '../core/tensor.js';
import { encodeFloat16, FLOAT16_OVERFLOW } from './float16.js';
import { quantiseInt8, SCALE_SUFFIX } from './quantise.js';
import { SAFETENSORS_DTYPES } from './safetensors-header.js';
import { bytesOf } from './typed-arrays.js';

export interface WriteSafetensorsOptions {
  /** Free text kept in the header under `__metadata__`. */
  metadata?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

/**
 * Writes tensors under their names. Wide elements come first, then names in code unit order, so that every tensor is
 * aligned to its element and the same tensors always give the same bytes. The file appears whole or not at all.
 *
 * @throws `invalid-input` for a tensor whose data does not fit its shape, `io`, `aborted`.
 */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, Tensor>>,
  options: WriteSafetensorsOptions = {},
): Promise<void> {
  const ordered = orderedTensors(tensors, `write "${path}"`);
  await writeFileAtomic(path, parts(path, { ordered, options }));
}

/** The whole file as bytes; for the browser, and for files held in memory. Throws like `writeSafetensors`. */
export function encodeSafetensors(
  tensors: Readonly<Record<string, Tensor>>,
  options: { metadata?: Readonly<Record<string, string>> } = {},
): Uint8Array {
  const chunks = [...parts('memory', { ordered: orderedTensors(tensors, 'encode safetensors'), options })];
  const out = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let offset = 0;
  for (const chunk of chunks) {
    out.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return out;
}

/** How a tensor is stored: unchanged, as IEEE half, or as int8 with one scale a channel. */
export type StorageFormat = 'float32' | 'float16' | 'int8';

/**
 * The tensors in the storage that `choose` names for each, ready for `writeSafetensors`; integer tensors stay as they
 * are. Reading the file gives float32 again.
 *
 * @throws `invalid-input` for values that a half cannot hold or that int8 cannot scale (not finite)
 */
export function packTensors(
  tensors: Readonly<Record<string, Tensor>>,
  choose: (name: string, tensor: Tensor) => StorageFormat,
): Record<string, Tensor> {
  const packed: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    const format = tensor.dtype === 'float32' ? choose(name, tensor) : 'float32';
    if (format === 'int8') {
      const { values, scale } = quantiseInt8(tensor);
      packed[name] = values;
      packed[name + SCALE_SUFFIX] = scale;
    } else if (format === 'float16') {
      packed[name] = halved(name, tensor);
    } else {
      packed[name] = tensor;
    }
  }
  return packed;
}

function halved(name: string, tensor: Tensor): Tensor {
  const values = floats(tensor);
  const largest = values.find((value) => Math.abs(value) >= FLOAT16_OVERFLOW && Number.isFinite(value));
  if (largest !== undefined) {
    throw new ContrappostoError('invalid-input', {
      operation: `store "${name}" as float16`,
      expected: 'magnitudes below 65520',
      got: `${largest}`,
      hint: 'store this tensor as float32',
    });
  }
  return { dtype: 'float16', shape: tensor.shape, data: encodeFloat16(values) };
}

type NamedTensor = readonly [name: string, tensor: Tensor];

const DTYPE_NAMES = Object.fromEntries(
  Object.entries(SAFETENSORS_DTYPES).map(([name, dtype]) => [dtype, name]),
) as Record<DType, string>;

function orderedTensors(tensors: Readonly<Record<string, Tensor>>, operation: string): NamedTensor[] {
  const entries = Object.entries(tensors);
  for (const [name, { dtype, shape, data }] of entries) {
    if (name === '__metadata__') {
      throw new ContrappostoError('invalid-input', {
        operation,
        got: 'a tensor named __metadata__',
        hint: 'rename it',
      });
    }
    if (data.length !== sizeOf(shape) || data.BYTES_PER_ELEMENT !== BYTES_PER_ELEMENT[dtype]) {
      const expected = `${sizeOf(shape)} values of ${dtype} for "${name}" [${shape}]`;
      const got = `${data.length} of ${data.BYTES_PER_ELEMENT} bytes`;
      throw new ContrappostoError('invalid-input', { operation, expected, got });
    }
  }
  const width = (tensor: Tensor) => BYTES_PER_ELEMENT[tensor.dtype];
  return entries.sort(([a, ta], [b, tb]) => width(tb) - width(ta) || (a < b ? -1 : 1));
}

/** The file's bytes: length, header, tensors. */
function* parts(
  path: string,
  { ordered, options }: { ordered: readonly NamedTensor[]; options: WriteSafetensorsOptions },
): Iterable<Uint8Array> {
  const header = encodeHeader(ordered, options.metadata);
  const totalBytes = ordered.reduce((sum, [, { data }]) => sum + data.byteLength, header.byteLength);
  let loadedBytes = header.byteLength;
  yield header;
  for (const [, { data }] of ordered) {
    throwIfAborted(options.signal, `write "${path}"`);
    yield bytesOf(data);
    loadedBytes += data.byteLength;
    options.onProgress?.({ type: 'load', name: path, loadedBytes, totalBytes });
  }
}

/** Eight bytes of length, then the JSON, filled up with spaces so that the data begins at a multiple of eight. */
function encodeHeader(ordered: readonly NamedTensor[], metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  // Written item by item: as object keys, names such as "0" would change the order.
  const items: string[] = [];
  const notes = Object.keys(metadata).sort();
  if (notes.length > 0) {
    items.push(`"__metadata__":{${notes.map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`)}}`);
  }
  let offset = 0;
  for (const [name, { dtype, shape, data }] of ordered) {
    const end = offset + data.byteLength;
    const entry = { dtype: DTYPE_NAMES[dtype], shape, data_offsets: [offset, end] };
    items.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    offset = end;
  }
  const json = new TextEncoder().encode(`{${items.join(',')}}`);
  const padded = Math.ceil(json.byteLength / 8) * 8;
  const out = new Uint8Array(8 + padded).fill(0x20);
  new DataView(out.buffer).setBigUint64(0, BigInt(padded), true);
  out.set(json, 8);
  return out;
}
