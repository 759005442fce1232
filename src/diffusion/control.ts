// ControlNets beside the UNet: several at once, each with its condition picture, scale and part of the steps.
import { ContrappostoError } from '../core/errors.js';
import { float32, type Shape, sizeOf, type Tensor, type WeightSource } from '../core/tensor.js';
import { type ControlNetConfig, controlNetGraph, parseControlNetConfig } from '../models/index.js';
import type { Session } from '../runtime/index.js';
import { actsAt, type Condition, conditionTensor, requireClass, requireCondition } from './condition.js';
import { sumResiduals } from './control-residuals.js';
import type { Pipeline } from './pipeline.js';
import { type Residuals, stack } from './sampling.js';

/** A ControlNet whose config is read. */
export interface ControlNetwork {
  config: ControlNetConfig;
  weights: WeightSource;
}

/** One condition of a ControlNet. Residuals of several are added. */
export interface Control extends Condition {
  network: ControlNetwork;
}

/** A ControlNet in diffusers layout, as `openModelFolder` gives it. Throws `unsupported`. */
export function loadControlNet({ config, weights }: { config: unknown; weights: WeightSource }): ControlNetwork {
  requireClass(config, { expected: 'ControlNetModel', hint: 'a T2I-Adapter is loaded with loadAdapter (--adapter)' });
  return { config: parseControlNetConfig(config), weights };
}

/** Throws `invalid-input` for a control that cannot act, `unsupported` for a network of another family. */
export function requireControls(pipeline: Pipeline, controls: readonly Control[], operation: string): void {
  for (const control of controls) {
    requireCondition(control, `${operation}: control`);
    const { network } = control;
    requireColours(network.config, operation);
    const width = ({ levels }: { levels: readonly { channels: number; contextWidth: number }[] }) =>
      levels.map(({ channels, contextWidth }) => `${channels}/${contextWidth}`).join(', ');
    if (width(network.config.unet) === width(pipeline.unetConfig)) continue;
    throw new ContrappostoError('unsupported', {
      operation: `${operation}: control`,
      expected: `a ControlNet of the UNet's channels and text width, ${width(pipeline.unetConfig)}`,
      got: width(network.config.unet),
      hint: 'the ControlNet was made for another family of checkpoints',
    });
  }
}

/**
 * A function that gives the UNet's residuals for each step. Outside its part of the steps a network does not run.
 *
 * @param options.size of the UNet's graph: batch, latent pixels, text tokens
 * @param options.steps that are taken, of which step 0 is index `first`
 */
export async function controlResiduals(
  pipeline: Pipeline,
  controls: readonly Control[],
  options: {
    size: { batch: number; height: number; width: number; tokens: number };
    first: number;
    steps: number;
    signal?: AbortSignal;
  },
): Promise<Residuals> {
  const { size, first, steps, signal } = options;
  let none: Record<string, Tensor> = {};
  const loaded: { control: Control; session: Session; condition: Tensor }[] = [];
  for (const control of controls) {
    const { config, weights } = control.network;
    const graph = controlNetGraph(config, size);
    const session = await pipeline.controlSession(graph, weights, { signal });
    none = Object.fromEntries(Array.from(graph.outputs, ([name, { shape }]) => [name, zeros(shape)]));
    const factor = config.conditionFactor;
    const pixels = { heightPx: size.height * factor, widthPx: size.width * factor };
    const condition = await conditionTensor(control.image, pixels);
    loaded.push({ control, session, condition: stack(new Array<Tensor>(size.batch).fill(condition)) });
  }
  return async (feeds, index) => {
    const outputs: Record<string, Tensor>[] = [];
    for (const { control, session, condition } of loaded) {
      if (!actsAt(control, { step: index - first, steps })) continue;
      const scale = float32([control.controlScale ?? 1], []);
      outputs.push(await session.run({ ...feeds, cond: condition, conditioning_scale: scale }, { signal }));
    }
    return outputs.length > 0 ? sumResiduals(outputs) : none;
  };
}

function requireColours({ conditionChannels }: ControlNetConfig, operation: string): void {
  if (conditionChannels === 3) return;
  throw new ContrappostoError('unsupported', {
    operation: `${operation}: control`,
    expected: 'a ControlNet that sees pictures of 3 channels',
    got: `${conditionChannels}`,
  });
}

function zeros(shape: Shape): Tensor {
  return float32(new Float32Array(sizeOf(shape)), shape);
}
