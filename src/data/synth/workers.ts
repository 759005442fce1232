// A pool of worker threads that render blocks of seeds; each block depends on its seeds only, never on who renders it.
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { ContrappostoError, throwIfAborted } from '../../core/errors.js';
import { startWorker } from '../../core/worker.js';
import type { RenderSettings } from './synth-task.js';

/** Seeds [start, start + count) to be rendered and written by one worker. */
export interface Block {
  index: number;
  start: number;
  count: number;
}

export interface BlockResult {
  index: number;
  /** One JSON record a line, ended by a newline. */
  lines: string;
}

export type WorkerMessage =
  | { type: 'ready' }
  | { type: 'progress'; pictures: number }
  | { type: 'done'; result: BlockResult }
  | { type: 'failed'; code: string; message: string };

export interface PoolOptions {
  settings: RenderSettings;
  workers: number;
  /** Module to run in the threads; it must call `serveBlocks`. Default: `synth-worker.js` beside this module. */
  workerModule?: URL;
  signal?: AbortSignal;
  onPictures?: (count: number) => void;
  /** Called in the order of the blocks. */
  onBlock: (result: BlockResult) => void | Promise<void>;
}

/** What a thread is told in place of a further block. */
export const STOP = 'stop';
/** A thread that has not ended by itself this long after `STOP` is ended. */
const STOP_TIMEOUT_MS = 5000;

/** Renders all blocks with `workers` threads. Rejects with the first failure or with `aborted`; no thread survives. */
export async function renderBlocks(blocks: readonly Block[], options: PoolOptions): Promise<void> {
  const { settings, signal } = options;
  const module = options.workerModule ?? new URL('./synth-worker.js', import.meta.url);
  throwIfAborted(signal, 'render');
  const count = Math.max(1, Math.min(options.workers, blocks.length));
  const stopping = new Int32Array(new SharedArrayBuffer(4));
  const workerData = { synth: settings, stopping };
  const threads = Array.from({ length: count }, () => startWorker(module, { workerData }));
  try {
    await drive(threads, blocks, options);
  } catch (error) {
    // Ended in the middle of a write, a thread would leave its temporary file behind.
    Atomics.store(stopping, 0, 1);
    await Promise.all(threads.map(letEnd));
    throw error;
  } finally {
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}

async function letEnd(thread: Worker): Promise<void> {
  if (thread.threadId === -1) return;
  const ended = once(thread, 'exit');
  thread.postMessage(STOP);
  await Promise.race([ended, setTimeout(STOP_TIMEOUT_MS, undefined, { ref: false })]).catch(() => undefined);
}

function drive(threads: Worker[], blocks: readonly Block[], options: PoolOptions): Promise<void> {
  const { signal, onPictures, onBlock } = options;
  const finished = new Map<number, BlockResult>();
  let next = 0;
  let written = 0;
  let order = Promise.resolve();
  return new Promise((resolve, reject) => {
    const stop = () => reject(new ContrappostoError('aborted', { operation: 'render', got: 'an interrupt' }));
    signal?.addEventListener('abort', stop, { once: true });
    const give = (thread: Worker) => {
      if (next < blocks.length) thread.postMessage(blocks[next++]);
    };
    const collect = (result: BlockResult) => {
      finished.set(result.index, result);
      order = order.then(async () => {
        for (let ready = finished.get(written); ready; ready = finished.get(written)) {
          finished.delete(written++);
          await onBlock(ready);
        }
        if (written === blocks.length) {
          signal?.removeEventListener('abort', stop);
          resolve();
        }
      });
      order.catch(reject);
    };
    for (const thread of threads) {
      thread.on('message', (message: WorkerMessage) => {
        if (message.type === 'progress') onPictures?.(message.pictures);
        else if (message.type === 'failed') {
          reject(new ContrappostoError('runtime', { operation: 'render', got: message.message }));
        } else {
          if (message.type === 'done') collect(message.result);
          give(thread);
        }
      });
      thread.on('error', (cause) =>
        reject(new ContrappostoError('internal', { operation: 'render', got: cause.message, cause })),
      );
    }
  });
}
