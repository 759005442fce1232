// A foreign ONNX model made ready to run: open sizes filled in, external data gathered into one buffer.
import { join } from 'node:path';
import { clone, toBinary } from '@bufbuild/protobuf';
import { ContrappostoError } from '../../core/errors.js';
import { BYTES_PER_ELEMENT, type DType, type Shape, sizeOf } from '../../core/tensor.js';
import { fileBytes } from '../../weights/byte-source.js';
import { type ModelProto, ModelProtoSchema, type TensorProto } from '../gen/onnx_pb.js';
import { type ExternalRange, externalRange, isExternal, tensorsOf } from './check-tensors.js';
import type { OnnxModel } from './read-onnx.js';

/** What a runtime opens: the model with every input's size known. */
export interface BoundOnnx {
  readonly name: string;
  /** ONNX protobuf. */
  readonly bytes: Uint8Array;
  /** What the model calls `external`. */
  readonly location: string;
  /** All external data, in one piece. */
  readonly external: Uint8Array<ArrayBuffer>;
  readonly inputs: ReadonlyMap<string, { dtype: DType; shape: Shape }>;
}

const LOCATION = 'parameters';
const ALIGNMENT = 64;
/** Of one input; beyond, a size is a mistake rather than a wish. */
const LARGEST_INPUT_BYTES = 2 ** 31;

interface Binding {
  model: OnnxModel;
  dimensions: Readonly<Record<string, number>>;
  operation: string;
  /** Of the file; undefined for bytes in memory, which have no external data. */
  folder: string | undefined;
}

/** As `OnnxModel.bind`. */
export function bindOnnx(proto: ModelProto, { model, dimensions, operation, folder }: Binding): BoundOnnx {
  const inputs = boundInputs(model, { dimensions, operation });
  const copy = clone(ModelProtoSchema, proto);
  const graph = copy.graph!;
  for (const { name, type } of [...graph.input, ...graph.output, ...graph.valueInfo]) {
    for (const [axis, dim] of (type?.tensorType?.shape?.dim ?? []).entries()) {
      const size = inputs.get(name)?.shape[axis] ?? (dim.dimParam === '' ? undefined : dimensions[dim.dimParam]);
      if (size === undefined) continue;
      dim.dimParam = '';
      dim.dimValue = BigInt(size);
    }
  }
  const tensors = [...tensorsOf(graph)].filter(isExternal);
  const external = tensors.length > 0 ? gather(tensors, { operation, folder: folder! }) : new Uint8Array();
  return { name: model.name, bytes: toBinary(ModelProtoSchema, copy), location: LOCATION, external, inputs };
}

function boundInputs(
  { inputs, dimensions: open }: OnnxModel,
  { dimensions, operation }: Pick<Binding, 'dimensions' | 'operation'>,
): BoundOnnx['inputs'] {
  const missing = open.filter((name) => !Object.hasOwn(dimensions, name));
  if (missing.length > 0) {
    const example = missing.map((name) => `${JSON.stringify(name)}: 1`).join(', ');
    const expected = `a size for ${missing.join(', ')}`;
    throw new ContrappostoError('usage', { operation, expected, got: 'none', hint: `for example { ${example} }` });
  }
  for (const [name, size] of Object.entries(dimensions)) {
    if (!open.includes(name)) {
      const expected = open.length > 0 ? `sizes of ${open.join(', ')} alone` : 'no sizes, since none is open';
      throw new ContrappostoError('usage', { operation, expected, got: `"${name}"` });
    }
    if (Number.isSafeInteger(size) && size > 0) continue;
    throw new ContrappostoError('usage', { operation, expected: `a whole ${name} above 0`, got: `${size}` });
  }
  const bound = inputs.map(({ name, dtype, shape }) => {
    const sizes = shape!.map((size) => (typeof size === 'string' ? dimensions[size] : size));
    if (sizeOf(sizes) * BYTES_PER_ELEMENT[dtype] > LARGEST_INPUT_BYTES) {
      const expected = `an input "${name}" of at most 2 GiB`;
      throw new ContrappostoError('limit', { operation, expected, got: `[${sizes}]` });
    }
    return [name, { dtype, shape: sizes }] as const;
  });
  return new Map(bound);
}

/** Reads what the tensors need, once where several share it, and points them to its new place. */
function gather(
  tensors: readonly TensorProto[],
  { operation, folder }: { operation: string; folder: string },
): Uint8Array<ArrayBuffer> {
  const places = new Map<string, ExternalRange & { at: number }>();
  let total = 0;
  for (const tensor of tensors) {
    const range = externalRange(tensor, operation);
    const key = `${range.offset}+${range.length} ${range.location}`;
    if (!places.has(key)) {
      places.set(key, { ...range, at: total });
      total += Math.ceil(range.length / ALIGNMENT) * ALIGNMENT;
    }
    const entries = { location: LOCATION, offset: places.get(key)!.at, length: range.length };
    tensor.externalData = Object.entries(entries).map(([k, value]) => ({
      $typeName: 'onnx.StringStringEntryProto',
      key: k,
      value: String(value),
    }));
  }
  requireDisjoint([...places.values()], operation);
  return readRanges([...places.values()], { total, folder });
}

/** Ranges that overlap could ask for more memory than there are bytes in the files. */
function requireDisjoint(ranges: readonly ExternalRange[], operation: string): void {
  const sorted = ranges.toSorted((a, b) =>
    a.location === b.location ? a.offset - b.offset : a.location < b.location ? -1 : 1,
  );
  for (const [i, { location, offset }] of sorted.entries()) {
    const before = sorted[i - 1];
    if (!before || before.location !== location || before.offset + before.length <= offset) continue;
    const expected = 'tensors side by side in external data';
    throw new ContrappostoError('corrupt-file', { operation, expected, got: `two over each other in "${location}"` });
  }
}

function readRanges(
  ranges: readonly (ExternalRange & { at: number })[],
  { total, folder }: { total: number; folder: string },
): Uint8Array<ArrayBuffer> {
  const files = new Map<string, ReturnType<typeof fileBytes>>();
  try {
    for (const { location, offset, length } of ranges) {
      const file = files.get(location) ?? fileBytes(join(folder, location));
      files.set(location, file);
      if (offset + length <= file.byteLength) continue;
      throw new ContrappostoError('corrupt-file', {
        operation: `read ${file.name}`,
        expected: `${offset + length} bytes, as the model says`,
        got: `${file.byteLength}`,
        hint: 'the file of external data is not the one of this model, or incomplete',
      });
    }
    // Only now: lengths are those of bytes that exist.
    const bytes = new Uint8Array(total);
    for (const { location, offset, length, at } of ranges) {
      files.get(location)!.read(offset, bytes.subarray(at, at + length));
    }
    return bytes;
  } finally {
    for (const file of files.values()) file.close();
  }
}
