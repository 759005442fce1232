// Reads cross-attention maps out of a network: the mean over heads and layers at each resolution.
import { Add, Div, ReduceMean, Slice, type Value } from '../../graph/index.js';
import type { AttentionControl, AttentionSite } from '../../models/index.js';
import { type NetworkControl, type Resolution, resolutionName } from './network-control.js';

export interface CrossTapOptions {
  /** Samples of the batch to read, from `start` up to but not including `end`; all by default. */
  rows?: { start: number; end: number };
  /** Which layers are read; default: all that attend to text. */
  where?: (site: AttentionSite) => boolean;
}

/** Maps while they are gathered; reading one is for after the last layer. */
export interface CrossTaps {
  attention: AttentionControl;
  resolutions(): Resolution[];
  /** Mean over heads and layers at this resolution [rows, T, S]; undefined where no layer is read there. */
  mean(resolution: Resolution): Value | undefined;
  /** Each layer's probabilities [rows, heads, T, S] and their mean over heads, in the order of the layers. */
  layers: { site: AttentionSite; probs: Value; maps: Value }[];
}

/** Gathers maps symbolically, for losses and outputs. */
export function crossTaps(options: CrossTapOptions = {}): CrossTaps {
  const { rows, where = () => true } = options;
  const layers: CrossTaps['layers'] = [];
  const at = (resolution: Resolution) =>
    layers.filter(({ site }) => resolutionName(site.resolution) === resolutionName(resolution));
  return {
    layers,
    attention: (site, probs) => {
      if (site.kind !== 'cross' || !where(site)) return probs;
      const read = rows ? Slice(probs, { starts: [rows.start], ends: [rows.end], axes: [0] }) : probs;
      layers.push({ site, probs: read, maps: ReduceMean(read, { axes: [1], keepdims: false }) }); // [rows, T, S]
      return probs;
    },
    resolutions: () => [
      ...new Map(layers.map(({ site }) => [resolutionName(site.resolution), site.resolution])).values(),
    ],
    mean: (resolution) => {
      const maps = at(resolution).map((layer) => layer.maps);
      return maps.length > 0 ? Div(maps.reduce(Add), maps.length) : undefined;
    },
  };
}

/** Outputs that {@link tapOutputs} adds begin with this; the resolution follows. */
export const CROSS_OUTPUT = 'cross:';

/** A control with an output `cross:<H>x<W>` [rows, T, S] for each resolution that is read. */
export function tapOutputs(options: CrossTapOptions = {}): NetworkControl {
  const taps = crossTaps(options);
  return {
    attention: taps.attention,
    complete: ({ graph }) => {
      for (const resolution of taps.resolutions()) {
        graph.output(CROSS_OUTPUT + resolutionName(resolution), taps.mean(resolution)!);
      }
    },
  };
}
