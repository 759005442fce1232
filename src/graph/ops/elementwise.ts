// Elementwise operators: arithmetic, comparison, logic, activations, casts.
import type { DType } from '../../core/tensor.js';
import type { Attributes, Value } from '../graph.js';
import { broadcast, emit, type Operand, operands, requireDType, shapeError } from './check.js';

type Unary = (x: Value) => Value;
type Binary = (a: Operand, b: Operand) => Value;

const FLOATS: readonly DType[] = ['float32', 'float16', 'bfloat16', 'float64'];

function unary(op: string, allowed?: readonly DType[]): Unary {
  return (x) => {
    if (allowed) requireDType(op, x, allowed);
    return emit(op, [x], x);
  };
}

function binary(op: string, rule: { result?: DType; allowed?: readonly DType[] } = {}): Binary {
  return (a, b) => {
    const [x, y] = operands(op, a, b);
    if (rule.allowed) requireDType(op, x, rule.allowed, 'A');
    if (x.dtype !== y.dtype) {
      throw shapeError(op, 'B', { expected: `${x.dtype} like A [${x.shape}]`, got: `${y.dtype} [${y.shape}]` });
    }
    return emit(op, [x, y], { dtype: rule.result ?? x.dtype, shape: broadcast(op, x.shape, y.shape) });
  };
}

export const Add = binary('Add');
export const Sub = binary('Sub');
export const Mul = binary('Mul');
export const Div = binary('Div');
export const Min = binary('Min');
export const Max = binary('Max');
export const Pow = binary('Pow');
export const Equal = binary('Equal', { result: 'bool' });
export const Less = binary('Less', { result: 'bool' });
export const LessOrEqual = binary('LessOrEqual', { result: 'bool' });
export const Greater = binary('Greater', { result: 'bool' });
export const GreaterOrEqual = binary('GreaterOrEqual', { result: 'bool' });
export const And = binary('And', { result: 'bool', allowed: ['bool'] });
export const Or = binary('Or', { result: 'bool', allowed: ['bool'] });
export const Not = unary('Not', ['bool']);

/** Remainder; `fmod: 1` (required for floats) gives the sign of the dividend, as C's fmod. */
export function Mod(a: Operand, b: Operand, options: { fmod?: 0 | 1 } = {}): Value {
  const [x, y] = operands('Mod', a, b);
  const shape = broadcast('Mod', x.shape, y.shape);
  return emit('Mod', [x, y], { dtype: x.dtype, shape, attributes: { fmod: { int: options.fmod ?? 0 } } });
}

export const Identity = unary('Identity');
export const Neg = unary('Neg');
export const Abs = unary('Abs');
export const Sign = unary('Sign');
export const Floor = unary('Floor', FLOATS);
export const Ceil = unary('Ceil', FLOATS);
export const Round = unary('Round', FLOATS);
export const Exp = unary('Exp', FLOATS);
export const Log = unary('Log', FLOATS);
export const Sqrt = unary('Sqrt', FLOATS);
export const Reciprocal = unary('Reciprocal', FLOATS);
export const Sin = unary('Sin', FLOATS);
export const Cos = unary('Cos', FLOATS);
export const Tanh = unary('Tanh', FLOATS);
export const Erf = unary('Erf', FLOATS);
export const Sigmoid = unary('Sigmoid', FLOATS);
export const Relu = unary('Relu');
export const Softplus = unary('Softplus', FLOATS);
export const HardSwish = unary('HardSwish', FLOATS);

function withAttributes(op: string, x: Value, attributes: Attributes): Value {
  requireDType(op, x, FLOATS);
  return emit(op, [x], { dtype: x.dtype, shape: x.shape, attributes });
}

export function LeakyRelu(x: Value, options: { alpha?: number } = {}): Value {
  return withAttributes('LeakyRelu', x, { alpha: { float: options.alpha ?? 0.01 } });
}

export function Elu(x: Value, options: { alpha?: number } = {}): Value {
  return withAttributes('Elu', x, { alpha: { float: options.alpha ?? 1 } });
}

/** Gaussian error linear unit: exact (erf) by default, `approximate: 'tanh'` for the tanh form. */
export function Gelu(x: Value, options: { approximate?: 'none' | 'tanh' } = {}): Value {
  return withAttributes('Gelu', x, { approximate: { string: options.approximate ?? 'none' } });
}

export function Clip(x: Value, min?: number, max?: number): Value {
  const bound = (v: number | undefined) => (v === undefined ? undefined : x.graph.constant(v, { dtype: x.dtype }));
  return emit('Clip', [x, bound(min), bound(max)], x);
}

const TENSOR_TYPE: Record<DType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
};

/** ONNX's number for a dtype (`TensorProto.DataType`). */
export function tensorType(dtype: DType): number {
  return TENSOR_TYPE[dtype];
}

export function Cast(x: Value, options: { to: DType }): Value {
  if (x.dtype === options.to) return x;
  const attributes = { to: { int: tensorType(options.to) } };
  return emit('Cast', [x], { dtype: options.to, shape: x.shape, attributes });
}

export function Where(condition: Value, a: Operand, b: Operand): Value {
  requireDType('Where', condition, ['bool'], 'condition');
  const [x, y] = operands('Where', a, b);
  if (x.dtype !== y.dtype) throw shapeError('Where', 'Y', { expected: x.dtype, got: y.dtype });
  const shape = broadcast('Where', broadcast('Where', condition.shape, x.shape), y.shape);
  return emit('Where', [condition, x, y], { dtype: x.dtype, shape });
}
