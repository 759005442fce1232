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

let spare: Thread | undefined;
const alive = new Set<Thread>();

/** Starts the thread of the first runtime to come while the program still loads. */
export function startAhead(): void {
  spare ??= new Thread();
}

/** Ends all threads that nobody has ended, as the last thing that a program does. */
export async function endThreads(): Promise<void> {
  spare = undefined;
  await Promise.all([...alive].map((thread) => thread.end()));
}

/** The thread, and when it has loaded ONNX Runtime. */
class Thread {
  readonly worker: Worker;
  readonly #loaded: Promise<void>;
  #ending = false;
  #ended = false;

  constructor() {
    this.worker = startWorker(new URL('./ort-worker.js', import.meta.url));
    this.#loaded = new Promise((resolve) => {
      for (const event of ['message', 'error', 'exit']) this.worker.once(event, () => resolve());
    });
    // An idle thread must not keep the process alive.
    this.worker.unref();
    alive.add(this);
    this.worker.once('exit', () => {
      this.#ended = true;
      alive.delete(this);
    });
  }

  /** Waits until it has loaded and is idle: a thread that ends in the middle of native work takes the process with it. */
  async end(): Promise<void> {
    this.#ending = true;
    this.worker.ref();
    await this.#loaded;
    if (!this.#ended) await this.#idle();
    await this.worker.terminate();
  }

  /** Nothing is asked of it: it no longer keeps the process alive, unless its end is waited for. */
  rest(): void {
    if (!this.#ending) this.worker.unref();
  }

  /** The thread answers one message after the other, so an answer to a needless one means that nothing runs. */
  #idle(): Promise<void> {
    return new Promise((resolve) => {
      this.worker.once('exit', () => resolve());
      this.worker.on('message', (reply: Reply) => {
        if (reply.id === 0) resolve();
      });
      this.worker.postMessage({ type: 'release', id: 0, session: -1 } satisfies Request);
    });
  }
}

export class WorkerClient {
  #thread: Thread | undefined;
  #waiting = new Map<number, Waiting>();
  #next = 1;

  /** Starts the thread before there is anything to ask it: loading ONNX Runtime takes it a fifth of a second. */
  start(): void {
    this.#start();
  }

  /** Sends one request; `transfer` moves those buffers instead of copying them. */
  request(message: Unnumbered<Request>, context: { operation: string; transfer?: ArrayBuffer[] }): Promise<Outputs> {
    const { worker } = this.#start();
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { operation: context.operation, resolve, reject });
      worker.ref();
      worker.postMessage({ ...message, id }, context.transfer ?? []);
    });
  }

  /** Ends the thread; requests still waiting are rejected. */
  async close(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.end();
  }

  #start(): Thread {
    if (this.#thread) return this.#thread;
    const thread = spare ?? new Thread();
    spare = undefined;
    const { worker } = thread;
    worker.on('message', (reply: Reply) => this.#settle(thread, reply));
    worker.on('error', (error) => this.#fail(error.message));
    worker.on('exit', (code) => this.#fail(`the thread ended with code ${code}`));
    this.#thread = thread;
    return thread;
  }

  #settle(thread: Thread, reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) thread.rest();
    if (reply.ok) waiting?.resolve(reply.outputs ?? {});
    else waiting?.reject(runtimeError(waiting.operation, reply.message));
  }

  #fail(message: string): void {
    this.#thread = undefined;
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
