// `npm run parity -- --io DIR --checkpoints DIR [--json]`: recomputes reference tensors and prints each relative error.
import { parseArgs } from 'node:util';
import { ContrappostoError, exitCode } from '../src/core/errors.js';
import { formatReport } from '../src/parity/report.js';
import { runParity } from '../src/parity/run.js';
import { createRuntime } from '../src/runtime/index.js';

const USAGE = 'usage: npm run parity -- --io DIR --checkpoints DIR [--json]';

interface Arguments {
  io: string;
  checkpoints: string;
  json: boolean;
}

function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: { io: { type: 'string' }, checkpoints: { type: 'string' }, json: { type: 'boolean', default: false } },
    });
    const { io, checkpoints, json } = values;
    if (io && checkpoints) return { io, checkpoints, json };
  } catch (cause) {
    throw new ContrappostoError('usage', { operation: 'parity', got: (cause as Error).message, hint: USAGE, cause });
  }
  throw new ContrappostoError('usage', { operation: 'parity', expected: '--io and --checkpoints', hint: USAGE });
}

async function main(): Promise<void> {
  const { json, ...folders } = readArguments();
  const runtime = createRuntime();
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  try {
    const report = await runParity({ ...folders, runtime, signal: interrupt.signal });
    const passed = report.checks.every((check) => check.passed);
    console.log(json ? JSON.stringify({ passed, ...report }, null, 2) : formatReport(report));
    process.exitCode = passed ? 0 : 1;
  } finally {
    await runtime.close();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof ContrappostoError ? error.message : error);
  process.exitCode = exitCode(error);
});
