// What `results.json` holds: every score of every picture, and what they come to. Two runs of the same give the same file, but for times.
import { z } from 'zod';

const score = z.number().nullable();
const interval = z.object({ mean: score, low: score, high: score });

const measureSchema = z.object({
  name: z.string(),
  title: z.string(),
  about: z.string(),
  better: z.enum(['higher', 'lower']),
  shown: z.union([z.literal('percent'), z.literal(0), z.literal(1), z.literal(2), z.literal(3)]),
  /** `picture`: a number each; `set`: one for all pictures of a method; `cost`: not the same in two runs. */
  kind: z.enum(['picture', 'set', 'cost']),
});

const methodSchema = z.object({
  /** As in tables. */
  label: z.string(),
  method: z.string(),
  settings: z.record(z.string(), z.union([z.string(), z.number()])),
  pictures: z.number(),
  failed: z.number(),
});

const summarySchema = interval.extend({
  method: z.string(),
  measure: z.string(),
  /** Cases that the measure applies to; the mean is one over cases, of means over their seeds. */
  cases: z.number(),
  pictures: z.number(),
  /** Of these pictures, those that failed and count as the worst. */
  failed: z.number(),
});

const differenceSchema = interval.extend({
  measure: z.string(),
  /** The mean is that of `method` less that of `baseline`, over the cases of both. */
  method: z.string(),
  baseline: z.string(),
  cases: z.number(),
  /** Cases in which `method` is better, equal, worse. */
  better: z.number(),
  equal: z.number(),
  worse: z.number(),
});

const pictureSchema = z.object({
  method: z.string(),
  seed: z.number(),
  /** From the folder of this file. */
  file: z.string(),
  sha256: z.string().optional(),
  /** Where its method meant things to be, in pixels of the picture. */
  layout: z
    .array(z.object({ word: z.string(), role: z.enum(['subject', 'object']), box: z.array(z.number()).length(4) }))
    .optional(),
  /** Why there is no picture. */
  failure: z.string().optional(),
  /** By measure; null where it does not apply. */
  scores: z.record(z.string(), score),
});

const caseSchema = z.object({
  id: z.string(),
  prompt: z.string(),
  tags: z.array(z.string()),
  reference: z.string().optional(),
  pictures: z.array(pictureSchema),
});

export const resultsSchema = z.object({
  schema: z.literal(1),
  benchmark: z.object({
    name: z.string(),
    about: z.string(),
    cases: z.number(),
    skipped: z.record(z.string(), z.number()),
  }),
  seeds: z.number(),
  software: z.record(z.string(), z.string()),
  measures: z.array(measureSchema),
  methods: z.array(methodSchema),
  summary: z.array(summarySchema),
  differences: z.array(differenceSchema),
  cases: z.array(caseSchema),
});

export type Results = z.infer<typeof resultsSchema>;
export type MeasureResult = Results['measures'][number];
export type SummaryResult = Results['summary'][number];
export type DifferenceResult = Results['differences'][number];
export type CaseResult = Results['cases'][number];
export type PictureResult = CaseResult['pictures'][number];

/** A score as people read it, e.g. `12.5 %`; `-` without one. */
export function shownScore(value: number | null | undefined, { shown }: Pick<MeasureResult, 'shown'>): string {
  if (value === null || value === undefined) return '-';
  return shown === 'percent' ? `${(100 * value).toFixed(1)} %` : value.toFixed(shown);
}

/** A difference, with its sign. */
export function shownDifference(value: number | null, measure: Pick<MeasureResult, 'shown'>): string {
  const text = shownScore(value, measure);
  return value !== null && value > 0 && /[1-9]/.test(text) ? `+${text}` : text;
}
