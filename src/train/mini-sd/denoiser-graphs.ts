// Loss and sampling graphs of the mini text-to-image model: v-prediction at timesteps drawn by their signal-to-noise ratio.
import {
  Add,
  Cast,
  Concat,
  Div,
  Gather,
  Graph,
  Mul,
  ReduceMean,
  Reshape,
  Split,
  Sub,
  scope,
  type Value,
  Where,
} from '../../graph/index.js';
import {
  type ClipTextConfig,
  clipTextModel,
  parseClipTextConfig,
  parseUNet2DConditionConfig,
  type UNet2DConditionConfig,
  unet2DCondition,
} from '../../models/index.js';
import type { Sized } from './autoencoder-graphs.js';
import { type MiniSettings, SCHEDULER_CONFIG, textConfig, type Vocabulary } from './settings.js';

/**
 * Log signal-to-noise ratios of training are normal with this mean and deviation, between the choices of Karras et al.
 * 2024 (log sigma of mean -0.4 and deviation 1 at data of deviation 0.5, so -0.6 and 2) and of Esser et al. 2024 (logit
 * of time of mean 0 and deviation 1, so 0 and 2). The velocity's error then needs no weight.
 */
const LOG_SNR = { mean: -0.5, deviation: 2 };
/** Cells of equal probability that a timestep is drawn from. */
export const TIMESTEP_QUANTILES = 16384;

/** Cumulative products of 1 - beta on the scaled-linear schedule. */
export function alphasCumprod(): number[] {
  const { beta_start, beta_end, num_train_timesteps: count } = SCHEDULER_CONFIG;
  const [low, high] = [Math.sqrt(beta_start), Math.sqrt(beta_end)];
  let product = 1;
  return Array.from({ length: count }, (_, i) => {
    const beta = (low + ((high - low) * i) / (count - 1)) ** 2;
    product *= 1 - beta;
    return product;
  });
}

/** The timestep in the middle of each cell of equal probability, rising. */
export function timestepQuantiles(): number[] {
  const logSnr = alphasCumprod().map((a) => Math.log(a / (1 - a)));
  const mass = logSnr.map((value, t) => {
    const width = (logSnr[Math.max(t - 1, 0)] - logSnr[Math.min(t + 1, logSnr.length - 1)]) / 2;
    return width * Math.exp(-0.5 * ((value - LOG_SNR.mean) / LOG_SNR.deviation) ** 2);
  });
  const total = mass.reduce((a, b) => a + b, 0);
  let [t, below] = [0, mass[0]];
  return Array.from({ length: TIMESTEP_QUANTILES }, (_, i) => {
    while (t < mass.length - 1 && below < ((i + 0.5) / TIMESTEP_QUANTILES) * total) below += mass[++t];
    return t;
  });
}

/** A table looked up at timesteps [N] -> [N, 1, 1, 1]. */
function lookUp(values: number[], timestep: Value): Value {
  const table = timestep.graph.constant(values, { shape: [values.length] });
  return Reshape(Gather(table, timestep), [timestep.shape[0], 1, 1, 1]);
}

export interface DenoiserOptions {
  vocabulary: Vocabulary;
  /** Token row of the empty prompt. */
  emptyPrompt: readonly number[];
}

/** Text encoder and UNet of one graph. */
class Networks {
  readonly #text: ClipTextConfig;
  readonly #unet: UNet2DConditionConfig;

  constructor(
    readonly graph: Graph,
    settings: MiniSettings,
    options: DenoiserOptions,
  ) {
    this.#text = parseClipTextConfig(textConfig(settings, options.vocabulary));
    this.#unet = parseUNet2DConditionConfig(settings.unet);
  }

  /** Velocity [N, C, h, w] that the UNet predicts for token ids int64 [N, T]. */
  velocity(ids: Value, inputs: { sample: Value; timestep: Value }): Value {
    const context = clipTextModel(scope(this.graph, 'text_encoder.text_model'), this.#text, ids).hidden;
    return unet2DCondition(scope(this.graph, 'unet'), this.#unet, { ...inputs, context });
  }
}

/** One phrasing of each row by the input `phrasing`: `tokens` int32 [N, R, T] -> int32 [N, T]. */
export function phrasingTokens(
  graph: Graph,
  { settings, batch }: { settings: { phrasings: number; promptTokens: number }; batch: number },
): Value {
  const { phrasings, promptTokens } = settings;
  const tokens = graph.input('tokens', 'int32', [batch, phrasings, promptTokens]);
  const phrasing = graph.input('phrasing', 'int64', [batch]);
  const rows = Array.from({ length: batch }, (_, n) => n * phrasings);
  const row = Add(phrasing, graph.constant(rows, { dtype: 'int64', shape: [batch] }));
  return Gather(Reshape(tokens, [batch * phrasings, promptTokens]), row);
}

/** The same, or the empty prompt where the input `drop` says so: int64 [N, T]. */
function chosenTokens(graph: Graph, size: Sized, emptyPrompt: readonly number[]): Value {
  const ids = phrasingTokens(graph, size);
  const drop = graph.input('drop', 'bool', [size.batch]);
  const empty = graph.constant([...emptyPrompt], { dtype: 'int32', shape: [1, size.settings.promptTokens] });
  return Cast(Where(Reshape(drop, [size.batch, 1]), empty, ids), { to: 'int64' });
}

function latentShape({ latentChannels, latentSize }: MiniSettings, batch: number): number[] {
  return [batch, latentChannels, latentSize, latentSize];
}

/** Mean squared error of the predicted velocity, weighted by what a latent pixel shows. */
export function denoiserLoss(size: Sized, options: DenoiserOptions): Graph {
  const { settings, batch } = size;
  const graph = new Graph('denoiser_loss');
  const alphas = alphasCumprod();
  const latents = graph.input('latents', 'float32', latentShape(settings, batch));
  const noise = graph.input('noise', 'float32', latentShape(settings, batch));
  const quantiles = graph.constant(timestepQuantiles(), { dtype: 'int64', shape: [TIMESTEP_QUANTILES] });
  const timestep = Gather(quantiles, graph.input('quantile', 'int64', [batch]));
  const signal = lookUp(alphas.map(Math.sqrt), timestep);
  const sigma = lookUp(
    alphas.map((a) => Math.sqrt(1 - a)),
    timestep,
  );
  const sample = Add(Mul(signal, latents), Mul(sigma, noise));
  const target = Sub(Mul(signal, noise), Mul(sigma, latents));
  const ids = chosenTokens(graph, size, options.emptyPrompt);
  const error = Sub(new Networks(graph, settings, options).velocity(ids, { sample, timestep }), target);
  const square = Mul(error, error);
  const region = graph.input('weights', 'float32', [batch, 1, settings.latentSize, settings.latentSize]);
  const weighted = Mul(square, Div(region, ReduceMean(region)));
  graph.output('loss', ReduceMean(weighted, { keepdims: false }));
  graph.output('mse', ReduceMean(square, { keepdims: false }));
  return graph;
}

/**
 * One DDIM step with classifier-free guidance: `latents` -> `next_latents`.
 * `tokens` holds the empty prompts first, then the prompts.
 */
export function samplingStep(size: Sized, options: DenoiserOptions & { guidanceScale: number }): Graph {
  const { settings, batch } = size;
  const graph = new Graph('sampling_step');
  const alphas = alphasCumprod();
  const latents = graph.input('latents', 'float32', latentShape(settings, batch));
  const timestep = graph.input('timestep', 'int64', [1]);
  const previous = graph.input('previous_timestep', 'int64', [1]);
  const tokens = graph.input('tokens', 'int32', [2 * batch, settings.promptTokens]);
  const sample = Concat([latents, latents], { axis: 0 });
  const networks = new Networks(graph, settings, options);
  const doubled = networks.velocity(Cast(tokens, { to: 'int64' }), { sample, timestep });
  const [free, guided] = Split(doubled, [batch, batch], { axis: 0 });
  const velocity = Add(free, Mul(Sub(guided, free), options.guidanceScale));
  const roots = alphas.map(Math.sqrt);
  const sigmas = alphas.map((a) => Math.sqrt(1 - a));
  const [a, s] = [lookUp(roots, timestep), lookUp(sigmas, timestep)];
  const original = Sub(Mul(a, latents), Mul(s, velocity));
  const noise = Add(Mul(a, velocity), Mul(s, latents));
  graph.output('next_latents', Add(Mul(lookUp(roots, previous), original), Mul(lookUp(sigmas, previous), noise)));
  return graph;
}

/** DDIM's leading timesteps with offset 1, paired with the ones they step to. */
export function samplingPairs(steps: number): [number, number][] {
  const stride = Math.floor(SCHEDULER_CONFIG.num_train_timesteps / steps);
  return Array.from({ length: steps }, (_, i) => {
    const t = (steps - 1 - i) * stride + 1;
    return [t, Math.max(t - stride, 0)];
  });
}
