// What a method is to the runner: something that makes the picture of a case and says exactly how.
import type { Image } from '../core/image.js';
import type { OnProgress } from '../core/progress.js';
import type { IntendedBox } from '../methods/method.js';
import type { Device } from '../runtime/index.js';
import type { Benchmark, BenchmarkCase } from './benchmark.js';

/** One picture to make. */
export interface Task {
  case: BenchmarkCase;
  seed: number;
}

export interface RunControl {
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

export interface MethodPicture {
  image: Image;
  /** The boxes that the method was given or chose. */
  layout?: readonly IntendedBox[];
}

/** What all methods of a run share. */
export interface MethodContext extends RunControl {
  benchmark: Benchmark;
  /** Model of methods that name none. */
  model: string;
  device: Device;
  /** Versions that go into each picture's settings. */
  software: Readonly<Record<string, string>>;
  /** Path of a case's reference picture; undefined without. */
  referenceOf(one: BenchmarkCase): string | undefined;
}

/** A method ready to work. */
export interface OpenMethod {
  /** Short description for results, e.g. the model and settings that all pictures share. */
  readonly settings: Readonly<Record<string, string | number>>;
  /**
   * PNG text entries that say how the picture comes about. A picture that carries equal ones is not made again, so
   * everything that decides its bits has to be in them.
   */
  describe(task: Task): Promise<Record<string, string>>;
  /** Whether its pictures have an intended layout, so that a failed one counts as far from it. */
  readonly plansLayout?: boolean;
  /** Throws whatever goes wrong; the picture then counts as failed. */
  make(task: Task, control: RunControl): Promise<MethodPicture>;
  close(): Promise<void>;
}

/** An entry of the table of methods. */
export interface Method {
  about: string;
  /** What follows the name and a colon, for the list of methods; options are `key=value`, joined by colons. */
  usage?: string;
  /**
   * Checks the options and opens what is needed, without computing anything.
   * Throws `usage` for options, `not-found` for models and folders, and whatever opening a checkpoint throws.
   */
  open(options: MethodOptions, context: MethodContext): Promise<OpenMethod>;
}

export interface MethodOptions {
  /** What stands before the first `key=value`, e.g. a folder. */
  target?: string;
  /** In the order given; a key may come twice. */
  pairs: readonly (readonly [key: string, value: string])[];
}

/** A method as the user named it. */
export interface MethodSpec extends MethodOptions {
  method: string;
  /** How it is called in tables; unique in a run. */
  label: string;
  /** Folder of its pictures; unique in a run. */
  slug: string;
}
