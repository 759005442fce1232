// Gradients of activation functions that are one operator.
import type { Value } from '../graph.js';
import { Add, Div, Erf, Exp, Greater, GreaterOrEqual, Mul, Sub, Tanh, Where } from '../ops/elementwise.js';
import { floatAttribute, type GradientRule, type RuleTable, stringAttribute } from './rule.js';

/** ReLU's slope at zero is zero, as PyTorch has it. */
const relu: GradientRule = ({ inputs: [x], gradient: dy }) => [() => Where(Greater(x, 0), dy, 0)];

const leakyRelu: GradientRule = ({ node, inputs: [x], gradient: dy }) => {
  const alpha = floatAttribute(node, 'alpha', 0.01);
  return [() => Where(Greater(x, 0), dy, Mul(dy, alpha))];
};

const elu: GradientRule = ({ node, inputs: [x], gradient: dy }) => {
  const alpha = floatAttribute(node, 'alpha', 1);
  return [() => Where(Greater(x, 0), dy, Mul(dy, Mul(Exp(x), alpha)))];
};

/** x times a ramp from 0 at -3 to 1 at 3; both ends belong to the flat parts, as PyTorch has it. */
const hardSwish: GradientRule = ({ inputs: [x], gradient: dy }) => [
  () => {
    const middle = Mul(dy, Add(Div(x, 3), 0.5));
    return Where(GreaterOrEqual(x, 3), dy, Where(Greater(x, -3), middle, 0));
  },
];

/** The normal distribution's cumulative function and density: d (x F(x)) = F(x) + x f(x). */
function exactGelu(x: Value): Value {
  const cumulative = Mul(Add(Erf(Mul(x, Math.SQRT1_2)), 1), 0.5);
  const density = Mul(Exp(Mul(Mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
  return Add(cumulative, Mul(x, density));
}

/** The slope of `x / 2 (1 + tanh(c (x + 0.044715 x^3)))`, c = sqrt(2 / pi). */
function tanhGelu(x: Value): Value {
  const c = Math.sqrt(2 / Math.PI);
  const square = Mul(x, x);
  const wave = Tanh(Mul(Mul(x, Add(Mul(square, 0.044715), 1)), c));
  const inner = Mul(Add(Mul(square, 3 * 0.044715), 1), c);
  const slope = Mul(Mul(x, Sub(1, Mul(wave, wave))), inner);
  return Mul(Add(Add(wave, 1), slope), 0.5);
}

const gelu: GradientRule = ({ node, inputs: [x], gradient: dy }) => {
  const slope = stringAttribute(node, 'approximate', 'none') === 'tanh' ? tanhGelu : exactGelu;
  return [() => Mul(dy, slope(x))];
};

export const ACTIVATION_RULES: RuleTable = {
  Relu: relu,
  LeakyRelu: leakyRelu,
  Elu: elu,
  HardSwish: hardSwish,
  Gelu: gelu,
};
