// The runner: methods x cases x seeds to pictures, pictures to scores, scores to results. A killed run goes on where it was.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Bootstrap } from './bootstrap.js';
import { examine, type Subject } from './examine.js';
import { Ledger } from './ledger.js';
import { type MadePicture, makePictures } from './make-pictures.js';
import type { OpenMethod } from './method.js';
import { drawReferences, keptPicture, pictureFile } from './picture-store.js';
import { type EvaluateOptions, type Prepared, prepare } from './prepare.js';
import type { CaseResult, Results } from './results.js';
import { casesOf, setScores } from './scores.js';
import { compare, summarise } from './summarise.js';

export type { EvaluateOptions };

export interface Evaluation {
  results: Results;
  /** Pictures that were there before, and those made now. */
  kept: number;
  made: number;
  /** Path of a case's reference picture. */
  referenceOf(one: { id: string }): string | undefined;
}

/**
 * Makes the pictures that are missing, has them looked at, and sums up. Equal options give equal results, but for times
 * and memory, however often the run was interrupted.
 *
 * @throws `usage`, `not-found`, `invalid-input` for methods and measures before anything is computed; `io`; `aborted`
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const { methods, out, signal, onProgress } = options;
  const prepared = await prepare(options);
  const { benchmark, measures, opened, tasks, referenceOf } = prepared;
  try {
    await mkdir(out, { recursive: true });
    await drawReferences(benchmark, { out, signal, onProgress });
    const ledger = await Ledger.open(join(out, 'measures.jsonl'));
    const pictures: MadePicture[] = [];
    let kept = 0;
    for (const [i, method] of methods.entries()) {
      const done = await makePictures(opened[i], tasks, { method, out, ledger, signal, onProgress });
      pictures.push(...done.pictures);
      kept += done.kept;
      // Before the next one loads its networks.
      await prepared.release(i);
    }
    const subjects = pictures.flatMap((picture) => (picture.digest ? [subjectOf(picture, out)] : []));
    const shared = { probes: measures.probes, ledger, signal, onProgress };
    const found = await examine(subjects, { ...shared, stage: 'measure' });
    const findings = new Map(subjects.map(({ name }, i) => [name, found[i]]));
    const cases = casesOf({ benchmark, pictures, measures, findings, ledger });
    const sets = await setScores(prepared, { pictures, findings, ledger, options });
    const results = resultsOf({ options, prepared, cases, pictures, sets });
    const failed = pictures.filter(({ failure }) => failure !== undefined).length;
    const pathOf = (one: { id: string }) => referenceOf(benchmark.cases.find(({ id }) => id === one.id)!);
    return { results, kept, made: pictures.length - kept - failed, referenceOf: pathOf };
  } finally {
    await prepared.close();
  }
}

export interface Plan {
  cases: number;
  pictures: number;
  /** Pictures that are there already, as asked for. */
  kept: number;
  measures: string[];
  methods: { label: string; settings: OpenMethod['settings'] }[];
}

/** What `evaluate` would do, with everything checked that can be without computing; writes nothing. Throws as it. */
export async function planEvaluation(options: EvaluateOptions): Promise<Plan> {
  const prepared = await prepare(options);
  try {
    let kept = 0;
    for (const [i, opened] of prepared.opened.entries()) {
      for (const task of prepared.tasks) {
        // A case that would fail is not there.
        const text = await opened.describe(task).catch(() => undefined);
        const path = join(options.out, pictureFile(options.methods[i], task));
        if (text && (await keptPicture(path, text))) kept++;
      }
    }
    return {
      cases: prepared.benchmark.cases.length,
      pictures: prepared.tasks.length * options.methods.length,
      kept,
      measures: prepared.measures.all.map(({ name }) => name),
      methods: options.methods.map(({ label }, i) => ({ label, settings: prepared.opened[i].settings })),
    };
  } finally {
    await prepared.close();
  }
}

function subjectOf({ case: one, file, digest }: MadePicture, out: string): Subject {
  return { case: one, source: join(out, file), digest: digest!, name: file };
}

interface Summed {
  options: EvaluateOptions;
  prepared: Prepared;
  cases: CaseResult[];
  pictures: readonly MadePicture[];
  sets: ReadonlyMap<string, number | undefined>;
}

function resultsOf({ options, prepared, cases, pictures, sets }: Summed): Results {
  const { benchmark, measures, opened } = prepared;
  const kinds = { picture: measures.picture, set: measures.set, cost: measures.cost };
  const described = (['picture', 'set', 'cost'] as const).flatMap((kind) =>
    kinds[kind].map(({ name, title, about, better, shown }) => ({ name, title, about, better, shown, kind })),
  );
  const scored = { measures: described, methods: options.methods.map(({ label }) => label), cases };
  const bootstrap = new Bootstrap({ seed: options.seed });
  return {
    schema: 1,
    benchmark: {
      name: benchmark.name,
      about: benchmark.about,
      cases: benchmark.cases.length,
      skipped: { ...benchmark.skipped },
    },
    seeds: options.seeds ?? 1,
    software: { ...options.software },
    measures: described,
    methods: options.methods.map(({ label, method }, i) => {
      const own = pictures.filter((picture) => picture.method.label === label);
      const failed = own.filter(({ failure }) => failure !== undefined).length;
      return { label, method, settings: { ...opened[i].settings }, pictures: own.length, failed };
    }),
    summary: summarise(scored, { bootstrap, sets }),
    differences: compare(scored, { bootstrap }),
    cases,
  };
}
