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

/** How a run begins. */
export interface RunOptions {
  /** Step to begin at, for runs that start from a noised picture. Default 0. */
  first?: number;
  /** Unit normal noise of the sample's length for step `index`; only stochastic schedulers ask for it. */
  noise?: (index: number) => Float32Array;
}

/** One sampling run: `timesteps` from noisy to clean, and the state that multistep methods carry along. */
export interface SamplingRun {
  /**
   * One an evaluation of the network, also those before the first of the run. May lie between two training timesteps.
   * Most schedulers evaluate once a step; PNDM evaluates more often at the beginning.
   */
  readonly timesteps: readonly number[];
  /** Unit normal noise multiplied by this is what step 0 takes. */
  readonly initNoiseSigma: number;
  /** The sample as the network is to see it at step `index`: of unit variance for data of unit variance. */
  scaleModelInput(index: number, sample: Float32Array): Float32Array;
  /** The clean sample under as much noise as step `index` takes. */
  addNoise(index: number, clean: Float32Array, noise: Float32Array): Float32Array;
  /**
   * @param modelOutput the network's prediction at `timesteps[index]`, any shape
   * @param sample the sample before `scaleModelInput`, same length
   * @throws ContrappostoError `usage` when steps are taken out of order, or noise is needed and was not given
   */
  step(index: number, modelOutput: Float32Array, sample: Float32Array): StepResult;
}

/** One algorithm with one set of settings; holds no state of a run. */
export interface Scheduler {
  /** Class name as in `scheduler_config.json`. */
  readonly className: string;
  readonly schedule: NoiseSchedule;
  /** Begins a run of `steps` steps. Throws `invalid-input` for an impossible number. */
  begin(steps: number, options?: RunOptions): SamplingRun;
}

/** What tells the runs of two algorithms apart; {@link samplingRun} adds what they share. */
export interface RunParts {
  timesteps: readonly number[];
  /** Default 1. */
  initNoiseSigma?: number;
  /** A sample at step `index` is `signal x_0 + noise e`. */
  level(index: number): Level;
  /** `noise()` gives the unit normal noise of this step. */
  step(index: number, modelOutput: Float32Array, at: { sample: Float32Array; noise: () => Float32Array }): StepResult;
}

export interface Level {
  signal: number;
  noise: number;
}

/** A run that checks order and lengths, noises clean samples and scales the network's input by the levels of its steps. */
export function samplingRun({ first = 0, noise }: RunOptions, parts: RunParts): SamplingRun {
  const { timesteps, initNoiseSigma = 1 } = parts;
  let next = first;
  return {
    timesteps,
    initNoiseSigma,
    scaleModelInput(index, sample) {
      const { signal, noise: sigma } = parts.level(index);
      if (signal !== 1) return sample; // variance is preserved: it is one at every level
      const scale = 1 / Math.sqrt(sigma * sigma + 1);
      return sample.map((v) => v * scale);
    },
    addNoise(index, clean, e) {
      const { signal, noise: sigma } = parts.level(index);
      return clean.map((v, i) => signal * v + sigma * e[i]);
    },
    step(index, modelOutput, sample) {
      requireOrder(next++, index);
      requireSameLength(modelOutput, sample);
      return parts.step(index, modelOutput, { sample, noise: () => requireNoise(noise?.(index), sample.length) });
    },
  };
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
    hint: 'choose another one (generate --scheduler euler); it then takes its schedule from the checkpoint',
  });
}

/** Throws `usage` unless steps come one after another. */
function requireOrder(expected: number, index: number): void {
  if (index === expected) return;
  throw new ContrappostoError('usage', {
    operation: 'scheduler step',
    expected: `step ${expected}`,
    got: `step ${index}`,
    hint: 'begin a new run for every picture',
  });
}

/** Throws `shape` unless prediction and sample have one length. */
function requireSameLength(modelOutput: Float32Array, sample: Float32Array): void {
  if (modelOutput.length === sample.length) return;
  throw new ContrappostoError('shape', {
    operation: 'scheduler step',
    expected: `a prediction of ${sample.length} values`,
    got: `${modelOutput.length}`,
  });
}

function requireNoise(noise: Float32Array | undefined, length: number): Float32Array {
  if (noise?.length === length) return noise;
  throw new ContrappostoError('usage', {
    operation: 'scheduler step',
    expected: `${length} values of noise, since the scheduler is stochastic`,
    got: noise ? `${noise.length}` : 'none',
    hint: 'begin the run with `noise`',
  });
}
