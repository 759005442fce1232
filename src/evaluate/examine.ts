// Has every picture looked at by every probe, each answer kept in the ledger.
import { throwIfAborted } from '../core/errors.js';
import { type Image, readImage } from '../core/image.js';
import type { BenchmarkCase } from './benchmark.js';
import { keyOf, type Ledger } from './ledger.js';
import type { RunControl } from './method.js';
import type { Findings, Probe, ProbeName } from './probe.js';

/** A picture to look at. */
export interface Subject {
  case: BenchmarkCase;
  /** Where it is, or the picture itself. */
  source: string | Image;
  /** Of its file. */
  digest: string;
  /** What people reading the ledger call it. */
  name: string;
}

export interface ExamineOptions extends RunControl {
  probes: ReadonlyMap<ProbeName, Probe>;
  ledger: Ledger;
  /** For progress. */
  stage: string;
}

/** What the probes say of each subject, in their order. Throws `aborted`, `corrupt-file`, and what probes throw. */
export async function examine(
  subjects: readonly Subject[],
  { probes, ledger, stage, signal, onProgress }: ExamineOptions,
): Promise<Partial<Findings>[]> {
  const all: Partial<Findings>[] = [];
  let looked = false;
  for (const [i, subject] of subjects.entries()) {
    const found: Partial<Record<ProbeName, unknown>> = {};
    // Read at the first probe that has to look, and kept for the others.
    let image: Promise<Image> | undefined;
    for (const [name, probe] of probes) {
      const input = probe.inputOf(subject.case);
      if (input === undefined) continue;
      const key = keyOf(name, subject.digest, input);
      if (!ledger.has(key)) {
        throwIfAborted(signal, stage);
        image ??= open(subject.source, signal);
        const answer = await probe.look(await image, subject.case);
        await ledger.add(key, answer, { measure: name, file: subject.name });
        looked = true;
      }
      found[name] = ledger.get(key);
    }
    all.push(found as Partial<Findings>);
    if (looked) onProgress?.({ type: 'step', stage, step: i + 1, steps: subjects.length });
  }
  return all;
}

async function open(source: string | Image, signal: AbortSignal | undefined): Promise<Image> {
  return typeof source === 'string' ? readImage(source, { signal }) : source;
}
