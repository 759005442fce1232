// What a training run in Node writes: each component's weights, and one file with all that it needs to go on.
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ContrappostoError } from '../../core/errors.js';
import { writeFileAtomic } from '../../core/files.js';
import { floats, type Tensor } from '../../core/tensor.js';
import { openSafetensors, writeSafetensors } from '../../weights/index.js';
import type { Recipe } from '../training-export.js';
import { fromRow, toRow } from './parameter-group.js';
import type { StageRun } from './stage.js';
import { STATE } from './step-graph.js';

const STATE_FILE = 'state.safetensors';
const ROWS = STATE.filter((name) => name !== 'count');

const about = z.object({
  recipe: z.string(),
  stage: z.string(),
  step: z.int().min(0),
  progress: z.number(),
  /** Steps of each group. */
  steps: z.array(z.int().min(0)),
  complete: z.boolean(),
});

export type CheckpointInfo = z.infer<typeof about>;

/** Configs, tokenizer and the averaged weights by component; parameters of none go to `shared.safetensors`. */
export async function writeComponents(
  directory: string,
  { plan, files }: Recipe,
  parameters: ReadonlyMap<string, Tensor>,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const left = new Map(parameters);
  for (const [component, prefix] of [...Object.entries(plan.components), ['shared', '']]) {
    const own = [...left].filter(([name]) => name.startsWith(prefix));
    for (const [name] of own) left.delete(name);
    const tensors = Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
    if (own.length > 0) await writeSafetensors(join(directory, `${component}.safetensors`), tensors);
  }
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(directory, file, '..'), { recursive: true });
    await writeFileAtomic(join(directory, file), text);
  }
}

/** Writes the state of a stage under way, whole or not at all. */
export async function writeState(directory: string, run: StageRun, info: CheckpointInfo): Promise<void> {
  const tensors: Record<string, Tensor> = {};
  for (const [name, tensor] of run.job.parameters) tensors[`parameter.${name}`] = tensor;
  for (const [i, { group, tensors: state }] of run.groups.entries()) {
    for (const row of ROWS) for (const [name, tensor] of fromRow(state[row], group)) tensors[`${row}.${name}`] = tensor;
    tensors[`count.${i}`] = state.count;
  }
  await mkdir(directory, { recursive: true });
  await writeSafetensors(join(directory, STATE_FILE), tensors, { metadata: { training: JSON.stringify(info) } });
}

export interface Resumed {
  info: CheckpointInfo;
  parameters: Map<string, Tensor>;
  /** Puts moments, averages and counts into a run of the same stage. */
  restore(run: StageRun): void;
}

/** Reads what `writeState` wrote. Throws `not-found`, `corrupt-file`, and `usage` for a run of another recipe. */
export function readState(directory: string, recipe: string): Resumed {
  const path = join(directory, STATE_FILE);
  const operation = `resume ${directory}`;
  if (!existsSync(path)) {
    const hint = 'an interrupted or finished run in this process leaves it in its --out folder';
    throw new ContrappostoError('not-found', { operation, expected: STATE_FILE, got: 'none', hint });
  }
  const file = openSafetensors(path);
  const tensors = new Map(Array.from(file.names(), (name) => [name, file.read(name)]));
  const parsed = about.safeParse(parseJson(file.metadata.training));
  file.close();
  if (!parsed.success) {
    throw new ContrappostoError('corrupt-file', { operation, expected: 'a training state', got: 'other metadata' });
  }
  if (parsed.data.recipe !== recipe) {
    const got = `"${parsed.data.recipe}"`;
    throw new ContrappostoError('usage', { operation, expected: `a run of ${recipe}`, got });
  }
  const prefix = 'parameter.';
  const parameters = [...tensors].flatMap(([name, tensor]): [string, Tensor][] =>
    name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
  );
  return { info: parsed.data, parameters: new Map(parameters), restore: (run) => restore(run, tensors, parsed.data) };
}

function restore(run: StageRun, tensors: ReadonlyMap<string, Tensor>, info: CheckpointInfo): void {
  run.step = info.step;
  for (const [i, state] of run.groups.entries()) {
    for (const row of ROWS) {
      const named = new Map(Array.from(state.group.shapes.keys(), (name) => [name, tensors.get(`${row}.${name}`)!]));
      state.tensors[row] = toRow(named, state.group);
    }
    const count = floats(tensors.get(`count.${i}`)!);
    state.tensors.count = { dtype: 'float32', shape: [], data: count };
    state.steps = info.steps[i];
  }
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
