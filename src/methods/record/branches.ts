// Two branches denoised in one batch from one noise: a base whose attention the full prompt's branch takes over.
import { throwIfAborted } from '../../core/errors.js';
import { float32, floats, type Tensor } from '../../core/tensor.js';
import {
  attentionSites,
  branchSwap,
  CROSS_OUTPUT,
  combineControls,
  crossResolutions,
  type GridMap,
  neutralScales,
  type Resolution,
  resolutionName,
  type SwapState,
  swapFeeds,
  type TokenSwap,
  tapOutputs,
} from '../../diffusion/attention-control/index.js';
import type { Pipeline } from '../../diffusion/pipeline.js';
import { stack } from '../../diffusion/sampling.js';
import type { SamplingRun, Scheduler } from '../../diffusion/scheduler.js';
import type { TextCondition } from '../../diffusion/text-condition.js';
import type { Session } from '../../runtime/index.js';

/** Maps of more queries are not kept, as in the reference implementation. */
const MOST_QUERIES = 32 * 32;

export interface BranchPlan {
  /** Without guidance there is no negative condition. */
  conditions: { negative?: TextCondition; base: TextCondition; full: TextCondition };
  size: { heightPx: number; widthPx: number };
  guidanceScale: number;
  swap: TokenSwap;
  /** Self-attention of at most so many queries is taken over. */
  selfQueries: number;
}

/** What the network is told at one step. */
interface BranchStep {
  timestep: number;
  swaps: SwapState;
  scales?: Readonly<Record<string, Tensor>>;
}

export interface BranchNetwork {
  /** Grids at which the network attends to text, the finest first. */
  readonly resolutions: readonly Resolution[];
  /** Guided predictions of both, and the full branch's maps [T, S] of the text by resolution. */
  predict(
    latents: { base: Tensor; full: Tensor },
    at: BranchStep & { signal?: AbortSignal },
  ): Promise<{ base: Float32Array; full: Float32Array; maps: ReadonlyMap<string, Tensor> }>;
}

/**
 * Opens the network for a batch of both branches, each with and without the prompt: negative base, negative full, base,
 * full. Attention is read from the base's row with the prompt and written to the last row; no other row is touched.
 */
export async function openBranches(
  pipeline: Pipeline,
  plan: BranchPlan,
  { signal }: { signal?: AbortSignal },
): Promise<BranchNetwork> {
  const { conditions, size, swap, selfQueries } = plan;
  const { negative, base, full } = conditions;
  const rows = negative ? [negative, negative, base, full] : [base, full];
  const { scaleFactor } = pipeline.vae;
  const latentSize = { height: size.heightPx / scaleFactor, width: size.widthPx / scaleFactor };
  const tokens = full.tokens.shape[1];
  const control = combineControls(
    branchSwap({ base: rows.length - 2, selfQueries, scales: true }),
    tapOutputs({
      rows: { start: rows.length - 1, end: rows.length },
      where: ({ resolution: [h, w] }) => h * w <= MOST_QUERIES,
    }),
  );
  const session = await pipeline.unetSession({ batch: rows.length, ...latentSize, tokens, ...control }, { signal });
  const resolutions = crossResolutions(attentionSites(pipeline.unetConfig, latentSize));
  const neutral = neutralScales(resolutions, tokens);
  const text = {
    encoder_hidden_states: stack(rows.map((row) => row.tokens)),
    ...pipeline.addedConditions(rows, size),
  };
  const predict: BranchNetwork['predict'] = async ({ base: xB, full: xF }, { timestep, swaps, scales, ...control }) => {
    const feeds = {
      sample: stack(negative ? [xB, xF, xB, xF] : [xB, xF]),
      timestep: float32([timestep], [1]),
      ...text,
      ...swapFeeds(swap, swaps),
      ...neutral,
      ...scales,
    };
    return splitOutputs(await session.run(feeds, control), negative && plan.guidanceScale);
  };
  return { resolutions, predict };
}

function splitOutputs(outputs: Awaited<ReturnType<Session['run']>>, guidanceScale: number | undefined) {
  const out = floats(outputs.out);
  const maps = new Map(
    Object.entries(outputs).flatMap(([name, map]) =>
      name.startsWith(CROSS_OUTPUT) ? [[name.slice(CROSS_OUTPUT.length), map] as const] : [],
    ),
  );
  const count = guidanceScale === undefined ? 2 : 4;
  const row = (i: number) => out.subarray((i * out.length) / count, ((i + 1) * out.length) / count);
  if (guidanceScale === undefined) return { base: row(0).slice(), full: row(1).slice(), maps };
  const guided = (without: Float32Array, prompt: Float32Array) =>
    without.map((v, i) => v + guidanceScale * (prompt[i] - v));
  return { base: guided(row(0), row(2)), full: guided(row(1), row(3)), maps };
}

export interface BranchRun {
  scheduler: Scheduler;
  steps: number;
  /** Steps that are taken, from the first on; all by default. */
  taken?: number;
  /** Unit normal noise [1, C, h, w], the same for both branches. */
  noise: Tensor;
  swapsAt: (index: number) => SwapState;
  /** Moves the full branch before a step and says how its attention is scaled there. */
  guide?: (latents: Tensor, at: GuideStep) => Promise<{ latents: Tensor; scales?: Record<string, Tensor> }>;
  signal?: AbortSignal;
  onStep?: (step: { index: number; taken: number; denoised: Tensor; maps: BranchResult['maps'] }) => void;
}

export interface GuideStep {
  index: number;
  timestep: number;
  run: SamplingRun;
  resolutions: readonly Resolution[];
}

export interface BranchResult {
  /** Latents after the last step that was taken, of each branch. */
  base: Tensor;
  full: Tensor;
  /** Estimate of the clean latents of the full branch. */
  denoised: Tensor;
  /** Of the last step. */
  maps: ReadonlyMap<string, Tensor>;
}

/** Runs both branches; the base branch never learns of guidance. Throws `aborted` between two steps. */
export async function denoiseBranches(network: BranchNetwork, run: BranchRun): Promise<BranchResult> {
  const { scheduler, steps, noise, swapsAt, guide, signal, onStep } = run;
  const [baseRun, fullRun] = [scheduler.begin(steps), scheduler.begin(steps)];
  const { timesteps } = fullRun;
  const taken = Math.min(timesteps.length, Math.ceil(((run.taken ?? steps) * timesteps.length) / steps));
  const start = float32(
    floats(noise).map((v) => v * fullRun.initNoiseSigma),
    noise.shape,
  );
  let state: BranchResult = { base: start, full: start, denoised: start, maps: new Map() };
  for (let index = 0; index < taken; index++) {
    throwIfAborted(signal, 'denoise');
    const timestep = timesteps[index];
    const moved = await guide?.(state.full, { index, timestep, run: fullRun, resolutions: network.resolutions });
    const full = moved?.latents ?? state.full;
    const seen = (of: SamplingRun, x: Tensor) => float32(of.scaleModelInput(index, floats(x)), noise.shape);
    const predicted = await network.predict(
      { base: seen(baseRun, state.base), full: seen(fullRun, full) },
      { timestep, swaps: swapsAt(index), scales: moved?.scales, signal },
    );
    const base = baseRun.step(index, predicted.base, floats(state.base));
    const next = fullRun.step(index, predicted.full, floats(full));
    state = {
      base: float32(base.sample, noise.shape),
      full: float32(next.sample, noise.shape),
      denoised: float32(next.denoised, noise.shape),
      maps: predicted.maps,
    };
    onStep?.({ index, taken, denoised: state.denoised, maps: state.maps });
  }
  return state;
}

/** One column of a map [1, T, S], as a grid. */
export function columnOf(map: Tensor, { token, resolution }: { token: number; resolution: Resolution }): GridMap {
  const [, queries, tokens] = map.shape;
  const values = floats(map);
  return { resolution, values: Float32Array.from({ length: queries }, (_, p) => values[p * tokens + token]) };
}

/** The map of one resolution; undefined where none was kept. */
export function mapAt(result: BranchResult, resolution: Resolution): Tensor | undefined {
  return result.maps.get(resolutionName(resolution));
}

/** Maps under the names that the network gives them. */
export function asOutputs(maps: BranchResult['maps']): Record<string, Tensor> {
  return Object.fromEntries(Array.from(maps, ([name, map]) => [CROSS_OUTPUT + name, map]));
}
