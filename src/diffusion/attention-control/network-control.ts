// What a run adds to a denoising network: functions at its attention layers, and outputs once all layers are there.

import type { Value } from '../../graph/index.js';
import { type AttentionControl, type AttentionSite, type UNetGraphOptions, unetGraph } from '../../models/index.js';
import type { UNet2DConditionConfig } from '../../models/unet-2d-config.js';

export interface NetworkControl {
  /** Called while each attention layer is built, in the order of the layers. */
  attention?: AttentionControl;
  /** Called once when the whole network is there; may add outputs. */
  complete?: (prediction: Value) => void;
}

/** Several controls, each on what the one before left; fit for `unetGraph`, with the prediction as output `out`. */
export function combineControls(
  ...controls: readonly NetworkControl[]
): Required<Pick<UNetGraphOptions, 'attentionControl' | 'outputs'>> {
  return {
    attentionControl: (site, probs, env) =>
      controls.reduce((value, { attention }) => attention?.(site, value, env) ?? value, probs),
    outputs: (prediction) => {
      prediction.graph.output('out', prediction);
      for (const { complete } of controls) complete?.(prediction);
    },
  };
}

/** Every attention layer of a network for latents of this size, in the order of the layers. */
export function attentionSites(
  config: UNet2DConditionConfig,
  size: { height: number; width: number },
): AttentionSite[] {
  const sites: AttentionSite[] = [];
  unetGraph(config, {
    batch: 1,
    ...size,
    attentionControl: (site, probs) => {
      sites.push(site);
      return probs;
    },
  });
  return sites;
}

/** Height and width of a grid of queries. */
export type Resolution = readonly [height: number, width: number];

/** `16x16`, for names of inputs and outputs. */
export function resolutionName([height, width]: Resolution): string {
  return `${height}x${width}`;
}

/** The grids at which a network attends to text, the finest first. */
export function crossResolutions(sites: readonly AttentionSite[]): Resolution[] {
  const found = new Map(
    sites.filter(({ kind }) => kind === 'cross').map((s) => [resolutionName(s.resolution), s.resolution]),
  );
  return [...found.values()].sort((a, b) => b[0] * b[1] - a[0] * a[1]);
}

/** The one of `resolutions` whose height is nearest to `height`, by ratio; of two as near, the finer. */
export function nearestResolution(resolutions: readonly Resolution[], height: number): Resolution {
  const distance = ([h]: Resolution) => Math.abs(Math.log(h / height));
  return resolutions.reduce((best, r) => (distance(r) < distance(best) - 1e-9 ? r : best));
}
