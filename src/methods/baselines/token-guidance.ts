// Guidance by the maps of chosen tokens: before a step, latents go down the gradient of a loss of those maps.
import { float32, floats, type Tensor } from '../../core/tensor.js';
import {
  attentionSites,
  crossResolutions,
  type GradientResult,
  nearestResolution,
  openGradientPass,
  type Resolution,
  resolutionName,
  tokenColumns,
  tokenMaps,
} from '../../diffusion/attention-control/index.js';
import type { Pipeline } from '../../diffusion/pipeline.js';
import type { Move, MoveStep } from '../../diffusion/sampling.js';
import type { TextCondition } from '../../diffusion/text-condition.js';
import { Add, Mul, ReduceSum, Reshape, Slice, type Value } from '../../graph/index.js';
import { stepSize } from '../record/settings.js';
import type { GuidanceSettings } from './guidance-settings.js';

/** Both single numbers; most methods have one loss for both. */
export interface TokenLoss {
  /** What updates make smaller. */
  loss: Value;
  /** What refinement makes smaller, until it is below its threshold. */
  refined: Value;
}

export interface TokenGuidancePlan {
  condition: TextCondition;
  size: { heightPx: number; widthPx: number };
  /** Positions of the tokens. */
  tokens: readonly number[];
  /** Tokens of the prompt with begin and end. */
  length: number;
  steps: number;
  settings: GuidanceSettings;
  /** Builds the losses from maps [tokens, H, W]. */
  loss: (maps: Value) => TokenLoss;
  /** What the loss is fed. */
  feeds?: (resolution: Resolution) => Record<string, Tensor>;
  signal?: AbortSignal;
}

export interface TokenGuidance {
  move: Move;
  /** Loss before each update of a guided step. */
  readonly losses: number[];
}

/** Opens the pass that computes losses and gradients; one session serves every step. */
export async function openTokenGuidance(pipeline: Pipeline, plan: TokenGuidancePlan): Promise<TokenGuidance> {
  const { condition, size, tokens, settings, signal } = plan;
  const { scaleFactor } = pipeline.vae;
  const latentSize = { height: size.heightPx / scaleFactor, width: size.widthPx / scaleFactor };
  const grids = crossResolutions(attentionSites(pipeline.unetConfig, latentSize));
  const resolution = nearestResolution(grids, latentSize.height / settings.shrink);
  const last = settings.competing === 'prompt' ? plan.length - 1 : condition.tokens.shape[1] - 1;
  const smoothing = settings.smoothing ?? undefined;
  const pass = await openGradientPass(pipeline, {
    condition,
    size,
    signal,
    where: (site) => resolutionName(site.resolution) === resolutionName(resolution),
    loss: (maps) => {
      const probs = maps.mean(resolution)!;
      const columns = probs.graph.input('token_columns', 'float32', [last - 1, tokens.length]);
      return weighted(plan.loss(tokenMaps(probs, { resolution, columns, last, smoothing })));
    },
  });
  const fixed = { token_columns: tokenColumns(tokens, { last }), ...plan.feeds?.(resolution) };
  const evaluate: Evaluate = (latents, { index, timestep, run }, goal) => {
    const seen = float32(run.scaleModelInput(index, floats(latents)), latents.shape);
    return pass.run(seen, { timestep, signal, feeds: { ...fixed, goal: GOALS[goal] } });
  };
  return guidedBy(evaluate, plan);
}

const GOALS = { loss: float32([1, 0], [2]), refined: float32([0, 1], [2]) };

type Evaluate = (latents: Tensor, at: MoveStep, goal: keyof typeof GOALS) => Promise<GradientResult>;

/** Which of the two is differentiated is an input, so that one session serves both. */
function weighted({ loss, refined }: TokenLoss) {
  const { graph } = loss;
  const goal = graph.input('goal', 'float32', [2]);
  const part = (i: number) => Reshape(Slice(goal, { starts: [i], ends: [i + 1], axes: [0] }), []);
  const one = (v: Value) => ReduceSum(v, { keepdims: false });
  return { loss: Add(Mul(part(0), one(loss)), Mul(part(1), one(refined))) };
}

function guidedBy(evaluate: Evaluate, { steps, settings }: TokenGuidancePlan): TokenGuidance {
  const losses: number[] = [];
  const thresholds = new Map(settings.thresholds.map(({ at, threshold }) => [Math.round(at * steps), threshold]));
  const guided = Math.round(settings.guidanceShare * steps);
  const descend = (latents: Tensor, { loss, gradient }: GradientResult, { index, run }: MoveStep): Tensor => {
    if (loss === 0) return latents;
    // The chain rule through the scaling of the network's input, which is linear.
    const slope = run.scaleModelInput(index, gradient);
    const eta = stepSize(index, { steps, scaleFactor: settings.scaleFactor });
    return descended(latents, slope, settings.stepRule === 'relative' ? eta / rootMeanSquare(slope) : eta);
  };
  const move: Move = async (latents, at) => {
    const threshold = thresholds.get(at.index);
    let moved = latents;
    if (threshold !== undefined && settings.refinements > 0) {
      const target = Math.max(0, 1 - threshold);
      let checked = await evaluate(moved, at, 'refined');
      // As in the published code, what decides is the loss before the last update.
      for (let n = 0; n < settings.refinements && checked.loss > target; n++) {
        if (n > 0) checked = await evaluate(moved, at, 'refined');
        moved = descend(moved, checked, at);
      }
    }
    if (at.index >= guided) return moved;
    const result = await evaluate(moved, at, 'loss');
    losses.push(result.loss);
    return descend(moved, result, at);
  };
  return { move, losses };
}

/** `latents - eta slope`; the latents as they are when that is not finite. */
export function descended(latents: Tensor, slope: Float32Array, eta: number): Tensor {
  const moved = floats(latents).map((v, i) => v - eta * slope[i]);
  return moved.every(Number.isFinite) ? float32(moved, latents.shape) : latents;
}

export function rootMeanSquare(values: Float32Array): number {
  const mean = values.reduce((sum, v) => sum + v * v, 0) / values.length;
  return Math.sqrt(mean) || 1;
}
