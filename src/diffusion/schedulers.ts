// The table of schedulers, by the class names of scheduler_config.json and by short names for options.
import { ContrappostoError } from '../core/errors.js';
import { DDIMScheduler } from './ddim.js';
import { DPMSolverMultistepScheduler } from './dpm-solver-multistep.js';
import { type Scheduler, type SchedulerTable, schedulerFrom } from './scheduler.js';

export const SCHEDULERS: SchedulerTable = {
  DDIMScheduler: (config) => new DDIMScheduler(config),
  DPMSolverMultistepScheduler: (config) => new DPMSolverMultistepScheduler(config),
};

/** Short names of `--scheduler`. */
export const SCHEDULER_NAMES = { ddim: 'DDIMScheduler', 'dpm++': 'DPMSolverMultistepScheduler' } as const;

export type SchedulerName = keyof typeof SCHEDULER_NAMES;

/** Fields that describe how the checkpoint was trained, and therefore hold for any sampler. */
const SHARED_FIELDS = [
  'num_train_timesteps',
  'beta_start',
  'beta_end',
  'beta_schedule',
  'trained_betas',
  'prediction_type',
  'rescale_betas_zero_snr',
  'timestep_spacing',
  'steps_offset',
];

/**
 * The scheduler of a checkpoint, or another algorithm on the checkpoint's noise schedule.
 *
 * @param config content of `scheduler_config.json`
 * @param name algorithm to use in place of the one that the config names
 * @throws ContrappostoError `unsupported` for a class or setting that is not implemented, `usage` for an unknown name
 */
export function createScheduler(config: unknown, name?: string): Scheduler {
  if (name === undefined) return schedulerFrom(config, SCHEDULERS);
  if (!Object.hasOwn(SCHEDULER_NAMES, name)) {
    throw new ContrappostoError('usage', {
      operation: 'scheduler',
      expected: Object.keys(SCHEDULER_NAMES).join(' or '),
      got: name,
    });
  }
  const className = SCHEDULER_NAMES[name as SchedulerName];
  const given = (config ?? {}) as Record<string, unknown>;
  if (given['_class_name'] === className) return SCHEDULERS[className](given);
  const shared = Object.fromEntries(SHARED_FIELDS.filter((f) => f in given).map((f) => [f, given[f]]));
  const own = className === 'DDIMScheduler' ? { clip_sample: false, set_alpha_to_one: false } : {};
  return SCHEDULERS[className]({ ...shared, ...own });
}
