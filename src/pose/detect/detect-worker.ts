// The worker thread of detection: runs one picture at a time and answers with people, hands and objects.
import { parentPort } from 'node:worker_threads';
import { ContrappostoError, type ErrorCode, type ErrorDetails } from '../../core/errors.js';
import type { Image } from '../../core/image.js';
import type { ProgressEvent } from '../../core/progress.js';
import { type Detection, type DetectOptions, detectInThread } from './people.js';

export interface DetectRequest {
  id: number;
  image: Image;
  options: DetectOptions;
  /** Shared flag: set to 1 by the caller to stop before the next network. */
  stop: Int32Array;
}

export type DetectReply =
  | { id: number; type: 'result'; detection: Detection }
  | { id: number; type: 'progress'; event: ProgressEvent }
  | { id: number; type: 'error'; code: ErrorCode; details: ErrorDetails };

const port = parentPort;
let queue: Promise<void> = Promise.resolve();

port?.on('message', (request: DetectRequest) => {
  queue = queue.then(() => answer(request));
});

async function answer({ id, image, options, stop }: DetectRequest): Promise<void> {
  const send = (reply: DetectReply) => port?.postMessage(reply);
  try {
    const detection = await detectInThread(image, {
      ...options,
      isStopped: () => Atomics.load(stop, 0) === 1,
      onProgress: (event) => send({ id, type: 'progress', event }),
    });
    send({ id, type: 'result', detection });
  } catch (error) {
    const { code, details } =
      error instanceof ContrappostoError
        ? error
        : { code: 'runtime' as const, details: { operation: 'detect people', got: firstLine(error) } };
    send({ id, type: 'error', code, details: { ...details, cause: undefined } });
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0].slice(0, 300);
}
