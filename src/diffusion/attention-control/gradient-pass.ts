// One evaluation of the network for guidance by gradients: a loss of its attention maps, differentiated to the latents.
import { ContrappostoError } from '../../core/errors.js';
import { float32, floats, type Tensor } from '../../core/tensor.js';
import { gradient } from '../../graph/gradient/index.js';
import type { Value } from '../../graph/index.js';
import type { Session } from '../../runtime/index.js';
import type { Pipeline, RunControl } from '../pipeline.js';
import type { TextCondition } from '../text-condition.js';
import { type CrossTapOptions, type CrossTaps, crossTaps } from './cross-taps.js';

/** What a loss is made of, and whatever else is to be read beside it. */
export interface MapLoss {
  /** A single number. */
  loss: Value;
  /** Further outputs, e.g. the maps themselves. */
  outputs?: Readonly<Record<string, Value>>;
}

export interface GradientPassOptions extends RunControl {
  /** Text that is attended to; one sample, without classifier-free guidance. */
  condition: TextCondition;
  /** Of the picture in pixels. */
  size: { heightPx: number; widthPx: number };
  /** Layers that are read; default all that attend to text. Those behind the last one are not computed. */
  where?: CrossTapOptions['where'];
  /** Builds the loss from the maps; it may add graph inputs, fed at each run. */
  loss: (maps: CrossTaps) => MapLoss;
}

export interface GradientResult {
  loss: number;
  /** d loss / d latents, as the network sees them [1, C, h, w]. */
  gradient: Float32Array;
  outputs: Record<string, Tensor>;
}

export interface GradientPass {
  /**
   * @param latents [1, C, h, w], scaled as the network is to see them
   * @param feeds inputs that the loss added
   */
  run(
    latents: Tensor,
    at: { timestep: number; feeds?: Readonly<Record<string, Tensor>>; signal?: AbortSignal },
  ): Promise<GradientResult>;
}

/** The session behind a {@link GradientPass}. It belongs to the pipeline's part `unet`. */
export async function openGradientPass(pipeline: Pipeline, options: GradientPassOptions): Promise<GradientPass> {
  const { condition, size, where, loss, signal } = options;
  const { scaleFactor } = pipeline.vae;
  const [height, width] = [size.heightPx / scaleFactor, size.widthPx / scaleFactor];
  const taps = crossTaps({ where });
  const session = await pipeline.unetSession(
    {
      batch: 1,
      height,
      width,
      tokens: condition.tokens.shape[1],
      attentionControl: taps.attention,
      outputs: (prediction) => nameOutputs(prediction, requireMaps(taps), loss),
    },
    { signal },
  );
  const text = { encoder_hidden_states: condition.tokens, ...pipeline.addedConditions([condition], size) };
  return { run: (latents, at) => evaluate(session, { sample: latents, ...text }, at) };
}

function nameOutputs({ graph }: Value, taps: CrossTaps, build: GradientPassOptions['loss']): void {
  const { loss, outputs = {} } = build(taps);
  const [slope] = gradient(graph, loss, [graph.inputs.get('sample')!]);
  graph.output('loss', loss);
  graph.output('gradient', slope);
  for (const [name, value] of Object.entries(outputs)) graph.output(name, value);
}

function requireMaps(taps: CrossTaps): CrossTaps {
  if (taps.layers.length > 0) return taps;
  throw new ContrappostoError('unsupported', {
    operation: 'guidance by attention',
    expected: 'a network that attends to text at the chosen layers',
    got: 'none of its layers',
  });
}

async function evaluate(
  session: Session,
  fixed: Readonly<Record<string, Tensor>>,
  { timestep, feeds, signal }: Parameters<GradientPass['run']>[1],
): Promise<GradientResult> {
  const out = await session.run({ ...fixed, timestep: float32([timestep], [1]), ...feeds }, { signal });
  const { loss, gradient: slope, ...outputs } = out;
  return { loss: floats(loss)[0], gradient: floats(slope), outputs };
}
