// Gradients of normalisations: what is left after the mean and the part along the normalised values are taken out.
import { sizeOf } from '../../core/tensor.js';
import type { Value } from '../graph.js';
import { Add, Mul, Reciprocal, Sqrt, Sub } from '../ops/elementwise.js';
import { ReduceMean, ReduceSum } from '../ops/reduce.js';
import { Reshape } from '../ops/shape.js';
import { floatAttribute, type GradientRule, intAttribute, type RuleTable, unbroadcast } from './rule.js';

interface Normal {
  /** (x - mean) / deviation. */
  normal: Value;
  /** 1 / deviation, 1 along the normalised axes. */
  inverse: Value;
}

function normalise(x: Value, { axes, epsilon }: { axes: readonly number[]; epsilon: number }): Normal {
  const centred = Sub(x, ReduceMean(x, { axes }));
  const variance = ReduceMean(Mul(centred, centred), { axes });
  const inverse = Reciprocal(Sqrt(Add(variance, epsilon)));
  return { normal: Mul(centred, inverse), inverse };
}

/** @param dn gradient with respect to the normalised values */
function throughNormal(dn: Value, { normal, inverse }: Normal, axes: readonly number[]): Value {
  const along = Mul(normal, ReduceMean(Mul(dn, normal), { axes }));
  return Mul(Sub(Sub(dn, ReduceMean(dn, { axes })), along), inverse);
}

const layer: GradientRule = ({ node, inputs: [x, scale, bias], gradient: dy }) => {
  const first = intAttribute(node, 'axis', -1);
  const axes = x.shape.map((_, i) => i).slice(first);
  const found = normalise(x, { axes, epsilon: floatAttribute(node, 'epsilon', 1e-5) });
  return [
    () => throughNormal(Mul(dy, scale), found, axes),
    () => unbroadcast(Mul(dy, found.normal), scale.shape),
    () => unbroadcast(dy, bias.shape),
  ];
};

/** Instance normalisation is group normalisation with one channel a group. */
const grouped: GradientRule = ({ node, inputs: [x, scale, bias], gradient: dy }) => {
  const [batch, channels, ...space] = x.shape;
  const groups = intAttribute(node, 'num_groups', channels);
  const blocks = [batch, groups, channels / groups, sizeOf(space)];
  const perChannel = [1, groups, channels / groups, 1];
  const axes = [2, 3];
  const found = normalise(Reshape(x, blocks), { axes, epsilon: floatAttribute(node, 'epsilon', 1e-5) });
  const dyBlocks = Reshape(dy, blocks);
  const toChannels = (v: Value, shape: readonly number[]) => Reshape(ReduceSum(v, { axes: [0, 3] }), shape);
  return [
    () => Reshape(throughNormal(Mul(dyBlocks, Reshape(scale, perChannel)), found, axes), x.shape),
    () => toChannels(Mul(dyBlocks, found.normal), scale.shape),
    () => toChannels(dyBlocks, bias.shape),
  ];
};

export const NORMALIZATION_RULES: RuleTable = {
  LayerNormalization: layer,
  InstanceNormalization: grouped,
  GroupNormalization: grouped,
};
