// Products: MatMul, Gemm, Einsum.
import type { Attributes, Value } from '../graph.js';
import { broadcast, emit, requireRank, shapeError } from './check.js';

/** Matrix product over the last two axes, leading axes broadcast (NumPy matmul; both ranks at least 2). */
export function MatMul(a: Value, b: Value): Value {
  if (a.shape.length < 2 || b.shape.length < 2) {
    throw shapeError('MatMul', 'B', { expected: `ranks of at least 2, A [${a.shape}]`, got: `B [${b.shape}]` });
  }
  const [m, k] = a.shape.slice(-2);
  const [k2, n] = b.shape.slice(-2);
  if (k !== k2 || a.dtype !== b.dtype) {
    throw shapeError('MatMul', 'B', {
      expected: `${a.dtype} with ${k} rows for A [${a.shape}]`,
      got: `${b.dtype} [${b.shape}]`,
    });
  }
  const batch = broadcast('MatMul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  return emit('MatMul', [a, b], { dtype: a.dtype, shape: [...batch, m, n] });
}

export interface GemmOptions {
  alpha?: number;
  beta?: number;
  transA?: boolean;
  transB?: boolean;
}

/** alpha * op(A) op(B) + beta * C for matrices; C broadcasts to the result. */
export function Gemm(a: Value, b: Value, c?: Value | undefined, options: GemmOptions = {}): Value {
  requireRank('Gemm', a, 2, 'A');
  requireRank('Gemm', b, 2, 'B');
  const [m, k] = options.transA ? [a.shape[1], a.shape[0]] : a.shape;
  const [k2, n] = options.transB ? [b.shape[1], b.shape[0]] : b.shape;
  if (k !== k2) throw shapeError('Gemm', 'B', { expected: `inner size ${k} for A [${a.shape}]`, got: `[${b.shape}]` });
  if (c && broadcast('Gemm', [m, n], c.shape).join() !== `${m},${n}`) {
    throw shapeError('Gemm', 'C', { expected: `a shape that broadcasts to [${m},${n}]`, got: `[${c.shape}]` });
  }
  const attributes: Attributes = {
    alpha: { float: options.alpha ?? 1 },
    beta: { float: options.beta ?? 1 },
    transA: { int: options.transA ? 1 : 0 },
    transB: { int: options.transB ? 1 : 0 },
  };
  return emit('Gemm', c ? [a, b, c] : [a, b], { dtype: a.dtype, shape: [m, n], attributes });
}

/** Sum of products in explicit index notation, e.g. `Einsum('bhqd,bhkd->bhqk', [q, k])`. */
export function Einsum(equation: string, values: readonly Value[]): Value {
  const [left, right] = equation.replaceAll(' ', '').split('->');
  const terms = left.split(',');
  if (right === undefined || terms.length !== values.length) {
    throw shapeError('Einsum', 'equation', { expected: `${values.length} terms and "->"`, got: `"${equation}"` });
  }
  const sizes = new Map<string, number>();
  terms.forEach((term, i) => {
    requireRank('Einsum', values[i], term.length, `${i} ("${term}")`);
    [...term].forEach((letter, axis) => {
      const size = values[i].shape[axis];
      if ((sizes.get(letter) ?? size) !== size) {
        throw shapeError('Einsum', `${i}`, {
          expected: `${letter} = ${sizes.get(letter)}`,
          got: `[${values[i].shape}]`,
        });
      }
      sizes.set(letter, size);
    });
  });
  const shape = [...right].map((letter) => {
    const size = sizes.get(letter);
    if (size === undefined)
      throw shapeError('Einsum', 'equation', { expected: `"${letter}" on the left`, got: equation });
    return size;
  });
  return emit('Einsum', values, { dtype: values[0].dtype, shape, attributes: { equation: { string: equation } } });
}
