// `tsx bench/training-step.ts`: training in Node beside `trainer/` from the same export: losses, and processor time a step.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Philox, randomNormal } from '../src/core/random.js';
import { float32, floats, sizeOf, type Tensor, type TypedArray } from '../src/core/tensor.js';
import type { Graph } from '../src/graph/index.js';
import { createRuntime } from '../src/runtime/index.js';
import { miniSdRecipe } from '../src/train/mini-sd/recipe.js';
import { MINI, TOY, withLatentChannels } from '../src/train/mini-sd/settings.js';
import { parameterGroup, toRow } from '../src/train/node/parameter-group.js';
import { averagingWeight, learningRate } from '../src/train/node/schedule.js';
import { STATE, stepGraph } from '../src/train/node/step-graph.js';
import { exportRecipe, type Inputs, type Recipe, type Stage } from '../src/train/training-export.js';
import { memorySource, openSafetensors, writeSafetensors } from '../src/weights/index.js';
import { Peer } from './torch-peer.js';

const HELP = `tsx bench/training-step.ts [--settings toy-sd|mini-sd] [--stage denoiser|autoencoder] [--batch 8] [--steps 20] [--threads 1]
Needs python3 with PyTorch (PYTHON, default /usr/bin/python3). Prints one JSON object with the loss of every step.`;

const { values } = parseArgs({
  options: {
    settings: { type: 'string', default: 'toy-sd' },
    stage: { type: 'string', default: 'denoiser' },
    batch: { type: 'string', default: '8' },
    steps: { type: 'string', default: '20' },
    threads: { type: 'string', default: '1' },
    help: { type: 'boolean' },
  },
});
const [batch, steps, threads] = [Number(values.batch), Number(values.steps), Number(values.threads)];
const VOCABULARY = 300;

if (values.help) console.log(HELP);
else console.log(JSON.stringify(await compare(), undefined, 2));

async function compare() {
  const folder = mkdtempSync(join(tmpdir(), 'training-step-'));
  try {
    const recipe = recipeOf();
    const stage = recipe.plan.stages.find(({ name }) => name === values.stage)!;
    const [objective] = stage.objectives;
    await exportRecipe(recipe, join(folder, 'export'));
    const lossGraph = recipe.graphs[objective.graph];
    mkdirSync(join(folder, 'batches'));
    for (let i = 0; i < steps; i++) {
      await writeSafetensors(join(folder, 'batches', `${i}.safetensors`), drawBatch(lossGraph, stage.inputs, i));
    }
    return await interleaved(folder, { recipe, stage });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Takes turns, so that what else the machine does slows both alike. */
async function interleaved(folder: string, { recipe, stage }: { recipe: Recipe; stage: Stage }) {
  const script = fileURLToPath(new URL('./training_step_peer.py', import.meta.url));
  const batches = join(folder, 'batches');
  const args = [script, join(folder, 'export'), stage.name, batches, `${steps}`, `${threads}`];
  const peer = new Peer(process.env.PYTHON ?? '/usr/bin/python3', args);
  const about = await peer.next<{ torch: string; parameters: number }>();
  const node = await nodeSteps(recipe, { stage, batches });
  const rows: { node: StepResult; torch: StepResult }[] = [];
  for (let i = 0; i < steps; i++) rows.push({ torch: await peer.ask<StepResult>('step'), node: await node.step(i) });
  peer.end();
  await node.close();
  const settled = rows.slice(Math.min(3, rows.length - 1));
  const median = (list: number[]) => list.sort((a, b) => a - b)[list.length >> 1];
  const [ours, theirs] = [median(settled.map((r) => r.node.cpu_ms)), median(settled.map((r) => r.torch.cpu_ms))];
  const off = rows.map(({ node: n, torch: t }) => Math.abs(n.loss - t.loss) / Math.abs(t.loss));
  return {
    ...{ settings: values.settings, stage: stage.name, batch, threads, ...about },
    cpu_ms_a_step: { node: round(ours, 10), torch: round(theirs, 10), ratio: round(ours / theirs, 100) },
    largest_relative_difference_of_losses: Math.max(...off),
    losses: rows.map(({ node: n, torch: t }) => [n.loss, t.loss]),
    norms_of_the_last_step: [rows.at(-1)!.node.norm, rows.at(-1)!.torch.norm],
  };
}

interface StepResult {
  loss: number;
  norm: number;
  cpu_ms: number;
}

async function nodeSteps(recipe: Recipe, { stage, batches }: { stage: Stage; batches: string }) {
  const [objective] = stage.objectives;
  const group = parameterGroup(Object.values(recipe.graphs), objective.trainable);
  const initial = openSafetensors(join(batches, 'initial.safetensors'));
  const tensors = new Map(Array.from(initial.names(), (name) => [name, initial.read(name)]));
  const runtime = createRuntime({ threads });
  const graph = stepGraph(recipe.graphs[objective.graph], { objective, group });
  const session = await runtime.session(graph, memorySource(Object.fromEntries(tensors)));
  const row = toRow(tensors, group);
  const zero = () => float32(new Float32Array(group.size), [group.size]);
  const scalar = (v: number) => float32([v], []);
  let state: Record<string, Tensor> = { values: row, average: row, first: zero(), second: zero(), count: scalar(0) };
  return {
    async step(number: number): Promise<StepResult> {
      const file = openSafetensors(join(batches, `${number}.safetensors`));
      const inputs = recipe.graphs[objective.graph].inputs;
      const given = Array.from(inputs, ([name, { dtype }]) => [name, { ...file.read(name), dtype }] as const);
      const began = cpuMs();
      const rate = learningRate(objective, { steps: number, progress: number / steps });
      const out = await session.run({
        ...Object.fromEntries(given),
        ...Object.fromEntries(STATE.map((name) => [`state.${name}`, state[name]])),
        ...{ rate: scalar(rate), averaging: scalar(averagingWeight(stage.ema, number)) },
      });
      state = Object.fromEntries(STATE.map((name) => [name, out[`next.${name}`]]));
      file.close();
      return { loss: floats(out[objective.loss])[0], norm: floats(out.grad_norm)[0], cpu_ms: cpuMs() - began };
    },
    async close() {
      initial.close();
      await runtime.close();
    },
  };
}

function recipeOf(): Recipe {
  const settings = withLatentChannels(values.settings === 'mini-sd' ? MINI : TOY, 4);
  const empty = Array.from({ length: settings.promptTokens }, () => 2);
  const size = { seconds: null, steps, batch };
  return miniSdRecipe({
    ...{ settings, vocabulary: { vocabulary: VOCABULARY, start: 1, end: 2 }, emptyPrompt: empty },
    ...{ gridPrompts: [empty], autoencoder: size, denoiser: size, heldOutRows: 4 },
  });
}

/** Numbers of the right kind for each input; what they show does not matter for the comparison. */
function drawBatch(graph: Graph, sources: Inputs, seed: number): Record<string, Tensor> {
  return Object.fromEntries(
    Array.from(graph.inputs, ([name, { dtype, shape }], i) => {
      const random = new Philox(seed, i);
      const source = sources[name];
      const below = (n: number) => Math.floor(random.uniform() * n);
      const fill = <T extends TypedArray>(data: T, draw: () => number): T => {
        for (let k = 0; k < data.length; k++) data[k] = draw() as never;
        return data;
      };
      const size = sizeOf(shape);
      if (dtype === 'uint8')
        return [name, { dtype, shape, data: fill(new Uint8Array(size), () => below(name === 'region' ? 4 : 256)) }];
      if (dtype === 'bool') return [name, { dtype: 'uint8', shape, data: fill(new Uint8Array(size), () => below(2)) }];
      if (dtype === 'int32') return [name, { dtype, shape, data: fill(new Int32Array(size), () => below(VOCABULARY)) }];
      if (dtype === 'int64') {
        const high = source.kind === 'randint' ? source.high : 1;
        return [name, { dtype, shape, data: BigInt64Array.from({ length: size }, () => BigInt(below(high))) }];
      }
      if (source.kind === 'uniform' || name === 'weights') {
        return [
          name,
          float32(
            fill(new Float32Array(size), () => 0.5 + random.uniform() / 2),
            shape,
          ),
        ];
      }
      return [name, randomNormal(1000 * seed + i, { shape })];
    }),
  );
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function round(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
