// Products of matrices in double precision: by ONNX Runtime where one is given, else in plain loops.
import { ContrappostoError } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import { Gemm, Graph } from '../graph/index.js';
import type { Runtime } from '../runtime/index.js';
import { memorySource } from '../weights/index.js';

/** A matrix in rows: element (i, j) is `data[i * columns + j]`. */
export interface Matrix {
  rows: number;
  columns: number;
  data: Float64Array;
}

export interface ProductOptions {
  /** Products of thousands of rows take seconds with it and minutes without. */
  runtime?: Runtime;
  signal?: AbortSignal;
}

/** Below this, sending the matrices to ONNX Runtime's thread costs more than multiplying them here. */
const MIN_MULTIPLICATIONS = 2 ** 21;

const noWeights = memorySource({});

/**
 * `op(a) op(b)`, either transposed where asked.
 * @throws `shape` when the inner sizes differ, `aborted`
 */
export async function product(
  a: Matrix,
  b: Matrix,
  options: ProductOptions & { transA?: boolean; transB?: boolean } = {},
): Promise<Matrix> {
  const { runtime, signal, transA = false, transB = false } = options;
  const [rows, inner] = transA ? [a.columns, a.rows] : [a.rows, a.columns];
  const [inner2, columns] = transB ? [b.columns, b.rows] : [b.rows, b.columns];
  if (inner !== inner2) {
    throw new ContrappostoError('shape', { operation: 'matrix product', expected: `${inner} rows`, got: `${inner2}` });
  }
  if (!runtime || rows * inner * columns < MIN_MULTIPLICATIONS) {
    return looped(transA ? transposed(a) : a, transB ? b : transposed(b));
  }
  const graph = new Graph('matrix-product');
  const x = graph.input('a', 'float64', [a.rows, a.columns]);
  const y = graph.input('b', 'float64', [b.rows, b.columns]);
  graph.output('product', Gemm(x, y, undefined, { transA, transB }));
  const session = await runtime.session(graph, noWeights, { signal });
  const out = await session.run({ a: tensorOf(a), b: tensorOf(b) }, { signal });
  return { rows, columns, data: out.product.data as Float64Array };
}

function tensorOf({ rows, columns, data }: Matrix): Tensor {
  return { dtype: 'float64', shape: [rows, columns], data };
}

/** `a b'`: rows of both against each other. */
function looped(a: Matrix, b: Matrix): Matrix {
  const data = new Float64Array(a.rows * b.rows);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.rows; j++) {
      let sum = 0;
      for (let k = 0; k < a.columns; k++) sum += a.data[i * a.columns + k] * b.data[j * b.columns + k];
      data[i * b.rows + j] = sum;
    }
  }
  return { rows: a.rows, columns: b.rows, data };
}

function transposed({ rows, columns, data }: Matrix): Matrix {
  const out = new Float64Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = data[i * columns + j];
  return { rows: columns, columns: rows, data: out };
}
