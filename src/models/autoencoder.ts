// One face for the autoencoder classes a checkpoint's `vae` folder may hold.
import { ContrappostoError } from '../core/errors.js';
import type { WeightSource } from '../core/tensor.js';
import type { Graph, Scope, Value } from '../graph/index.js';
import {
  autoencoderKLDecode,
  autoencoderKLDecodeGraph,
  autoencoderKLEncode,
  autoencoderKLEncodeGraph,
  parseAutoencoderKLConfig,
} from './autoencoder-kl.js';
import { withTodaysNames } from './autoencoder-kl-names.js';
import {
  autoencoderTinyDecode,
  autoencoderTinyDecodeGraph,
  autoencoderTinyEncode,
  autoencoderTinyEncodeGraph,
  parseAutoencoderTinyConfig,
} from './autoencoder-tiny.js';

export interface GraphSize {
  batch: number;
  height: number;
  width: number;
}

/** An autoencoder whose config is read; graphs and functions on values. */
export interface Autoencoder {
  className: 'AutoencoderKL' | 'AutoencoderTiny';
  latentChannels: number;
  /** Pixels a latent pixel, on each axis. */
  scaleFactor: number;
  /** The UNet sees `(latents - shift) * scaling`. */
  scaling: number;
  shift: number;
  /** Most likely latents of pictures [N, 3, H, W] in [-1, 1], before scaling. */
  encode(p: Scope, image: Value): Value;
  /** Pictures [N, 3, H, W] of unscaled latents [N, C, h, w]. */
  decode(p: Scope, latents: Value): Value;
  /** `image` -> `mean` and `logvar` (AutoencoderKL) or `latents` (AutoencoderTiny). Size in pixels. */
  encodeGraph(size: GraphSize): Graph;
  /** `latents` -> `image`. Size in latent pixels. */
  decodeGraph(size: GraphSize): Graph;
  /** The weights under the names the graphs ask for. */
  weights(source: WeightSource): WeightSource;
}

/** Reads `vae/config.json`; `_class_name` chooses the network. Throws `unsupported`. */
export function openAutoencoder(config: unknown): Autoencoder {
  const className = classNameOf(config) ?? 'AutoencoderKL';
  if (className === 'AutoencoderKL') return klAutoencoder(config);
  if (className === 'AutoencoderTiny') return tinyAutoencoder(config);
  throw new ContrappostoError('unsupported', {
    operation: 'vae config',
    expected: '_class_name AutoencoderKL or AutoencoderTiny',
    got: className,
  });
}

function klAutoencoder(raw: unknown): Autoencoder {
  const config = parseAutoencoderKLConfig(raw);
  return {
    className: 'AutoencoderKL',
    latentChannels: config.latent_channels,
    scaleFactor: 2 ** (config.block_out_channels.length - 1),
    scaling: config.scaling_factor,
    shift: config.shift_factor ?? 0,
    encode: (p, image) => autoencoderKLEncode(p, config, image).mean,
    decode: (p, latents) => autoencoderKLDecode(p, config, latents),
    encodeGraph: (size) => autoencoderKLEncodeGraph(config, size),
    decodeGraph: (size) => autoencoderKLDecodeGraph(config, size),
    weights: withTodaysNames,
  };
}

function tinyAutoencoder(raw: unknown): Autoencoder {
  const config = parseAutoencoderTinyConfig(raw);
  return {
    className: 'AutoencoderTiny',
    latentChannels: config.latent_channels,
    scaleFactor: 2 ** (config.encoder_block_out_channels.length - 1),
    scaling: config.scaling_factor,
    shift: config.shift_factor ?? 0,
    encode: (p, image) => autoencoderTinyEncode(p, config, image),
    decode: (p, latents) => autoencoderTinyDecode(p, config, latents),
    encodeGraph: (size) => autoencoderTinyEncodeGraph(config, size),
    decodeGraph: (size) => autoencoderTinyDecodeGraph(config, size),
    weights: (source) => source,
  };
}

function classNameOf(config: unknown): string | undefined {
  const name = (config as { _class_name?: unknown } | null)?._class_name;
  return typeof name === 'string' ? name : undefined;
}
