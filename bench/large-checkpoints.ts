// `tsx bench/large-checkpoints.ts`: time and memory of checkpoints of real size, with random weights.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { ProgressEvent } from '../src/core/progress.js';
import { loadPipeline } from '../src/diffusion/pipeline.js';
import { textToImage } from '../src/diffusion/text-to-image.js';
import { createRuntime } from '../src/runtime/index.js';
import { openCheckpoint } from '../src/weights/index.js';
import type { Family } from './checkpoint-families.js';
import { type StoredDType, writeRandomCheckpoint } from './random-checkpoint.js';

const HELP = `tsx bench/large-checkpoints.ts [--family sd15|sdxl] [--dtype float32|float16] [--steps 2] [--side 512]
  [--folder DIR]   where the checkpoint is written and left; a temporary folder otherwise, removed at the end
Prints one JSON object. sd15 needs 4 GB of disk (2 in float16), sdxl 13 (7).`;

const { values } = parseArgs({
  options: {
    family: { type: 'string', default: 'sd15' },
    dtype: { type: 'string', default: 'float32' },
    steps: { type: 'string', default: '2' },
    side: { type: 'string', default: '512' },
    folder: { type: 'string' },
    measure: { type: 'string' },
    help: { type: 'boolean' },
  },
});
const [steps, side] = [Number(values.steps), Number(values.side)];
if (values.help) console.log(HELP);
else if (values.measure) console.log(JSON.stringify(await measure(values.measure)));
else await make();

/** Writes the checkpoint and measures in a process of its own, whose memory is its own. */
async function make(): Promise<void> {
  const folder = values.folder ?? mkdtempSync(join(tmpdir(), 'large-checkpoint-'));
  try {
    const family = values.family as Family;
    const parameters = await writeRandomCheckpoint(folder, { family, dtype: values.dtype as StoredDType });
    const args = [...process.execArgv, fileURLToPath(import.meta.url), '--measure', folder];
    const child = spawnSync(process.execPath, [...args, '--steps', `${steps}`, '--side', `${side}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
      encoding: 'utf8',
    });
    if (child.status !== 0) throw new Error(`the measured process ended with ${child.status ?? child.signal}`);
    const about = { family, dtype: values.dtype, parameters, side, steps, cores: availableParallelism() };
    console.log(JSON.stringify({ ...about, ...JSON.parse(child.stdout) }, undefined, 2));
  } finally {
    if (!values.folder) rmSync(folder, { recursive: true, force: true });
  }
}

/** One picture: seconds of wall and CPU time up to each stage and step, and the peaks of memory. */
async function measure(folder: string) {
  const memory = watchMemory();
  const events: { at: string; wallSeconds: number; cpuSeconds: number }[] = [];
  const startedMs = performance.now();
  const mark = (at: string) => {
    const { user, system } = process.cpuUsage();
    const wallSeconds = (performance.now() - startedMs) / 1000;
    events.push({ at, wallSeconds: round(wallSeconds), cpuSeconds: round((user + system) / 1e6) });
  };
  const onProgress = (event: ProgressEvent) => {
    if (event.type === 'stage') mark(event.stage);
    if (event.type === 'step') mark(`step ${event.step}`);
  };
  const runtime = createRuntime();
  const checkpoint = openCheckpoint(folder);
  try {
    const pipeline = loadPipeline(checkpoint, runtime);
    const session = await pipeline.unetSession({ batch: 2, height: side / 8, width: side / 8 });
    mark('UNet is open');
    const prompt = 'a woman is riding a bicycle';
    const made = await textToImage(pipeline, {
      ...{ prompt, steps, width: side, height: side, guidanceScale: 5, lowMemory: true, onProgress },
    });
    mark('picture');
    await session.release();
    const finite = made[0].latents.data.every((v) => Number.isFinite(Number(v)));
    return { events, finite, peak_gib: memory.stop() };
  } finally {
    checkpoint.close();
    await runtime.close();
  }
}

/**
 * Peaks in GiB: all resident memory, what belongs to the process alone, and mapped files (pages that the system may
 * drop at any time, since they are on disk).
 */
function watchMemory() {
  const peaks = { resident: 0, anonymous: 0, mapped_files: 0 };
  const look = () => {
    const status = readFileSync('/proc/self/status', 'utf8');
    const gib = (key: string) => round(Number(new RegExp(`${key}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 2 ** 20);
    peaks.resident = gib('VmHWM');
    peaks.anonymous = Math.max(peaks.anonymous, gib('RssAnon'));
    peaks.mapped_files = Math.max(peaks.mapped_files, gib('RssFile'));
  };
  const timer = setInterval(look, 50);
  return {
    stop() {
      clearInterval(timer);
      look();
      return peaks;
    },
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
