// Linear layers and embeddings in PyTorch's storage order.
import { sizeOf } from '../core/tensor.js';
import { Gather, Gemm, Reshape, type Scope, type Value } from '../graph/index.js';

/**
 * `x weightᵀ + bias` over the last axis. Parameters `weight` [out, in] and `bias` [out].
 *
 * Rows are flattened into one Gemm with `transB`: the stored order is used as it is, so that neither inference nor
 * training pays for a transposed copy of the weights.
 *
 * @param x [..., in]
 * @returns [..., out]
 */
export function linear(p: Scope, x: Value, options: { out: number; bias?: boolean }): Value {
  const { out, bias = true } = options;
  const width = x.shape[x.shape.length - 1];
  const weight = p.parameter('weight', [out, width]);
  const offset = bias ? p.parameter('bias', [out]) : undefined;
  if (x.shape.length === 2) return Gemm(x, weight, offset, { transB: true }); // [rows, out]
  const rows = Reshape(x, [sizeOf(x.shape) / width, width]); // [rows, in]
  return Reshape(Gemm(rows, weight, offset, { transB: true }), [...x.shape.slice(0, -1), out]); // [..., out]
}

/**
 * Rows of a table. Parameter `weight` [count, width].
 *
 * @param ids int64 [...]
 * @returns [..., width]
 */
export function embedding(p: Scope, ids: Value, options: { count: number; width: number }): Value {
  return Gather(p.parameter('weight', [options.count, options.width]), ids, { axis: 0 });
}
