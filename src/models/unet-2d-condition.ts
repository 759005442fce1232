// The denoising network of Stable Diffusion 1, 2 and XL (diffusers' UNet2DConditionModel) with its parameter names.
import { ContrappostoError } from '../core/errors.js';
import type { DType, Shape } from '../core/tensor.js';
import { Add, Graph, Mul, type Scope, Sub, scope, type Value } from '../graph/index.js';
import { silu } from '../nn/activation.js';
import { conv2d } from '../nn/convolution.js';
import { groupNorm } from '../nn/normalization.js';
import type { AttentionControl } from './attention-control.js';
import { downBlock, midBlock, timeEmbedding, type UNetBlockContext, upBlock } from './unet-2d-blocks.js';
import { TIME_IDS, type UNet2DConditionConfig } from './unet-2d-config.js';

export { parseUNet2DConditionConfig, type UNet2DConditionConfig } from './unet-2d-config.js';

/** What a UNet is called with. */
export interface UNetInputs {
  /** Noisy latents [N, C, h, w]; any size. */
  sample: Value;
  /** [N] or [1], float32 or int64: position on the training schedule. */
  timestep: Value;
  /** Text tokens [N, T, D]. */
  context: Value;
  /** SDXL: pooled text [N, P] and six numbers a picture [N, 6]. */
  added?: { textEmbeds: Value; timeIds: Value };
  /** ControlNet: added to the skip connections, in their order, and to the middle. */
  downResiduals?: readonly Value[];
  midResidual?: Value;
  /** T2I-Adapter: one feature a block on the way down, added before the block's last output is kept. */
  adapterFeatures?: readonly Value[];
  attentionControl?: AttentionControl;
}

/**
 * One evaluation of the network.
 *
 * @returns the prediction (noise, or velocity: the scheduler's `prediction_type` says) [N, outChannels, h, w]
 */
export function unet2DCondition(p: Scope, config: UNet2DConditionConfig, inputs: UNetInputs): Value {
  const { context, attentionControl, midResidual } = inputs;
  const b: UNetBlockContext = { root: p, config, time: timeEmbedding(p, config, inputs), context, attentionControl };
  const sample = config.centerInput ? Sub(Mul(inputs.sample, 2), 1) : inputs.sample;
  let x = conv2d(p.at('conv_in'), sample, { out: config.levels[0].channels, kernel: 3, padding: 1 });

  let skips: Value[] = [x];
  const features = [...(inputs.adapterFeatures ?? [])];
  config.levels.forEach((_, i) => {
    const down = downBlock(b, x, { level: i, feature: features.shift() });
    x = down[down.length - 1];
    skips.push(...down);
  });
  skips = withResiduals(skips, inputs.downResiduals);

  if (config.midBlock) x = midBlock(b, x);
  if (features.length > 0 && features[0].shape.join() === x.shape.join()) x = Add(x, features[0]);
  if (midResidual) x = Add(x, midResidual);

  for (let i = 0; i < config.levels.length; i++) x = upBlock(b, x, { index: i, skips });
  x = silu(groupNorm(p.at('conv_norm_out'), x, { groups: config.groups, epsilon: config.epsilon }));
  return conv2d(p.at('conv_out'), x, { out: config.outChannels, kernel: 3, padding: 1 });
}

/** Shapes of the skip connections [N, C, h, w] that a ControlNet's `downResiduals` have to match, in order. */
export function unetSkipShapes(config: UNet2DConditionConfig, sample: readonly number[]): number[][] {
  const [batch, , height, width] = sample;
  let size = [height, width];
  const halve = (d: number) => (config.downsamplePadding === 1 ? Math.ceil(d / 2) : Math.floor(d / 2));
  const shapes = [[batch, config.levels[0].channels, ...size]];
  config.levels.forEach(({ channels, layers }, i) => {
    for (let k = 0; k < layers; k++) shapes.push([batch, channels, ...size]);
    if (i === config.levels.length - 1) return;
    size = size.map(halve);
    shapes.push([batch, channels, ...size]);
  });
  return shapes;
}

function withResiduals(skips: Value[], residuals: readonly Value[] | undefined): Value[] {
  if (!residuals) return skips;
  if (residuals.length !== skips.length) {
    throw new ContrappostoError('shape', {
      operation: 'UNet2DConditionModel',
      expected: `${skips.length} residuals, one a skip connection`,
      got: `${residuals.length}`,
      hint: 'the ControlNet was made for a UNet of another layout',
    });
  }
  return skips.map((skip, i) => Add(skip, residuals[i]));
}

export interface UNetGraphOptions {
  batch: number;
  /** Latent pixels. */
  height: number;
  width: number;
  /** Text tokens. Default 77. */
  tokens?: number;
  /** One timestep for the whole batch (default), or one a sample. */
  timesteps?: number;
  timestepDType?: Extract<DType, 'float32' | 'int64'>;
  attentionControl?: AttentionControl;
  /** Take a ControlNet's residuals as inputs `down0`, `down1`, ... and `mid`. */
  residuals?: boolean;
  /** Take a T2I-Adapter's features of these shapes as inputs `feat0`, `feat1`, ...; a batch of 1 serves all samples. */
  features?: readonly Shape[];
  /** Names the outputs in place of `out`, given the prediction; what leads to none of them is not computed. */
  outputs?: (prediction: Value) => void;
}

/**
 * A whole graph: `sample` [batch, C, height, width], `timestep` [1], `encoder_hidden_states` [batch, tokens, D] (and
 * `text_embeds`, `time_ids` for SDXL; `down<i>`, `mid`, `feat<i>` where asked for) -> `out`.
 */
export function unetGraph(config: UNet2DConditionConfig, options: UNetGraphOptions): Graph {
  const { batch, height, width, tokens = 77, timesteps = 1, timestepDType = 'float32', attentionControl } = options;
  const graph = new Graph('unet');
  const sample = graph.input('sample', 'float32', [batch, config.inChannels, height, width]);
  const timestep = graph.input('timestep', timestepDType, [timesteps]);
  const context = graph.input('encoder_hidden_states', 'float32', [batch, tokens, config.levels[0].contextWidth]);
  const inputs: UNetInputs = { sample, timestep, context, attentionControl };
  if (options.residuals) Object.assign(inputs, residualInputs(graph, config));
  if (options.features) inputs.adapterFeatures = options.features.map((s, i) => graph.input(`feat${i}`, 'float32', s));
  const prediction = unet2DCondition(scope(graph), config, { ...inputs, added: addedInputs(graph, config, batch) });
  if (options.outputs) options.outputs(prediction);
  else graph.output('out', prediction);
  return graph;
}

function residualInputs(
  graph: Graph,
  config: UNet2DConditionConfig,
): Pick<UNetInputs, 'downResiduals' | 'midResidual'> {
  const shapes = unetSkipShapes(config, graph.inputs.get('sample')!.shape);
  return {
    downResiduals: shapes.map((shape, i) => graph.input(`down${i}`, 'float32', shape)),
    midResidual: graph.input('mid', 'float32', shapes[shapes.length - 1]),
  };
}

/** SDXL's further inputs, where the config has them. */
export function addedInputs(graph: Graph, config: UNet2DConditionConfig, batch: number): UNetInputs['added'] {
  if (config.addedTimeWidth === undefined || config.pooledWidth === undefined) return undefined;
  return {
    textEmbeds: graph.input('text_embeds', 'float32', [batch, config.pooledWidth]),
    timeIds: graph.input('time_ids', 'float32', [batch, TIME_IDS]),
  };
}
