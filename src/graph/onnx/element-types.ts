// ONNX's element types: which of them tensors can hold here, and how large each is in a file.
import type { DType } from '../../core/tensor.js';

interface ElementType {
  name: string;
  bits: number;
  /** Absent for types that no feed or result can have. */
  dtype?: DType;
  /** The field that holds values that are not raw bytes, and how many of its entries make how many values. */
  field: 'floatData' | 'int32Data' | 'int64Data' | 'doubleData' | 'uint64Data' | 'stringData';
  entriesPerValue?: number;
}

const same = (dtype: DType, bits: number, field: ElementType['field']): ElementType => ({
  name: dtype,
  bits,
  dtype,
  field,
});
const inside = (name: string, bits: number, field: ElementType['field'] = 'int32Data'): ElementType => ({
  name,
  bits,
  field,
});

/** By ONNX's number (`TensorProto.DataType`); those that are missing are not known here. */
const ELEMENT_TYPES: Readonly<Record<number, ElementType>> = {
  1: same('float32', 32, 'floatData'),
  2: same('uint8', 8, 'int32Data'),
  3: same('int8', 8, 'int32Data'),
  4: same('uint16', 16, 'int32Data'),
  5: same('int16', 16, 'int32Data'),
  6: same('int32', 32, 'int32Data'),
  7: same('int64', 64, 'int64Data'),
  8: inside('string', 0, 'stringData'),
  9: same('bool', 8, 'int32Data'),
  10: same('float16', 16, 'int32Data'),
  11: same('float64', 64, 'doubleData'),
  12: inside('uint32', 32, 'uint64Data'),
  13: inside('uint64', 64, 'uint64Data'),
  14: { ...inside('complex64', 64, 'floatData'), entriesPerValue: 2 },
  15: { ...inside('complex128', 128, 'doubleData'), entriesPerValue: 2 },
  16: inside('bfloat16', 16),
  17: inside('float8e4m3fn', 8),
  18: inside('float8e4m3fnuz', 8),
  19: inside('float8e5m2', 8),
  20: inside('float8e5m2fnuz', 8),
  21: { ...inside('uint4', 4), entriesPerValue: 1 / 2 },
  22: { ...inside('int4', 4), entriesPerValue: 1 / 2 },
  23: { ...inside('float4e2m1', 4), entriesPerValue: 1 / 2 },
};

export type { ElementType };

/** Undefined for a number that stands for nothing known. */
export function elementType(number: number): ElementType | undefined {
  return Object.hasOwn(ELEMENT_TYPES, number) ? ELEMENT_TYPES[number] : undefined;
}
