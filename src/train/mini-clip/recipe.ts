// The recipe of the mini scorer: one stage on pictures and their captions.
import type { Vocabulary } from '../mini-sd/settings.js';
import type { Inputs, Recipe } from '../training-export.js';
import { scorerEvaluation, scorerLoss } from './graphs.js';
import { type ClipSettings, clipConfig, preprocessorConfig } from './settings.js';

export interface MiniClipOptions {
  settings: ClipSettings;
  vocabulary: Vocabulary;
  size: { seconds: number | null; steps: number | null; batch: number; lr?: number };
  heldOutRows: number;
}

/** Texts that a held-out picture is compared with. */
const EVALUATION_BATCH = 64;

/** Everything `exportRecipe` writes for training the mini scorer. */
export function miniClipRecipe({ settings, vocabulary, size, heldOutRows }: MiniClipOptions): Recipe {
  const { pictureSize, phrasings, promptTokens } = settings;
  const evaluationBatch = Math.min(EVALUATION_BATCH, heldOutRows);
  const read: Inputs = {
    image: { kind: 'data', field: 'image' },
    tokens: { kind: 'data', field: 'tokens' },
    phrasing: { kind: 'randint', low: 0, high: phrasings },
  };
  const { seconds, steps, batch, lr = 1e-3 } = size;
  return {
    plan: {
      name: settings.name,
      components: { clip: 'clip.' },
      fields: {
        image: { dtype: 'uint8', shape: [pictureSize, pictureSize, 3] },
        tokens: { dtype: 'int32', shape: [phrasings, promptTokens] },
      },
      heldOutRows,
      stages: [
        {
          name: 'scorer',
          seconds,
          steps,
          batch,
          derive: [],
          inputs: {
            ...read,
            blur: { kind: 'uniform' },
            contrast: { kind: 'uniform' },
            brightness: { kind: 'uniform' },
            level: { kind: 'uniform' },
            noise: { kind: 'normal' },
          },
          objectives: [
            {
              name: 'contrast',
              graph: 'scorer-loss.onnx',
              loss: 'loss',
              metrics: ['accuracy'],
              trainable: ['clip.'],
              optimizer: { lr, betas: [0.9, 0.98], eps: 1e-6, weightDecay: 0.02, clip: 1 },
              schedule: { kind: 'cosine', warmupSteps: steps ? Math.ceil(steps / 10) : 300, finalRatio: 0 },
              from: 0,
            },
          ],
          ema: { decay: 0.999, warmup: true },
          evaluate: {
            graph: 'scorer-evaluation.onnx',
            inputs: read,
            outputs: ['accuracy'],
            batches: Math.max(1, Math.floor(heldOutRows / evaluationBatch)),
          },
        },
      ],
    },
    graphs: {
      'scorer-loss.onnx': scorerLoss({ settings, vocabulary, batch }),
      'scorer-evaluation.onnx': scorerEvaluation({ settings, vocabulary, batch: evaluationBatch }),
    },
    files: {
      'configs/clip/config.json': json(clipConfig(settings, vocabulary)),
      'configs/clip/preprocessor_config.json': json(preprocessorConfig(settings)),
    },
    // CLIP begins with a temperature of 0.07.
    given: { 'clip.logit_scale': { dtype: 'float32', shape: [], data: Float32Array.of(Math.log(1 / 0.07)) } },
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
