// From the evidence's measurements to its numbers, each beside what the same measure says about renders of the same prompts.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { frechetDistance } from '../src/metrics/frechet-distance.js';
import { Ledger, SOURCES, type Source } from './mini-evidence-ledger.js';
import { type Detected, type Judged, MIN_SCORE, type Reconstructed } from './mini-evidence-measures.js';
import { detectable, type EvidencePrompt } from './mini-evidence-prompts.js';

/** A person is plausible when MoveNet sees this many of its 17 points. */
const MIN_POINTS = 12;
const TOP = 3;

export interface Share {
  yes: number;
  of: number;
}

export interface Distance {
  pictures: number | null;
  /** Between two sets of renders of the same size: what a perfect generator would reach. */
  floor: number | null;
}

export interface Summary {
  /** Pictures of each source. */
  counts: Record<Source, number>;
  plausible: Record<Source, Share>;
  named: Record<Source, Share>;
  classes: { name: string; pictures: Share; renders: Share }[];
  judged: Record<EvidencePrompt['set'], Record<'pictures' | 'renders', Share> & { chance: number | null }>;
  /** Pictures whose own prompt fits best of twenty, by the scorer. */
  texts: Record<'pictures' | 'renders', Share>;
  distances: { photographs: Distance; judge: Distance };
  reconstruction: { count: number; psnr: number; psnrFacesHands: number } | null;
  generation: { secondsEach: number; cpuSecondsEach: number; peakMegabytes: number } | null;
  storage: { pictures: number; psnr: number } | null;
}

/** What the picture-making part wrote about itself. */
export interface GenerationRecord {
  pictures: number;
  seconds: number;
  cpuSeconds: number;
  peakMegabytes: number;
}

/** Reads every ledger of an evidence folder, as far as it is about these prompts. */
export function summarise(out: string, prompts: readonly EvidencePrompt[]): Summary {
  const chosen = new Set(prompts.map((prompt) => prompt.index));
  const ledger = <T>(name: string) => new Ledger<T>(join(out, `${name}.jsonl`), chosen);
  const detectors = ledger<Detected>('detectors');
  const judged = ledger<Judged>('judge');
  const scorer = ledger<number>('scorer');
  const ownText = (source: Source) => share(scorer.all(source), ({ value }) => value === 0);
  const features = ledger<number[]>('features');
  const bySource = <T>(value: (source: Source) => T) =>
    Object.fromEntries(SOURCES.map((source) => [source, value(source)])) as Record<Source, T>;
  return {
    counts: bySource((source) => detectors.all(source).length),
    plausible: bySource((source) => share(detectors.all(source), ({ value }) => value.points >= MIN_POINTS)),
    named: bySource((source) => objectsFound(detectors, source)),
    classes: classes(detectors, prompts),
    judged: { training: judgedSet('training'), 'held-out': judgedSet('held-out') },
    texts: { pictures: ownText('pictures'), renders: ownText('renders') },
    distances: {
      photographs: distances((source) => features.all(source).map(({ value }) => value)),
      judge: distances((source) => judged.all(source).map(({ value }) => value.features)),
    },
    reconstruction: reconstruction(ledger<Reconstructed>('reconstruction')),
    generation: generation(out),
    storage: readJson<NonNullable<Summary['storage']>>(join(out, 'storage.json')),
  };

  function judgedSet(set: EvidencePrompt['set']) {
    const indices = prompts.filter((p) => p.set === set).map((p) => p.index);
    const of = (source: Source) =>
      indices.flatMap((index) => judged.get(source, index) ?? []).filter(({ own }) => own >= 0);
    const right = (source: Source) => share(of(source), ({ own, scores }) => isFirst(scores, own));
    return { pictures: right('pictures'), renders: right('renders'), chance: chance(of('pictures')) };
  }
}

function share<T>(values: readonly T[], yes: (value: T) => boolean): Share {
  return { yes: values.filter(yes).length, of: values.length };
}

const isFirst = (scores: readonly number[], own: number) => scores.filter((v) => v > scores[own]).length < TOP;

/** How often a prompt's triplet is among the first for a picture of another prompt of the set. */
function chance(values: readonly Judged[]): number | null {
  if (values.length < 2) return null;
  const pairs = values.flatMap((a, i) => values.filter((_, j) => j !== i).map((b) => isFirst(b.scores, a.own)));
  return pairs.filter(Boolean).length / pairs.length;
}

function objectsFound(detectors: Ledger<Detected>, source: Source): Share {
  return share(
    detectors.all(source).filter(({ value }) => value.object !== undefined),
    ({ value }) => value.object! > MIN_SCORE,
  );
}

function classes(detectors: Ledger<Detected>, prompts: readonly EvidencePrompt[]): Summary['classes'] {
  const names = [...new Set(prompts.flatMap((prompt) => detectable(prompt) ?? []))].sort();
  return names.map((name) => {
    const indices = prompts.filter((prompt) => detectable(prompt) === name).map((prompt) => prompt.index);
    const found = (source: Source) =>
      share(
        indices.flatMap((index) => detectors.get(source, index) ?? []),
        (value) => (value.object ?? 0) > MIN_SCORE,
      );
    return { name, pictures: found('pictures'), renders: found('renders') };
  });
}

/** Distances to the renders of the same prompts; null while a set is missing or too small. */
function distances(of: (source: Source) => number[][]): Distance {
  const renders = of('renders');
  const to = (source: Source) => {
    const set = of(source);
    return set.length > 1 && renders.length > 1 ? frechetDistance(set, renders) : null;
  };
  return { pictures: to('pictures'), floor: to('others') };
}

function reconstruction(ledger: Ledger<Reconstructed>): Summary['reconstruction'] {
  const all = ledger.all('renders').map(({ value }) => value);
  if (all.length === 0) return null;
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const psnr = (mse: number) => -10 * Math.log10(Math.max(mse, 1e-12));
  const fine = all.flatMap(({ fine: value }) => value ?? []);
  return {
    count: all.length,
    psnr: mean(all.map(({ whole }) => psnr(whole))),
    psnrFacesHands: mean(fine.map(psnr)),
  };
}

function generation(out: string): Summary['generation'] {
  const record = readJson<GenerationRecord>(join(out, 'generation.json'));
  if (!record) return null;
  const { pictures, seconds, cpuSeconds, peakMegabytes } = record;
  return { secondsEach: seconds / pictures, cpuSecondsEach: cpuSeconds / pictures, peakMegabytes };
}

function readJson<T>(path: string): T | null {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as T) : null;
}
