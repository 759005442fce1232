// T2I-Adapters beside the UNet: their features are computed once a picture and added on the UNet's way down at every step.
import { ContrappostoError } from '../core/errors.js';
import { float32, floats, type Shape, sizeOf, type Tensor, type WeightSource } from '../core/tensor.js';
import {
  parseT2IAdapterConfig,
  type T2IAdapterConfig,
  t2iAdapterGraph,
  type UNet2DConditionConfig,
  unetSkipShapes,
} from '../models/index.js';
import { actsAt, type Condition, conditionTensor, requireClass, requireCondition } from './condition.js';
import type { Pipeline } from './pipeline.js';

/** A T2I-Adapter whose config is read. */
export interface AdapterNetwork {
  config: T2IAdapterConfig;
  weights: WeightSource;
}

/** One condition of a T2I-Adapter. Features of several are added. */
export interface Adapter extends Condition {
  network: AdapterNetwork;
}

/** A T2I-Adapter (full, light or XL) in diffusers layout, as `openModelFolder` gives it. Throws `unsupported`. */
export function loadAdapter({ config, weights }: { config: unknown; weights: WeightSource }): AdapterNetwork {
  requireClass(config, { expected: 'T2IAdapter', hint: 'a ControlNet is loaded with loadControlNet (--control)' });
  return { config: parseT2IAdapterConfig(config), weights };
}

/** The size of the picture that is made, in pixels. */
interface PictureSize {
  heightPx: number;
  widthPx: number;
}

/** Throws `invalid-input` for an adapter that cannot act at this size, `unsupported` for one of another family. */
export function requireAdapters(
  pipeline: Pipeline,
  adapters: readonly Adapter[],
  { operation, size }: { operation: string; size: PictureSize },
): void {
  const where = `${operation}: adapter`;
  const { scaleFactor, latentChannels } = pipeline.vae;
  const latents = [1, latentChannels, size.heightPx / scaleFactor, size.widthPx / scaleFactor];
  const expected = featureShapes(pipeline.unetConfig, latents);
  for (const adapter of adapters) {
    requireCondition(adapter, where);
    const { config } = adapter.network;
    requireColours(config, where);
    requireMultiple(config, { operation: where, size });
    const got = shapesOf(config, size);
    const fits = got.length >= expected.length - 1 && got.length <= expected.length;
    if (fits && got.every((shape, i) => shape.join() === expected[i].join())) continue;
    throw new ContrappostoError('unsupported', {
      operation: where,
      expected: `a T2I-Adapter with the features that the UNet takes, ${listed(expected)}`,
      got: listed(got),
      hint: 'the adapter was made for another family of checkpoints',
    });
  }
}

/** Features that a UNet takes: one a block on the way down, and perhaps one for its middle. */
function featureShapes(config: UNet2DConditionConfig, latents: readonly number[]): Shape[] {
  const skips = unetSkipShapes(config, latents);
  const last = config.levels.length - 1;
  let end = 0;
  const down = config.levels.map(({ layers }, i) => {
    const resnets = end + layers;
    end = i < last ? resnets + 1 : resnets;
    // Blocks without attention take it after they have halved the resolution.
    return skips[config.downAttention[i] ? resnets : end];
  });
  return [...down, skips[skips.length - 1]];
}

function shapesOf(config: T2IAdapterConfig, { heightPx, widthPx }: PictureSize): Shape[] {
  const { outputs } = t2iAdapterGraph(config, { batch: 1, height: heightPx, width: widthPx });
  return Array.from(outputs.values(), ({ shape }) => shape);
}

function listed(shapes: readonly Shape[]): string {
  return shapes.map((shape) => `[${shape}]`).join(' ');
}

function requireColours({ in_channels: channels }: T2IAdapterConfig, operation: string): void {
  if (channels === 3 || channels === 1) return;
  const expected = 'an adapter that sees 3 channels (colours) or 1 (grey)';
  throw new ContrappostoError('unsupported', { operation, expected, got: `${channels}` });
}

function requireMultiple(
  { downscale_factor: factor }: T2IAdapterConfig,
  { operation, size }: { operation: string; size: PictureSize },
): void {
  const { heightPx, widthPx } = size;
  if (heightPx % factor === 0 && widthPx % factor === 0) return;
  const near = (side: number) => Math.max(factor, Math.round(side / factor) * factor);
  throw new ContrappostoError('invalid-input', {
    operation,
    expected: `width and height in multiples of ${factor}, as this adapter needs`,
    got: `${widthPx} by ${heightPx}`,
    hint: `use ${near(widthPx)} by ${near(heightPx)}`,
  });
}

/** What a UNet with inputs `feat0`, `feat1`, ... is fed at each step. */
export interface AdapterFeatures {
  /** [1, C, h, w] each, for the UNet's graph. */
  shapes: Shape[];
  /** The features of step `index`; zeros where no adapter acts. */
  at(index: number): Record<string, Tensor>;
}

/**
 * Computes the features of all adapters.
 *
 * @param options.steps that are taken, of which step 0 is index `first`
 */
export async function adapterFeatures(
  pipeline: Pipeline,
  adapters: readonly Adapter[],
  options: { size: PictureSize; first: number; steps: number; signal?: AbortSignal },
): Promise<AdapterFeatures> {
  const { size, first, steps, signal } = options;
  const each: { adapter: Adapter; features: Record<string, Tensor> }[] = [];
  for (const adapter of adapters) {
    const { config, weights } = adapter.network;
    const graph = t2iAdapterGraph(config, { batch: 1, height: size.heightPx, width: size.widthPx });
    const session = await pipeline.controlSession(graph, weights, { signal });
    const cond = withChannels(await conditionTensor(adapter.image, size), config.in_channels);
    each.push({ adapter, features: await session.run({ cond }, { signal }) });
  }
  // An adapter may have a feature for the UNet's middle where another has none.
  const names = [...new Set(each.flatMap(({ features }) => Object.keys(features)))].sort();
  const shapes = names.map((name) => each.find(({ features }) => features[name])!.features[name].shape);
  const sums = new Map<string, Record<string, Tensor>>();
  return {
    shapes,
    at(index) {
      const acting = each.map(({ adapter }) => actsAt(adapter, { step: index - first, steps }));
      const key = acting.join();
      const known = sums.get(key);
      if (known) return known;
      const sum = weightedSum(
        each.filter((_, i) => acting[i]),
        { names, shapes },
      );
      sums.set(key, sum);
      return sum;
    },
  };
}

function weightedSum(
  each: readonly { adapter: Adapter; features: Record<string, Tensor> }[],
  { names, shapes }: { names: readonly string[]; shapes: readonly Shape[] },
): Record<string, Tensor> {
  const total = names.map((name, i) => {
    const sum = new Float32Array(sizeOf(shapes[i]));
    for (const { adapter, features } of each) {
      if (!features[name]) continue;
      const { controlScale = 1 } = adapter;
      floats(features[name]).forEach((v, k) => {
        sum[k] += controlScale * v;
      });
    }
    return [name, float32(sum, shapes[i])] as const;
  });
  return Object.fromEntries(total);
}

/** Grey by the weights of ITU-R BT.601, as the reference implementation's picture library makes it. */
function withChannels(picture: Tensor, channels: number): Tensor {
  if (channels === 3) return picture;
  const [, , height, width] = picture.shape;
  const plane = height * width;
  const values = floats(picture);
  const grey = Float32Array.from(
    { length: plane },
    (_, i) => 0.299 * values[i] + 0.587 * values[plane + i] + 0.114 * values[2 * plane + i],
  );
  return float32(grey, [1, 1, height, width]);
}
