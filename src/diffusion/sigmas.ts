// Noise levels as sigma = noise over signal: the table of training, Karras' spacing, and the grid of the multistep solvers.
import {
  linspace,
  type NoiseSchedule,
  type NoiseScheduleConfig,
  noiseSchedule,
  roundHalfEven,
} from './noise-schedule.js';
import type { Level } from './scheduler.js';

/** Timesteps from noisy to clean, and the sigma of each. */
export interface SigmaGrid {
  timesteps: number[];
  sigmas: number[];
}

/**
 * The schedule, finite in sigma: with a zero terminal signal the first sigma would be infinite, and diffusers too puts
 * 2^-24 in its place.
 */
export function finiteNoiseSchedule(config: NoiseScheduleConfig): NoiseSchedule {
  const schedule = noiseSchedule(config);
  if (config.rescale_betas_zero_snr) schedule.alphasCumprod[schedule.trainTimesteps - 1] = 2 ** -24;
  return schedule;
}

/** Sigma of every training timestep, increasing. */
export function sigmaTable({ alphasCumprod }: NoiseSchedule): Float64Array {
  return alphasCumprod.map((a) => Math.sqrt((1 - a) / a));
}

/** Weights of a sample whose variance is preserved: alpha_t = 1 / sqrt(sigma^2 + 1), sigma_t = sigma alpha_t. */
export function preservingLevel(sigma: number): Level {
  const signal = 1 / Math.sqrt(sigma * sigma + 1);
  return { signal, noise: sigma * signal };
}

/** The sigma at a timestep between two of training. */
export function sigmaAt(table: Float64Array, timestep: number): number {
  const low = Math.min(table.length - 2, Math.max(0, Math.floor(timestep)));
  const weight = Math.min(1, Math.max(0, timestep - low));
  return table[low] + weight * (table[low + 1] - table[low]);
}

/** Karras et al. 2022, eq. 5 with rho = 7, and the exact (fractional) timestep of each sigma. */
export function karrasGrid(
  table: Float64Array,
  { steps, largest, smallest }: { steps: number; largest: number; smallest: number },
): SigmaGrid {
  const rho = 7;
  const [high, low] = [largest ** (1 / rho), smallest ** (1 / rho)];
  const sigmas = Array.from(linspace(0, 1, steps), (ramp) => (high + ramp * (low - high)) ** rho);
  const logs = table.map(Math.log);
  return { timesteps: sigmas.map((sigma) => timestepOf(Math.log(sigma), logs)), sigmas };
}

/** The fractional timestep whose log sigma this is, by linear interpolation. */
function timestepOf(logSigma: number, logs: Float64Array): number {
  let low = 0;
  while (low < logs.length - 2 && logs[low + 1] <= logSigma) low++;
  const weight = (logSigma - logs[low]) / (logs[low + 1] - logs[low]);
  return low + Math.min(1, Math.max(0, weight));
}

/** Settings of diffusers' multistep solvers (DPM-Solver, UniPC) that choose timesteps. */
export interface SolverSpacing {
  num_train_timesteps: number;
  beta_schedule: string;
  timestep_spacing: 'leading' | 'linspace' | 'trailing';
  steps_offset: number;
  use_karras_sigmas?: boolean | null;
  final_sigmas_type: 'zero' | 'sigma_min';
}

/**
 * The grid of a multistep solver; `sigmas` has one entry more, the level that the last step reaches.
 *
 * @param options.clipped so many of the noisiest timesteps are never visited (for cosine schedules)
 */
export function solverGrid(
  config: SolverSpacing,
  { steps, table, clipped = 0 }: { steps: number; table: Float64Array; clipped?: number },
): SigmaGrid {
  const { timesteps, sigmas } = config.use_karras_sigmas
    ? karrasSolverGrid(config, { steps, table })
    : spacedSolverGrid(config, { steps, table, clipped });
  return { timesteps, sigmas: [...sigmas, config.final_sigmas_type === 'zero' ? 0 : table[0]] };
}

function karrasSolverGrid(config: SolverSpacing, { steps, table }: { steps: number; table: Float64Array }): SigmaGrid {
  const { timesteps, sigmas } = karrasGrid(table, { steps, largest: table[table.length - 1], smallest: table[0] });
  const exact = config.beta_schedule === 'squaredcos_cap_v2';
  return { timesteps: exact ? timesteps : timesteps.map(roundHalfEven), sigmas };
}

/** Unlike other schedulers, these leave out the clean end: one more timestep is spaced than visited. */
function spacedSolverGrid(
  { num_train_timesteps: train, timestep_spacing: spacing, steps_offset: offset }: SolverSpacing,
  { steps, table, clipped }: { steps: number; table: Float64Array; clipped: number },
): SigmaGrid {
  const last = train - clipped;
  let timesteps: number[];
  if (spacing === 'linspace') {
    timesteps = Array.from(linspace(0, last - 1, steps + 1), roundHalfEven)
      .slice(1)
      .reverse();
  } else if (spacing === 'leading') {
    const stride = Math.floor(last / (steps + 1));
    timesteps = Array.from({ length: steps }, (_, i) => (i + 1) * stride + offset).reverse();
  } else {
    const stride = train / steps;
    timesteps = Array.from({ length: steps }, (_, i) => roundHalfEven(last - i * stride) - 1);
  }
  return { timesteps, sigmas: timesteps.map((t) => sigmaAt(table, t)) };
}
