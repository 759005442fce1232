// The recipe of the layout model: one stage, one loss, on pairs of people and objects.
import type { LayoutModelConfig } from '../../models/index.js';
import type { Inputs, Recipe } from '../training-export.js';
import { layoutAnchors } from './anchors.js';
import { KEEP, layoutEvaluation, layoutLoss } from './loss-graphs.js';
import type { LayoutRow } from './rows.js';
import { type LayoutSettings, layoutConfig } from './settings.js';

const EVALUATION_BATCH = 64;
const POINTS = 33;

const ANNOTATED: Inputs = Object.fromEntries(
  ['layout_person', 'layout_box', 'layout_aspect', 'layout_verb', 'layout_object', 'layout_keypoints'].map((field) => [
    field,
    { kind: 'data', field },
  ]),
);

/** Half of the rows have no present box; words and points are sometimes kept from the model, so that it can do without. */
const VARIATION: Inputs = {
  mirror: { kind: 'bernoulli', p: 0.5 },
  jitter: { kind: 'normal' },
  has_present: { kind: 'bernoulli', p: 0.5 },
  amplitude: { kind: 'uniform' },
  places: { kind: 'uniform' },
  knows_verb: { kind: 'bernoulli', p: 0.95 },
  knows_object: { kind: 'bernoulli', p: 0.95 },
  knows_points: { kind: 'bernoulli', p: 0.7 },
  progress: { kind: 'progress' },
};

function dropoutInputs({ members }: LayoutModelConfig): Inputs {
  const names = Array.from({ length: members }, (_, i) => Object.entries(KEEP).map(([name, p]) => ({ name, p, i })));
  return Object.fromEntries(names.flat().map(({ name, p, i }) => [`keep_${name}_${i}`, { kind: 'bernoulli', p }]));
}

export interface LayoutRecipeOptions {
  settings: LayoutSettings;
  /** Where the anchors come from. */
  training: readonly LayoutRow[];
  size: { seconds: number | null; steps: number | null; batch: number; lr?: number };
  heldOutRows: number;
}

/** Everything `exportRecipe` writes for training a layout model. */
export function layoutRecipe({ settings, training, size, heldOutRows }: LayoutRecipeOptions): Recipe {
  const config = layoutConfig(settings);
  const { seconds, steps, batch, lr = 3e-3 } = size;
  return {
    plan: {
      name: settings.name,
      components: { layout: 'layout.' },
      fields: {
        layout_person: { dtype: 'float32', shape: [4] },
        layout_box: { dtype: 'float32', shape: [4] },
        layout_aspect: { dtype: 'float32', shape: [1] },
        layout_keypoints: { dtype: 'float32', shape: [POINTS, 3] },
        layout_verb: { dtype: 'int32', shape: [1] },
        layout_object: { dtype: 'int32', shape: [1] },
      },
      heldOutRows,
      stages: [
        {
          name: 'layout',
          seconds,
          steps,
          batch,
          derive: [],
          inputs: { ...ANNOTATED, ...VARIATION, ...dropoutInputs(config) },
          objectives: [
            {
              name: 'placing',
              graph: 'layout-loss.onnx',
              loss: 'loss',
              metrics: ['expected_overlap'],
              trainable: ['layout.'],
              optimizer: { lr, betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.05, clip: 1 },
              schedule: { kind: 'cosine', warmupSteps: 100, finalRatio: 0.01 },
              from: 0,
            },
          ],
          ema: { decay: 0.99, warmup: true },
          evaluate: {
            graph: 'layout-evaluation.onnx',
            inputs: { ...ANNOTATED, places: { kind: 'uniform' } },
            outputs: ['blind', 'perturbed', 'untouched'],
            batches: Math.ceil(heldOutRows / EVALUATION_BATCH),
          },
        },
      ],
    },
    graphs: {
      'layout-loss.onnx': layoutLoss({ config, batch }),
      'layout-evaluation.onnx': layoutEvaluation({ config, batch: EVALUATION_BATCH }),
    },
    files: { 'configs/layout/config.json': `${JSON.stringify(config, null, 2)}\n` },
    given: layoutAnchors(config, training),
    gain: (name) => (name.includes('_head.') ? 0.3 : undefined),
  };
}
