// Dense tensors as they cross the boundary between our code and a runtime: dtype, shape and a typed array.
import { ContrappostoError } from './errors.js';

export type DType =
  | 'float32'
  | 'float16'
  | 'bfloat16'
  | 'float64'
  | 'int64'
  | 'int32'
  | 'int8'
  | 'uint8'
  | 'bool'
  | 'uint16'
  | 'int16';

export type Shape = readonly number[];

export type TypedArray =
  | Float32Array
  | Float64Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | Uint8Array
  | Uint16Array;

/** A dense row-major tensor. float16 and bfloat16 are held as their bit patterns in a `Uint16Array`, bool as bytes. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: TypedArray;
}

export const BYTES_PER_ELEMENT: Record<DType, number> = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  float64: 8,
  int64: 8,
  int32: 4,
  int16: 2,
  uint16: 2,
  int8: 1,
  uint8: 1,
  bool: 1,
};

/** Number of elements of a shape; 1 for a scalar `[]`. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((n, d) => n * d, 1);
}

/** A float32 tensor over `data`; throws `shape` when the lengths disagree. */
export function float32(data: Float32Array | number[], shape: Shape): Tensor {
  return checked('float32', data instanceof Float32Array ? data : Float32Array.from(data), shape);
}

/** An int64 tensor from ordinary numbers; throws `shape` when the lengths disagree. */
export function int64(data: readonly number[] | BigInt64Array, shape: Shape): Tensor {
  return checked('int64', data instanceof BigInt64Array ? data : BigInt64Array.from(data, BigInt), shape);
}

function checked(dtype: DType, data: TypedArray, shape: Shape): Tensor {
  if (data.length !== sizeOf(shape)) {
    throw new ContrappostoError('shape', {
      operation: `tensor ${dtype}`,
      expected: `${sizeOf(shape)} values for shape [${shape}]`,
      got: `${data.length} values`,
    });
  }
  return { dtype, data, shape };
}

/** The float32 values of a tensor; throws `shape` for any other dtype. */
export function floats(tensor: Tensor): Float32Array {
  if (tensor.data instanceof Float32Array) return tensor.data;
  throw new ContrappostoError('shape', { operation: 'read tensor', expected: 'float32', got: tensor.dtype });
}

/** A tensor in 8 bits: each slice along axis 0 (an output channel) is to be multiplied with its own scale. */
export interface QuantisedTensor {
  /** int8 [out, ...], symmetric: -127..127. */
  readonly values: Tensor;
  /** float32 [out]. */
  readonly scale: Tensor;
}

/** Where a network's parameters come from: a safetensors file, several of them, or memory. */
export interface WeightSource {
  has(name: string): boolean;
  names(): Iterable<string>;
  /** Stored dtype and shape without reading the data. Quantised storage reports the dequantised dtype. */
  info(name: string): { dtype: DType; shape: Shape };
  /** The tensor in float32 (or its integer dtype); throws `not-found`. */
  read(name: string): Tensor;
  /** Writes what `read` would give to `into`, of exactly its size; false where that saves nothing. */
  readInto?(name: string, into: Float32Array): boolean;
  /** What `read` would widen, as it is stored; undefined for a tensor that is not in 8 bits. */
  quantised?(name: string): { read(): QuantisedTensor } | undefined;
  /** The file that holds the tensor as it is, row-major and whole; undefined where it has to be computed or copied. */
  locate?(name: string): FileRange | undefined;
}

/** Little-endian elements of `dtype` in a file. */
export interface FileRange {
  /** As it was opened; a link is not resolved. */
  path: string;
  offset: number;
  byteLength: number;
  dtype: DType;
}
