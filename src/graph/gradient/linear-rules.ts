// Gradients of products: each side is the gradient times the other side, transposed.
import type { Value } from '../graph.js';
import { Mul } from '../ops/elementwise.js';
import { Einsum, Gemm, MatMul } from '../ops/linear.js';
import { Expand, Reshape, Transpose } from '../ops/shape.js';
import {
  floatAttribute,
  type GradientRule,
  intAttribute,
  noRule,
  type RuleTable,
  stringAttribute,
  unbroadcast,
} from './rule.js';

/** Swaps the last two axes; ONNX Runtime then multiplies without moving anything. */
export function transposed(x: Value): Value {
  const last = x.shape.length - 1;
  return Transpose(
    x,
    x.shape.map((_, i) => (i === last ? last - 1 : i === last - 1 ? last : i)),
  );
}

const matMul: GradientRule = ({ inputs: [a, b], gradient: dy }) => [
  () => unbroadcast(MatMul(dy, transposed(b)), a.shape),
  () => unbroadcast(MatMul(transposed(a), dy), b.shape),
];

/** y = alpha A B + beta C, either matrix perhaps transposed. */
const gemm: GradientRule = ({ node, inputs: [a, b, c], gradient: dy }) => {
  const [transA, transB] = [intAttribute(node, 'transA', 0) === 1, intAttribute(node, 'transB', 0) === 1];
  const alpha = floatAttribute(node, 'alpha', 1);
  const beta = floatAttribute(node, 'beta', 1);
  const times = (left: Value, right: Value, flags: { transA?: boolean; transB?: boolean }) =>
    Gemm(left, right, undefined, { alpha, ...flags });
  return [
    () => (transA ? times(b, dy, { transA: transB, transB: true }) : times(dy, b, { transB: !transB })),
    () => (transB ? times(dy, a, { transA: true, transB: transA }) : times(a, dy, { transA: !transA })),
    () => unbroadcast(beta === 1 ? dy : Mul(dy, beta), c.shape),
  ];
};

/** The gradient takes the operand's place in the equation; axes that only it had are repeated. */
const einsum: GradientRule = ({ node, inputs, gradient: dy }) => {
  const [left, right] = stringAttribute(node, 'equation', '').replaceAll(' ', '').split('->');
  const terms = left.split(',');
  return inputs.map((x, i) => () => {
    const term = terms[i];
    if (new Set(term).size !== term.length) throw noRule(node, `the diagonal "${term}"`);
    const others = terms.filter((_, k) => k !== i);
    const known = new Set([...right, ...others.join('')]);
    const letters = [...term].filter((letter) => known.has(letter)).join('');
    const operands = [dy, ...inputs.filter((_, k) => k !== i)];
    const part = Einsum(`${[right, ...others].join()}->${letters}`, operands);
    const kept = x.shape.map((size, axis) => (known.has(term[axis]) ? size : 1));
    return Expand(Reshape(part, kept), x.shape);
  });
};

export const LINEAR_RULES: RuleTable = { MatMul: matMul, Gemm: gemm, Einsum: einsum };
