// Gradients of arithmetic, comparison-like choices and smooth functions of one number, with PyTorch's conventions at kinks.
import type { Value } from '../graph.js';
import {
  And,
  Cast,
  Cos,
  Div,
  Equal,
  Exp,
  Greater,
  GreaterOrEqual,
  LessOrEqual,
  Log,
  Mul,
  Neg,
  Pow,
  Sigmoid,
  Sign,
  Sin,
  Sub,
  Where,
} from '../ops/elementwise.js';
import { type Differentiated, type GradientRule, isContinuous, type RuleTable, unbroadcast } from './rule.js';

/** A function of one input: `slope` is given x, y and dy, and returns dx. */
function unary(slope: (x: Value, y: Value, dy: Value, at: Differentiated) => Value): GradientRule {
  return (at) => [() => slope(at.inputs[0], at.output, at.gradient, at)];
}

type Side = (operands: { a: Value; b: Value; y: Value; dy: Value }) => Value;

/** A function of two inputs that broadcast; each side is given back its operand's shape. */
function binary(left: Side, right: Side): GradientRule {
  return ({ inputs: [a, b], output: y, gradient: dy }) => {
    const operands = { a, b, y, dy };
    return [() => unbroadcast(left(operands), a.shape), () => unbroadcast(right(operands), b.shape)];
  };
}

/** Where both sides are equal each gets half, as PyTorch's maximum and minimum have it. */
function chosen(wins: (own: Value, other: Value) => Value): GradientRule {
  const share = (own: Value, other: Value, dy: Value) =>
    Where(Equal(own, other), Mul(dy, 0.5), Where(wins(own, other), dy, 0));
  return binary(
    ({ a, b, dy }) => share(a, b, dy),
    ({ a, b, dy }) => share(b, a, dy),
  );
}

/** Squares are the commonest product of a value with itself; one product instead of two and a sum. */
const product: GradientRule = (at) => {
  const [a, b] = at.inputs;
  if (a === b) return [() => Mul(Mul(at.gradient, a), 2), undefined];
  return binary(
    ({ b, dy }) => Mul(dy, b),
    ({ a, dy }) => Mul(dy, a),
  )(at);
};

const power: GradientRule = (at) => {
  const { inputs, output: y, gradient: dy } = at;
  const [a, b] = inputs;
  const exponent = at.numbers(1);
  const fixed = exponent?.length === 1 ? exponent[0] : undefined;
  if (fixed === 0) return [undefined, undefined];
  const inner = (): Value => {
    if (fixed === 2) return Mul(Mul(dy, a), 2);
    if (fixed !== undefined) return Mul(dy, Mul(Pow(a, fixed - 1), fixed));
    return Where(Equal(b, 0), 0, Mul(dy, Mul(b, Pow(a, Sub(b, 1)))));
  };
  // 0 to a positive power stays 0 whatever the exponent does.
  const still = () => And(Equal(a, 0), GreaterOrEqual(b, 0));
  return [() => unbroadcast(inner(), a.shape), () => unbroadcast(Where(still(), 0, Mul(dy, Mul(y, Log(a)))), b.shape)];
};

/** Inside the bounds, ends included, the gradient passes. */
const clip: GradientRule = ({ inputs: [x, low, high], gradient: dy }) => [
  () => {
    const above = low && GreaterOrEqual(x, low);
    const below = high && LessOrEqual(x, high);
    const inside = above && below ? And(above, below) : (above ?? below);
    return inside ? Where(inside, dy, 0) : dy;
  },
];

const where: GradientRule = ({ inputs: [condition, a, b], gradient: dy }) => [
  undefined,
  () => unbroadcast(Where(condition, dy, 0), a.shape),
  () => unbroadcast(Where(condition, 0, dy), b.shape),
];

const cast: GradientRule = ({ inputs: [x], gradient: dy }) => [
  isContinuous(x) ? () => Cast(dy, { to: x.dtype }) : undefined,
];

export const ELEMENTWISE_RULES: RuleTable = {
  Identity: unary((_x, _y, dy) => dy),
  Add: binary(
    ({ dy }) => dy,
    ({ dy }) => dy,
  ),
  Sub: binary(
    ({ dy }) => dy,
    ({ dy }) => Neg(dy),
  ),
  Mul: product,
  Div: binary(
    ({ b, dy }) => Div(dy, b),
    ({ b, y, dy }) => Neg(Mul(Div(dy, b), y)),
  ),
  // The quotient that is cut off, (a - y) / b, stays the same nearby.
  Mod: binary(
    ({ dy }) => dy,
    ({ a, b, y, dy }) => Mul(dy, Div(Sub(y, a), b)),
  ),
  Max: chosen(Greater),
  Min: chosen((own, other) => Greater(other, own)),
  Pow: power,
  Where: where,
  Clip: clip,
  Cast: cast,
  Neg: unary((_x, _y, dy) => Neg(dy)),
  Abs: unary((x, _y, dy) => Mul(dy, Sign(x))),
  Exp: unary((_x, y, dy) => Mul(dy, y)),
  Log: unary((x, _y, dy) => Div(dy, x)),
  Sqrt: unary((_x, y, dy) => Div(dy, Mul(y, 2))),
  Reciprocal: unary((_x, y, dy) => Neg(Mul(dy, Mul(y, y)))),
  Sin: unary((x, _y, dy) => Mul(dy, Cos(x))),
  Cos: unary((x, _y, dy) => Neg(Mul(dy, Sin(x)))),
  Erf: unary((x, _y, dy) => Mul(dy, Mul(Exp(Neg(Mul(x, x))), 2 / Math.sqrt(Math.PI)))),
  Softplus: unary((x, _y, dy) => Mul(dy, Sigmoid(x))),
  Tanh: unary((_x, y, dy) => Mul(dy, Sub(1, Mul(y, y)))),
  Sigmoid: unary((_x, y, dy) => Mul(dy, Mul(y, Sub(1, y)))),
};
