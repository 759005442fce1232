// Which measures a run takes: all that the cases and the weights at hand allow, or those that were asked for.
import { ContrappostoError } from '../core/errors.js';
import type { OnProgress } from '../core/progress.js';
import type { Benchmark, BenchmarkCase } from './benchmark.js';
import type { About, CostMeasure, Knowledge, PictureMeasure, SetMeasure } from './measure.js';
import { COST_MEASURES, PICTURE_MEASURES, tripletName } from './picture-measures.js';
import type { Probe, ProbeContext, ProbeName } from './probe.js';
import { PROBES } from './probes/index.js';
import { knownTriplets } from './probes/judge.js';
import { SET_MEASURES } from './set-measures.js';

export interface ChosenMeasures {
  picture: PictureMeasure[];
  set: SetMeasure[];
  cost: CostMeasure[];
  /** In the order of tables. */
  all: About[];
  /** Those that the measures look through. */
  probes: Map<ProbeName, Probe>;
  knowledge: Knowledge;
  close(): Promise<void>;
}

export interface MeasuredRun {
  benchmark: Benchmark;
  context: ProbeContext;
  /** Whether any method of the run has intended layouts. Default false. */
  plansLayout?: boolean;
}

/** Names of all measures, for help and messages. */
export const MEASURE_NAMES: readonly string[] = [...PICTURE_MEASURES, ...SET_MEASURES, ...COST_MEASURES].map(
  ({ name }) => name,
);

/**
 * Chooses, and opens what the measures look through.
 *
 * @param names those asked for; undefined for all that can be taken
 * @throws `usage` for an unknown name, `invalid-input` when no case carries what a named measure needs, `not-found` when
 *   its weights are missing
 */
export async function chooseMeasures(
  names: readonly string[] | undefined,
  { benchmark, context, plansLayout = false }: MeasuredRun,
): Promise<ChosenMeasures> {
  requireKnown(names);
  const isAsked = ({ name }: About) => names === undefined || names.includes(name);
  const knowledge = { ...knowledgeOf(benchmark, context), plansLayout };
  const probes = new Map<ProbeName, Probe>();
  const chosen: ChosenMeasures = {
    picture: [],
    set: [],
    cost: COST_MEASURES.filter(isAsked),
    all: [],
    probes,
    knowledge,
    close: async () => {
      for (const probe of probes.values()) await probe.close?.();
    },
  };
  try {
    for (const measure of PICTURE_MEASURES.filter(isAsked)) {
      if (await canTake(measure, { names, knowledge, probes, context })) chosen.picture.push(measure);
    }
    for (const measure of SET_MEASURES.filter(isAsked)) {
      if (await canTake(measure, { names, knowledge, probes, context })) chosen.set.push(measure);
    }
  } catch (error) {
    await chosen.close();
    throw error;
  }
  chosen.all = [...chosen.picture, ...chosen.set, ...chosen.cost];
  return chosen;
}

function requireKnown(names: readonly string[] | undefined): void {
  const unknown = names?.find((name) => !MEASURE_NAMES.includes(name));
  if (unknown === undefined && names?.length !== 0) return;
  throw new ContrappostoError('usage', {
    operation: '--measures',
    expected: 'names of measures',
    got: unknown === undefined ? 'none' : `"${unknown}"`,
    hint: MEASURE_NAMES.join(', '),
  });
}

function knowledgeOf(
  benchmark: Benchmark,
  { weights, referenceOf, onProgress }: ProbeContext,
): Omit<Knowledge, 'plansLayout'> {
  return {
    benchmark,
    judged: new Set(judgedTriplets(weights.judge, onProgress).map(tripletName)),
    hasReference: (one: BenchmarkCase) => referenceOf(one) !== undefined,
  };
}

function judgedTriplets(folder: string | undefined, onProgress: OnProgress | undefined) {
  try {
    return knownTriplets(folder);
  } catch (error) {
    if (folder !== undefined || !isMissing(error)) throw error;
    onProgress?.({ type: 'warning', message: `without the judge: ${error.message.split('\n')[0]}` });
    return [];
  }
}

interface Choice {
  names: readonly string[] | undefined;
  knowledge: Knowledge;
  probes: Map<ProbeName, Probe>;
  context: ProbeContext;
}

async function canTake(measure: PictureMeasure | SetMeasure, choice: Choice): Promise<boolean> {
  const { names, knowledge, probes, context } = choice;
  const { cases } = knowledge.benchmark;
  const lacksReferences =
    'needsReferences' in measure && measure.needsReferences && !cases.some(knowledge.hasReference);
  if (lacksReferences || !cases.some((one) => measure.applies(one, knowledge))) {
    if (!names) return false;
    throw new ContrappostoError('invalid-input', {
      operation: `--measures ${measure.name}`,
      expected: lacksReferences ? 'cases with a reference picture' : 'cases with what it compares to',
      got: `none in ${cases.length} cases`,
      hint: measure.about,
    });
  }
  if (probes.has(measure.probe)) return true;
  if (lacksWeights(measure, choice)) return false;
  try {
    probes.set(measure.probe, await PROBES[measure.probe].open(context));
    return true;
  } catch (error) {
    if (names || !isMissing(error)) throw error;
    context.onProgress?.({ type: 'warning', message: `without ${measure.name}: ${error.message.split('\n')[0]}` });
    return false;
  }
}

/** Whether a measure needs weights that were not given; throws when it was asked for. */
function lacksWeights({ name, probe }: PictureMeasure | SetMeasure, { names, context }: Choice): boolean {
  const { needs } = PROBES[probe];
  if (!needs || context.weights[needs] !== undefined) return false;
  if (!names) return true;
  throw new ContrappostoError('usage', {
    operation: `--measures ${name}`,
    expected: 'the weights of its network',
    got: 'none',
    hint: `this program has none; give them with --${needs}`,
  });
}

function isMissing(error: unknown): error is ContrappostoError {
  return error instanceof ContrappostoError && error.code === 'not-found';
}
