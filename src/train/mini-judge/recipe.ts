// The recipe of the judge: one stage, one loss, on renders of seeds that no generator is trained on.
import type { JudgeConfig } from '../../models/index.js';
import type { Inputs, Recipe } from '../training-export.js';
import { AUGMENT_INPUTS } from './augment.js';
import { judgeEvaluation, judgeLoss } from './loss-graphs.js';
import { type JudgeSettings, judgeConfig } from './settings.js';

const EVALUATION_BATCH = 16;

const ANNOTATED: Inputs = {
  image: { kind: 'data', field: 'image' },
  judge_keypoints: { kind: 'data', field: 'judge_keypoints' },
  judge_class: { kind: 'data', field: 'judge_class' },
};

export interface MiniJudgeOptions {
  settings: JudgeSettings;
  /** Its classes. */
  triplets: JudgeConfig['triplets'];
  size: { seconds: number | null; steps: number | null; batch: number; lr?: number };
  heldOutRows: number;
}

/** Everything `exportRecipe` writes for training a judge. */
export function miniJudgeRecipe({ settings, triplets, size, heldOutRows }: MiniJudgeOptions): Recipe {
  const config = judgeConfig(settings, triplets);
  const { pictureSize } = settings;
  const { seconds, steps, batch, lr = 1.5e-3 } = size;
  return {
    plan: {
      name: settings.name,
      components: { judge: 'judge.' },
      fields: {
        image: { dtype: 'uint8', shape: [pictureSize, pictureSize, 3] },
        judge_keypoints: { dtype: 'float32', shape: [config.keypoints.length, 3] },
        judge_class: { dtype: 'int32', shape: [1] },
      },
      heldOutRows,
      stages: [
        {
          name: 'judge',
          seconds,
          steps,
          batch,
          derive: [],
          inputs: { ...ANNOTATED, ...AUGMENT_INPUTS },
          objectives: [
            {
              name: 'judging',
              graph: 'judge-loss.onnx',
              loss: 'loss',
              metrics: ['triplet_loss', 'place_loss', 'visible_loss'],
              trainable: ['judge.'],
              optimizer: { lr, betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.02, clip: 1 },
              schedule: { kind: 'cosine', warmupSteps: steps ? Math.ceil(steps / 10) : 200, finalRatio: 0.01 },
              from: 0,
            },
          ],
          ema: { decay: 0.999, warmup: true },
          evaluate: {
            graph: 'judge-evaluation.onnx',
            inputs: ANNOTATED,
            outputs: ['top1', 'top3', 'pck', 'body_error_px', 'hand_error_px'],
            batches: Math.ceil(heldOutRows / EVALUATION_BATCH),
          },
        },
      ],
    },
    graphs: {
      'judge-loss.onnx': judgeLoss({ config, batch }),
      'judge-evaluation.onnx': judgeEvaluation({ config, batch: EVALUATION_BATCH }),
    },
    files: { 'configs/judge/config.json': `${JSON.stringify(config, null, 2)}\n` },
  };
}
