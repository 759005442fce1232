// What a benchmark is: cases with whatever truth they carry. Readers of data sets make them, measures look at them.
import type { Image } from '../core/image.js';
import type { OnProgress } from '../core/progress.js';
import type { Box, Keypoint } from '../pose/person.js';

/** One thing to make a picture of, and what is known about the picture that is wanted. */
export interface BenchmarkCase {
  /** Unique in the benchmark; letters, digits, `.`, `_` and `-`, since files are named after it. */
  id: string;
  prompt: string;
  negativePrompt?: string;
  /** Seed of the first picture; default 0. More pictures of a case take {@link seedsOf} it. */
  seed?: number;
  /** What the prompt asks for, with the data set's names, e.g. `ride` `bicycle`; no object for `wave`. */
  triplet?: { verb: string; object: string | null };
  /** Where person and object are wanted, in pixels of the canvas. */
  boxes?: { person?: Box; object?: Box };
  /** The wanted pose: 17 COCO points or 133 of COCO-WholeBody, in pixels of the canvas. */
  keypoints?: Keypoint[];
  /** What boxes and keypoints are measured in; default: the picture that was made. */
  canvas?: { widthPx: number; heightPx: number };
  /** Path of a picture of what is wanted. */
  reference?: string;
  /** Path of the picture that a method changes (another view of a person, a place to put one). */
  source?: string;
  /** Groups that the report filters by, e.g. `rare`. */
  tags?: readonly string[];
}

export interface Benchmark {
  name: string;
  /** One sentence for the head of the report. */
  about: string;
  cases: BenchmarkCase[];
  /**
   * `paired`: a reference is the very picture that is wanted, so that both may be compared pixel by pixel. `sample`: the
   * references together are what good pictures look like, so that only sets are compared.
   */
  references: 'paired' | 'sample';
  /** Draws the reference of a case without `reference`; equal cases give equal pictures. */
  drawReference?(one: BenchmarkCase): Promise<Image>;
  /** What the data set held and the benchmark does not, by reason. */
  skipped?: Readonly<Record<string, number>>;
}

export interface ReadOptions {
  /** Where the data set lies (`--data`); what it is depends on the benchmark. */
  data?: string;
  /** Of benchmarks that draw subjects or samples; default 0. */
  seed: number;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

/** An entry of the table of benchmarks. */
export interface BenchmarkReader {
  /** For the list of benchmarks: what it is, and what `--data` is for. */
  about: string;
  /** Throws `not-found`, `corrupt-file`, `invalid-input`, `usage` when `data` is missing, `aborted`. */
  read(options: ReadOptions): Promise<Benchmark>;
}

/** Far apart, so that the noise of neighbouring cases with seeds 1, 2, 3, ... is not used twice. */
const SEED_STRIDE = 1_000_000;

/** The seeds of a case's pictures: its own, and `count - 1` others. @param first where the case has none */
export function seedsOf({ seed }: BenchmarkCase, { count, first = 0 }: { count: number; first?: number }): number[] {
  return Array.from({ length: count }, (_, i) => (seed ?? first) + i * SEED_STRIDE);
}

/** `count` cases spread evenly over the list, in its order: few cases are then a sample of all. */
export function spread<T>(cases: readonly T[], count: number): T[] {
  if (count >= cases.length) return [...cases];
  const stride = cases.length / count;
  return Array.from({ length: count }, (_, i) => cases[Math.floor(i * stride)]);
}
