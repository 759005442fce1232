// Loss and sampling graphs of the mini text-to-image model: v-prediction with min-SNR weights.
import {
  Add,
  Cast,
  Concat,
  Gather,
  Graph,
  Mul,
  ReduceMean,
  Reshape,
  type Scope,
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
  unet2DCondition,
} from '../../models/index.js';
import {
  LATENT_CHANNELS,
  LATENT_SIZE,
  PHRASINGS,
  PROMPT_TOKENS,
  SCHEDULER_CONFIG,
  textConfig,
  UNET_CONFIG,
} from './settings.js';

/** Clamp of the signal-to-noise ratio in the loss weight: Hang et al., "Efficient diffusion training via min-SNR". */
const MIN_SNR_GAMMA = 5;

export interface Vocabulary {
  vocabulary: number;
  start: number;
  end: number;
}

const unetConfig = parseUNet2DConditionConfig(UNET_CONFIG);

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

/** A table looked up at timesteps [N] -> [N, 1, 1, 1]. */
function lookUp(values: number[], timestep: Value): Value {
  const table = timestep.graph.constant(values, { shape: [values.length] });
  return Reshape(Gather(table, timestep), [timestep.shape[0], 1, 1, 1]);
}

function encodeText(graph: Graph, config: ClipTextConfig, ids: Value): Value {
  return clipTextModel(scope(graph, 'text_encoder.text_model'), config, ids).hidden;
}

function predict(graph: Graph, inputs: { sample: Value; timestep: Value; context: Value }): Value {
  const p: Scope = scope(graph, 'unet');
  return unet2DCondition(p, unetConfig, inputs);
}

/** One phrasing of each row, or the empty prompt: int32 [N, R, T] -> int64 [N, T]. */
function chosenTokens(graph: Graph, batch: number, emptyPrompt: readonly number[]): Value {
  const tokens = graph.input('tokens', 'int32', [batch, PHRASINGS, PROMPT_TOKENS]);
  const phrasing = graph.input('phrasing', 'int64', [batch]);
  const drop = graph.input('drop', 'bool', [batch]);
  const rows = Array.from({ length: batch }, (_, n) => n * PHRASINGS);
  const row = Add(phrasing, graph.constant(rows, { dtype: 'int64', shape: [batch] }));
  const ids = Gather(Reshape(tokens, [batch * PHRASINGS, PROMPT_TOKENS]), row); // [N, T]
  const empty = graph.constant([...emptyPrompt], { dtype: 'int32', shape: [1, PROMPT_TOKENS] });
  return Cast(Where(Reshape(drop, [batch, 1]), empty, ids), { to: 'int64' });
}

export interface DenoiserOptions extends Vocabulary {
  emptyPrompt: readonly number[];
}

/** Mean weighted squared error of the predicted velocity. */
export function denoiserLoss(batch: number, options: DenoiserOptions): Graph {
  const graph = new Graph('denoiser_loss');
  const alphas = alphasCumprod();
  const shape = [batch, LATENT_CHANNELS, LATENT_SIZE, LATENT_SIZE];
  const latents = graph.input('latents', 'float32', shape);
  const noise = graph.input('noise', 'float32', shape);
  const timestep = graph.input('timestep', 'int64', [batch]);
  const signal = lookUp(alphas.map(Math.sqrt), timestep);
  const sigma = lookUp(
    alphas.map((a) => Math.sqrt(1 - a)),
    timestep,
  );
  const sample = Add(Mul(signal, latents), Mul(sigma, noise));
  const velocity = Sub(Mul(signal, noise), Mul(sigma, latents));
  const ids = chosenTokens(graph, batch, options.emptyPrompt);
  const context = encodeText(graph, parseClipTextConfig(textConfig(options)), ids);
  const error = Sub(predict(graph, { sample, timestep, context }), velocity);
  const weights = alphas.map((a) => Math.min(a / (1 - a), MIN_SNR_GAMMA) / (a / (1 - a) + 1));
  const mean = weights.reduce((s, w) => s + w, 0) / weights.length;
  const weight = lookUp(
    weights.map((w) => w / mean),
    timestep,
  );
  const square = Mul(error, error);
  graph.output('loss', ReduceMean(Mul(square, weight), { keepdims: false }));
  graph.output('mse', ReduceMean(square, { keepdims: false }));
  return graph;
}

/** One DDIM step with classifier-free guidance; `tokens` holds the empty prompts first, then the prompts. */
export function samplingStep(count: number, options: DenoiserOptions & { guidanceScale: number }): Graph {
  const graph = new Graph('sampling_step');
  const alphas = alphasCumprod();
  const latents = graph.input('latents', 'float32', [count, LATENT_CHANNELS, LATENT_SIZE, LATENT_SIZE]);
  const timestep = graph.input('timestep', 'int64', [1]);
  const previous = graph.input('previous_timestep', 'int64', [1]);
  const tokens = graph.input('tokens', 'int32', [2 * count, PROMPT_TOKENS]);
  const ids = Cast(tokens, { to: 'int64' });
  const context = encodeText(graph, parseClipTextConfig(textConfig(options)), ids);
  const doubled = predict(graph, { sample: Concat([latents, latents], { axis: 0 }), timestep, context });
  const [free, guided] = Split(doubled, [count, count], { axis: 0 });
  const velocity = Add(free, Mul(Sub(guided, free), options.guidanceScale));
  const roots = alphas.map(Math.sqrt);
  const sigmas = alphas.map((a) => Math.sqrt(1 - a));
  const [a, s] = [lookUp(roots, timestep), lookUp(sigmas, timestep)];
  const original = Sub(Mul(a, latents), Mul(s, velocity));
  const noise = Add(Mul(a, velocity), Mul(s, latents));
  const next = Add(Mul(lookUp(roots, previous), original), Mul(lookUp(sigmas, previous), noise));
  graph.output('latents_next', next);
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
