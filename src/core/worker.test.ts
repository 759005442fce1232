import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { startWorker } from './worker.js';

const folder = mkdtempSync(join(tmpdir(), 'worker-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('runs a TypeScript module where no .js is there, with its data and TypeScript imports', async () => {
  const tensor = new URL('./tensor.ts', import.meta.url).href;
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(
    join(folder, 'a-worker.ts'),
    `import { parentPort, workerData } from 'node:worker_threads';
     import { sizeOf } from '${tensor}';
     parentPort!.postMessage(sizeOf(workerData as number[]));`,
  );
  const worker = startWorker(pathToFileURL(join(folder, 'a-worker.js')), { workerData: [2, 3, 4] });
  expect(await once(worker, 'message')).toEqual([24]);
  await worker.terminate();
});

it('names the module that is missing', () => {
  expect(() => startWorker(pathToFileURL(join(folder, 'none-worker.js')))).toThrow(/none-worker\.js/);
});
