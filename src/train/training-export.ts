// What `trainer/` needs to train without knowing any network: graphs, initial parameters and a plan, in one folder.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../core/files.js';
import { sizeOf, type Tensor } from '../core/tensor.js';
import { type Graph, liveParameters, serialise } from '../graph/index.js';
import { writeSafetensors } from '../weights/index.js';
import { initialise } from './initialise.js';

/** Where a graph input's values come from in each step. Shapes and dtypes are the graph's. */
export type InputSource =
  | { kind: 'data'; field: string }
  | { kind: 'normal' }
  | { kind: 'uniform' }
  | { kind: 'randint'; low: number; high: number }
  | { kind: 'bernoulli'; p: number }
  | { kind: 'progress' };

export type Inputs = Record<string, InputSource>;

/** A column of the data set: one row a picture, raw little-endian in `shard-*.<field>.<u8|i32|f32>`. */
export interface Field {
  dtype: 'uint8' | 'int32' | 'float32';
  shape: readonly number[];
}

/** A column computed once from others before a stage. */
export interface Derived {
  field: string;
  graph: string;
  inputs: Inputs;
  output: string;
  batch: number;
  dtype: 'float16' | 'float32';
  /** Divides by the global standard deviation and keeps its reciprocal as the parameter of this name. */
  unitStd?: string;
}

/** One loss and the parameters that it moves. */
export interface Objective {
  name: string;
  graph: string;
  loss: string;
  metrics: readonly string[];
  /** Prefixes of parameter names. */
  trainable: readonly string[];
  optimizer: { lr: number; betas: readonly [number, number]; eps: number; weightDecay: number; clip: number };
  schedule: { kind: 'cosine' | 'constant'; warmupSteps: number; finalRatio: number };
  /** Part of the stage in which it is active, as fractions. */
  from: number;
  until?: number;
}

/** Pictures drawn while training, so that one sees what is learned. */
export type Grids = { at: readonly number[]; columns: number } & (
  | { kind: 'graph'; graph: string; inputs: Inputs; output: string }
  | {
      kind: 'sampler';
      sampler: {
        step: string;
        /** Pairs of timestep and the one it steps to, from noise to picture. */
        steps: readonly (readonly [number, number])[];
        constants: Record<string, number[][]>;
        decode: string;
        seed: number;
      };
    }
);

export interface Stage {
  name: string;
  seconds: number | null;
  steps: number | null;
  batch: number;
  derive: readonly Derived[];
  inputs: Inputs;
  objectives: readonly Objective[];
  ema: { decay: number; warmup: boolean };
  evaluate?: { graph: string; inputs: Inputs; outputs: readonly string[]; batches: number };
  grids?: Grids;
}

export interface TrainingPlan {
  name: string;
  /** Component folder -> prefix of its parameters. */
  components: Record<string, string>;
  fields: Record<string, Field>;
  heldOutRows: number;
  stages: readonly Stage[];
}

export interface Recipe {
  plan: TrainingPlan;
  /** File name -> graph. */
  graphs: Record<string, Graph>;
  /** Files written beside the plan, e.g. configs and the tokenizer: relative path -> text. */
  files: Record<string, string>;
  /** Values that are given, not drawn. */
  given?: Record<string, Tensor>;
  /** Gain of a kernel's initial values by its name; see `initialise`. */
  gain?: (name: string) => number | undefined;
}

/** Version tag of the folder's layout. */
export const EXPORT_FORMAT = 'contrapposto-training/1';
const PARAMETERS = 'parameters.safetensors';

/**
 * Writes a recipe as `export.json`, ONNX graphs and `parameters.safetensors` (given values); the folder is made.
 *
 * @param options.seed of the run: first parameters, order of the pictures, noise. Default 0
 */
export async function exportRecipe(
  recipe: Recipe,
  directory: string,
  { seed = 0 }: { seed?: number } = {},
): Promise<{ parameters: number }> {
  await mkdir(directory, { recursive: true });
  for (const [file, graph] of Object.entries(recipe.graphs)) {
    const model = serialise(graph, { locate: () => ({ location: PARAMETERS }) });
    await writeFileAtomic(join(directory, file), model);
  }
  for (const [file, text] of Object.entries(recipe.files)) {
    await mkdir(join(directory, file, '..'), { recursive: true });
    await writeFileAtomic(join(directory, file), new TextEncoder().encode(text));
  }
  const shapes = new Map<string, readonly number[]>();
  for (const graph of Object.values(recipe.graphs)) {
    for (const p of liveParameters(graph)) shapes.set(p.name, p.shape);
  }
  const { given = {}, gain } = recipe;
  for (const name of Object.keys(given)) shapes.delete(name);
  await writeSafetensors(join(directory, PARAMETERS), given, { metadata: { recipe: recipe.plan.name } });
  const initial = initialise(shapes, gain);
  const plan = { format: EXPORT_FORMAT, parameters: PARAMETERS, seed, initial, ...recipe.plan };
  await writeFileAtomic(join(directory, 'export.json'), new TextEncoder().encode(`${JSON.stringify(plan)}\n`));
  return { parameters: [...shapes.values()].reduce((n, shape) => n + sizeOf(shape), 0) };
}
