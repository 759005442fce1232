// Reads safetensors files tensor by tensor, dequantising and widening what is stored in fewer bits.
// Format: https://huggingface.co/docs/safetensors (8 bytes of header length, JSON header, data; little-endian).
import { ContrappostoError } from '../core/errors.js';
import type { DType, FileRange, QuantisedTensor, Shape, Tensor, WeightSource } from '../core/tensor.js';
import { type ByteSource, fileBytes, memoryBytes } from './byte-source.js';
import { decodeBfloat16, decodeFloat16, decodeFloat16Into } from './float16.js';
import { dequantiseInt8, SCALE_SUFFIX } from './quantise.js';
import {
  corrupt,
  MAX_HEADER_BYTES,
  parseHeader,
  type SafetensorsHeader,
  type TensorEntry,
} from './safetensors-header.js';
import { typedArrayOver } from './typed-arrays.js';

/**
 * Opens a safetensors file (or one already in memory) and reads its header; tensors are read when asked for.
 *
 * @example
 * const file = openSafetensors('unet/diffusion_pytorch_model.safetensors');
 * const { data, shape } = file.read('conv_in.weight'); // float32, [320, 4, 3, 3]
 * file.close();
 *
 * @throws `not-found`, `io`, `invalid-input` (not a file), `corrupt-file` (damaged, or another format),
 * `unsupported` (dtypes such as F8).
 */
export function openSafetensors(source: string | Uint8Array): SafetensorsFile {
  const bytes = typeof source === 'string' ? fileBytes(source) : memoryBytes(source);
  try {
    return new SafetensorsFile(bytes);
  } catch (error) {
    bytes.close();
    throw error;
  }
}

/** An open safetensors file. `close` it when no more tensors will be read. */
export class SafetensorsFile implements WeightSource {
  /** The file's own `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly #bytes: ByteSource;
  readonly #tensors: SafetensorsHeader['tensors'];
  readonly #dataStart: number;

  constructor(bytes: ByteSource) {
    const { header, dataStart } = readHeader(bytes);
    this.#bytes = bytes;
    this.#tensors = header.tensors;
    this.#dataStart = dataStart;
    this.metadata = header.metadata;
  }

  has(name: string): boolean {
    return this.#tensors.has(name) && !this.#isScale(name);
  }

  /** Whether the file stores `name`, be it a tensor or the scale of a quantised one. */
  stores(name: string): boolean {
    return this.#tensors.has(name);
  }

  /** Every tensor but the scales of quantised ones, in the header's order. */
  *names(): Iterable<string> {
    for (const name of this.#tensors.keys()) if (!this.#isScale(name)) yield name;
  }

  /** Stored dtype (float32 for quantised int8) and shape; throws `not-found`. */
  info(name: string): { dtype: DType; shape: Shape } {
    const { dtype, shape } = this.#entry(name);
    return { dtype: this.#scaleOf(name) ? 'float32' : dtype, shape };
  }

  /** The tensor in float32, or in its integer dtype; throws `not-found`, `corrupt-file`, `io`. */
  read(name: string): Tensor {
    const quantised = this.quantised(name);
    if (quantised) return dequantiseInt8(quantised.read());
    const stored = this.rawRead(name);
    const { shape, data } = stored;
    if (stored.dtype === 'float16') return { dtype: 'float32', shape, data: decodeFloat16(data as Uint16Array) };
    if (stored.dtype === 'bfloat16') return { dtype: 'float32', shape, data: decodeBfloat16(data as Uint16Array) };
    if (stored.dtype === 'float64') return { dtype: 'float32', shape, data: new Float32Array(data as Float64Array) };
    return stored;
  }

  /** Widens 16 bits straight into `into`. Throws like `read`. */
  readInto(name: string, into: Float32Array): boolean {
    if (this.#entry(name).dtype !== 'float16') return false;
    decodeFloat16Into(this.rawRead(name).data as Uint16Array, into);
    return true;
  }

  /** Values and scales of a quantised tensor; `read` throws like the one above. */
  quantised(name: string): { read(): QuantisedTensor } | undefined {
    const scale = this.#scaleOf(name);
    return scale ? { read: () => ({ values: this.rawRead(name), scale: this.rawRead(scale) }) } : undefined;
  }

  /** Where a tensor lies that is not quantised; undefined for a file in memory. Throws `not-found`. */
  locate(name: string): FileRange | undefined {
    const { dtype, begin, end } = this.#entry(name);
    const { path } = this.#bytes;
    if (path === undefined || this.#scaleOf(name)) return undefined;
    return { path, offset: this.#dataStart + begin, byteLength: end - begin, dtype };
  }

  /** The tensor exactly as stored; also reads the `.scale` of a quantised one. Throws like `read`. */
  rawRead(name: string): Tensor {
    const { dtype, shape, begin, end } = this.#entry(name);
    const buffer = new Uint8Array(end - begin);
    this.#bytes.read(this.#dataStart + begin, buffer);
    if (dtype === 'bool' && buffer.some((value) => value > 1)) {
      throw corrupt(`read ${this.#bytes.name}, tensor "${name}"`, { expected: 'booleans 0 or 1', got: 'other bytes' });
    }
    return { dtype, shape, data: typedArrayOver(dtype, buffer.buffer) };
  }

  close(): void {
    this.#bytes.close();
  }

  #entry(name: string): TensorEntry {
    const entry = this.#tensors.get(name);
    if (entry) return entry;
    throw new ContrappostoError('not-found', {
      operation: `read ${this.#bytes.name}`,
      expected: `a tensor "${name}"`,
      got: `${this.#tensors.size} tensors without that name`,
      hint: 'the file belongs to another network, or to another version of it',
    });
  }

  /** The name of the per-channel scale that makes `name` a quantised tensor. */
  #scaleOf(name: string): string | undefined {
    const values = this.#tensors.get(name);
    const scale = this.#tensors.get(name + SCALE_SUFFIX);
    if (values?.dtype !== 'int8' || scale?.dtype !== 'float32') return undefined;
    return scale.shape.length === 1 && scale.shape[0] === values.shape[0] ? name + SCALE_SUFFIX : undefined;
  }

  #isScale(name: string): boolean {
    return name.endsWith(SCALE_SUFFIX) && this.#scaleOf(name.slice(0, -SCALE_SUFFIX.length)) === name;
  }
}

const OPENING_BRACE = 0x7b;

function readHeader(bytes: ByteSource): { header: SafetensorsHeader; dataStart: number } {
  const operation = `open ${bytes.name}`;
  const start = new Uint8Array(Math.min(bytes.byteLength, 64));
  bytes.read(0, start);
  if (start[8] !== OPENING_BRACE) {
    explainOtherFormats(start, bytes.name);
    throw corrupt(operation, {
      expected: 'a safetensors header',
      got: start.length < 9 ? `${start.length} bytes` : 'other bytes',
    });
  }
  const length = new DataView(start.buffer).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) {
    throw corrupt(operation, { expected: `a header of at most ${MAX_HEADER_BYTES} bytes`, got: `${length}` });
  }
  const dataStart = 8 + Number(length);
  if (dataStart > bytes.byteLength) {
    const hint = 'the file is truncated; download it again';
    throw corrupt(operation, {
      expected: `a header of ${length} bytes`,
      got: `${bytes.byteLength} bytes in all`,
      hint,
    });
  }
  const json = new Uint8Array(Number(length));
  bytes.read(8, json);
  return { header: parseHeader(json, { dataBytes: bytes.byteLength - dataStart, operation }), dataStart };
}

/** Says what a file of a neighbouring format is, so that nobody downloads it again in vain. */
function explainOtherFormats(start: Uint8Array, name: string): void {
  const text = String.fromCharCode(...start);
  const refuse = (got: string, hint: string) => corrupt(`open ${name}`, { expected: 'a safetensors file', got, hint });
  // Zip is what torch.save writes today, 0x80 and a protocol number what it wrote before.
  const pickle = text.startsWith('PK\x03\x04') || (start[0] === 0x80 && start[1] >= 2 && start[1] <= 5);
  if (pickle || /\.(bin|ckpt|pt|pth|pkl)"$/i.test(name)) {
    throw refuse(
      'a PyTorch pickle, which can run any code when it is opened',
      'use the .safetensors file of the same checkpoint, or convert it in PyTorch with safetensors.torch.save_file',
    );
  }
  if (text.startsWith('version https://git-lfs'))
    throw refuse('a Git LFS pointer', 'run `git lfs pull` in that folder');
  if (/^\s*<(!doctype|html)/i.test(text)) {
    throw refuse('a web page', 'the download failed or needs a login; fetch the file itself');
  }
  if (text.startsWith('GGUF')) throw refuse('a GGUF file', 'use the safetensors checkpoint of the same model');
}
