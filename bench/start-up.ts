// Time from the start of the process to the first of 20 denoising steps: npm run build && npx tsx bench/start-up.ts [--runs N]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '7' } } });
const folder = mkdtempSync(join(tmpdir(), 'contrapposto-start-'));
const program = ['dist/cli/main.js', 'generate', 'a woman is riding a bicycle', '--method', 'sd', '--steps', '20'];

interface Start {
  /** Until the program reports its first step as done. */
  firstStepMs: number;
  /** The same without a step as long as the other 19 on average. */
  beforeMs: number;
}

function startUp(): Promise<Start> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    let firstStepMs: number | undefined;
    let decodeMs: number | undefined;
    const child = spawn(process.execPath, [...program, '--seed', '7', '--out', join(folder, 'a.png')]);
    child.stderr.on('data', (text: Buffer) => {
      if (/denoise 1\/20/.test(text.toString())) firstStepMs ??= performance.now() - began;
      if (/^decode/m.test(text.toString())) decodeMs ??= performance.now() - began;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code !== 0 || !firstStepMs || !decodeMs) reject(new Error(`generate ended with ${code}`));
      else resolve({ firstStepMs, beforeMs: firstStepMs - (decodeMs - firstStepMs) / 19 });
    });
  });
}

try {
  const starts: Start[] = [];
  for (let i = 0; i < Number(values.runs); i++) starts.push(await startUp());
  const summary = (pick: (start: Start) => number) => {
    const times = starts.map((start) => Math.round(pick(start))).sort((a, b) => a - b);
    return { median: times[Math.floor(times.length / 2)], times };
  };
  console.log(JSON.stringify({ beforeMs: summary((s) => s.beforeMs), firstStepMs: summary((s) => s.firstStepMs) }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
