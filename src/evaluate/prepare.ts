// Everything about an evaluation that can be settled, and refused, before anything is computed.
import type { Device } from '../runtime/index.js';
import { createRuntime, type Runtime } from '../runtime/index.js';
import { type Benchmark, type BenchmarkCase, seedsOf, spread } from './benchmark.js';
import { type ChosenMeasures, chooseMeasures } from './choose-measures.js';
import type { MethodSpec, OpenMethod, RunControl, Task } from './method.js';
import { METHODS } from './methods/index.js';
import { referencePaths } from './picture-store.js';
import type { ProbeWeights } from './probe.js';

export interface EvaluateOptions extends RunControl {
  benchmark: Benchmark;
  methods: readonly MethodSpec[];
  /** Folder of pictures, answers and results; made if missing. */
  out: string;
  /** Names of measures; default: all that the cases allow. */
  measures?: readonly string[];
  /** Only so many cases, spread over the benchmark. */
  limit?: number;
  /** Pictures of each case and method; default 1. */
  seeds?: number;
  /** Of cases without a seed of their own, and of the bootstrap's draws; default 0. */
  seed?: number;
  /** Model of methods that name none; default `mini`. */
  model?: string;
  device?: Device;
  /** Versions for the pictures' settings. */
  software: Readonly<Record<string, string>>;
  /** Of the networks that look at pictures. */
  weights?: ProbeWeights;
}

/** A run whose options are good. */
export interface Prepared {
  /** With the cases of this run only. */
  benchmark: Benchmark;
  tasks: Task[];
  opened: OpenMethod[];
  measures: ChosenMeasures;
  runtime: Runtime;
  referenceOf(one: BenchmarkCase): string | undefined;
  /** Closes one method, whose pictures are made. */
  release(method: number): Promise<void>;
  close(): Promise<void>;
}

/** Everything that can be refused is, before anything is computed. */
export async function prepare(options: EvaluateOptions): Promise<Prepared> {
  const { out, limit, seeds = 1, seed = 0, model = 'mini', device = 'cpu', signal, onProgress } = options;
  const { cases } = options.benchmark;
  const benchmark = { ...options.benchmark, cases: spread(cases, limit ?? cases.length) };
  const referenceOf = referencePaths(benchmark, out);
  const runtime = createRuntime();
  const opened: OpenMethod[] = [];
  const released = new Set<number>();
  const release = async (i: number) => {
    if (released.has(i)) return;
    released.add(i);
    await opened[i].close();
  };
  let measures: ChosenMeasures | undefined;
  const close = async () => {
    for (const i of opened.keys()) await release(i);
    await measures?.close();
    await runtime.close();
  };
  try {
    const { weights = {}, software } = options;
    const context = { runtime, weights, referenceOf, signal, onProgress };
    const shared = { benchmark, model, device, software, referenceOf, signal, onProgress };
    for (const spec of options.methods) opened.push(await METHODS[spec.method].open(spec, shared));
    const plansLayout = opened.some((method) => method.plansLayout);
    measures = await chooseMeasures(options.measures, { benchmark, context, plansLayout });
    const tasks = benchmark.cases.flatMap((one) =>
      seedsOf(one, { count: seeds, first: seed }).map((s): Task => ({ case: one, seed: s })),
    );
    return { benchmark, tasks, opened, measures, runtime, referenceOf, release, close };
  } catch (error) {
    await close();
    throw error;
  }
}
