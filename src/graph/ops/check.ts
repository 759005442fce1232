// What every operator shares: failing with operator, input and both shapes; axes; broadcasting; scalar operands.
import { ContrappostoError } from '../../core/errors.js';
import type { DType, Shape } from '../../core/tensor.js';
import type { Attributes, Value } from '../graph.js';

/** An elementwise operand: a value, or a number that becomes a scalar constant of the other operand's dtype. */
export type Operand = Value | number;

/** The error of a shape rule: names the operator and its input, says what was expected and what came. */
export function shapeError(op: string, input: string, rule: { expected: string; got: string }): ContrappostoError {
  return new ContrappostoError('shape', { operation: `${op}: input ${input}`, ...rule });
}

export function requireRank(op: string, value: Value, rank: number, input = 'X'): void {
  if (value.shape.length !== rank) {
    throw shapeError(op, input, { expected: `rank ${rank}`, got: `[${value.shape}] of rank ${value.shape.length}` });
  }
}

export function requireDType(op: string, value: Value, allowed: readonly DType[], input = 'X'): void {
  if (!allowed.includes(value.dtype)) {
    throw shapeError(op, input, { expected: allowed.join(' or '), got: `${value.dtype} [${value.shape}]` });
  }
}

/** Turns a possibly negative axis into 0..rank-1 (or ..rank when `inclusive`), or throws. */
export function normaliseAxis(op: string, axis: number, shape: Shape, inclusive = false): number {
  const limit = shape.length + (inclusive ? 1 : 0);
  const a = axis < 0 ? axis + limit : axis;
  if (!Number.isInteger(a) || a < 0 || a >= limit) {
    throw shapeError(op, 'axis', { expected: `an axis of [${shape}]`, got: `${axis}` });
  }
  return a;
}

/** Result shape of ONNX multidirectional (NumPy) broadcasting; throws with both shapes. */
export function broadcast(op: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const x = a[a.length - i] ?? 1;
    const y = b[b.length - i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) {
      throw shapeError(op, 'B', { expected: `a shape that broadcasts with A [${a}]`, got: `[${b}]` });
    }
    out[rank - i] = x === 1 ? y : x;
  }
  return out;
}

/** Both operands as values of one graph; a number takes the other's dtype. */
export function operands(op: string, a: Operand, b: Operand): [Value, Value] {
  if (typeof a === 'number') {
    if (typeof b === 'number') throw shapeError(op, 'A', { expected: 'a value on one side', got: 'two numbers' });
    return [b.graph.constant(a, { dtype: b.dtype }), b];
  }
  return [a, typeof b === 'number' ? a.graph.constant(b, { dtype: a.dtype }) : b];
}

/** One-output node with the dtype and shape given. */
export function emit(
  op: string,
  inputs: readonly (Value | undefined)[],
  result: { dtype: DType; shape: Shape; attributes?: Attributes; domain?: string },
): Value {
  const { dtype, shape, attributes, domain } = result;
  const graph = inputs.find((v) => v !== undefined)!.graph;
  return graph.add(op, { inputs, attributes, domain, outputs: [{ dtype, shape }] })[0];
}

/** An int64 constant vector, as shape-like inputs want. */
export function indices(like: Value, values: readonly number[]): Value {
  return like.graph.constant(values, { dtype: 'int64', shape: [values.length] });
}
