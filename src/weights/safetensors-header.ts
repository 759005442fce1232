// The safetensors header: which tensors a file holds and where, believed only after every bound has been checked.
import { ContrappostoError } from '../core/errors.js';
import { BYTES_PER_ELEMENT, type DType, type Shape } from '../core/tensor.js';
import { repeatedKey } from './json-keys.js';

/** Largest header that is parsed; the format's reference implementation has the same limit. */
export const MAX_HEADER_BYTES = 100_000_000;

/** Where one tensor lies: `begin` (inclusive) to `end` (exclusive), in bytes from the end of the header. */
export interface TensorEntry {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The format's dtype names that this project can read. */
export const SAFETENSORS_DTYPES: Readonly<Record<string, DType>> = {
  F64: 'float64',
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  I64: 'int64',
  I32: 'int32',
  I16: 'int16',
  U16: 'uint16',
  I8: 'int8',
  U8: 'uint8',
  BOOL: 'bool',
};

const OTHER_DTYPES = /^(F8_|F4|F6_|U32$|U64$|C64$)/;

/**
 * Parses and checks the header's JSON.
 *
 * @param json the header's bytes, without the eight bytes of its length
 * @param options.dataBytes how many bytes follow the header in the file
 * @param options.operation what messages begin with
 * @throws `corrupt-file` for anything that breaks the format: JSON errors, repeated names, shapes that do not match
 * their bytes, tensors that overlap, leave gaps or lie outside the file. `unsupported` for dtypes of the format that
 * cannot be read here.
 */
export function parseHeader(json: Uint8Array, options: { dataBytes: number; operation: string }): SafetensorsHeader {
  const { operation } = options;
  const root = parseJson(json, operation);
  const tensors = new Map<string, TensorEntry>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(root)) {
    if (name === '__metadata__') metadata = parseMetadata(value, operation);
    else tensors.set(name, parseEntry(value, `${operation}, tensor ${JSON.stringify(name)}`));
  }
  checkLayout(tensors, options);
  return { tensors, metadata };
}

/** The `corrupt-file` error with the advice that fits nearly every broken download. */
export function corrupt(
  operation: string,
  details: { expected?: string; got: string; hint?: string; cause?: unknown },
) {
  const hint = details.hint ?? 'the file is damaged or is not safetensors; download it again';
  return new ContrappostoError('corrupt-file', { operation, ...details, hint });
}

function parseJson(bytes: Uint8Array, operation: string): Record<string, unknown> {
  let root: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    root = JSON.parse(text);
  } catch (cause) {
    throw corrupt(operation, { expected: 'a header in JSON', got: 'something else', cause });
  }
  if (!isRecord(root)) throw corrupt(operation, { expected: 'a JSON object as header', got: describe(root) });
  const repeated = repeatedKey(text);
  if (repeated !== undefined) throw corrupt(operation, { got: `the name ${JSON.stringify(repeated)} twice` });
  return root;
}

function parseMetadata(value: unknown, operation: string): Record<string, string> {
  if (!isRecord(value) || Object.values(value).some((item) => typeof item !== 'string')) {
    throw corrupt(operation, { expected: '__metadata__ from text to text', got: describe(value) });
  }
  return value as Record<string, string>;
}

function parseEntry(value: unknown, operation: string): TensorEntry {
  if (!isRecord(value)) throw corrupt(operation, { expected: 'an object', got: describe(value) });
  const { dtype: dtypeName, shape, data_offsets: offsets } = value;
  const dtype = parseDType(dtypeName, operation);
  if (!isCounts(shape)) throw corrupt(operation, { expected: 'a shape of whole numbers', got: describe(shape) });
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[1] < offsets[0]) {
    throw corrupt(operation, { expected: 'data_offsets [begin, end]', got: describe(offsets) });
  }
  const [begin, end] = offsets;
  const size = byteSize(dtype, shape);
  if (size !== end - begin) {
    const expected = `${size} bytes for ${dtypeName} [${shape}]`;
    throw corrupt(operation, { expected, got: `${end - begin}` });
  }
  return { dtype, shape, begin, end };
}

function parseDType(name: unknown, operation: string): DType {
  const dtype = typeof name === 'string' && Object.hasOwn(SAFETENSORS_DTYPES, name) && SAFETENSORS_DTYPES[name];
  if (dtype) return dtype;
  const expected = `one of ${Object.keys(SAFETENSORS_DTYPES).join(', ')}`;
  if (typeof name !== 'string' || !OTHER_DTYPES.test(name)) {
    throw corrupt(operation, { expected, got: `dtype ${describe(name)}` });
  }
  const hint = 'use the float16 or float32 variant of this checkpoint';
  throw new ContrappostoError('unsupported', { operation, expected, got: `dtype ${name}`, hint });
}

/** Bytes of a tensor; infinite or unsafe products never equal the difference of two safe offsets. */
function byteSize(dtype: DType, shape: Shape): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((product, side) => product * side, BYTES_PER_ELEMENT[dtype]);
}

/** Tensors must cover the data without gap or overlap, as the format demands. */
function checkLayout(
  tensors: ReadonlyMap<string, TensorEntry>,
  { dataBytes, operation }: { dataBytes: number; operation: string },
): void {
  const ordered = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const [name, { begin, end }] of ordered) {
    if (begin !== covered) {
      const problem = begin < covered ? 'bytes that belong to another tensor' : 'a gap before it';
      throw corrupt(operation, { got: `${problem}, at tensor ${JSON.stringify(name)}` });
    }
    covered = end;
  }
  if (covered > dataBytes) {
    const hint = 'the file is truncated; download it again';
    throw corrupt(operation, { expected: `${covered} bytes of data`, got: `${dataBytes}`, hint });
  }
  if (covered < dataBytes) {
    throw corrupt(operation, {
      expected: `${covered} bytes of data`,
      got: `${dataBytes - covered} more after the last tensor`,
    });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

/** A short form for messages; it looks no deeper than one list, since hostile JSON may nest without end. */
function describe(value: unknown, nested = false): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return nested ? '[...]' : `[${value.slice(0, 8).map((item) => describe(item, true))}]`;
  if (isRecord(value)) return 'an object';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
