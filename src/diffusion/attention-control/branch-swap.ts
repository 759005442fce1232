// Attention control between two branches of one batch: the last sample takes over attention of another.

import { float32, int64, type Tensor } from '../../core/tensor.js';
import { Concat, Gather, type Graph, Greater, Mul, Slice, type Value, Where } from '../../graph/index.js';
import type { AttentionSite } from '../../models/index.js';
import type { TokenSwap } from './alignment.js';
import { type NetworkControl, type Resolution, resolutionName } from './network-control.js';

export interface BranchSwapOptions {
  /** The sample that is read; the last sample of the batch is the one that is written. */
  base: number;
  /** Self-attention of at most so many queries can be taken over; none unless told. */
  selfQueries?: number;
  /** Take an input `cross_scale:<H>x<W>` [1, 1, T, S] that multiplies the written sample's cross-attention. */
  scales?: boolean;
}

const FROM = 'swap_from';
const TAKES = 'swap_takes';
const SELF = 'swap_self';
const SCALE = 'cross_scale:';

/**
 * Per-token swap of cross-attention and swap of whole self-attention, as inputs, so that one session serves all steps:
 * `swap_from` [S] positions of the base prompt, `swap_takes` [S] and `swap_self` [1], which swap where above 0.5.
 * {@link swapFeeds} makes them. All other samples pass through untouched, bit for bit.
 */
export function branchSwap({ base, selfQueries = 0, scales = false }: BranchSwapOptions): NetworkControl {
  return {
    attention: (site, probs) => {
      const queries = site.resolution[0] * site.resolution[1];
      if (site.kind === 'self' && queries > selfQueries) return probs;
      const last = probs.shape[0] - 1;
      const [read, own] = [sampleOf(probs, base), sampleOf(probs, last)]; // [1, heads, T, S]
      const written = site.kind === 'self' ? swapSelf(read, own) : swapCross(site, { read, own, scales });
      return Concat([Slice(probs, { starts: [0], ends: [last], axes: [0] }), written], { axis: 0 });
    },
  };
}

function swapSelf(read: Value, own: Value): Value {
  return Where(Greater(inputOf(own.graph, SELF, [1]), 0.5), read, own);
}

function swapCross(
  { resolution }: AttentionSite,
  { read, own, scales }: { read: Value; own: Value; scales: boolean },
): Value {
  const [, , queries, tokens] = own.shape;
  const { graph } = own;
  const from = graph.inputs.get(FROM) ?? graph.input(FROM, 'int64', [tokens]);
  const takes = Greater(inputOf(graph, TAKES, [tokens]), 0.5); // [S]
  const swapped = Where(takes, Gather(read, from, { axis: 3 }), own); // [1, heads, T, S]
  return scales ? Mul(swapped, inputOf(graph, scaleInput(resolution), [1, 1, queries, tokens])) : swapped;
}

function sampleOf(probs: Value, index: number): Value {
  return Slice(probs, { starts: [index], ends: [index + 1], axes: [0] }); // [1, heads, T, S]
}

function inputOf(graph: Graph, name: string, shape: readonly number[]): Value {
  return graph.inputs.get(name) ?? graph.input(name, 'float32', shape);
}

/** Name of the input that multiplies cross-attention at this resolution. */
export function scaleInput(resolution: Resolution): string {
  return SCALE + resolutionName(resolution);
}

/** Which swaps are on at a step. */
export interface SwapState {
  cross: boolean;
  self: boolean;
}

/** The inputs of {@link branchSwap} at one step, but for the scales. */
export function swapFeeds(swap: TokenSwap, { cross, self }: SwapState): Record<string, Tensor> {
  return {
    [FROM]: int64(swap.from, [swap.from.length]),
    [TAKES]: float32(cross ? swap.takes : swap.takes.map(() => 0), [swap.takes.length]),
    [SELF]: float32([self ? 1 : 0], [1]),
  };
}
