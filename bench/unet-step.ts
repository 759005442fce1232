// `tsx bench/unet-step.ts`: one UNet step through our runtime against PyTorch on the same graph and weights, interleaved.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { floats, type Tensor } from '../src/core/tensor.js';
import { serialise } from '../src/graph/index.js';
import { parseUNet2DConditionConfig, randomWeights, unetGraph } from '../src/models/index.js';
import { createRuntime, type Session } from '../src/runtime/index.js';
import { openCheckpoint, openSafetensors, writeSafetensors } from '../src/weights/index.js';
import { FAMILIES } from './checkpoint-families.js';
import { parameterShapes, randomFeeds, writeRandomSafetensors } from './random-checkpoint.js';
import { Peer } from './torch-peer.js';

const HELP = `tsx bench/unet-step.ts [--sizes tiny,mini,sd15-256,sd15] [--rounds 7] [--threads N] [--python PYTHON]
  --record   keeps the ratios in bench/baseline.json
  --compare  fails where a ratio is more than a quarter above the recorded one
PYTHON needs PyTorch (default /usr/bin/python3). Debian's uses the reference BLAS unless another is on LD_LIBRARY_PATH:
  apt-get download libopenblas0-pthread && dpkg -x libopenblas0-pthread*.deb DIR
  LD_LIBRARY_PATH=DIR/usr/lib/x86_64-linux-gnu/openblas-pthread tsx bench/unet-step.ts
On a busy machine only --threads 1 tells anything: several threads wait for each other by spinning.
sd15 needs 3.4 GB of disk and 9 GB of memory. Ratios are ours / PyTorch's: below 1 we are faster.`;

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: 'tiny,mini,sd15-256,sd15' },
    rounds: { type: 'string', default: '7' },
    threads: { type: 'string', default: `${availableParallelism()}` },
    python: { type: 'string', default: '/usr/bin/python3' },
    record: { type: 'boolean' },
    compare: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});

const root = resolve(import.meta.dirname, '..');
const baselinePath = join(root, 'bench/baseline.json');
const scratch = mkdtempSync(join(tmpdir(), 'unet-step-'));
/** A round more than a quarter slower than the recorded one is no noise any more. */
const TOLERANCE = 1.25;
/** ONNX Runtime's threads go on looking for work for a while after a run. */
const PAUSE_MS = 300;

const TINY = {
  ...{ block_out_channels: [32, 64], down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'], layers_per_block: 1 },
  ...{ up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'], cross_attention_dim: 32, attention_head_dim: 4 },
  norm_num_groups: 8,
};

/** Config, latents and tokens of each size; the weights are the embedded ones or random. */
const SIZES: Record<string, { config: () => object; side: number; tokens: number; rounds?: number }> = {
  tiny: { config: () => TINY, side: 16, tokens: 16 },
  mini: {
    config: () => openCheckpoint(join(root, 'models/mini')).component('unet').config as object,
    side: 32,
    tokens: 32,
  },
  'sd15-256': { config: () => FAMILIES.sd15.configs['unet'], side: 32, tokens: 77, rounds: 4 },
  sd15: { config: () => FAMILIES.sd15.configs['unet'], side: 64, tokens: 77, rounds: 2 },
};

interface Timed {
  wallMs: number;
  cpuMs: number;
}

interface Row {
  size: string;
  /** Medians of the rounds. */
  ours: Timed;
  torch: Timed;
  /** Ours / PyTorch's: median of the rounds' ratios of wall time, and of the CPU time of all threads. */
  wallRatio: number;
  cpuRatio: number;
  /** Largest difference of the outputs over the largest magnitude. */
  difference: number;
}

if (values.help) console.log(HELP);
else {
  try {
    await main();
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const rows: Row[] = [];
  let peer = '';
  for (const size of values.sizes.split(',')) {
    const measured = await measure(size);
    peer = measured.peer;
    rows.push(measured.row);
    console.error(describe(measured.row));
  }
  const cpu = cpus()[0]?.model.trim();
  const about = { cpu, threads: Number(values.threads), node: process.version, peer };
  console.log(JSON.stringify({ ...about, rows }, undefined, 2));
  const baseline = JSON.parse(readFileSync(baselinePath, 'utf8')) as { unet_step?: { rows: Row[] } };
  if (values.record) {
    const file = { ...baseline, unet_step: { ...about, rows } };
    writeFileSync(baselinePath, `${JSON.stringify(file, undefined, 2)}\n`);
  }
  if (values.compare) compare(rows, baseline.unet_step?.rows ?? []);
}

function compare(rows: readonly Row[], recorded: readonly Row[]): void {
  for (const row of rows) {
    const before = recorded.find(({ size }) => size === row.size);
    if (!before) continue;
    const worse = row.cpuRatio > before.cpuRatio * TOLERANCE;
    console.error(`${row.size}: ${row.cpuRatio} now, ${before.cpuRatio} recorded${worse ? '  SLOWER' : ''}`);
    if (worse) process.exitCode = 1;
  }
}

async function measure(size: string): Promise<{ row: Row; peer: string }> {
  const { config, side, tokens, rounds = Number(values.rounds) } = SIZES[size];
  const options = { batch: 2, height: side, width: side, tokens };
  const graph = unetGraph(parseUNet2DConditionConfig(config()), options);
  const at = (name: string) => join(scratch, `${size}-${name}`);
  const paths = ['graph.onnx', 'weights.safetensors', 'feeds.safetensors', 'out.safetensors'].map(at);
  const feeds = randomFeeds(graph);
  writeFileSync(paths[0], serialise(graph));
  await writeWeights(size, paths[1]);
  await writeSafetensors(paths[2], feeds);
  const weights = openSafetensors(paths[1]);
  const runtime = createRuntime({ threads: Number(values.threads) });
  // OpenBLAS would take all cores whatever PyTorch is told.
  process.env['OPENBLAS_NUM_THREADS'] = values.threads;
  const peer = new Peer(values.python, [join(root, 'bench/unet_step_peer.py'), ...paths, values.threads]);
  try {
    const session = await runtime.session(graph, weights);
    const about = await peer.next<{ torch: string; blas: string }>();
    const out = floats((await session.run(feeds)).out);
    await peer.ask('write');
    await peer.next();
    const file = openSafetensors(paths[3]);
    const difference = largestDifference(out, floats(file.read('out')));
    file.close();
    const timed = [];
    for (let i = 0; i < rounds; i++) timed.push(await round(session, { feeds, peer }));
    return { row: { size, ...summary(timed), difference }, peer: `PyTorch ${about.torch}, ${about.blas}` };
  } finally {
    peer.end();
    weights.close();
    await runtime.close();
    for (const path of paths) rmSync(path, { force: true });
  }
}

async function round(session: Session, { feeds, peer }: { feeds: Record<string, Tensor>; peer: Peer }) {
  await pause(PAUSE_MS);
  const [startedMs, used] = [performance.now(), process.cpuUsage()];
  await session.run(feeds);
  const { user, system } = process.cpuUsage(used);
  const ours = { wallMs: performance.now() - startedMs, cpuMs: (user + system) / 1000 };
  await pause(PAUSE_MS);
  const { wall_ms: wallMs, cpu_ms: cpuMs } = await peer.ask<{ wall_ms: number; cpu_ms: number }>('run');
  return { ours, torch: { wallMs, cpuMs } };
}

/** float32 for both sides: what the embedded model stores in eight bits would be another experiment. */
async function writeWeights(size: string, path: string): Promise<void> {
  const { config, side, tokens } = SIZES[size];
  const graph = unetGraph(parseUNet2DConditionConfig(config()), { batch: 1, height: side, width: side, tokens });
  if (size.startsWith('sd15')) return writeRandomSafetensors(path, parameterShapes([graph]), 'float32');
  const checkpoint = size === 'mini' ? openCheckpoint(join(root, 'models/mini')) : undefined;
  const source = checkpoint?.component('unet').weights ?? randomWeights(graph, 1);
  const tensors = Object.fromEntries(Array.from(source.names(), (name) => [name, source.read(name)]));
  await writeSafetensors(path, tensors);
  checkpoint?.close();
}

function summary(rounds: readonly { ours: Timed; torch: Timed }[]): Omit<Row, 'size' | 'difference'> {
  const of = (pick: (round: { ours: Timed; torch: Timed }) => number, digits: number) =>
    Number(median(rounds.map(pick)).toFixed(digits));
  const timed = (who: 'ours' | 'torch'): Timed => ({
    wallMs: of((r) => r[who].wallMs, 1),
    cpuMs: of((r) => r[who].cpuMs, 1),
  });
  return {
    ours: timed('ours'),
    torch: timed('torch'),
    wallRatio: of(({ ours, torch }) => ours.wallMs / torch.wallMs, 3),
    cpuRatio: of(({ ours, torch }) => ours.cpuMs / torch.cpuMs, 3),
  };
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

function largestDifference(ours: Float32Array, theirs: Float32Array): number {
  let [difference, largest] = [0, 0];
  for (const [i, value] of ours.entries()) {
    difference = Math.max(difference, Math.abs(value - theirs[i]));
    largest = Math.max(largest, Math.abs(theirs[i]));
  }
  return Number((difference / largest).toExponential(1));
}

function describe({ size, ours, torch, wallRatio, cpuRatio }: Row): string {
  const side = ({ wallMs, cpuMs }: Timed) => `${wallMs.toFixed(1)} ms (${cpuMs.toFixed(1)} of CPU)`;
  return `${size}: ours ${side(ours)}, PyTorch ${side(torch)}; ratio ${wallRatio}, of CPU time ${cpuRatio}`;
}
