// A loaded text-to-image checkpoint: configs read and checked, sessions made when first needed and released on request.
import { ContrappostoError, throwIfAborted } from '../core/errors.js';
import type { OnProgress } from '../core/progress.js';
import { float32, floats, int64, type Tensor, type WeightSource } from '../core/tensor.js';
import {
  type Autoencoder,
  type ClipTextConfig,
  clipTextGraph,
  clipTextPrefix,
  openAutoencoder,
  parseClipTextConfig,
  parseUNet2DConditionConfig,
  type UNet2DConditionConfig,
  type UNetGraphOptions,
  unetGraph,
} from '../models/index.js';
import type { Runtime, Session } from '../runtime/index.js';
import type { Checkpoint, ClipTokenizer } from '../weights/index.js';

/** Parts of a pipeline that hold memory. */
export type PipelinePart = 'text_encoder' | 'unet' | 'vae_encoder' | 'vae_decoder';

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
  if (checkpoint.components.includes('text_encoder_2')) throw onlyOneTextEncoder();
  const text = checkpoint.component('text_encoder');
  const unet = checkpoint.component('unet');
  const vae = checkpoint.component('vae');
  const autoencoder = openAutoencoder(vae.config);
  const parts: PipelineParts = {
    text: { config: parseClipTextConfig(text.config), weights: text.weights },
    unet: { config: parseUNet2DConditionConfig(unet.config), weights: unet.weights },
    vae: { config: autoencoder, weights: autoencoder.weights(vae.weights) },
    tokenizer: checkpoint.tokenizer('tokenizer'),
    schedulerConfig: checkpoint.schedulerConfig(),
  };
  requireFitting(parts);
  return new Pipeline(parts, runtime);
}

interface PipelineParts {
  text: Loaded<ClipTextConfig>;
  unet: Loaded<UNet2DConditionConfig>;
  vae: Loaded<Autoencoder>;
  tokenizer: ClipTokenizer;
  schedulerConfig: unknown;
}

export class Pipeline {
  readonly #sessions = new Map<PipelinePart, Set<Session>>();

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
   * Text tokens of a prompt: the text encoder's final hidden states [1, T, D]. A prompt beyond the encoder's length is
   * cut, and a `warning` event says what was lost.
   */
  async encodePrompt(text: string, { signal, onProgress }: RunControl = {}): Promise<Tensor> {
    const { config, weights } = this.parts.text;
    const { ids, truncatedText } = this.parts.tokenizer.encode(text);
    const tokens = ids.length;
    if (truncatedText !== undefined) {
      onProgress?.({
        type: 'warning',
        message: `the prompt is longer than the ${tokens} tokens that the text encoder reads; left out: "${truncatedText}"`,
      });
    }
    const graph = clipTextGraph(config, { batch: 1, tokens, prefix: clipTextPrefix(weights) });
    const session = this.#keep('text_encoder', await this.runtime.session(graph, weights, { signal }));
    return (await session.run({ input_ids: int64(ids, [1, tokens]) }, { signal })).hidden;
  }

  /** A session of the UNet for latents [batch, C, height, width]: inputs and outputs as `unetGraph` says. */
  async unetSession(
    options: Omit<UNetGraphOptions, 'timesteps' | 'timestepDType'>,
    { signal }: RunControl = {},
  ): Promise<Session> {
    const { config, weights } = this.parts.unet;
    const graph = unetGraph(config, { tokens: this.parts.tokenizer.modelMaxLength, ...options });
    return this.#keep('unet', await this.runtime.session(graph, weights, { signal }));
  }

  /** Pictures [N, 3, H, W] in about [-1, 1] of latents [N, C, h, w] as the UNet sees them (scaled). */
  async decode(latents: Tensor, { signal }: RunControl = {}): Promise<Tensor> {
    throwIfAborted(signal, 'decode');
    const { config: vae, weights } = this.parts.vae;
    const [batch, , height, width] = latents.shape;
    const graph = vae.decodeGraph({ batch, height, width });
    const session = this.#keep('vae_decoder', await this.runtime.session(graph, weights, { signal }));
    const unscaled = floats(latents).map((v) => v / vae.scaling + vae.shift);
    return (await session.run({ latents: float32(unscaled, latents.shape) }, { signal })).image;
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
      const sessions = this.#sessions.get(part) ?? [];
      this.#sessions.delete(part);
      await Promise.all([...sessions].map((session) => session.release()));
    }
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

function requireFitting({ text, unet, vae, tokenizer }: PipelineParts): void {
  const operation = 'load pipeline';
  const width = unet.config.levels[0].contextWidth;
  if (unet.config.addedTimeWidth !== undefined) throw onlyOneTextEncoder();
  if (text.config.hidden_size !== width) {
    throw new ContrappostoError('unsupported', {
      operation,
      expected: `a text encoder of width ${width}, as the UNet attends to`,
      got: `${text.config.hidden_size}`,
      hint: 'text_encoder and unet come from different checkpoints',
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

function onlyOneTextEncoder(): ContrappostoError {
  return new ContrappostoError('unsupported', {
    operation: 'load pipeline',
    expected: 'a checkpoint of the Stable Diffusion 1 or 2 layout',
    got: 'two text encoders (Stable Diffusion XL)',
  });
}
