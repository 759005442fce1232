// Gradients of reductions, softmax, running sums and top-k.
import type { Value } from '../graph.js';
import { Cast, Div, Equal, Exp, Mul, Sub, Where } from '../ops/elementwise.js';
import { CumSum, ReduceProd, ReduceSum } from '../ops/reduce.js';
import { Expand, Reshape } from '../ops/shape.js';
import { scatterAdd } from './indexing-rules.js';
import { constantInput, type GradientRule, intAttribute, type RuleTable } from './rule.js';

interface Reduced {
  x: Value;
  /** Result and its gradient with the reduced axes kept as 1, so that both broadcast against x. */
  y: Value;
  dy: Value;
  axes: readonly number[];
  /** Numbers that went into each result. */
  count: number;
}

function reduction(slope: (reduced: Reduced) => Value): GradientRule {
  return (at) => {
    const [x] = at.inputs;
    const axes = constantInput(at, 1);
    const kept = x.shape.map((size, i) => (axes.includes(i) ? 1 : size));
    const [y, dy] = [Reshape(at.output, kept), Reshape(at.gradient, kept)];
    const count = axes.reduce((n, axis) => n * x.shape[axis], 1);
    return [() => slope({ x, y, dy, axes, count })];
  };
}

/** All that reach the extreme share its gradient evenly, as PyTorch's amax, amin and max of everything do. */
function extreme({ x, y, dy, axes }: Reduced): Value {
  const reached = Cast(Equal(x, y), { to: x.dtype });
  return Mul(reached, Div(dy, ReduceSum(reached, { axes })));
}

/** The product of the others, which is right beside zeros too. */
function product({ x, dy, axes }: Reduced): Value {
  const zero = Equal(x, 0);
  const safe = Where(zero, 1, x);
  const mark = Cast(zero, { to: x.dtype });
  const otherZeros = Sub(ReduceSum(mark, { axes }), mark);
  const others = Div(ReduceProd(safe, { axes }), safe);
  return Mul(dy, Where(Equal(otherZeros, 0), others, 0));
}

/** y (dy - sum of y dy). */
const softmax: GradientRule = ({ node, output: y, gradient: dy }) => {
  const axes = [intAttribute(node, 'axis', -1)];
  return [() => Mul(y, Sub(dy, ReduceSum(Mul(dy, y), { axes })))];
};

const logSoftmax: GradientRule = ({ node, output: y, gradient: dy }) => {
  const axes = [intAttribute(node, 'axis', -1)];
  return [() => Sub(dy, Mul(Exp(y), ReduceSum(dy, { axes })))];
};

const cumSum: GradientRule = (at) => {
  const [axis] = constantInput(at, 1);
  const exclusive = intAttribute(at.node, 'exclusive', 0) === 1;
  const reverse = intAttribute(at.node, 'reverse', 0) === 0;
  return [() => CumSum(at.gradient, { axis, exclusive, reverse })];
};

/** Only what was picked has a gradient; positions are constant nearly everywhere. */
const topK: GradientRule = ({ node, inputs: [x], gradient: dy }) => [
  () => scatterAdd(x.shape, node.outputs[1], { updates: dy, axis: intAttribute(node, 'axis', -1) }),
];

const spread = ({ x, dy }: Reduced) => Expand(dy, x.shape);

export const REDUCTION_RULES: RuleTable = {
  ReduceSum: reduction(spread),
  ReduceMean: reduction(({ count, ...reduced }) => spread({ ...reduced, count, dy: Mul(reduced.dy, 1 / count) })),
  ReduceMax: reduction(extreme),
  ReduceMin: reduction(extreme),
  ReduceProd: reduction(product),
  // The norm has no slope at the origin; zero, as PyTorch has it.
  ReduceL2: reduction(({ x, y, dy }) => Where(Equal(y, 0), 0, Div(Mul(dy, x), y))),
  ReduceSumSquare: reduction(({ x, dy }) => Mul(Mul(dy, x), 2)),
  ReduceLogSumExp: reduction(({ x, y, dy }) => Mul(dy, Exp(Sub(x, y)))),
  Softmax: softmax,
  LogSoftmax: logSoftmax,
  CumSum: cumSum,
  TopK: topK,
};
