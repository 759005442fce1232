// The networks beside the UNet in one run: what further inputs its graph takes, and what these are fed at each step.

import type { UNetGraphOptions } from '../models/index.js';
import { adapterFeatures } from './adapter.js';
import { controlResiduals } from './control.js';
import type { GenerationSettings } from './generation-settings.js';
import type { Pipeline } from './pipeline.js';
import type { Residuals } from './sampling.js';

export interface SteeringNetworks {
  /** For the UNet's graph. */
  inputs: Pick<UNetGraphOptions, 'residuals' | 'features'>;
  /** Absent when no network steers. */
  residuals?: Residuals;
}

/**
 * Loads the run's ControlNets and T2I-Adapters.
 *
 * @param run.size of the UNet's graph: batch, latent pixels, text tokens
 * @param run.steps that are taken, of which step 0 is index `first`
 */
export async function steeringNetworks(
  pipeline: Pipeline,
  { controls = [], adapters = [], width, height, signal }: GenerationSettings,
  run: { size: { batch: number; height: number; width: number; tokens: number }; first: number; steps: number },
): Promise<SteeringNetworks> {
  const controlled = controls.length > 0 ? await controlResiduals(pipeline, controls, { ...run, signal }) : undefined;
  const size = { heightPx: height, widthPx: width };
  const features =
    adapters.length > 0 ? await adapterFeatures(pipeline, adapters, { ...run, size, signal }) : undefined;
  if (!controlled && !features) return { inputs: {} };
  return {
    inputs: { residuals: controlled !== undefined, features: features?.shapes },
    residuals: async (feeds, index) => ({ ...(await controlled?.(feeds, index)), ...features?.at(index) }),
  };
}
