// Loss graphs of the mini autoencoder: weighted reconstruction, unit latents, and an adversary late in training.
import {
  Abs,
  Add,
  AveragePool,
  Cast,
  Clip,
  Concat,
  Conv,
  Div,
  Equal,
  Graph,
  LeakyRelu,
  Log,
  Mul,
  Neg,
  ReduceMean,
  Relu,
  Round,
  type Scope,
  Slice,
  Sub,
  scope,
  Transpose,
  Unsqueeze,
  type Value,
  Where,
} from '../../graph/index.js';
import { autoencoderTinyDecode, autoencoderTinyEncode, parseAutoencoderTinyConfig } from '../../models/index.js';
import { groupNorm } from '../../nn/index.js';
import type { MiniSettings } from './settings.js';

/** Weight of a pixel by what it shows: background, object, person, face or hand. Small parts carry the meaning. */
const REGION_WEIGHT = [1, 4, 2, 8];
/** The same for latents in the denoiser's loss: milder, since it shifts what the model expects where. */
const LATENT_REGION_WEIGHT = [1, 2, 1.6, 3];
/** Largest deviation of the noise added to latents: the decoder learns to bear a generator's inaccuracy. */
const LATENT_NOISE = 0.06;
/** Weight of squared beside absolute errors: a few large ones, at edges of faces and hands, are what is seen. */
const SQUARE_WEIGHT = 4;
/**
 * Weight of the pull towards latents of mean 0 and deviation 1. At 0.01 one channel's mean stayed at 0.56; shifting and
 * scaling the latents costs the autoencoder nothing, so the pull may be strong.
 */
const PENALTY_WEIGHT = 0.1;

/** uint8 [N, H, W, 3] -> float32 [N, 3, H, W] in [-1, 1]. */
export function toSigned(image: Value): Value {
  return Transpose(Sub(Div(Cast(image, { to: 'float32' }), 127.5), 1), [0, 3, 1, 2]);
}

/** float32 [N, 3, H, W] in about [-1, 1] -> uint8 [N, H, W, 3]. */
export function toBytes(x: Value): Value {
  const scaled = Clip(Round(Mul(Add(x, 1), 127.5)), 0, 255);
  return Cast(Transpose(scaled, [0, 2, 3, 1]), { to: 'uint8' });
}

/** The networks of one graph, with what they were sized for. */
class Parts {
  readonly #config;
  readonly #vae: Scope;

  constructor(
    readonly graph: Graph,
    readonly settings: MiniSettings,
    readonly batch: number,
  ) {
    this.#config = parseAutoencoderTinyConfig(settings.vae);
    this.#vae = scope(graph, 'vae');
  }

  /** Pictures [N, 3, H, W] in [-1, 1] from the input `image`. */
  image(): Value {
    const side = this.settings.pictureSize;
    return toSigned(this.graph.input('image', 'uint8', [this.batch, side, side, 3]));
  }

  /** What each pixel shows [N, H, W], from the input `region`. */
  region(): Value {
    const side = this.settings.pictureSize;
    return this.graph.input('region', 'uint8', [this.batch, side, side]);
  }

  latentInput(name: string): Value {
    const { latentChannels, latentSize } = this.settings;
    return this.graph.input(name, 'float32', [this.batch, latentChannels, latentSize, latentSize]);
  }

  encode(x: Value): Value {
    return autoencoderTinyEncode(this.#vae, this.#config, x);
  }

  decode(z: Value): Value {
    return autoencoderTinyDecode(this.#vae, this.#config, z);
  }

  /** Patch discriminator (pix2pix's, with group norm): [N, 3, H, W] -> [N, 1, H/8 - 1, W/8 - 1]. */
  judge(x: Value): Value {
    const p = scope(this.graph, 'discriminator');
    const [first, ...rest] = this.settings.discriminator;
    let h = LeakyRelu(conv4(p.at('conv', 0), x, { out: first, stride: 2 }), { alpha: 0.2 });
    rest.forEach((out, i) => {
      h = conv4(p.at('conv', i + 1), h, { out, stride: 2 });
      h = LeakyRelu(groupNorm(p.at('norm', i + 1), h, { groups: 8, epsilon: 1e-5 }), { alpha: 0.2 });
    });
    return conv4(p.at('conv', 3), h, { out: 1, stride: 1 });
  }

  /** Picture x, its latents z, and the reconstruction y through noised latents. */
  reconstruct(): { x: Value; y: Value; z: Value } {
    const x = this.image();
    const z = this.encode(x);
    const level = this.graph.input('level', 'float32', [this.batch, 1, 1, 1]);
    const noise = Mul(this.latentInput('noise'), Mul(level, LATENT_NOISE));
    return { x, z, y: this.decode(Add(z, noise)) };
  }
}

/** Weight of each pixel [N, 1, H, W] by the region map uint8 [N, H, W]. */
function weightMap(region: Value, weights: readonly number[]): Value {
  let weight: Value = region.graph.constant(1);
  weights.forEach((w, id) => {
    const here = Equal(region, region.graph.constant(id, { dtype: 'uint8' }));
    weight = Where(here, region.graph.constant(w), weight);
  });
  return Unsqueeze(weight, [1]);
}

/** The autoencoder's pixel weights [N, 1, H, W], of mean one. */
function regionWeights(region: Value): Value {
  const map = weightMap(region, REGION_WEIGHT);
  return Div(map, ReduceMean(map));
}

/** Mean squared difference, weighted. */
function weightedL2(a: Value, b: Value, weight: Value): Value {
  const difference = Sub(a, b);
  return ReduceMean(Mul(Mul(difference, difference), weight), { keepdims: false });
}

/** Mean absolute difference, weighted. */
function weightedL1(a: Value, b: Value, weight?: Value): Value {
  const difference = Abs(Sub(a, b));
  return ReduceMean(weight ? Mul(difference, weight) : difference, { keepdims: false });
}

function shifted(x: Value, axis: number): Value {
  const last = x.shape[axis];
  return Sub(
    Slice(x, { starts: [1], ends: [last], axes: [axis] }),
    Slice(x, { starts: [0], ends: [last - 1], axes: [axis] }),
  );
}

/** L1 of pictures and of their gradients over three scales, so that sharp edges count as much as tones, and L2. */
function pyramidLoss(y: Value, x: Value, weight: Value): Value {
  let loss = Add(weightedL1(y, x, weight), Mul(weightedL2(y, x, weight), SQUARE_WEIGHT));
  let [a, b] = [y, x];
  for (let level = 0; level < 3; level++) {
    if (level > 0) loss = Add(loss, weightedL1(a, b));
    for (const axis of [2, 3]) loss = Add(loss, Mul(weightedL1(shifted(a, axis), shifted(b, axis)), 0.5));
    [a, b] = [halved(a), halved(b)];
  }
  return loss;
}

/** Pulls each channel's mean to 0 and deviation to 1, so that diffusion finds unit latents. */
function latentPenalty(z: Value): Value {
  const mean = ReduceMean(z, { axes: [0, 2, 3] });
  const centred = Sub(z, mean);
  const variance = ReduceMean(Mul(centred, centred), { axes: [0, 2, 3] });
  const spread = Log(Add(variance, 1e-6));
  return ReduceMean(Add(Mul(mean, mean), Mul(spread, spread)), { keepdims: false });
}

/** Mean of each 2 x 2 block: half the size. */
function halved(x: Value): Value {
  return AveragePool(x, { kernel_shape: [2, 2], strides: [2, 2] });
}

function conv4(p: Scope, x: Value, { out, stride }: { out: number; stride: number }): Value {
  const w = p.parameter('weight', [out, x.shape[1], 4, 4]);
  return Conv(x, w, p.parameter('bias', [out]), { strides: [stride, stride], pads: [1, 1, 1, 1] });
}

/** Weight of the adversary in the generator's loss: enough for texture, too little to invent. */
const ADVERSARIAL_WEIGHT = 0.015;
/**
 * Weight of the reconstruction at half size from latents of half size: latents whose coarse part alone means the coarse
 * picture are easier to diffuse (Skorokhodov et al. 2025, "Improving the Diffusability of Autoencoders").
 */
const HALF_SIZE_WEIGHT = 0.25;

/** Size of a graph's batch with the settings it is built from. */
export interface Sized {
  settings: MiniSettings;
  batch: number;
}

/** Loss of the autoencoder, with or without the adversary's judgement. */
export function autoencoderLoss({ settings, batch }: Sized, options: { adversarial: boolean }): Graph {
  const graph = new Graph('autoencoder_loss');
  const parts = new Parts(graph, settings, batch);
  const { x, y, z } = parts.reconstruct();
  const difference = pyramidLoss(y, x, regionWeights(parts.region()));
  const half = weightedL1(parts.decode(halved(z)), halved(x));
  const penalty = latentPenalty(z);
  let loss = Add(Add(difference, Mul(half, HALF_SIZE_WEIGHT)), Mul(penalty, PENALTY_WEIGHT));
  if (options.adversarial) {
    const judged = ReduceMean(parts.judge(y), { keepdims: false });
    loss = Sub(loss, Mul(judged, ADVERSARIAL_WEIGHT));
    graph.output('judged', judged);
  }
  graph.output('loss', loss);
  graph.output('reconstruction', difference);
  graph.output('half_size', half);
  graph.output('latent_penalty', penalty);
  return graph;
}

/** Hinge loss of the discriminator on pictures and their reconstructions. */
export function discriminatorLoss({ settings, batch }: Sized): Graph {
  const graph = new Graph('discriminator_loss');
  const parts = new Parts(graph, settings, batch);
  const { x, y } = parts.reconstruct();
  const real = ReduceMean(Relu(Sub(1, parts.judge(x))), { keepdims: false });
  const fake = ReduceMean(Relu(Add(parts.judge(y), 1)), { keepdims: false });
  graph.output('loss', Add(real, fake));
  return graph;
}

/** `image` -> `latents`, as diffusion is trained on. */
export function encodeGraph({ settings, batch }: Sized): Graph {
  const graph = new Graph('encode');
  const parts = new Parts(graph, settings, batch);
  graph.output('latents', parts.encode(parts.image()));
  return graph;
}

/** `region` -> `weights` [N, 1, h, w] of latent pixels in the denoiser's loss. */
export function latentWeightGraph({ settings, batch }: Sized): Graph {
  const graph = new Graph('latent_weights');
  const map = weightMap(new Parts(graph, settings, batch).region(), LATENT_REGION_WEIGHT);
  const cell = settings.pictureSize / settings.latentSize;
  graph.output('weights', AveragePool(map, { kernel_shape: [cell, cell], strides: [cell, cell] }));
  return graph;
}

/** `latents` of unit deviation -> `picture` uint8 [N, H, W, 3]. */
export function decodeGraph({ settings, batch }: Sized): Graph {
  const graph = new Graph('decode');
  const parts = new Parts(graph, settings, batch);
  const unscaled = Div(parts.latentInput('latents'), graph.parameter('latent_scale', [1]));
  graph.output('picture', toBytes(parts.decode(unscaled)));
  return graph;
}

/** Mean PSNR in dB over the batch, and over the pixels of faces and hands alone. */
export function autoencoderEvaluation({ settings, batch }: Sized): Graph {
  const graph = new Graph('autoencoder_evaluation');
  const parts = new Parts(graph, settings, batch);
  const x = parts.image();
  const y = Clip(parts.decode(parts.encode(x)), -1, 1);
  const square = Mul(Sub(y, x), Sub(y, x));
  const here = Equal(parts.region(), graph.constant(3, { dtype: 'uint8' }));
  const fine = Cast(Unsqueeze(here, [1]), { to: 'float32' });
  const fineError = Div(ReduceMean(Mul(square, fine)), Add(ReduceMean(fine), 1e-9));
  graph.output('psnr', ReduceMean(psnr(ReduceMean(square, { axes: [1, 2, 3] })), { keepdims: false }));
  graph.output('psnr_faces_hands', ReduceMean(psnr(fineError), { keepdims: false }));
  return graph;
}

/** 10 log10(4 / mse) for pictures in [-1, 1]. */
function psnr(mse: Value): Value {
  return Mul(Neg(Log(Div(Add(mse, 1e-12), 4))), 10 / Math.LN10);
}

/** Pictures above their reconstructions, uint8 [2N, H, W, 3]. */
export function autoencoderGrid({ settings, batch }: Sized): Graph {
  const graph = new Graph('autoencoder_grid');
  const parts = new Parts(graph, settings, batch);
  const x = parts.image();
  graph.output('picture', toBytes(Concat([x, parts.decode(parts.encode(x))], { axis: 0 })));
  return graph;
}
