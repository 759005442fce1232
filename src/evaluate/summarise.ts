// From scores of pictures to means with intervals and to paired differences between methods.
import { type Bootstrap, meanOf } from './bootstrap.js';
import type { CaseResult, DifferenceResult, MeasureResult, SummaryResult } from './results.js';

export interface Scored {
  measures: readonly MeasureResult[];
  /** Labels, the baseline of comparisons first. */
  methods: readonly string[];
  cases: readonly CaseResult[];
}

/** One value a case: the mean over its seeds. Cases that the measure does not apply to are not in it. */
function caseMeans({ cases }: Scored, { measure, method }: { measure: string; method: string }): Map<string, number> {
  const means = new Map<string, number>();
  for (const { id, pictures } of cases) {
    const scores = pictures
      .filter((picture) => picture.method === method)
      .flatMap(({ scores }) => scores[measure] ?? []);
    if (scores.length > 0) means.set(id, meanOf(scores));
  }
  return means;
}

/**
 * Means over cases of each method and measure, with 95 % intervals. A measure of all pictures has the value of `sets`, and
 * no interval: features of resampled pictures are nearer to each other than those of new ones.
 */
export function summarise(
  scored: Scored,
  { bootstrap, sets }: { bootstrap: Bootstrap; sets: ReadonlyMap<string, number | undefined> },
): SummaryResult[] {
  return scored.methods.flatMap((method) =>
    scored.measures.map(({ name: measure, kind }): SummaryResult => {
      const pictures = scored.cases
        .flatMap((one) => one.pictures)
        .filter((picture) => picture.method === method && (kind === 'set' || picture.scores[measure] !== null));
      const failed = pictures.filter(({ failure }) => failure !== undefined).length;
      const counts = { pictures: pictures.length, failed };
      if (kind === 'set') {
        const mean = sets.get(`${method}\n${measure}`) ?? null;
        return { method, measure, mean, low: null, high: null, cases: scored.cases.length, ...counts };
      }
      const values = [...caseMeans(scored, { measure, method }).values()];
      const found = values.length > 0 ? bootstrap.interval(values) : { mean: null, low: null, high: null };
      return { method, measure, ...found, cases: values.length, ...counts };
    }),
  );
}

/** Each later method against each earlier one, case by case: what all methods find hard or easy cancels. */
export function compare(scored: Scored, { bootstrap }: { bootstrap: Bootstrap }): DifferenceResult[] {
  const { measures, methods } = scored;
  const pairs = methods.flatMap((baseline, i) => methods.slice(i + 1).map((method) => ({ baseline, method })));
  return measures
    .filter(({ kind }) => kind !== 'set')
    .flatMap(({ name: measure, better }) =>
      pairs.map(({ baseline, method }): DifferenceResult => {
        const before = caseMeans(scored, { measure, method: baseline });
        const after = caseMeans(scored, { measure, method });
        const both = [...after.keys()].filter((id) => before.has(id));
        const differences = both.map((id) => after.get(id)! - before.get(id)!);
        const found = both.length > 0 ? bootstrap.interval(differences) : { mean: null, low: null, high: null };
        const gains = differences.map((value) => (better === 'higher' ? value : -value));
        return {
          measure,
          method,
          baseline,
          ...found,
          cases: both.length,
          better: gains.filter((value) => value > 0).length,
          equal: gains.filter((value) => value === 0).length,
          worse: gains.filter((value) => value < 0).length,
        };
      }),
    );
}

/** Whether an interval of a difference lies on one side of nothing, and on which. */
export function verdict(
  { low, high }: Pick<DifferenceResult, 'low' | 'high'>,
  { better }: Pick<MeasureResult, 'better'>,
): 'better' | 'worse' | 'undecided' {
  if (low === null || high === null || (low <= 0 && high >= 0)) return 'undecided';
  return low > 0 === (better === 'higher') ? 'better' : 'worse';
}
