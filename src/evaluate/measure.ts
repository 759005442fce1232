// What a measure is: a number for each picture, or one for all pictures of a method.
import type { Image } from '../core/image.js';
import type { OnProgress } from '../core/progress.js';
import type { IntendedBox } from '../methods/method.js';
import type { Runtime } from '../runtime/index.js';
import type { Benchmark, BenchmarkCase } from './benchmark.js';
import type { Cost } from './make-pictures.js';
import type { Findings, ProbeName } from './probe.js';

/** What one number is and which way is better. */
export interface About {
  /** For `--measures` and results. */
  name: string;
  /** For tables. */
  title: string;
  /** One sentence: what is counted, by what, and what a failed picture counts as. */
  about: string;
  better: 'higher' | 'lower';
  /** How it is shown: a share of 1 as percent, otherwise so many digits after the point. */
  shown: 'percent' | 0 | 1 | 2 | 3;
}

/** What else may decide whether a measure has anything to say. */
export interface Knowledge {
  benchmark: Benchmark;
  /** `verb object` of each triplet that the judge knows; empty without a judge. */
  judged: ReadonlySet<string>;
  hasReference(one: BenchmarkCase): boolean;
  /** Whether any method of the run has intended layouts. */
  plansLayout: boolean;
}

/** A number for each picture. */
export interface PictureMeasure<N extends ProbeName = ProbeName> extends About {
  probe: N;
  /** What a failed picture counts as: the worst that the measure can say. */
  worst: number;
  /** Whether it says nothing of pictures for whose object no box was intended. */
  needsLayout?: boolean;
  /** Whether a case carries the truth that it needs. */
  applies(one: BenchmarkCase, knowledge: Knowledge): boolean;
  /** Throws nothing: what cannot be seen in a picture is the worst that can be said of it. */
  score(found: Findings[N], one: BenchmarkCase, layout?: readonly IntendedBox[]): number;
}

/** A number that the making of a picture has, and a failed one has not. */
export interface CostMeasure extends About {
  score(cost: Cost): number;
}

/** One picture of a method, as a set measure sees it. */
export interface SetMember<N extends ProbeName> {
  case: BenchmarkCase;
  /** Undefined where the picture failed. */
  found: Findings[N] | undefined;
}

export interface SetContext<N extends ProbeName> {
  /** The references of the cases, each once. */
  references: readonly Findings[N][];
  /** What the probe says of a black picture, which a failed one counts as. */
  black: Findings[N] | undefined;
  runtime: Runtime;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

/** One number for all pictures of a method. */
export interface SetMeasure<N extends ProbeName = ProbeName> extends About {
  probe: N;
  needsReferences: boolean;
  applies(one: BenchmarkCase, knowledge: Knowledge): boolean;
  /** Undefined where there are too few pictures. */
  compute(members: readonly SetMember<N>[], context: SetContext<N>): Promise<number | undefined>;
}

/** Side of the black picture. */
const BLACK_PX = 256;

export function blackPicture(): Image {
  return { widthPx: BLACK_PX, heightPx: BLACK_PX, data: new Uint8Array(3 * BLACK_PX * BLACK_PX) };
}
