// Group, layer and batch normalisation with PyTorch's parameters.
import { ContrappostoError } from '../core/errors.js';
import {
  Add,
  Div,
  InstanceNormalization,
  LayerNormalization,
  Mul,
  Reshape,
  type Scope,
  Sqrt,
  Sub,
  type Value,
} from '../graph/index.js';

/**
 * Group normalisation. Parameters `weight` [C] and `bias` [C].
 *
 * Each group becomes one channel of an InstanceNormalization, which ONNX Runtime has a CPU kernel for; its
 * GroupNormalization is only a composition of reductions there.
 *
 * @param x [N, C, ...]
 * @returns the shape of `x`
 */
export function groupNorm(p: Scope, x: Value, options: { groups: number; epsilon: number }): Value {
  const { groups, epsilon } = options;
  const [batch, channels, ...space] = x.shape;
  if (channels % groups !== 0) {
    throw new ContrappostoError('shape', {
      operation: `groupNorm ${p.path}`,
      expected: `channels divisible by ${groups} groups`,
      got: `${channels} channels`,
    });
  }
  const one = x.graph.constant(new Array<number>(groups).fill(1));
  const zero = x.graph.constant(new Array<number>(groups).fill(0));
  const grouped = Reshape(x, [batch, groups, -1]); // [N, groups, C / groups * H * W]
  const normal = Reshape(InstanceNormalization(grouped, one, zero, { epsilon }), x.shape); // [N, C, H, W]
  const perChannel = [channels, ...space.map(() => 1)];
  const scale = Reshape(p.parameter('weight', [channels]), perChannel);
  const shift = Reshape(p.parameter('bias', [channels]), perChannel);
  return Add(Mul(normal, scale), shift);
}

/**
 * Normalisation over the last axis. Parameters `weight` [D] and `bias` [D].
 *
 * @param x [..., D]
 * @returns the shape of `x`
 */
export function layerNorm(p: Scope, x: Value, options: { epsilon: number }): Value {
  const width = x.shape[x.shape.length - 1];
  return LayerNormalization(x, p.parameter('weight', [width]), p.parameter('bias', [width]), {
    axis: -1,
    epsilon: options.epsilon,
  });
}

/**
 * Batch normalisation by its running statistics, as networks use it after training. Parameters `weight`, `bias`,
 * `running_mean` and `running_var` [C] each. Scale and shift do not depend on the input: a session folds them.
 *
 * @param x [N, C, H, W]
 * @returns the shape of `x`
 */
export function batchNorm(p: Scope, x: Value, options: { epsilon?: number } = {}): Value {
  const { epsilon = 1e-5 } = options;
  const channels = x.shape[1];
  const [weight, bias] = [p.parameter('weight', [channels]), p.parameter('bias', [channels])];
  const [mean, variance] = [p.parameter('running_mean', [channels]), p.parameter('running_var', [channels])];
  const scale = Div(weight, Sqrt(Add(variance, epsilon))); // [C]
  const shift = Sub(bias, Mul(mean, scale)); // [C]
  const perChannel = (v: Value) => Reshape(v, [1, channels, 1, 1]);
  return Add(Mul(x, perChannel(scale)), perChannel(shift));
}
