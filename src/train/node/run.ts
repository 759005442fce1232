// A whole training run in this process: the stages one after another, with log, checkpoints, interrupt and resumption.
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ContrappostoError } from '../../core/errors.js';
import type { OnProgress } from '../../core/progress.js';
import { float32, sizeOf } from '../../core/tensor.js';
import { createRuntime } from '../../runtime/index.js';
import type { Recipe, Stage } from '../training-export.js';
import { type Column, readColumn } from './batches.js';
import { type CheckpointInfo, type Resumed, readState, writeComponents, writeState } from './checkpoint.js';
import { initialValues } from './initial-values.js';
import { deriveColumn, evaluate, type StageJob, StageRun } from './stage.js';

/** Beyond it a run takes days on a CPU, and `trainer/` with a GPU is what one wants. */
const LARGEST_PARAMETERS = 2e6;
const STEPS_A_LOG_LINE = 10;

export interface NodeTrainingOptions {
  recipe: Recipe;
  /** Rendered data in `shards` format. */
  dataDirectory: string;
  outDirectory: string;
  /** Of first values, order of the pictures and noise. Default 0. */
  seed?: number;
  /** Folder of an earlier run of this recipe to go on from. */
  resumeDirectory?: string;
  /** Of the CPU; all cores by default. */
  threads?: number;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

export interface NodeTrainingResult {
  steps: number;
  parameters: number;
  /** Last mean of each loss and metric, and measures on held-out rows, by stage. */
  stages: Record<string, Record<string, number>>;
}

/**
 * Trains a small recipe. The same seed gives the same weights, interrupted or not.
 *
 * Writes `<component>.safetensors` (averaged weights), `state.safetensors` and `log.jsonl` to `outDirectory`.
 *
 * @throws ContrappostoError `limit` for a recipe of more than 2 M parameters, `aborted` after an interrupt, when all
 *   that is needed to go on has been written; `not-found` without data
 */
export async function trainInNode(options: NodeTrainingOptions): Promise<NodeTrainingResult> {
  const { recipe, resumeDirectory, seed = 0 } = options;
  const resumed = resumeDirectory === undefined ? undefined : readState(resumeDirectory, recipe.plan.name);
  const parameters = resumed?.parameters ?? initialValues(recipe, seed);
  const count = [...parameters.values()].reduce((n, { shape }) => n + sizeOf(shape), 0);
  if (count > LARGEST_PARAMETERS) throw tooLarge(recipe, count);
  await mkdir(options.outDirectory, { recursive: true });
  const runtime = createRuntime({ threads: options.threads });
  const columns = new Map<string, Column>();
  const result: NodeTrainingResult = { steps: 0, parameters: count, stages: {} };
  try {
    let waiting = resumed;
    for (const stage of recipe.plan.stages) {
      const job: StageJob = { recipe, stage, runtime, columns, parameters, seed };
      if (waiting && isBefore(recipe, stage, waiting.info)) continue;
      const from = waiting?.info.stage === stage.name && !waiting.info.complete ? waiting : undefined;
      waiting = undefined;
      await prepareColumns(job, options);
      const { steps, measures } = await trainStage(job, { ...options, from });
      result.steps += steps;
      result.stages[stage.name] = measures;
    }
  } finally {
    await runtime.close();
  }
  return result;
}

function isBefore({ plan }: Recipe, stage: Stage, { stage: name, complete }: CheckpointInfo): boolean {
  const at = (wanted: string) => plan.stages.findIndex((s) => s.name === wanted);
  return at(stage.name) < at(name) + Number(complete);
}

/** Reads the fields that a stage names, and computes the derived ones. */
async function prepareColumns(job: StageJob, { dataDirectory, onProgress }: NodeTrainingOptions): Promise<void> {
  const { stage, recipe, columns, parameters } = job;
  const groups = [stage.inputs, stage.evaluate?.inputs ?? {}, ...stage.derive.map((d) => d.inputs)];
  for (const source of groups.flatMap((group) => Object.values(group))) {
    if (source.kind !== 'data' || columns.has(source.field) || !(source.field in recipe.plan.fields)) continue;
    columns.set(source.field, await readColumn(dataDirectory, source.field, recipe.plan.fields[source.field]));
  }
  for (const derived of stage.derive) {
    onProgress?.({ type: 'stage', stage: 'derive', detail: derived.field });
    const { column, scale } = await deriveColumn(derived, job);
    columns.set(derived.field, column);
    if (scale === undefined) continue;
    const known = parameters.get(derived.unitStd!);
    parameters.set(derived.unitStd!, float32([scale], known?.shape ?? [1]));
  }
}

interface StageOptions extends NodeTrainingOptions {
  from?: Resumed;
}

async function trainStage(
  job: StageJob,
  options: StageOptions,
): Promise<{ steps: number; measures: Record<string, number> }> {
  const { stage, recipe } = job;
  const { outDirectory, signal, onProgress, from } = options;
  const run = new StageRun(job);
  from?.restore(run);
  const clock = stageClock(stage, from?.info.progress ?? 0);
  const means = new Means();
  let progress = clock(run.step);
  const save = async (complete: boolean) => {
    const steps = run.groups.map((group) => group.steps);
    const info = { recipe: recipe.plan.name, stage: stage.name, step: run.step, progress, steps, complete };
    await writeComponents(outDirectory, recipe, run.current('average'));
    await writeState(outDirectory, run, info);
  };
  onProgress?.({ type: 'stage', stage: stage.name });
  while (progress < 1) {
    if (signal?.aborted) {
      await save(false);
      await run.release();
      const hint = `go on with --resume ${outDirectory}`;
      throw new ContrappostoError('aborted', { operation: `train ${stage.name}`, got: 'an interrupt', hint });
    }
    means.add(await run.advance(progress));
    progress = clock(run.step);
    onProgress?.({ type: 'step', stage: stage.name, step: Math.round(progress * 1000), steps: 1000 });
    if (run.step % STEPS_A_LOG_LINE === 0 || progress >= 1) {
      await log(outDirectory, { stage: stage.name, step: run.step, progress, ...means.take() });
    }
  }
  for (const [name, tensor] of run.current('average')) job.parameters.set(name, tensor);
  const measures = await evaluate(job, job.parameters);
  await log(outDirectory, { stage: stage.name, step: run.step, evaluate: measures });
  await save(true);
  await run.release();
  return { steps: run.step - (from?.info.step ?? 0), measures: { ...means.last, ...measures } };
}

/** Progress of a stage by steps, by seconds, or whichever is further. */
function stageClock({ steps, seconds, name }: Stage, begun: number): (step: number) => number {
  if (!steps && !seconds) {
    throw new ContrappostoError('usage', { operation: `train ${name}`, expected: 'steps or seconds', got: 'neither' });
  }
  const startedMs = performance.now();
  return (step) => {
    const byTime = seconds ? begun + (performance.now() - startedMs) / (1000 * seconds) : 0;
    return Math.min(1, Math.max(steps ? step / steps : 0, byTime));
  };
}

/** Means of numbers between two lines of the log. */
class Means {
  #sums = new Map<string, { sum: number; count: number }>();
  last: Record<string, number> = {};

  add(numbers: Record<string, number>): void {
    for (const [name, value] of Object.entries(numbers)) {
      const { sum, count } = this.#sums.get(name) ?? { sum: 0, count: 0 };
      this.#sums.set(name, { sum: sum + value, count: count + 1 });
    }
  }

  take(): Record<string, number> {
    this.last = Object.fromEntries(Array.from(this.#sums, ([name, { sum, count }]) => [name, sum / count]));
    this.#sums.clear();
    return this.last;
  }
}

async function log(directory: string, line: Record<string, unknown>): Promise<void> {
  await appendFile(join(directory, 'log.jsonl'), `${JSON.stringify(line)}\n`);
}

function tooLarge({ plan }: Recipe, count: number): ContrappostoError {
  return new ContrappostoError('limit', {
    operation: `train ${plan.name} in this process`,
    expected: `at most ${LARGEST_PARAMETERS / 1e6} M parameters`,
    got: `${(count / 1e6).toFixed(1)} M`,
    hint: 'give --export DIR and run python3 -m trainer on the folder',
  });
}
