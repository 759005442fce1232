// ControlNets beside the UNet: several at once, each with its condition picture, scale and part of the steps.
import { ContrappostoError } from '../core/errors.js';
import { type Image, resizeImage, toTensor } from '../core/image.js';
import { float32, type Shape, sizeOf, type Tensor, type WeightSource } from '../core/tensor.js';
import { type ControlNetConfig, controlNetGraph, parseControlNetConfig } from '../models/index.js';
import type { Session } from '../runtime/index.js';
import { sumResiduals } from './control-residuals.js';
import type { Pipeline } from './pipeline.js';
import { type Residuals, stack } from './sampling.js';

/** A ControlNet whose config is read. */
export interface ControlNetwork {
  config: ControlNetConfig;
  weights: WeightSource;
}

/** One condition. Residuals of several are added. */
export interface Control {
  network: ControlNetwork;
  /** What the network was trained to see, e.g. a drawn skeleton on black; cropped to the picture's proportion. */
  image: Image;
  /** Multiplies the residuals. Default 1. */
  controlScale?: number;
  /** Fractions of the steps between which it acts. Default 0 and 1. */
  controlStart?: number;
  controlEnd?: number;
}

/** A ControlNet in diffusers layout, as `openModelFolder` gives it. Throws `unsupported`. */
export function loadControlNet({ config, weights }: { config: unknown; weights: WeightSource }): ControlNetwork {
  return { config: parseControlNetConfig(config), weights };
}

/** Throws `invalid-input` for a control that cannot act, `unsupported` for a network of another family. */
export function requireControls(pipeline: Pipeline, controls: readonly Control[], operation: string): void {
  for (const { network, controlScale = 1, controlStart = 0, controlEnd = 1 } of controls) {
    if (!Number.isFinite(controlScale) || !(controlStart >= 0 && controlStart < controlEnd && controlEnd <= 1)) {
      throw new ContrappostoError('invalid-input', {
        operation: `${operation}: control`,
        expected: 'a finite controlScale, and 0 <= controlStart < controlEnd <= 1',
        got: `${controlScale}, ${controlStart} and ${controlEnd}`,
      });
    }
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
    const condition = await conditionTensor(control, size);
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

/** As in diffusers: a step counts when it lies in the part as a whole. */
export function actsAt(
  { controlStart = 0, controlEnd = 1 }: Pick<Control, 'controlStart' | 'controlEnd'>,
  { step, steps }: { step: number; steps: number },
): boolean {
  return step / steps >= controlStart && (step + 1) / steps <= controlEnd;
}

/** [1, 3, H, W] in [0, 1], as large as the network wants for these latents. */
async function conditionTensor(
  { image, network }: Control,
  { height, width }: { height: number; width: number },
): Promise<Tensor> {
  const { conditionFactor: factor } = network.config;
  const [heightPx, widthPx] = [height * factor, width * factor];
  const resized = await resizeImage(image, { widthPx, heightPx, fit: 'cover' });
  return float32(
    toTensor(resized).map((v) => v / 2 + 0.5),
    [1, 3, heightPx, widthPx],
  );
}

function zeros(shape: Shape): Tensor {
  return float32(new Float32Array(sizeOf(shape)), shape);
}
