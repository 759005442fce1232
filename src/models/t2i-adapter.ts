// T2I-Adapter (Mou et al. 2023): a small network whose features are added on a UNet's way down; its three published forms.
import { z } from 'zod';
import { ContrappostoError } from '../core/errors.js';
import { Add, AveragePool, Graph, Relu, Reshape, type Scope, scope, Transpose, type Value } from '../graph/index.js';
import { conv2d } from '../nn/convolution.js';
import { count, parseConfig } from './config.js';

const COMPONENT = 'T2IAdapter';

const schema = z
  .looseObject({
    adapter_type: z.enum(['full_adapter', 'full_adapter_xl', 'light_adapter']).default('full_adapter'),
    in_channels: count.default(3),
    channels: z.array(count).min(1).default([320, 640, 1280, 1280]),
    num_res_blocks: count.default(2),
    downscale_factor: count.default(8),
  })
  .refine((c) => c.adapter_type !== 'full_adapter_xl' || c.channels.slice(3).every((v) => v === c.channels[2]), {
    path: ['channels'],
    error: 'of a full_adapter_xl may not change after the third',
  });

/** The fields of an adapter's config under their own names. */
export type T2IAdapterConfig = z.infer<typeof schema>;

/** Reads the `config.json` of a T2I-Adapter in diffusers layout. Unknown fields are ignored. Throws `unsupported`. */
export function parseT2IAdapterConfig(config: unknown): T2IAdapterConfig {
  return parseConfig(schema, config, COMPONENT);
}

/** One stage of an adapter; each gives one feature. */
interface Stage {
  out: number;
  /** Halve the resolution before. */
  down: boolean;
}

function stagesOf({ adapter_type, channels }: T2IAdapterConfig): Stage[] {
  if (adapter_type === 'full_adapter') return channels.map((out, i) => ({ out, down: i > 0 }));
  // The XL form halves once only, where SDXL's own levels of 64 become 32.
  if (adapter_type === 'full_adapter_xl') return channels.map((out, i) => ({ out, down: i === 2 }));
  const stages = channels.map((out, i) => ({ out, down: i > 0 }));
  return [...stages, { out: channels[channels.length - 1], down: true }];
}

/**
 * Features of a condition picture, for a UNet's `adapterFeatures`.
 *
 * @param condition [N, in_channels, H, W] in [0, 1]; both sides multiples of `downscale_factor`
 * @returns one [N, C, h, w] a stage, the first at H / downscale_factor
 * @throws ContrappostoError `shape` for a condition of another size or number of channels
 */
export function t2iAdapter(p: Scope, config: T2IAdapterConfig, condition: Value): Value[] {
  const light = config.adapter_type === 'light_adapter';
  const root = p.at('adapter');
  let x = pixelUnshuffle(condition, config);
  if (!light) x = conv2d(root.at('conv_in'), x, { out: config.channels[0], kernel: 3, padding: 1 });
  const stage = light ? lightStage : fullStage;
  return stagesOf(config).map(({ out, down }, i) => {
    const input = down ? AveragePool(x, { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: true }) : x;
    x = stage(root.at('body', i), input, { out, blocks: config.num_res_blocks });
    return x;
  });
}

interface StageOptions {
  out: number;
  blocks: number;
}

function fullStage(p: Scope, input: Value, { out, blocks }: StageOptions): Value {
  let x = input.shape[1] === out ? input : conv2d(p.at('in_conv'), input, { out, kernel: 1 });
  for (let i = 0; i < blocks; i++) x = residualBlock(p.at('resnets', i), x, { kernel: 1, padding: 0 });
  return x;
}

/** Works at a quarter of the width. */
function lightStage(p: Scope, input: Value, { out, blocks }: StageOptions): Value {
  let x = conv2d(p.at('in_conv'), input, { out: Math.floor(out / 4), kernel: 1 });
  for (let i = 0; i < blocks; i++) x = residualBlock(p.at('resnets', i), x, { kernel: 3, padding: 1 });
  return conv2d(p.at('out_conv'), x, { out, kernel: 1 });
}

/** 3x3 convolution, ReLU, a second convolution, plus the input. */
function residualBlock(p: Scope, x: Value, second: { kernel: number; padding: number }): Value {
  const out = x.shape[1];
  const hidden = Relu(conv2d(p.at('block1'), x, { out, kernel: 3, padding: 1 }));
  return Add(conv2d(p.at('block2'), hidden, { out, ...second }), x);
}

/** Blocks of pixels become channels, in PyTorch's order (colour first): [N, C f f, H / f, W / f]. */
function pixelUnshuffle(x: Value, { downscale_factor: factor, in_channels }: T2IAdapterConfig): Value {
  const [batch, channels, height, width] = x.shape;
  if (channels !== in_channels || height % factor !== 0 || width % factor !== 0) {
    throw new ContrappostoError('shape', {
      operation: COMPONENT,
      expected: `a condition of ${in_channels} channels whose sides are multiples of ${factor}`,
      got: `[${x.shape}]`,
    });
  }
  const [h, w] = [height / factor, width / factor];
  const blocks = Reshape(x, [batch, channels, h, factor, w, factor]);
  const first = Transpose(blocks, [0, 1, 3, 5, 2, 4]); // [N, C, f, f, h, w]
  return Reshape(first, [batch, channels * factor * factor, h, w]); // [N, C f f, h, w]
}

/** A whole graph: `cond` [batch, in_channels, height, width] (pixels) -> `feat0`, `feat1`, ..., inputs of `unetGraph`. */
export function t2iAdapterGraph(
  config: T2IAdapterConfig,
  options: { batch: number; height: number; width: number },
): Graph {
  const { batch, height, width } = options;
  const graph = new Graph('t2i_adapter');
  const condition = graph.input('cond', 'float32', [batch, config.in_channels, height, width]);
  for (const [i, feature] of t2iAdapter(scope(graph), config, condition).entries()) graph.output(`feat${i}`, feature);
  return graph;
}
