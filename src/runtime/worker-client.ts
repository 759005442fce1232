// The caller's end of the ONNX Runtime thread: numbered requests, promises, and an orderly end.
import type { Worker } from 'node:worker_threads';
import { ContrappostoError } from '../core/errors.js';
import type { Tensor } from '../core/tensor.js';
import { startWorker } from '../core/worker.js';
import type { Reply, Request } from './protocol.js';

type Outputs = Record<string, Tensor>;
type Unnumbered<T> = T extends { id: number } ? Omit<T, 'id'> : never;

interface Waiting {
  operation: string;
  resolve: (outputs: Outputs) => void;
  reject: (error: ContrappostoError) => void;
}

let spare: Worker | undefined;

/** Starts the thread of the first runtime to come while the program still loads. Unused, it ends with the process. */
export function startAhead(): void {
  spare ??= startThread();
}

function startThread(): Worker {
  const worker = startWorker(new URL('./ort-worker.js', import.meta.url));
  // An idle thread must not keep the process alive.
  worker.unref();
  return worker;
}

export class WorkerClient {
  #worker: Worker | undefined;
  #waiting = new Map<number, Waiting>();
  #next = 1;

  /** Starts the thread before there is anything to ask it: loading ONNX Runtime takes it a fifth of a second. */
  start(): void {
    this.#start();
  }

  /** Sends one request; `transfer` moves those buffers instead of copying them. */
  request(message: Unnumbered<Request>, context: { operation: string; transfer?: ArrayBuffer[] }): Promise<Outputs> {
    const worker = this.#start();
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { operation: context.operation, resolve, reject });
      worker.ref();
      worker.postMessage({ ...message, id }, context.transfer ?? []);
    });
  }

  /** Ends the thread; requests still waiting are rejected. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): Worker {
    if (this.#worker) return this.#worker;
    const worker = spare ?? startThread();
    spare = undefined;
    worker.on('message', (reply: Reply) => this.#settle(worker, reply));
    worker.on('error', (error) => this.#fail(error.message));
    worker.on('exit', (code) => this.#fail(`the thread ended with code ${code}`));
    this.#worker = worker;
    return worker;
  }

  #settle(worker: Worker, reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) worker.unref();
    if (reply.ok) waiting?.resolve(reply.outputs ?? {});
    else waiting?.reject(runtimeError(waiting.operation, reply.message));
  }

  #fail(message: string): void {
    this.#worker = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const w of waiting) w.reject(runtimeError(w.operation, message));
  }
}

function runtimeError(operation: string, message: string): ContrappostoError {
  const hint = /bad_alloc|\balloc|not enough memory|out of memory/i.test(message)
    ? 'not enough memory: try a smaller size or fewer pictures at once'
    : undefined;
  return new ContrappostoError('runtime', { operation, expected: 'ONNX Runtime to succeed', got: message, hint });
}
