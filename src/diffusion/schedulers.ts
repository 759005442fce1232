// The table of schedulers, by the class names of scheduler_config.json and by short names for options.
import { ContrappostoError } from '../core/errors.js';
import { DDIMScheduler } from './ddim.js';
import { DDPMScheduler } from './ddpm.js';
import { DPMSolverMultistepScheduler } from './dpm-solver-multistep.js';
import { EulerAncestralDiscreteScheduler } from './euler-ancestral.js';
import { EulerDiscreteScheduler } from './euler-discrete.js';
import { PNDMScheduler } from './pndm.js';
import { type Scheduler, type SchedulerTable, schedulerFrom } from './scheduler.js';
import { UniPCMultistepScheduler } from './unipc-multistep.js';

export const SCHEDULERS: SchedulerTable = {
  DDIMScheduler: (config) => new DDIMScheduler(config),
  DDPMScheduler: (config) => new DDPMScheduler(config),
  DPMSolverMultistepScheduler: (config) => new DPMSolverMultistepScheduler(config),
  EulerDiscreteScheduler: (config) => new EulerDiscreteScheduler(config),
  EulerAncestralDiscreteScheduler: (config) => new EulerAncestralDiscreteScheduler(config),
  PNDMScheduler: (config) => new PNDMScheduler(config),
  UniPCMultistepScheduler: (config) => new UniPCMultistepScheduler(config),
};

/** Short names of `--scheduler`: class, and what is set beside the checkpoint's training schedule. */
const CHOICES = {
  ddim: { className: 'DDIMScheduler', settings: { clip_sample: false, set_alpha_to_one: false } },
  ddpm: { className: 'DDPMScheduler', settings: { clip_sample: false } },
  'dpm++': { className: 'DPMSolverMultistepScheduler', settings: {} },
  'dpm++-karras': { className: 'DPMSolverMultistepScheduler', settings: { use_karras_sigmas: true } },
  euler: { className: 'EulerDiscreteScheduler', settings: {} },
  'euler-karras': { className: 'EulerDiscreteScheduler', settings: { use_karras_sigmas: true } },
  'euler-ancestral': { className: 'EulerAncestralDiscreteScheduler', settings: {} },
  pndm: { className: 'PNDMScheduler', settings: { skip_prk_steps: true, set_alpha_to_one: false } },
  unipc: { className: 'UniPCMultistepScheduler', settings: {} },
} as const;

export type SchedulerName = keyof typeof CHOICES;

export const SCHEDULER_NAMES = Object.keys(CHOICES) as SchedulerName[];

/** The short name that stands for a checkpoint's own scheduler; its class name where there is none. */
export function schedulerName(config: unknown): string {
  const given = (config ?? {}) as Record<string, unknown>;
  const karras = given['use_karras_sigmas'] === true;
  const fits = ([, { className, settings }]: [string, (typeof CHOICES)[SchedulerName]]) =>
    className === given['_class_name'] && 'use_karras_sigmas' in settings === karras;
  return Object.entries(CHOICES).find(fits)?.[0] ?? String(given['_class_name'] ?? '');
}

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
 * @param name algorithm to use in place of the one that the config names (a short name, or that class itself)
 * @throws ContrappostoError `unsupported` for a class or setting that is not implemented, `usage` for an unknown name
 */
export function createScheduler(config: unknown, name?: string): Scheduler {
  const given = (config ?? {}) as Record<string, unknown>;
  if (name === undefined || name === given['_class_name']) return schedulerFrom(config, SCHEDULERS);
  if (!Object.hasOwn(CHOICES, name)) {
    throw new ContrappostoError('usage', {
      operation: 'scheduler',
      expected: `one of ${SCHEDULER_NAMES.join(', ')}`,
      got: name,
    });
  }
  const { className, settings } = CHOICES[name as SchedulerName];
  if (given['_class_name'] === className) {
    return SCHEDULERS[className]({ ...given, use_karras_sigmas: 'use_karras_sigmas' in settings });
  }
  const shared = Object.fromEntries(SHARED_FIELDS.filter((f) => f in given).map((f) => [f, given[f]]));
  return SCHEDULERS[className]({ ...shared, ...settings });
}
