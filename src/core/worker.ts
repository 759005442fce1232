// Starts worker threads from modules that exist as .js after the build and as .ts in the sources.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { ContrappostoError } from './errors.js';

// Node 20 does not hand `--import` hooks on to worker threads, so a TypeScript worker registers tsx itself.
const TYPESCRIPT_BOOT = `
  const { workerData } = require('node:worker_threads');
  const { module: entry, tsx, data } = workerData;
  require('node:worker_threads').workerData = data;
  import(tsx).then(({ register }) => { register(); return import(entry); })
    .catch((error) => { setImmediate(() => { throw error; }); });`;

/**
 * A worker thread running `module`, named with its .js extension: `startWorker(new URL('./worker.js', import.meta.url))`.
 * After `npm run build` the .js file is there and runs as it is; from the sources (tsx, vitest) the .ts file beside it
 * is loaded through tsx, a development dependency. The build emits every `*worker.ts` as an entry of its own.
 * Throws `internal` when neither is there.
 */
export function startWorker(module: URL, options: WorkerOptions = {}): Worker {
  if (existsSync(module)) return new Worker(module, options);
  const source = new URL(module.href.replace(/\.js$/, '.ts'));
  if (!existsSync(source)) {
    throw new ContrappostoError('internal', {
      operation: 'start worker',
      expected: `the module ${fileURLToPath(module)}`,
      got: 'no such file',
    });
  }
  const boot = { module: source.href, tsx: import.meta.resolve('tsx/esm/api'), data: options.workerData };
  return new Worker(TYPESCRIPT_BOOT, { ...options, eval: true, workerData: boot, execArgv: [] });
}
