// Checks the tensors in an ONNX file: as many values as their dimensions say, and external data within its file.
import { posix, win32 } from 'node:path';
import { ContrappostoError } from '../../core/errors.js';
import { type GraphProto, type TensorProto, TensorProto_DataLocation } from '../gen/onnx_pb.js';
import { elementType } from './element-types.js';

/** Where one tensor's bytes lie, as the file says. */
export interface ExternalRange {
  /** Relative to the model's folder; does not lead out of it. */
  location: string;
  offset: number;
  /** Bytes. */
  length: number;
}

/** Every tensor in a graph: initializers and attributes, those of branches and loops too. */
export function* tensorsOf(graph: GraphProto): Generator<TensorProto> {
  yield* graph.initializer;
  for (const { attribute } of graph.node) {
    for (const { t, tensors, g, graphs } of attribute) {
      if (t) yield t;
      yield* tensors;
      for (const inner of g ? [g, ...graphs] : graphs) yield* tensorsOf(inner);
    }
  }
}

/** Number of values; throws `corrupt-file` for a tensor that is not what it says. */
export function checkTensor(tensor: TensorProto, operation: string): number {
  const fail = (expected: string, got: string) => corruptTensor(tensor, { operation, expected, got });
  const type = elementType(tensor.dataType);
  if (!type) throw fail('a known element type', `number ${tensor.dataType}`);
  const count = valuesOf(tensor, operation);
  if (isExternal(tensor)) {
    externalRange(tensor, operation);
    return count;
  }
  const { field, entriesPerValue = 1, bits } = type;
  const raw = tensor.rawData.length;
  if (raw > 0 && tensor[field].length > 0) throw fail('its values once', 'raw bytes and values');
  if (raw > 0 || tensor[field].length === 0) {
    const bytes = Math.ceil((count * bits) / 8);
    if (raw !== bytes || (bits === 0 && count > 0)) throw fail(`${bytes} bytes for its dimensions`, `${raw}`);
    return count;
  }
  const entries = Math.ceil(count * entriesPerValue);
  if (tensor[field].length !== entries) throw fail(`${entries} values`, `${tensor[field].length}`);
  return count;
}

/** Where the bytes of an external tensor lie; throws `corrupt-file` for a place outside the model's folder. */
export function externalRange(tensor: TensorProto, operation: string): ExternalRange {
  const fail = (expected: string, got: string) => corruptTensor(tensor, { operation, expected, got });
  const entries = new Map(tensor.externalData.map(({ key, value }) => [key, value]));
  const location = entries.get('location') ?? '';
  if (!staysInside(location)) throw fail('data in the folder of the model', `"${location}"`);
  const bits = elementType(tensor.dataType)?.bits ?? 0;
  if (bits === 0) throw fail('numbers in external data', 'strings');
  const length = Math.ceil((valuesOf(tensor, operation) * bits) / 8);
  const number = (key: string, absent: number) => {
    const text = entries.get(key);
    if (text === undefined) return absent;
    if (!/^\d{1,15}$/.test(text)) throw fail(`a whole ${key}`, `"${text}"`);
    return Number(text);
  };
  if (number('length', length) !== length) throw fail(`${length} bytes for its dimensions`, `${entries.get('length')}`);
  return { location, offset: number('offset', 0), length };
}

export function isExternal(tensor: TensorProto): boolean {
  return tensor.dataLocation === TensorProto_DataLocation.EXTERNAL;
}

/** A plain relative path on any system; nothing that leads to a parent, a root or a drive. */
function staysInside(location: string): boolean {
  if (location === '' || location.includes('\0')) return false;
  if (posix.isAbsolute(location) || win32.isAbsolute(location) || /^[a-z]:/i.test(location)) return false;
  return !location.split(/[\\/]/).includes('..');
}

function valuesOf(tensor: TensorProto, operation: string): number {
  const count = tensor.dims.reduce((n, d) => n * Number(d), 1);
  if (tensor.dims.every((d) => d >= 0n) && Number.isSafeInteger(count * 16)) return count;
  const got = `[${tensor.dims}]`;
  throw corruptTensor(tensor, { operation, expected: 'dimensions that a tensor can have', got });
}

function corruptTensor(
  { name }: TensorProto,
  { operation, expected, got }: { operation: string; expected: string; got: string },
): ContrappostoError {
  return new ContrappostoError('corrupt-file', {
    operation: `${operation}: tensor "${name}"`,
    expected,
    got,
    hint: 'the file is damaged; get or export it again',
  });
}
