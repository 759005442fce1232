// Time from the start of the process to the end of the first of 20 denoising steps: npm run build && npx tsx bench/start-up.ts [--runs N]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '7' } } });
const folder = mkdtempSync(join(tmpdir(), 'contrapposto-start-'));
const program = ['dist/cli/main.js', 'generate', 'a woman is riding a bicycle', '--method', 'sd', '--steps', '20'];

/** Milliseconds until the program reports its first step as done, that step included. */
function startUp(): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    let firstStepMs: number | undefined;
    const child = spawn(process.execPath, [...program, '--seed', '7', '--out', join(folder, 'a.png')]);
    child.stderr.on('data', (text: Buffer) => {
      if (/denoise 1\/20/.test(text.toString())) firstStepMs ??= performance.now() - began;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0 && firstStepMs !== undefined) resolve(firstStepMs);
      else reject(new Error(`generate ended with ${code}${firstStepMs ? '' : ' before it denoised'}`));
    });
  });
}

try {
  const times: number[] = [];
  for (let i = 0; i < Number(values.runs); i++) times.push(Math.round(await startUp()));
  times.sort((a, b) => a - b);
  console.log(JSON.stringify({ medianMs: times[Math.floor(times.length / 2)], times }));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
