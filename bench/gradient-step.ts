// `tsx bench/gradient-step.ts`: time and memory of a gradient with respect to the latents beside a plain step.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { randomNormal } from '../src/core/random.js';
import { float32 } from '../src/core/tensor.js';
import {
  Add,
  type Checkpointing,
  gradient,
  liveNodes,
  Mul,
  ReduceMean,
  ReduceSum,
  type Value,
} from '../src/graph/index.js';
import { type AttentionControl, parseUNet2DConditionConfig, unetGraph } from '../src/models/index.js';
import { createRuntime } from '../src/runtime/index.js';
import { openModelFolder } from '../src/weights/index.js';
import { writeRandomCheckpoint } from './random-checkpoint.js';

const HELP = `tsx bench/gradient-step.ts [--side 512] [--runs 2] [--works plain,maps,prediction] [--checkpoint auto|on|off]
  [--folder DIR]   where the random checkpoint of Stable Diffusion 1.5's size lies or is left (4 GB)
plain: one step with classifier-free guidance (batch 2). maps, prediction: gradient with respect to the latents (batch 1)
of a loss of the cross-attention maps of 1/4 of the latents' side, or of the prediction. Prints one JSON object a work.`;

const { values } = parseArgs({
  options: {
    side: { type: 'string', default: '512' },
    runs: { type: 'string', default: '2' },
    works: { type: 'string', default: 'plain,maps,prediction' },
    checkpoint: { type: 'string', default: 'auto' },
    folder: { type: 'string' },
    measure: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const [side, runs] = [Number(values.side) / 8, Number(values.runs)];
const TOKENS = 77;

if (values.help) console.log(HELP);
else if (values.measure) console.log(JSON.stringify(await measure(values.measure, values.folder!)));
else await measureAll();

/** Each work in a process of its own, whose memory is its own. */
async function measureAll(): Promise<void> {
  const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'gradient-step-'));
  try {
    if (!existsSync(join(folder, 'unet'))) await writeRandomCheckpoint(folder, { family: 'sd15', dtype: 'float32' });
    for (const work of values.works.split(',')) {
      const args = [...process.execArgv, fileURLToPath(import.meta.url), '--measure', work, '--folder', folder];
      const sizes = ['--side', values.side, '--runs', values.runs, '--checkpoint', values.checkpoint];
      const child = spawnSync(process.execPath, [...args, ...sizes], {
        stdio: ['ignore', 'pipe', 'inherit'],
        encoding: 'utf8',
      });
      if (child.status !== 0) throw new Error(`"${work}" ended with ${child.status ?? child.signal}`);
      console.log(child.stdout.trim());
    }
  } finally {
    if (!values.folder) rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(work: string, folder: string) {
  const peak = watchMemory();
  const { config, weights, close } = openModelFolder(join(folder, 'unet'));
  const batch = work === 'plain' ? 2 : 1;
  const graph = workGraph(work, config, batch);
  const runtime = createRuntime();
  const opening = cpuSeconds();
  const session = await runtime.session(graph, weights);
  const openCpuSeconds = round(cpuSeconds() - opening);
  const steps: { wallSeconds: number; cpuSeconds: number }[] = [];
  let finite = true;
  for (let i = 0; i < runs; i++) {
    const [wallMs, cpu] = [performance.now(), cpuSeconds()];
    const out = await session.run({
      sample: randomNormal(i, { shape: [batch, 4, side, side] }),
      timestep: float32([441], [1]),
      encoder_hidden_states: randomNormal(9, { shape: [batch, TOKENS, 768] }),
    });
    steps.push({ wallSeconds: round((performance.now() - wallMs) / 1000), cpuSeconds: round(cpuSeconds() - cpu) });
    finite &&= Object.values(out).every(({ data }) => data.every((v) => Number.isFinite(Number(v))));
  }
  await runtime.close();
  close();
  const about = { work, sidePx: side * 8, checkpoint: values.checkpoint, nodes: liveNodes(graph).length };
  return { ...about, cores: availableParallelism(), openCpuSeconds, steps, finite, peak_gib: peak() };
}

function workGraph(work: string, config: unknown, batch: number) {
  const maps: Value[] = [];
  const tap: AttentionControl = (site, probs) => {
    if (site.kind === 'cross' && site.resolution[0] === side / 4) maps.push(probs);
    return probs;
  };
  const mean = (x: Value) => ReduceMean(x, { keepdims: false });
  const square = (x: Value) => Mul(x, x);
  const total = () => maps.map((probs) => ReduceSum(square(probs), { keepdims: false })).reduce((a, b) => Add(a, b));
  const outputs = (prediction: Value) => {
    const { graph } = prediction;
    if (work === 'plain') return graph.output('out', prediction);
    const loss = work === 'maps' ? total() : mean(square(prediction));
    const checkpoint = values.checkpoint as Checkpointing;
    graph.output('loss', loss);
    graph.output('gradient', gradient(graph, loss, [graph.inputs.get('sample')!], { checkpoint })[0]);
  };
  const attentionControl = work === 'maps' ? tap : undefined;
  const size = { batch, height: side, width: side, tokens: TOKENS };
  return unetGraph(parseUNet2DConditionConfig(config), { ...size, attentionControl, outputs });
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Peaks of resident memory, and of what belongs to the process alone; the rest are mapped files. */
function watchMemory(): () => { resident: number; anonymous: number } {
  let anonymous = 0;
  const status = (key: string) => {
    const line = new RegExp(`${key}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'));
    return round(Number(line?.[1] ?? 0) / 2 ** 20);
  };
  const look = () => {
    anonymous = Math.max(anonymous, status('RssAnon'));
  };
  const timer = setInterval(look, 20);
  return () => {
    clearInterval(timer);
    look();
    return { resident: status('VmHWM'), anonymous };
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
