// Makes the pictures of one method, each kept as soon as it is finished, so that a killed run goes on where it was.
import { join } from 'node:path';
import { ContrappostoError, throwIfAborted } from '../core/errors.js';
import { encodePng } from '../core/image.js';
import type { IntendedBox } from '../methods/method.js';
import { keyOf, type Ledger } from './ledger.js';
import type { MethodPicture, MethodSpec, OpenMethod, RunControl, Task } from './method.js';
import { digestOf, keptPicture, pictureFile, storePicture } from './picture-store.js';

/** A picture that is there, or the reason why not. */
export interface MadePicture extends Task {
  method: MethodSpec;
  /** From the run's folder. */
  file: string;
  /** SHA-256 of the file; absent where it failed. */
  digest?: string;
  /** Boxes that its method was given or chose. */
  layout?: readonly IntendedBox[];
  /** Whether its method has such boxes. */
  plansLayout: boolean;
  /** First line of the error. */
  failure?: string;
}

export interface Cost {
  seconds: number;
  /** Largest resident memory of the process while the picture was made, sampled. */
  peakMegabytes: number;
}

export interface MakeOptions extends RunControl {
  method: MethodSpec;
  /** The run's folder. */
  out: string;
  ledger: Ledger;
}

const SAMPLE_MS = 100;
/** Failures that are reported one by one; all are in the results. */
const MOST_WARNINGS = 3;

/**
 * Pictures of all tasks, in their order. What fails is recorded and tried again by the next run; an interrupt is thrown.
 * @returns also how many were there already
 */
export async function makePictures(
  opened: OpenMethod,
  tasks: readonly Task[],
  options: MakeOptions,
): Promise<{ pictures: MadePicture[]; kept: number }> {
  const { method, signal, onProgress } = options;
  const pictures: MadePicture[] = [];
  let [kept, failed] = [0, 0];
  for (const task of tasks) {
    throwIfAborted(signal, `pictures of ${method.label}`);
    const { picture, wasThere } = await makePicture(opened, task, options);
    pictures.push(picture);
    if (wasThere) kept++;
    if (picture.failure) {
      failed++;
      const message = `${method.label} failed on case ${task.case.id}, seed ${task.seed}: ${picture.failure}`;
      if (failed <= MOST_WARNINGS) onProgress?.({ type: 'warning', message });
    }
    onProgress?.({ type: 'step', stage: method.label, step: pictures.length, steps: tasks.length });
  }
  if (failed > MOST_WARNINGS) {
    onProgress?.({ type: 'warning', message: `${method.label} failed on ${failed} of ${tasks.length} pictures` });
  }
  return { pictures, kept };
}

async function makePicture(
  opened: OpenMethod,
  task: Task,
  { method, out, ledger, signal, onProgress }: MakeOptions,
): Promise<{ picture: MadePicture; wasThere?: boolean }> {
  const file = pictureFile(method, task);
  const path = join(out, file);
  const known = { ...task, method, file, plansLayout: opened.plansLayout ?? false };
  const watch = watchCost();
  let [text, made]: [Record<string, string>?, MethodPicture?] = [];
  try {
    text = await opened.describe(task);
    const there = await keptPicture(path, text);
    if (there) {
      const layout = ledger.get(layoutKey(method, { task, digest: there })) as MadePicture['layout'];
      return { picture: { ...known, digest: there, ...(layout && { layout }) }, wasThere: true };
    }
    watch.start();
    made = await opened.make(task, { signal, onProgress: warningsOf(onProgress) });
  } catch (error) {
    if (signal?.aborted || (error instanceof ContrappostoError && error.code === 'aborted')) throw error;
    const message = error instanceof Error ? error.message : String(error);
    return { picture: { ...known, failure: message.split('\n')[0] } };
  } finally {
    watch.stop();
  }
  const bytes = await encodePng(made.image, { text });
  const digest = digestOf(bytes);
  // Before the picture, so that none is ever there without what it cost and where its things were meant to be.
  if (made.layout) await ledger.add(layoutKey(method, { task, digest }), made.layout, { measure: 'layout', file });
  await ledger.add(costKey(method, { task, digest }), watch.cost(), { measure: 'cost', file });
  await storePicture(path, bytes);
  const { layout } = made;
  return { picture: { ...known, digest, ...(layout && { layout }) } };
}

/** Where the ledger keeps what a picture cost. */
export function costKey(method: MethodSpec, { task, digest }: { task: Task; digest: string }): string {
  return keyOf('cost', method.slug, task.case.id, task.seed, digest);
}

/** Where the ledger keeps the boxes that a picture's method was given or chose. */
export function layoutKey(method: MethodSpec, { task, digest }: { task: Task; digest: string }): string {
  return keyOf('layout', method.slug, task.case.id, task.seed, digest);
}

/** Steps within a picture are too many for a run of thousands. */
function warningsOf(onProgress: RunControl['onProgress']): RunControl['onProgress'] {
  return (event) => {
    if (event.type === 'warning') onProgress?.(event);
  };
}

function watchCost() {
  let [started, seconds, peak] = [0, 0, 0];
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  return {
    start() {
      started = performance.now();
      look();
      timer = setInterval(look, SAMPLE_MS);
    },
    stop() {
      if (!timer) return;
      clearInterval(timer);
      look();
      seconds = (performance.now() - started) / 1000;
    },
    cost: (): Cost => ({ seconds, peakMegabytes: peak / 2 ** 20 }),
  };
}
