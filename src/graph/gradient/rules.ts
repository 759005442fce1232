// All gradient rules by operator, and the operators that nothing flows through.
import { ACTIVATION_RULES } from './activation-rules.js';
import { CONVOLUTION_RULES } from './convolution-rules.js';
import { ELEMENTWISE_RULES } from './elementwise-rules.js';
import { INDEXING_RULES } from './indexing-rules.js';
import { LINEAR_RULES } from './linear-rules.js';
import { NORMALIZATION_RULES } from './normalization-rules.js';
import { POOLING_RULES } from './pooling-rules.js';
import { REDUCTION_RULES } from './reduction-rules.js';
import { RESIZE_RULES } from './resize-rules.js';
import type { RuleTable } from './rule.js';
import { SHAPE_RULES } from './shape-rules.js';

export const RULES: RuleTable = {
  ...ELEMENTWISE_RULES,
  ...ACTIVATION_RULES,
  ...REDUCTION_RULES,
  ...SHAPE_RULES,
  ...INDEXING_RULES,
  ...LINEAR_RULES,
  ...CONVOLUTION_RULES,
  ...POOLING_RULES,
  ...NORMALIZATION_RULES,
  ...RESIZE_RULES,
};

/** Steps, signs, choices and comparisons: their slope is zero or does not exist, and PyTorch gives zero. */
export const CONSTANT_ALMOST_EVERYWHERE: ReadonlySet<string> = new Set([
  'Floor',
  'Ceil',
  'Round',
  'Sign',
  'ArgMax',
  'ArgMin',
  'Equal',
  'Less',
  'LessOrEqual',
  'Greater',
  'GreaterOrEqual',
  'And',
  'Or',
  'Not',
]);
