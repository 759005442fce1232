// Reads ONNX files that others made (a user's own detector, say): checked here, so that what reaches ONNX Runtime can run.
import { basename, dirname } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { ContrappostoError } from '../../core/errors.js';
import type { DType } from '../../core/tensor.js';
import { type ByteSource, fileBytes, memoryBytes } from '../../weights/byte-source.js';
import { type GraphProto, type ModelProto, ModelProtoSchema, type ValueInfoProto } from '../gen/onnx_pb.js';
import { type BoundOnnx, bindOnnx } from './bind-onnx.js';
import { checkNodes } from './check-nodes.js';
import { checkTensor, externalRange, isExternal, tensorsOf } from './check-tensors.js';
import { elementType } from './element-types.js';

/** What ONNX Runtime 1.30 opens; 27 is refused, and before 7 operators are missing. */
const OPSETS = { min: 7, max: 26 };
const IR_VERSIONS = { min: 3, max: 13 };
/** Protobuf's own bound. */
const LARGEST_BYTES = 2 ** 31 - 1;

/** An input or output of a foreign model. */
export interface OnnxValue {
  readonly name: string;
  readonly dtype: DType;
  /** A size, or the name of one that is open: the file's, or `NAME.AXIS`. Undefined for an output of any shape. */
  readonly shape?: readonly (number | string)[];
}

/** A model from an ONNX file, whole and checked, but not loaded. */
export interface OnnxModel {
  /** The file's name, or the graph's. */
  readonly name: string;
  /** Program that wrote it; may be empty. */
  readonly producer: string;
  /** Version of ONNX's operator set. */
  readonly opset: number;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Operators, and how many nodes each has, those in branches and loops too. */
  readonly operators: ReadonlyMap<string, number>;
  /** Values in its initializers. */
  readonly parameters: number;
  /** Sizes that are open: `bind` needs a number for each that an input has. */
  readonly dimensions: readonly string[];
  /**
   * The model for inputs of known sizes, to be run by `Runtime.foreignSession`. Reads external data.
   *
   * @throws ContrappostoError `usage` for a size that is missing or unknown, `limit`, `not-found`, `corrupt-file`
   */
  bind(dimensions?: Readonly<Record<string, number>>): BoundOnnx;
}

/**
 * Reads a model.
 *
 * @param pathOrBytes a file, or its content (then without external data)
 * @throws ContrappostoError `not-found`, `corrupt-file`, `limit`, `unsupported` for operator sets, operators and types that
 * are not implemented, `io`
 *
 * @example
 * const detector = readOnnx('detector.onnx').bind({ batch: 1 });
 * const session = await createRuntime().foreignSession(detector);
 */
export function readOnnx(pathOrBytes: string | Uint8Array): OnnxModel {
  const path = typeof pathOrBytes === 'string' ? pathOrBytes : undefined;
  const operation = path === undefined ? 'read ONNX' : `read "${path}"`;
  const proto = decode(typeof pathOrBytes === 'string' ? fileBytes(pathOrBytes) : memoryBytes(pathOrBytes), operation);
  const graph = requireGraph(proto, operation);
  const opset = requireVersions(proto, operation);
  const operators = checkNodes(graph, operation);
  let external = false;
  for (const tensor of tensorsOf(graph)) {
    checkTensor(tensor, operation);
    external ||= isExternal(tensor);
  }
  if (external && path === undefined) throw noFolder(graph, operation);
  const inputs = valuesOf(inputsOf(graph), { operation, kind: 'input' });
  const open = inputs.flatMap(({ shape }) => shape!.filter((size) => typeof size === 'string'));
  const model: OnnxModel = {
    name: path === undefined ? graph.name || 'model' : basename(path),
    producer: proto.producerName,
    opset,
    inputs,
    outputs: valuesOf(graph.output, { operation, kind: 'output' }),
    operators,
    parameters: graph.initializer.reduce((sum, tensor) => sum + checkTensor(tensor, operation), 0),
    dimensions: [...new Set(open)],
    bind: (dimensions = {}) =>
      bindOnnx(proto, { model, dimensions, operation, folder: path === undefined ? undefined : dirname(path) }),
  };
  return model;
}

function decode(source: ByteSource, operation: string): ModelProto {
  try {
    if (source.byteLength > LARGEST_BYTES) {
      const hint = 'export it with external data';
      throw new ContrappostoError('limit', { operation, expected: 'at most 2 GiB in one file', got: 'more', hint });
    }
    const bytes = new Uint8Array(source.byteLength);
    source.read(0, bytes);
    // Refuses messages nested more than a hundred deep, so that graphs in graphs cannot exhaust the stack later.
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    if (cause instanceof ContrappostoError) throw cause;
    throw notOnnx(operation, cause);
  } finally {
    source.close();
  }
}

/** Any short run of bytes may be a protobuf message; one without a graph is no model. */
function requireGraph({ graph, functions }: ModelProto, operation: string): GraphProto {
  if (!graph || (graph.node.length === 0 && graph.output.length === 0)) throw notOnnx(operation);
  if (functions.length === 0) return graph;
  throw new ContrappostoError('unsupported', {
    operation,
    expected: 'a model of operators alone',
    got: `functions of its own (${functions[0].domain}.${functions[0].name})`,
    hint: 'inline them: onnx.inliner.inline_local_functions',
  });
}

function requireVersions({ irVersion, opsetImport }: ModelProto, operation: string): number {
  const { min, max } = OPSETS;
  const ir = Number(irVersion);
  if (ir < IR_VERSIONS.min || ir > IR_VERSIONS.max) {
    const expected = `a model of ONNX IR version ${IR_VERSIONS.min} to ${IR_VERSIONS.max}`;
    throw new ContrappostoError('unsupported', { operation, expected, got: `${ir}` });
  }
  const found = opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
  const opset = found ? Number(found.version) : Number.NaN;
  if (opset >= min && opset <= max) return opset;
  throw new ContrappostoError('unsupported', {
    operation,
    expected: `an operator set from ${min} to ${max}`,
    got: found ? `${opset}` : 'none',
    hint: 'convert it: onnx.version_converter.convert_version',
  });
}

/** Older files list initializers among the inputs, as defaults. */
function inputsOf({ input, initializer }: GraphProto): ValueInfoProto[] {
  const known = new Set(initializer.map(({ name }) => name));
  return input.filter(({ name }) => !known.has(name));
}

function valuesOf(
  infos: readonly ValueInfoProto[],
  { operation, kind }: { operation: string; kind: 'input' | 'output' },
): OnnxValue[] {
  const names = new Set<string>();
  return infos.map(({ name, type }) => {
    const where = `${operation}: ${kind} "${name}"`;
    if (names.has(name)) throw new ContrappostoError('corrupt-file', { operation: where, got: 'two of that name' });
    names.add(name);
    const tensor = type?.tensorType;
    const element = tensor && elementType(tensor.elemType);
    if (!element?.dtype) {
      const got = tensor ? (element?.name ?? `element type ${tensor.elemType}`) : 'another kind of value';
      throw new ContrappostoError('unsupported', { operation: where, expected: 'a tensor of numbers', got });
    }
    if (!tensor?.shape && kind === 'input') {
      throw new ContrappostoError('unsupported', { operation: where, expected: 'a number of dimensions', got: 'none' });
    }
    const shape = tensor?.shape?.dim.map(({ dimValue, dimParam }, axis) => {
      if (dimParam !== '') return dimParam;
      return dimValue > 0n ? Number(dimValue) : `${name}.${axis}`;
    });
    return { name, dtype: element.dtype, shape };
  });
}

/** Files that hold their tensors elsewhere say so by a path, and bytes in memory have no folder. */
function noFolder(graph: GraphProto, operation: string): ContrappostoError {
  const tensor = [...tensorsOf(graph)].find(isExternal)!;
  const { location } = externalRange(tensor, operation);
  const hint = 'give the path of the file';
  return new ContrappostoError('invalid-input', { operation, got: `external data in "${location}"`, hint });
}

function notOnnx(operation: string, cause?: unknown): ContrappostoError {
  return new ContrappostoError('corrupt-file', {
    operation,
    expected: 'an ONNX model',
    got: 'something else, or a damaged one',
    hint: 'get or export the file again',
    cause,
  });
}
