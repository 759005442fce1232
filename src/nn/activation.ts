// Activation functions under the names that checkpoint configs use.
import { z } from 'zod';
import { Gelu, Mul, Relu, type Scope, Sigmoid, Split, type Value } from '../graph/index.js';
import { linear } from './linear.js';

/** `x σ(x)`, also called swish. */
export function silu(x: Value): Value {
  return Mul(x, Sigmoid(x));
}

/** `x Φ(x)` with the exact error function. */
export function gelu(x: Value): Value {
  return Gelu(x);
}

/** `x σ(1.702 x)`: the approximation that OpenAI's CLIP was trained with. */
export function quickGelu(x: Value): Value {
  return Mul(x, Sigmoid(Mul(x, 1.702)));
}

/**
 * Gated GELU: one projection named `proj` to twice the width, the second half gates the first.
 *
 * @param x [..., D]
 * @returns [..., out]
 */
export function geglu(p: Scope, x: Value, options: { out: number }): Value {
  const { out } = options;
  const [hidden, gate] = Split(linear(p.at('proj'), x, { out: 2 * out }), [out, out], { axis: -1 });
  return Mul(hidden, gelu(gate));
}

/** Activation names that configs may hold. */
export const activationName = z.enum(['silu', 'swish', 'relu', 'gelu', 'quick_gelu']);

export type ActivationName = z.infer<typeof activationName>;

/** The function of a config's activation name. */
export const activations: Record<ActivationName, (x: Value) => Value> = {
  silu,
  swish: silu,
  relu: Relu,
  gelu,
  quick_gelu: quickGelu,
};
