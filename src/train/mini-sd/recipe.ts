// The recipe of the mini text-to-image model: autoencoder, then text encoder and UNet on its latents.
import type { Recipe, Stage } from '../training-export.js';
import {
  autoencoderEvaluation,
  autoencoderGrid,
  autoencoderLoss,
  decodeGraph,
  discriminatorLoss,
  encodeGraph,
  latentWeightGraph,
} from './autoencoder-graphs.js';
import {
  type DenoiserOptions,
  denoiserLoss,
  samplingPairs,
  samplingStep,
  TIMESTEP_QUANTILES,
} from './denoiser-graphs.js';
import { type MiniSettings, SCHEDULER_CONFIG, textConfig } from './settings.js';

export interface MiniSdOptions extends DenoiserOptions {
  settings: MiniSettings;
  /** Token rows of the prompts drawn in sample grids. */
  gridPrompts: readonly (readonly number[])[];
  /** `decoderOnly` goes on with a trained autoencoder and leaves its latents as they are. */
  autoencoder: { seconds: number | null; steps: number | null; batch: number; decoderOnly?: boolean };
  denoiser: { seconds: number | null; steps: number | null; batch: number; lr?: number };
  heldOutRows: number;
}

/**
 * Part of the autoencoder stage after which the discriminator learns, and after which it is listened to. A step with it
 * takes half as long again, and PSNR does not grow any more (28.9 dB before and after 40 % of a stage with it).
 */
const ADVERSARY_FROM = 0.66;
const LISTEN_FROM = 0.7;
const GRID_GUIDANCE = 3;
const GRID_STEPS = 25;
const EVALUATION_BATCH = 16;

/** Everything `exportRecipe` writes for training the mini model. */
export function miniSdRecipe(options: MiniSdOptions): Recipe {
  const { settings, autoencoder, denoiser } = options;
  const { pictureSize, phrasings, promptTokens } = settings;
  const sized = (batch: number) => ({ settings, batch });
  const grid = sized(options.gridPrompts.length);
  const pictures = sized(autoencoder.batch);
  return {
    plan: {
      name: settings.name,
      components: { vae: 'vae.', text_encoder: 'text_encoder.', unet: 'unet.' },
      fields: {
        image: { dtype: 'uint8', shape: [pictureSize, pictureSize, 3] },
        region: { dtype: 'uint8', shape: [pictureSize, pictureSize] },
        tokens: { dtype: 'int32', shape: [phrasings, promptTokens] },
      },
      heldOutRows: options.heldOutRows,
      stages: [autoencoderStage(autoencoder), denoiserStage(options)],
    },
    graphs: {
      'autoencoder-loss.onnx': autoencoderLoss(pictures, { adversarial: false }),
      'autoencoder-adversarial-loss.onnx': autoencoderLoss(pictures, { adversarial: true }),
      'discriminator-loss.onnx': discriminatorLoss(pictures),
      'autoencoder-evaluation.onnx': autoencoderEvaluation(sized(EVALUATION_BATCH)),
      'autoencoder-grid.onnx': autoencoderGrid(sized(Math.min(8, autoencoder.batch))),
      'encode.onnx': encodeGraph(pictures),
      'latent-weights.onnx': latentWeightGraph(pictures),
      'decode.onnx': decodeGraph(grid),
      'denoiser-loss.onnx': denoiserLoss(sized(denoiser.batch), options),
      'sampling-step.onnx': samplingStep(grid, { ...options, guidanceScale: GRID_GUIDANCE }),
    },
    files: {
      'configs/vae/config.json': json(settings.vae),
      'configs/unet/config.json': json(settings.unet),
      'configs/text_encoder/config.json': json(textConfig(settings, options.vocabulary)),
      'configs/scheduler/scheduler_config.json': json(SCHEDULER_CONFIG),
    },
    given: { latent_scale: { dtype: 'float32', shape: [1], data: Float32Array.of(1) } },
    gain: autoencoderGain,
  };
}

/**
 * The autoencoder has no normalisation: He et al.'s gain (variance 2 / fan in) keeps signals alive through its ReLUs,
 * and the last kernel of each residual block starts small.
 */
function autoencoderGain(name: string): number | undefined {
  if (!name.startsWith('vae.')) return undefined;
  return /conv\.4\.weight$/.test(name) ? 0.5 : Math.sqrt(6);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function autoencoderStage({ decoderOnly = false, ...size }: MiniSdOptions['autoencoder']): Stage {
  const [adversaryFrom, listenFrom] = decoderOnly ? [0, 0.05] : [ADVERSARY_FROM, LISTEN_FROM];
  const optimizer = {
    lr: decoderOnly ? 6e-4 : 1e-3,
    betas: [0.9, 0.99] as const,
    eps: 1e-8,
    weightDecay: 1e-5,
    clip: 1,
  };
  const schedule = {
    kind: 'cosine' as const,
    warmupSteps: size.steps ? Math.ceil(size.steps / 10) : 300,
    finalRatio: 0.02,
  };
  const generator = { loss: 'loss', trainable: decoderOnly ? ['vae.decoder.'] : ['vae.'], optimizer, schedule };
  return {
    name: 'autoencoder',
    ...size,
    derive: [],
    inputs: {
      image: { kind: 'data', field: 'image' },
      region: { kind: 'data', field: 'region' },
      noise: { kind: 'normal' },
      level: { kind: 'uniform' },
    },
    objectives: [
      {
        ...generator,
        name: 'reconstruction',
        graph: 'autoencoder-loss.onnx',
        metrics: ['reconstruction', 'half_size', 'latent_penalty'],
        from: 0,
        until: listenFrom,
      },
      {
        ...generator,
        name: 'adversarial',
        graph: 'autoencoder-adversarial-loss.onnx',
        metrics: ['reconstruction', 'half_size', 'latent_penalty', 'judged'],
        from: listenFrom,
      },
      {
        name: 'discriminator',
        graph: 'discriminator-loss.onnx',
        loss: 'loss',
        metrics: [],
        trainable: ['discriminator.'],
        optimizer: { lr: 4e-4, betas: [0.5, 0.9], eps: 1e-8, weightDecay: 0, clip: 1 },
        schedule: { kind: 'constant', warmupSteps: 100, finalRatio: 1 },
        from: adversaryFrom,
      },
    ],
    ema: { decay: 0.999, warmup: true },
    evaluate: {
      graph: 'autoencoder-evaluation.onnx',
      inputs: { image: { kind: 'data', field: 'image' }, region: { kind: 'data', field: 'region' } },
      outputs: ['psnr', 'psnr_faces_hands'],
      batches: 16,
    },
    grids: {
      at: [0.5, 1],
      columns: 8,
      kind: 'graph',
      graph: 'autoencoder-grid.onnx',
      inputs: { image: { kind: 'data', field: 'image' } },
      output: 'picture',
    },
  };
}

function denoiserStage(options: MiniSdOptions): Stage {
  const { seconds, steps, batch, lr = 6e-4 } = options.denoiser;
  const free = options.gridPrompts.map(() => [...options.emptyPrompt]);
  return {
    name: 'denoiser',
    seconds,
    steps,
    batch,
    derive: [
      {
        field: 'latents',
        graph: 'encode.onnx',
        inputs: { image: { kind: 'data', field: 'image' } },
        output: 'latents',
        batch: options.autoencoder.batch,
        dtype: 'float32',
        unitStd: 'latent_scale',
      },
      {
        field: 'weights',
        graph: 'latent-weights.onnx',
        inputs: { region: { kind: 'data', field: 'region' } },
        output: 'weights',
        batch: options.autoencoder.batch,
        dtype: 'float32',
      },
    ],
    inputs: {
      latents: { kind: 'data', field: 'latents' },
      weights: { kind: 'data', field: 'weights' },
      tokens: { kind: 'data', field: 'tokens' },
      noise: { kind: 'normal' },
      quantile: { kind: 'randint', low: 0, high: TIMESTEP_QUANTILES },
      phrasing: { kind: 'randint', low: 0, high: options.settings.phrasings },
      drop: { kind: 'bernoulli', p: 0.1 },
    },
    objectives: [
      {
        name: 'denoising',
        graph: 'denoiser-loss.onnx',
        loss: 'loss',
        metrics: ['mse'],
        trainable: ['unet.', 'text_encoder.'],
        optimizer: { lr, betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0.01, clip: 1 },
        schedule: { kind: 'cosine', warmupSteps: steps ? Math.ceil(steps / 10) : 1000, finalRatio: 0 },
        from: 0,
      },
    ],
    ema: { decay: 0.9995, warmup: true },
    grids: {
      at: [0.1, 0.25, 0.5, 0.75, 1],
      columns: 8,
      kind: 'sampler',
      sampler: {
        step: 'sampling-step.onnx',
        steps: samplingPairs(GRID_STEPS),
        constants: { tokens: [...free, ...options.gridPrompts.map((p) => [...p])] },
        decode: 'decode.onnx',
        seed: 7,
      },
    },
  };
}
