// Detection as the rest of the program uses it: networks run in a worker thread, the caller's event loop stays free.
import type { Worker } from 'node:worker_threads';
import { ContrappostoError, throwIfAborted } from '../../core/errors.js';
import type { Image } from '../../core/image.js';
import type { OnProgress } from '../../core/progress.js';
import { startWorker } from '../../core/worker.js';
import type { DetectReply, DetectRequest } from './detect-worker.js';
import type { Detection, DetectOptions } from './people.js';

export interface PoseDetector {
  /**
   * People, hands and objects of one picture; calls queue up.
   * @throws ContrappostoError `aborted`, `not-found` (model package missing), `runtime`
   */
  detect(image: Image, options?: DetectOptions & { signal?: AbortSignal; onProgress?: OnProgress }): Promise<Detection>;
  /** Ends the thread; pending calls fail as aborted. */
  close(): Promise<void>;
}

interface Pending {
  resolve(detection: Detection): void;
  reject(error: ContrappostoError): void;
  onProgress?: OnProgress;
}

const OPERATION = 'detect people';

/**
 * A detector with its own thread. Networks are loaded at the first call and kept; an idle detector does not keep the
 * process alive.
 * @example
 * const detector = createPoseDetector();
 * const { people, objects } = await detector.detect(await readImage('photo.jpg'));
 * await detector.close();
 */
export function createPoseDetector(): PoseDetector {
  const pending = new Map<number, Pending>();
  let worker: Worker | undefined;
  let nextId = 0;

  const fail = (error: ContrappostoError) => {
    for (const call of pending.values()) call.reject(error);
    pending.clear();
    worker = undefined;
  };
  const start = (): Worker => {
    const started = startWorker(new URL('./detect-worker.js', import.meta.url));
    started.on('message', (reply: DetectReply) => {
      settle(pending, reply);
      if (pending.size === 0) started.unref();
    });
    started.on('error', (cause: Error) => {
      if (worker !== started) return;
      const got = cause.message.split('\n')[0];
      fail(new ContrappostoError('runtime', { operation: OPERATION, got, cause }));
    });
    started.on('exit', () => {
      if (worker === started)
        fail(new ContrappostoError('aborted', { operation: OPERATION, got: 'a closed detector' }));
    });
    return started;
  };

  return {
    async detect(image, { signal, onProgress, ...options } = {}) {
      throwIfAborted(signal, OPERATION);
      worker ??= start();
      worker.ref();
      const id = nextId++;
      const stop = new Int32Array(new SharedArrayBuffer(4));
      const onAbort = () => {
        Atomics.store(stop, 0, 1);
        pending.get(id)?.reject(new ContrappostoError('aborted', { operation: OPERATION, got: 'an interrupt' }));
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        return await new Promise<Detection>((resolve, reject) => {
          pending.set(id, { resolve, reject, onProgress });
          worker?.postMessage({ id, image, options, stop } satisfies DetectRequest);
        });
      } finally {
        signal?.removeEventListener('abort', onAbort);
      }
    },
    async close() {
      await worker?.terminate();
      worker = undefined;
    },
  };
}

function settle(pending: Map<number, Pending>, reply: DetectReply): void {
  const call = pending.get(reply.id);
  if (!call) return;
  if (reply.type === 'progress') {
    call.onProgress?.(reply.event);
    return;
  }
  pending.delete(reply.id);
  if (reply.type === 'result') call.resolve(reply.detection);
  else call.reject(new ContrappostoError(reply.code, reply.details));
}
