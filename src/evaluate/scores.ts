// From what the probes said to scores: of each picture, and of all pictures of a method.
import { readFile } from 'node:fs/promises';
import type { Benchmark } from './benchmark.js';
import type { ChosenMeasures } from './choose-measures.js';
import { examine, type Subject } from './examine.js';
import { intendedObject } from './layout-of-picture.js';
import type { Ledger } from './ledger.js';
import { type Cost, costKey, type MadePicture } from './make-pictures.js';
import { blackPicture } from './measure.js';
import { digestOf } from './picture-store.js';
import type { EvaluateOptions, Prepared } from './prepare.js';
import type { Findings, Probe, ProbeName } from './probe.js';
import type { CaseResult } from './results.js';

export interface Looked {
  pictures: readonly MadePicture[];
  /** By the picture's file. */
  findings: ReadonlyMap<string, Partial<Findings>>;
  ledger: Ledger;
}

/** Each case with its pictures and their scores. */
export function casesOf({
  benchmark,
  pictures,
  measures,
  findings,
  ledger,
}: Looked & { benchmark: Benchmark; measures: ChosenMeasures }): CaseResult[] {
  const byCase = new Map<string, MadePicture[]>(benchmark.cases.map(({ id }) => [id, []]));
  for (const picture of pictures) byCase.get(picture.case.id)!.push(picture);
  return benchmark.cases.map((one) => ({
    id: one.id,
    prompt: one.prompt,
    tags: [...(one.tags ?? [])],
    ...(one.reference === undefined && benchmark.drawReference && { reference: `references/${one.id}.png` }),
    pictures: byCase.get(one.id)!.map((picture) => ({
      method: picture.method.label,
      seed: picture.seed,
      file: picture.file,
      ...(picture.digest !== undefined && { sha256: picture.digest }),
      ...(picture.failure !== undefined && { failure: picture.failure }),
      ...(picture.layout && { layout: picture.layout.map((placed) => ({ ...placed, box: [...placed.box] })) }),
      scores: scoresOf(picture, { measures, found: findings.get(picture.file), ledger }),
    })),
  }));
}

function scoresOf(
  picture: MadePicture,
  { measures, found, ledger }: { measures: ChosenMeasures; found?: Partial<Findings>; ledger: Ledger },
): Record<string, number | null> {
  const scores: Record<string, number | null> = {};
  for (const measure of measures.picture) {
    const applies = measure.applies(picture.case, measures.knowledge) && (!measure.needsLayout || hasLayout(picture));
    const seen = found?.[measure.probe];
    scores[measure.name] = !applies
      ? null
      : seen === undefined
        ? measure.worst
        : measure.score(seen, picture.case, picture.layout);
  }
  const { method, digest } = picture;
  const cost = digest ? (ledger.get(costKey(method, { task: picture, digest })) as Cost | undefined) : undefined;
  for (const measure of measures.cost) scores[measure.name] = cost ? measure.score(cost) : null;
  return scores;
}

/** A failed picture counts where its method would have had a box for the object. */
function hasLayout({ case: one, layout, plansLayout, failure }: MadePicture): boolean {
  return failure === undefined ? intendedObject(layout, one) !== undefined : plansLayout;
}

/** Scores of all pictures of a method, by `label\nmeasure`. */
export async function setScores(
  { benchmark, measures, runtime, referenceOf }: Prepared,
  { pictures, findings, ledger, options }: Looked & { options: EvaluateOptions },
): Promise<Map<string, number | undefined>> {
  const { signal, onProgress, methods } = options;
  const scores = new Map<string, number | undefined>();
  if (measures.set.length === 0) return scores;
  const only = (keep: (probe: ProbeName) => boolean): Map<ProbeName, Probe> =>
    new Map([...measures.probes].filter(([name]) => keep(name)));
  const wanted = only((name) => measures.set.some((set) => set.needsReferences && set.probe === name));
  const shared = { ledger, signal, onProgress };
  const references: Subject[] = [];
  for (const one of benchmark.cases) {
    const path = wanted.size > 0 ? referenceOf(one) : undefined;
    if (path !== undefined) {
      references.push({ case: one, source: path, digest: digestOf(await readFile(path)), name: `reference ${one.id}` });
    }
  }
  const seen = await examine(references, { ...shared, probes: wanted, stage: 'measure references' });
  const blackSubject = { case: benchmark.cases[0], source: blackPicture(), digest: 'black', name: 'black' };
  const hasFailures = pictures.some(({ failure }) => failure !== undefined);
  const probes = only((name) => hasFailures && measures.set.some((set) => set.probe === name));
  const [black] = await examine([blackSubject], { ...shared, probes, stage: 'measure' });
  for (const { label } of methods) {
    for (const measure of measures.set) {
      const members = pictures
        .filter((picture) => picture.method.label === label && measure.applies(picture.case, measures.knowledge))
        .map((picture) => ({ case: picture.case, found: findings.get(picture.file)?.[measure.probe] }));
      const value = await measure.compute(members, {
        references: seen.map((found) => found[measure.probe]).filter((found) => found !== undefined),
        black: black[measure.probe],
        runtime,
        signal,
        onProgress,
      });
      scores.set(`${label}\n${measure.name}`, value);
    }
    onProgress?.({ type: 'stage', stage: 'sets', detail: label });
  }
  return scores;
}
