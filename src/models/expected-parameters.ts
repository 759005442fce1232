// Which parameters a network must have by its config, to check files without running anything.
import type { Shape, WeightSource } from '../core/tensor.js';
import type { Graph } from '../graph/index.js';
import { openAutoencoder } from './autoencoder.js';
import { clipGraph, parseClipConfig } from './clip-model.js';
import { clipTextGraph, clipTextPrefix, parseClipTextConfig } from './clip-text-model.js';
import { judgeGraph, parseJudgeConfig } from './judge.js';
import { layoutGraph, parseLayoutModelConfig } from './layout-model.js';
import { parseUNet2DConditionConfig, unetGraph } from './unet-2d-condition.js';

export interface NetworkFiles {
  config: unknown;
  weights: WeightSource;
}

/** Class of a network: diffusers writes `_class_name`, transformers `architectures`. */
export function networkClass(config: unknown): string | undefined {
  const { _class_name: name, architectures } = { ...(config as Record<string, unknown> | null) };
  if (typeof name === 'string') return name;
  return Array.isArray(architectures) && typeof architectures[0] === 'string' ? architectures[0] : undefined;
}

/**
 * Name -> shape of every parameter that the config asks for, and the weights under those names; undefined for classes
 * that are not implemented. Throws `unsupported` as the parsers of configs do.
 */
export function expectedParameters({
  config,
  weights,
}: NetworkFiles): { shapes: Map<string, Shape>; weights: WeightSource } | undefined {
  const kind = networkClass(config);
  if (kind === 'UNet2DConditionModel') {
    const graph = unetGraph(parseUNet2DConditionConfig(config), { batch: 1, height: 16, width: 16 });
    return { shapes: shapesOf([graph]), weights };
  }
  if (kind === 'AutoencoderKL' || kind === 'AutoencoderTiny') {
    const vae = openAutoencoder(config);
    const side = 4 * vae.scaleFactor;
    const encoder = vae.encodeGraph({ batch: 1, height: side, width: side });
    const decoder = vae.decodeGraph({ batch: 1, height: 4, width: 4 });
    return { shapes: shapesOf([encoder, decoder]), weights: vae.weights(weights) };
  }
  if (kind === 'CLIPTextModel' || kind === 'CLIPTextModelWithProjection') {
    const text = parseClipTextConfig(config);
    const shapes = shapesOf([clipTextGraph(text, { batch: 1, prefix: clipTextPrefix(weights) })]);
    if (kind.endsWith('Projection')) shapes.set('text_projection.weight', [text.projection_dim, text.hidden_size]);
    return { shapes, weights };
  }
  const graph = kind && SINGLE_GRAPHS[kind]?.(config);
  return graph ? { shapes: shapesOf([graph]), weights } : undefined;
}

/** Networks whose one graph uses every parameter under its stored name. */
const SINGLE_GRAPHS: Readonly<Record<string, (config: unknown) => Graph>> = {
  CLIPModel: (config) => clipGraph(parseClipConfig(config), { texts: 1, images: 1 }),
  Judge: (config) => judgeGraph(parseJudgeConfig(config), { batch: 1 }),
  LayoutModel: (config) => layoutGraph(parseLayoutModelConfig(config), { batch: 1 }),
};

function shapesOf(graphs: readonly Graph[]): Map<string, Shape> {
  return new Map(graphs.flatMap((graph) => Array.from(graph.parameters.values(), (p) => [p.name, p.shape] as const)));
}
