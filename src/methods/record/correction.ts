// Module C: the latents of the full branch are moved so that the object's attention fills its box (record, section 7).
import { float32, floats, type Tensor } from '../../core/tensor.js';
import {
  boxFeeds,
  boxLoss,
  type CanvasBox,
  type CrossTaps,
  type GradientPass,
  type GridMap,
  inverseMaskFeeds,
  type MapLoss,
  openGradientPass,
  type Resolution,
  resolutionName,
  tokenColumns,
  tokenMaps,
} from '../../diffusion/attention-control/index.js';
import type { Pipeline } from '../../diffusion/pipeline.js';
import type { TextCondition } from '../../diffusion/text-condition.js';
import { Add, Div, ReduceSum, type Value } from '../../graph/index.js';
import { columnOf, type GuideStep } from './branches.js';
import type { Warnings } from './report.js';
import { type RecordSettings, stepSize } from './settings.js';

/** An object with the place where it belongs. */
export interface GuidedObject {
  /** Position of its token. */
  token: number;
  box: CanvasBox;
}

export interface CorrectionPlan {
  condition: TextCondition;
  size: { heightPx: number; widthPx: number };
  objects: readonly GuidedObject[];
  /** Tokens of the prompt with begin and end. */
  length: number;
  steps: number;
  settings: RecordSettings;
  /** Grid of the loss. */
  lossAt: Resolution;
  /** Grid of the inverse masks. */
  maskAt: Resolution;
  warnings: Warnings;
  signal?: AbortSignal;
}

export interface Correction {
  guide(latents: Tensor, at: GuideStep): Promise<{ latents: Tensor; scales?: Record<string, Tensor> }>;
  /** Loss before each update. */
  readonly losses: number[];
}

const MASK_OUTPUT = 'mask';
/** Latents beyond this, or so many times beyond what they were, have exploded. */
const LARGEST = 1e3;
const LARGEST_GROWTH = 10;
/** After so many updates in a row that had to be skipped, guidance ends. */
const MOST_SKIPPED = 3;

/** Opens the pass that computes loss and gradient; its box and token inputs serve every step. */
export async function openCorrection(pipeline: Pipeline, plan: CorrectionPlan): Promise<Correction> {
  const { condition, size, objects, settings, lossAt, maskAt, signal } = plan;
  const tokens = condition.tokens.shape[1];
  const last = settings.competing === 'prompt' ? plan.length - 1 : tokens - 1;
  const wanted = new Set([resolutionName(lossAt), resolutionName(maskAt)]);
  const pass = await openGradientPass(pipeline, {
    condition,
    size,
    signal,
    where: (site) => wanted.has(resolutionName(site.resolution)),
    loss: (maps) => correctionLoss(maps, { ...plan, last }),
  });
  const positions = objects.map(({ token }) => token);
  const feeds = {
    token_columns: tokenColumns(positions, { last }),
    ...boxFeeds(
      objects.map(({ box }) => box),
      lossAt,
      settings,
    ),
  };
  return new GuidedRun(pass, plan, { feeds, tokens });
}

/** record eq. loss: inner, outer and corner terms over all objects. */
function correctionLoss(
  maps: CrossTaps,
  { objects, settings, lossAt, maskAt, last }: CorrectionPlan & { last: number },
): MapLoss {
  const probs = meanOf(maps, { resolution: lossAt, aggregate: settings.aggregate });
  const columns = probs.graph.input('token_columns', 'float32', [last - 1, objects.length]);
  const smoothing = settings.smoothing ?? undefined;
  const terms = boxLoss(tokenMaps(probs, { resolution: lossAt, columns, last, smoothing }));
  const used = settings.lossTerms.map((name) => terms[name]);
  const loss = ReduceSum(used.reduce(Add), { keepdims: false });
  return { loss, outputs: { [MASK_OUTPUT]: maps.mean(maskAt) ?? probs } };
}

/** Mean of the layers at a resolution; `secondHalf` of them in the order up, down, middle (see the specification, 7.1). */
function meanOf(
  maps: CrossTaps,
  { resolution, aggregate }: { resolution: Resolution; aggregate: RecordSettings['aggregate'] },
): Value {
  if (aggregate === 'all') return maps.mean(resolution)!;
  const order = ['up', 'down', 'mid'];
  const layers = maps.layers
    .filter(({ site }) => resolutionName(site.resolution) === resolutionName(resolution))
    .sort((a, b) => order.indexOf(a.site.part) - order.indexOf(b.site.part));
  const half = layers.slice(Math.floor(layers.length / 2)).map((layer) => layer.maps);
  return Div(half.reduce(Add), half.length);
}

class GuidedRun implements Correction {
  readonly losses: number[] = [];
  private masks: { token: number; map: GridMap }[] = [];
  private skipped = 0;
  private stopped = false;

  constructor(
    private readonly pass: GradientPass,
    private readonly plan: CorrectionPlan,
    private readonly inputs: { feeds: Record<string, Tensor>; tokens: number },
  ) {}

  readonly guide: Correction['guide'] = async (latents, at) => {
    const { settings, steps } = this.plan;
    const guided = !this.stopped && at.index < Math.round(settings.guidanceShare * steps);
    const moved = guided ? await this.update(latents, at) : latents;
    return { latents: moved, ...(settings.overlapRemoval && { scales: this.scales(at.resolutions) }) };
  };

  /** One update, record alg. 1: x -= eta dL/dx. */
  private async update(latents: Tensor, { index, timestep, run }: GuideStep): Promise<Tensor> {
    const { settings, steps, objects, maskAt, signal } = this.plan;
    const seen = float32(run.scaleModelInput(index, floats(latents)), latents.shape);
    const { loss, gradient, outputs } = await this.pass.run(seen, { timestep, feeds: this.inputs.feeds, signal });
    this.masks = objects.map(({ token }) => ({
      token,
      map: columnOf(outputs[MASK_OUTPUT], { token, resolution: maskAt }),
    }));
    this.losses.push(loss);
    if (loss === 0) return latents;
    // The chain rule through the scaling of the network's input, which is linear.
    const slope = run.scaleModelInput(index, gradient);
    const eta = stepSize(index, { steps, scaleFactor: settings.scaleFactor });
    const scale = settings.stepRule === 'relative' ? eta / rootMeanSquare(slope) : eta;
    const moved = floats(latents).map((v, i) => v - scale * slope[i]);
    if (Number.isFinite(loss) && isSound(moved, floats(latents))) {
      this.skipped = 0;
      return float32(moved, latents.shape);
    }
    this.skip(index);
    return latents;
  }

  private skip(index: number): void {
    const { warnings } = this.plan;
    this.skipped++;
    warnings.add('UPDATE_SKIPPED', `the update at step ${index + 1} would have destroyed the picture`);
    if (this.skipped < MOST_SKIPPED) return;
    this.stopped = true;
    warnings.add('GUIDANCE_DIVERGED', `guidance ended at step ${index + 1} after ${MOST_SKIPPED} updates that failed`);
  }

  private scales(resolutions: readonly Resolution[]): Record<string, Tensor> {
    const { settings, length } = this.plan;
    const sound = this.masks.filter(({ map }) => map.values.every(Number.isFinite));
    return inverseMaskFeeds(resolutions, {
      objects: sound,
      tokens: this.inputs.tokens,
      length,
      norm: settings.maskNorm,
      strength: settings.maskStrength,
    });
  }
}

function rootMeanSquare(values: Float32Array): number {
  const mean = values.reduce((sum, v) => sum + v * v, 0) / values.length;
  return Math.sqrt(mean) || 1;
}

/** Whether moved latents are finite and have not exploded. */
function isSound(moved: Float32Array, before: Float32Array): boolean {
  const largest = (values: Float32Array) => values.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
  if (!moved.every(Number.isFinite)) return false;
  const now = largest(moved);
  return now <= LARGEST && now <= LARGEST_GROWTH * largest(before);
}
