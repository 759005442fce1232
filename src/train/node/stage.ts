// Trains one stage of a recipe in this process: draws batches, runs the step graphs, keeps the state between them.
import { ContrappostoError } from '../../core/errors.js';
import { float32, floats, sizeOf, type Tensor } from '../../core/tensor.js';
import type { Graph } from '../../graph/index.js';
import type { Runtime, Session } from '../../runtime/index.js';
import { memorySource } from '../../weights/index.js';
import type { Derived, Objective, Recipe, Stage } from '../training-export.js';
import { type Column, drawBatch } from './batches.js';
import { fromRow, type ParameterGroup, parameterGroup, toRow } from './parameter-group.js';
import { averagingWeight, learningRate } from './schedule.js';
import { STATE, type StateName, stepGraph } from './step-graph.js';

/** A group's rows and counts, as they go from step to step. */
export interface GroupState {
  group: ParameterGroup;
  tensors: Record<StateName, Tensor>;
  /** Steps of this group, the skipped ones too. */
  steps: number;
}

export interface StageJob {
  recipe: Recipe;
  stage: Stage;
  runtime: Runtime;
  columns: Map<string, Column>;
  /** All parameters by name; the trained ones are replaced at the end. */
  parameters: Map<string, Tensor>;
  seed: number;
}

const scalar = (value: number) => float32([value], []);

/** A stage under way. */
export class StageRun {
  step = 0;
  readonly groups: GroupState[];
  readonly #sessions = new Map<Objective, Promise<Session>>();

  constructor(readonly job: StageJob) {
    const { stage, recipe, parameters } = job;
    const keys = new Map(stage.objectives.map((o) => [o.trainable.join('|'), o.trainable]));
    this.groups = [...keys.values()].map((prefixes) => {
      const group = parameterGroup(Object.values(recipe.graphs), prefixes);
      const values = toRow(parameters, group);
      const zero = () => float32(new Float32Array(group.size), [group.size]);
      return { group, steps: 0, tensors: { values, average: values, first: zero(), second: zero(), count: scalar(0) } };
    });
  }

  /** One step of every objective that is active at `progress`; their losses, metrics and norms by name. */
  async advance(progress: number): Promise<Record<string, number>> {
    const { stage, recipe, columns, seed } = this.job;
    const active = stage.objectives.filter(
      (o) => o.from <= progress && progress < (o.until ?? Number.POSITIVE_INFINITY),
    );
    const graphs = active.map((o) => recipe.graphs[o.graph]);
    const { inputs, batch } = stage;
    const heldOut = recipe.plan.heldOutRows;
    const values = drawBatch(graphs, { columns, inputs, heldOut, batch, seed, step: this.step, progress });
    const numbers: Record<string, number> = {};
    for (const objective of active) Object.assign(numbers, await this.#update(objective, values, progress));
    this.step++;
    return numbers;
  }

  async #update(
    objective: Objective,
    batch: Record<string, Tensor>,
    progress: number,
  ): Promise<Record<string, number>> {
    const state = this.#stateOf(objective);
    const session = await this.#session(objective);
    const rate = learningRate(objective, { steps: state.steps, progress });
    const graph = this.job.recipe.graphs[objective.graph];
    const out = await session.run({
      ...Object.fromEntries([...graph.inputs.keys()].map((name) => [name, batch[name]])),
      ...Object.fromEntries(STATE.map((name) => [`state.${name}`, state.tensors[name]])),
      ...Object.fromEntries(this.#others(objective).map((o) => [`other.${o.group.key}`, o.tensors.values])),
      rate: scalar(rate),
      averaging: scalar(averagingWeight(this.job.stage.ema, state.steps)),
    });
    state.steps++;
    for (const name of STATE) state.tensors[name] = out[`next.${name}`];
    const told = [objective.loss, ...objective.metrics, 'grad_norm', 'skipped'];
    return Object.fromEntries(told.map((name) => [`${objective.name}.${name}`, floats(out[name])[0]]));
  }

  #stateOf(objective: Objective): GroupState {
    return this.groups.find(({ group }) => group.key === objective.trainable.join('|'))!;
  }

  /** Groups that the objective's loss reads without moving them. */
  #others(objective: Objective): GroupState[] {
    const own = this.#stateOf(objective);
    const names = [...this.job.recipe.graphs[objective.graph].parameters.keys()];
    return this.groups.filter((other) => other !== own && names.some((name) => other.group.shapes.has(name)));
  }

  #session(objective: Objective): Promise<Session> {
    const known = this.#sessions.get(objective);
    if (known) return known;
    const { recipe, runtime, parameters } = this.job;
    const others = this.#others(objective).map(({ group }) => group);
    const graph = stepGraph(recipe.graphs[objective.graph], {
      objective,
      group: this.#stateOf(objective).group,
      others,
    });
    const session = runtime.session(graph, memorySource(Object.fromEntries(parameters)));
    this.#sessions.set(objective, session);
    return session;
  }

  /** All parameters, those in training by their averages or as they are. */
  current(which: 'average' | 'values'): Map<string, Tensor> {
    const all = new Map(this.job.parameters);
    for (const { group, tensors } of this.groups) for (const [k, v] of fromRow(tensors[which], group)) all.set(k, v);
    return all;
  }

  async release(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).release();
  }
}

/** A column computed from others before a stage, and the reciprocal of its deviation where it is asked for. */
export async function deriveColumn(derived: Derived, job: StageJob): Promise<{ column: Column; scale?: number }> {
  const { recipe, runtime, columns, parameters } = job;
  const graph = recipe.graphs[derived.graph];
  const session = await runtime.session(graph, memorySource(Object.fromEntries(parameters)));
  const { shape } = graph.outputs.get(derived.output)!;
  const field = Object.values(derived.inputs).find((source) => source.kind === 'data');
  if (!field) throw new ContrappostoError('usage', { operation: `derive ${derived.field}`, got: 'no data input' });
  const { rows } = columns.get(field.field)!;
  const size = sizeOf(shape.slice(1));
  const data = new Float32Array(rows * size);
  for (let start = 0; start < rows; start += derived.batch) {
    // The last batch repeats its last row: the graph's batch size is fixed.
    const picked = Array.from({ length: derived.batch }, (_, i) => Math.min(start + i, rows - 1));
    const feeds = drawBatch([graph], { ...draws(job, derived.inputs, derived.batch), rows: picked, step: start });
    const out = floats((await session.run(feeds))[derived.output]);
    data.set(out.subarray(0, (Math.min(start + derived.batch, rows) - start) * size), start * size);
  }
  await session.release();
  const column: Column = { dtype: 'float32', shape: shape.slice(1), data, rows };
  if (!derived.unitStd) return { column };
  const scale = 1 / deviation(data);
  return { column: { ...column, data: data.map((v) => v * scale) }, scale };
}

function draws({ columns, seed }: StageJob, inputs: Derived['inputs'], batch: number) {
  return { columns, inputs, batch, heldOut: 0, seed, progress: 1 };
}

function deviation(values: Float32Array): number {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
  return Math.sqrt(Math.max(variance, 1e-12));
}

/** Means of the outputs over held-out rows, with the given parameters. */
export async function evaluate(
  job: StageJob,
  parameters: ReadonlyMap<string, Tensor>,
): Promise<Record<string, number>> {
  const spec = job.stage.evaluate;
  if (!spec) return {};
  const graph: Graph = job.recipe.graphs[spec.graph];
  const session = await job.runtime.session(graph, memorySource(Object.fromEntries(parameters)));
  const totals: Record<string, number> = Object.fromEntries(spec.outputs.map((name) => [name, 0]));
  const heldOut = Math.max(job.recipe.plan.heldOutRows, 1);
  const batch = Math.max(...Array.from(graph.inputs.values(), (v) => v.shape[0] ?? 1));
  for (let number = 0; number < spec.batches; number++) {
    const rows = Array.from({ length: batch }, (_, i) => (number * batch + i) % heldOut);
    const out = await session.run(drawBatch([graph], { ...draws(job, spec.inputs, batch), rows, step: number }));
    for (const name of spec.outputs)
      totals[name] += floats(out[name]).reduce((a, b) => a + b, 0) / out[name].data.length / spec.batches;
  }
  await session.release();
  return totals;
}
