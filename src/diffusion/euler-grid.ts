// Where the Euler schedulers step: timesteps, the sigma of each, and the scale of the noise they begin with.
import { z } from 'zod';
import { spacedTimesteps, type TimestepSpacing } from './noise-schedule.js';
import { karrasGrid, type SigmaGrid, sigmaAt } from './sigmas.js';

/** Fields that both Euler schedulers read, beside those of training. */
export const eulerSchema = {
  timestep_spacing: z.enum(['leading', 'linspace', 'trailing']).default('linspace'),
  steps_offset: z.int().nonnegative().default(0),
  thresholding: z.literal(false, { error: 'dynamic thresholding is not supported' }).default(false),
};

/** One sigma a step; timesteps may be fractional. Karras' levels span those that the plain spacing visits. */
export function eulerGrid(
  config: TimestepSpacing & { use_karras_sigmas?: boolean | null },
  { steps, table }: { steps: number; table: Float64Array },
): SigmaGrid {
  const timesteps = spacedTimesteps(config, { steps, whole: false });
  const sigmas = timesteps.map((t) => sigmaAt(table, t));
  if (!config.use_karras_sigmas) return { timesteps, sigmas };
  return karrasGrid(table, { steps, largest: sigmas[0], smallest: sigmas[steps - 1] });
}

/** Deviation of the first sample: of the noise alone where the schedule begins at its noisy end, else with the data's. */
export function initialSigma({ timestep_spacing: spacing }: TimestepSpacing, sigmas: readonly number[]): number {
  return spacing === 'leading' ? Math.sqrt(sigmas[0] ** 2 + 1) : sigmas[0];
}
