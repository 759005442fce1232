// A loaded text-to-image checkpoint: configs read and checked, sessions made when first needed and released on request.
import { ContrappostoError, throwIfAborted } from '../core/errors.js';
import type { OnProgress } from '../core/progress.js';
import { float32, floats, type Tensor, type WeightSource } from '../core/tensor.js';
import type { Graph } from '../graph/index.js';
import {
  type Autoencoder,
  type ClipTextConfig,
  openAutoencoder,
  parseClipTextConfig,
  parseUNet2DConditionConfig,
  type UNet2DConditionConfig,
  type UNetGraphOptions,
  unetGraph,
} from '../models/index.js';
import type { Runtime, Session } from '../runtime/index.js';
import type { Checkpoint, ClipTokenizer } from '../weights/index.js';
import { addedConditions, emptyCondition, encodeIds, type TextCondition, type TextEncoder } from './text-condition.js';
import { decodeInTiles } from './tiled-decoding.js';

/** Parts of a pipeline that hold memory. */
export type PipelinePart = 'text_encoder' | 'unet' | 'controlnet' | 'vae_encoder' | 'vae_decoder';

/** Side of the largest square of latent pixels that is decoded at once, and of a tile beyond; tiles as in diffusers. */
const LARGEST_WHOLE = 96;
const TILE = 64;

interface Loaded<T> {
  config: T;
  weights: WeightSource;
}

export interface RunControl {
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

/**
 * Opens a diffusers folder of the Stable Diffusion family. Only configs and headers are read here: weights are read
 * when the first session that needs them is made.
 *
 * @throws ContrappostoError `not-found` for a missing part, `unsupported` for networks that are not implemented
 */
export function loadPipeline(checkpoint: Checkpoint, runtime: Runtime): Pipeline {
  const text = checkpoint.component('text_encoder');
  const unet = checkpoint.component('unet');
  const vae = checkpoint.component('vae');
  const autoencoder = openAutoencoder(vae.config);
  const unetConfig = parseUNet2DConditionConfig(unet.config);
  const parts: PipelineParts = {
    text: { config: parseClipTextConfig(text.config), weights: text.weights },
    unet: { config: unetConfig, weights: unet.weights },
    vae: { config: autoencoder, weights: autoencoder.weights(vae.weights) },
    tokenizer: checkpoint.tokenizer('tokenizer'),
    schedulerConfig: checkpoint.schedulerConfig(),
    secondText: secondTextEncoder(checkpoint, unetConfig),
    zerosForNoNegative: checkpoint.index?.force_zeros_for_empty_prompt !== false,
  };
  requireFitting(parts);
  return new Pipeline(parts, runtime);
}

/** SDXL's second text encoder; none before SDXL. Throws `unsupported` when the UNet is of the other kind. */
function secondTextEncoder(checkpoint: Checkpoint, unet: UNet2DConditionConfig): TextEncoder | undefined {
  const two = checkpoint.components.includes('text_encoder_2');
  if (two !== (unet.addedTimeWidth !== undefined)) {
    throw new ContrappostoError('unsupported', {
      operation: 'load pipeline',
      expected: two ? 'a UNet with text_time conditioning' : 'a second text encoder (text_encoder_2)',
      got: `${two ? 'two text encoders (Stable Diffusion XL) and a UNet for one' : 'one, and a UNet of Stable Diffusion XL'}`,
      hint: 'text_encoder_2 and unet come from different checkpoints, or the download is incomplete',
    });
  }
  if (!two) return undefined;
  const { config, weights } = checkpoint.component('text_encoder_2');
  return { config: parseClipTextConfig(config), weights, tokenizer: checkpoint.tokenizer('tokenizer_2') };
}

interface PipelineParts {
  text: Loaded<ClipTextConfig>;
  unet: Loaded<UNet2DConditionConfig>;
  vae: Loaded<Autoencoder>;
  tokenizer: ClipTokenizer;
  schedulerConfig: unknown;
  secondText?: TextEncoder;
  /** SDXL: no negative prompt means zeros, and not the empty text. */
  zerosForNoNegative: boolean;
}

export class Pipeline {
  readonly #sessions = new Map<PipelinePart, Set<Session>>();
  /** By options: writing the graph again takes as long as half a step of a small network. */
  readonly #plainUNets = new Map<string, Promise<Session>>();

  constructor(
    private readonly parts: PipelineParts,
    readonly runtime: Runtime,
  ) {}

  get textConfig(): ClipTextConfig {
    return this.parts.text.config;
  }

  get textWeights(): WeightSource {
    return this.parts.text.weights;
  }

  get unetConfig(): UNet2DConditionConfig {
    return this.parts.unet.config;
  }

  get unetWeights(): WeightSource {
    return this.parts.unet.weights;
  }

  get vae(): Autoencoder {
    return this.parts.vae.config;
  }

  get vaeWeights(): WeightSource {
    return this.parts.vae.weights;
  }

  get tokenizer(): ClipTokenizer {
    return this.parts.tokenizer;
  }

  get schedulerConfig(): unknown {
    return this.parts.schedulerConfig;
  }

  /**
   * A prompt as the UNet takes it. A prompt beyond the encoder's length is cut, and a `warning` event says what was
   * lost.
   */
  async condition(text: string, { signal, onProgress }: RunControl = {}): Promise<TextCondition> {
    const { ids, truncatedText } = this.parts.tokenizer.encode(text);
    if (truncatedText !== undefined) {
      onProgress?.({
        type: 'warning',
        message: `the prompt is longer than the ${ids.length} tokens that the text encoder reads; left out: "${truncatedText}"`,
      });
    }
    const each = this.#encoders().map((encoder) => encoder.tokenizer.encode(text).ids);
    return this.chunkCondition(each, { signal });
  }

  /** What guidance leads away from. Without a negative prompt: the empty text, or zeros where SDXL's index says so. */
  async negativeCondition(text: string | undefined, control: RunControl = {}): Promise<TextCondition> {
    const condition = await this.condition(text ?? '', control);
    const zeros = text === undefined && this.parts.secondText !== undefined && this.parts.zerosForNoNegative;
    return zeros ? emptyCondition(condition) : condition;
  }

  /** Text tokens of a prompt [1, T, D]: `condition` without what else SDXL takes. */
  async encodePrompt(text: string, control: RunControl = {}): Promise<Tensor> {
    return (await this.condition(text, control)).tokens;
  }

  /** Token ids of a whole text in pieces as long as the encoders read: each piece has the ids for every encoder. */
  promptChunks(text: string): number[][][] {
    const each = this.#encoders().map(({ tokenizer }) => tokenizer.encodeChunks(text));
    return each[0].map((_, i) => each.map((chunks) => chunks[i]));
  }

  /** One of `promptChunks` as the UNet takes it. */
  async chunkCondition(ids: readonly (readonly number[])[], { signal }: RunControl = {}): Promise<TextCondition> {
    const keep = (session: Session) => this.#keep('text_encoder', session);
    return encodeIds(ids, this.#encoders(), { runtime: this.runtime, keep, signal });
  }

  /** The UNet's further inputs for a batch of conditions, to be fed with `guidedDenoiser`; none before SDXL. */
  addedConditions(
    conditions: readonly TextCondition[],
    size: { heightPx: number; widthPx: number },
  ): Record<string, Tensor> {
    return addedConditions(this.parts.unet.config, conditions, size);
  }

  /** A session of the UNet for latents [batch, C, height, width]: inputs and outputs as `unetGraph` says. */
  async unetSession(
    options: Omit<UNetGraphOptions, 'timesteps' | 'timestepDType'>,
    { signal }: RunControl = {},
  ): Promise<Session> {
    throwIfAborted(signal, 'open unet');
    const full = { tokens: this.parts.tokenizer.modelMaxLength, ...options };
    // What functions do to a graph shows in the graph alone.
    if (options.attentionControl || options.outputs) return this.#openUNet(full, signal);
    const key = JSON.stringify(full);
    const known = this.#plainUNets.get(key);
    if (known) return known;
    const opening = this.#openUNet(full);
    this.#plainUNets.set(key, opening);
    opening.catch(() => this.#plainUNets.delete(key));
    return opening;
  }

  async #openUNet(options: UNetGraphOptions, signal?: AbortSignal): Promise<Session> {
    const { config, weights } = this.parts.unet;
    return this.#keep('unet', await this.runtime.session(unetGraph(config, options), weights, { signal }));
  }

  /** A session of a network beside the UNet; released with the part `controlnet`. */
  async controlSession(graph: Graph, weights: WeightSource, { signal }: RunControl = {}): Promise<Session> {
    return this.#keep('controlnet', await this.runtime.session(graph, weights, { signal }));
  }

  /**
   * Pictures [N, 3, H, W] in about [-1, 1] of latents [N, C, h, w] as the UNet sees them (scaled).
   *
   * @param options.tile decode in tiles of this side in latent pixels; default 64 for latents of more than 96 * 96
   */
  async decode(latents: Tensor, { signal, tile }: RunControl & { tile?: number } = {}): Promise<Tensor> {
    throwIfAborted(signal, 'decode');
    const { scaling, shift, scaleFactor } = this.vae;
    const [, , height, width] = latents.shape;
    const side = tile ?? (height * width > LARGEST_WHOLE ** 2 ? TILE : Number.POSITIVE_INFINITY);
    const unscaled = float32(
      floats(latents).map((v) => v / scaling + shift),
      latents.shape,
    );
    const decode = (part: Tensor) => this.#decodeWhole(part, signal);
    if (Math.max(height, width) <= side) return decode(unscaled);
    return decodeInTiles(unscaled, decode, { tile: side, overlap: Math.floor(side / 4), scaleFactor, signal });
  }

  async #decodeWhole(latents: Tensor, signal?: AbortSignal): Promise<Tensor> {
    const { config: vae, weights } = this.parts.vae;
    const [batch, , height, width] = latents.shape;
    const graph = vae.decodeGraph({ batch, height, width });
    const session = this.#keep('vae_decoder', await this.runtime.session(graph, weights, { signal }));
    return (await session.run({ latents }, { signal })).image;
  }

  /** Latents [N, C, h, w] as the UNet sees them (scaled) of pictures [N, 3, H, W] in [-1, 1]; a posterior's mode. */
  async encode(image: Tensor, { signal }: RunControl = {}): Promise<Tensor> {
    throwIfAborted(signal, 'encode');
    const { config: vae, weights } = this.parts.vae;
    const [batch, , height, width] = image.shape;
    requireDivisible('encode', { height, width }, vae.scaleFactor);
    const graph = vae.encodeGraph({ batch, height, width });
    const session = this.#keep('vae_encoder', await this.runtime.session(graph, weights, { signal }));
    const out = await session.run({ image }, { signal });
    const latents = out.latents ?? out.mean;
    return float32(
      floats(latents).map((v) => (v - vae.shift) * vae.scaling),
      latents.shape,
    );
  }

  /** Gives back the memory of these parts (default all); they load again when needed. */
  async release(...parts: PipelinePart[]): Promise<void> {
    for (const part of parts.length > 0 ? parts : [...this.#sessions.keys()]) {
      if (part === 'unet') this.#plainUNets.clear();
      const sessions = this.#sessions.get(part) ?? [];
      this.#sessions.delete(part);
      await Promise.all([...sessions].map((session) => session.release()));
    }
  }

  #encoders(): TextEncoder[] {
    const { text, tokenizer, secondText } = this.parts;
    return [{ ...text, tokenizer }, ...(secondText ? [secondText] : [])];
  }

  #keep(part: PipelinePart, session: Session): Session {
    const kept = this.#sessions.get(part) ?? new Set();
    this.#sessions.set(part, kept.add(session));
    return session;
  }
}

/** Throws `invalid-input` unless both sides are positive multiples of `factor`. */
export function requireDivisible(operation: string, size: { height: number; width: number }, factor: number): void {
  for (const [name, value] of Object.entries(size)) {
    if (Number.isInteger(value) && value > 0 && value % factor === 0) continue;
    throw new ContrappostoError('invalid-input', {
      operation: `${operation}: ${name}`,
      expected: `a positive multiple of ${factor}`,
      got: `${value}`,
      hint: Number.isFinite(value)
        ? `use ${Math.max(factor, Math.round(value / factor) * factor)}`
        : `give ${name} in pixels`,
    });
  }
}

function requireFitting({ text, unet, vae, tokenizer, secondText }: PipelineParts): void {
  const operation = 'load pipeline';
  const width = unet.config.levels[0].contextWidth;
  const textWidth = text.config.hidden_size + (secondText?.config.hidden_size ?? 0);
  if (textWidth !== width) {
    throw new ContrappostoError('unsupported', {
      operation,
      expected: `${secondText ? 'text encoders of together' : 'a text encoder of'} width ${width}, as the UNet attends to`,
      got: `${textWidth}`,
      hint: 'text_encoder and unet come from different checkpoints',
    });
  }
  if (secondText && secondText.config.projection_dim !== unet.config.pooledWidth) {
    throw new ContrappostoError('unsupported', {
      operation,
      expected: `a second text encoder that projects to ${unet.config.pooledWidth}, as the UNet takes`,
      got: `${secondText.config.projection_dim}`,
      hint: 'text_encoder_2 and unet come from different checkpoints',
    });
  }
  const positions = text.config.max_position_embeddings;
  if (tokenizer.modelMaxLength > positions || tokenizer.vocabSize > text.config.vocab_size) {
    throw new ContrappostoError('unsupported', {
      operation,
      expected: `a tokenizer of at most ${positions} positions and ${text.config.vocab_size} words`,
      got: `${tokenizer.modelMaxLength} positions and ${tokenizer.vocabSize} words`,
      hint: 'tokenizer and text_encoder come from different checkpoints',
    });
  }
  if (unet.config.outChannels !== vae.config.latentChannels) {
    throw new ContrappostoError('unsupported', {
      operation,
      expected: `an autoencoder of ${unet.config.outChannels} latent channels, as the UNet predicts`,
      got: `${vae.config.latentChannels}`,
      hint: 'vae and unet come from different checkpoints',
    });
  }
}
