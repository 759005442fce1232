// What a scheduler is, and which class a checkpoint's scheduler_config.json means.
import { z } from 'zod';
import { ContrappostoError } from '../core/errors.js';
import type { NoiseSchedule } from './noise-schedule.js';

/** What one step gives. Buffers are fresh: the sampler's input is left as it was. */
export interface StepResult {
  /** The less noisy sample. */
  sample: Float32Array;
  /** The current estimate of the clean sample x_0. */
  denoised: Float32Array;
}

/** One sampling run: `timesteps` from noisy to clean, and the state that multistep methods carry along. */
export interface SamplingRun {
  readonly timesteps: readonly number[];
  /**
   * @param modelOutput the network's prediction at `timesteps[index]`, any shape
   * @param sample the sample that the network saw, same length
   * @throws ContrappostoError `usage` when steps are taken out of order
   */
  step(index: number, modelOutput: Float32Array, sample: Float32Array): StepResult;
}

/** One algorithm with one set of settings; holds no state of a run. */
export interface Scheduler {
  /** Class name as in `scheduler_config.json`. */
  readonly className: string;
  readonly schedule: NoiseSchedule;
  /** Unit normal noise is multiplied by this before the first step. */
  readonly initNoiseSigma: number;
  /** Begins a run of `steps` steps. Throws `invalid-input` for an impossible number. */
  begin(steps: number): SamplingRun;
}

const named = z.looseObject({ _class_name: z.string() });

/** Schedulers that `scheduler_config.json` may name: class name -> constructor. */
export type SchedulerTable = Readonly<Record<string, (config: unknown) => Scheduler>>;

/** Makes the scheduler whose class a config names. Throws `unsupported` for others. */
export function schedulerFrom(config: unknown, table: SchedulerTable): Scheduler {
  const result = named.safeParse(config);
  const className = result.success ? result.data._class_name : 'no _class_name';
  const make = Object.hasOwn(table, className) ? table[className] : undefined;
  if (make) return make(config);
  throw new ContrappostoError('unsupported', {
    operation: 'scheduler config',
    expected: Object.keys(table).join(' or '),
    got: className,
    hint: 'choose one with the scheduler option; it then takes its schedule from the checkpoint',
  });
}

/** Throws `usage` unless steps come one after another. */
export function requireOrder(expected: number, index: number): void {
  if (index === expected) return;
  throw new ContrappostoError('usage', {
    operation: 'scheduler step',
    expected: `step ${expected}`,
    got: `step ${index}`,
    hint: 'begin a new run for every picture',
  });
}

/** Throws `shape` unless prediction and sample have one length. */
export function requireSameLength(modelOutput: Float32Array, sample: Float32Array): void {
  if (modelOutput.length === sample.length) return;
  throw new ContrappostoError('shape', {
    operation: 'scheduler step',
    expected: `a prediction of ${sample.length} values`,
    got: `${modelOutput.length}`,
  });
}
