// `npm run bench`: time and peak memory of the commands as a user meets them, from start of the process to the file.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const program = join(root, 'dist/cli/main.js');
const REPEATS = 3;
const POLL_MS = 20;

interface Measured {
  work: string;
  seconds: number;
  /** Peak resident memory in MiB; undefined where the system does not tell. */
  peakMiB?: number;
  note?: string;
}

const scratch = mkdtempSync(join(tmpdir(), 'bench-'));
try {
  const rows = [...(await generateRows()), await synthRow()];
  if (process.argv.includes('--json')) console.log(JSON.stringify({ cores: availableParallelism(), rows }));
  else print(rows);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function generateRows(): Promise<Measured[]> {
  if (!existsSync(join(root, 'models/mini'))) return [];
  const prompt = 'a woman is riding a bicycle';
  const out = ['--seed', '7', '--out', join(scratch, 'a.png'), '--quiet'];
  const rows: Measured[] = [];
  for (const steps of [20, 50]) {
    const work = `generate --method sd, mini, ${steps} steps`;
    rows.push({ work, ...(await measure(['generate', prompt, '--method', 'sd', '--steps', `${steps}`, ...out])) });
  }
  return rows;
}

async function synthRow(): Promise<Measured> {
  const args = ['synth', '--body', 'mannequin', '--workers', '1', '--format', 'shards', '--json', '--quiet'];
  const run = await measure([...args, '--count', '200', '--out', join(scratch, 'synth')]);
  const { pictures_per_second: rate } = JSON.parse(run.stdout) as { pictures_per_second: number };
  const { seconds, peakMiB } = run;
  return { work: 'synth, mannequin, 256x256, one worker', seconds, peakMiB, note: `${rate} pictures a second` };
}

/** The run of median duration. */
async function measure(args: string[]) {
  const runs = [];
  for (let i = 0; i < REPEATS; i++) runs.push(await once(args));
  return runs.sort((a, b) => a.seconds - b.seconds)[Math.floor(REPEATS / 2)];
}

function once(args: string[]): Promise<{ seconds: number; peakMiB?: number; stdout: string }> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  let peakMiB: number | undefined;
  // The kernel keeps the peak itself, so the last look before the end is enough.
  const poll = setInterval(() => {
    peakMiB = peakOf(child.pid) ?? peakMiB;
  }, POLL_MS);
  return new Promise((done, failed) => {
    child.on('close', (code) => {
      clearInterval(poll);
      if (code !== 0) failed(new Error(`${args.join(' ')} ended with ${code}`));
      else done({ seconds: (performance.now() - startedMs) / 1000, peakMiB, stdout });
    });
  });
}

function peakOf(pid: number | undefined): number | undefined {
  try {
    const kibibytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kibibytes ? Math.round(Number(kibibytes) / 1024) : undefined;
  } catch {
    return undefined;
  }
}

function print(rows: Measured[]): void {
  console.log(
    `${availableParallelism()} cores, ${cpus()[0]?.model.trim()}, Node ${process.version}; median of ${REPEATS}\n`,
  );
  for (const { work, seconds, peakMiB, note } of rows) {
    const memory = peakMiB === undefined ? '' : `${peakMiB} MiB`;
    console.log(
      `${work.padEnd(42)}${seconds.toFixed(2).padStart(8)} s${memory.padStart(12)}   ${note ?? ''}`.trimEnd(),
    );
  }
}
