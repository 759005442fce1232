// Whether pictures show the interaction that was asked for, whether people are found, and whether layouts are right.
import { ContrappostoError } from '../core/errors.js';
import { type Box, iou } from '../pose/person.js';
import { requireFinite } from './check-input.js';

/** A verb and what it is done with. */
export interface Interaction {
  verb: string;
  object: string;
}

/** One pair of a person and an object in a picture, as an interaction detector sees it. */
export interface DetectedInteraction extends Interaction {
  score: number;
}

export interface HitRate {
  /** `100 hits / count`. */
  percent: number;
  hits: number;
  count: number;
}

export interface InteractionScores {
  full: HitRate;
  /** Over the rare interactions; absent when there were none. */
  rare?: HitRate;
}

export interface InteractionSums {
  /** Throws `invalid-input` for NaN. */
  add(truth: Interaction, detected: readonly DetectedInteraction[]): void;
  /** Throws `invalid-input` without pictures. */
  result(): InteractionScores;
}

/** ReCorD's: a picture is right when its interaction is among the first three. */
const TOP = 3;
/** HICO-DET calls interactions with fewer training instances rare (Chao et al. 2018). */
const RARE_BELOW = 10;

/**
 * A detector used as a classifier: each interaction's score is its highest over all pairs, and the true one has to be
 * among the first `top`; equal scores rank by name. Nothing detected is a miss. Scores of two detectors do not compare.
 */
export function isInteractionAmong(
  truth: Interaction,
  detected: readonly DetectedInteraction[],
  { top = TOP }: { top?: number } = {},
): boolean {
  const highest = new Map<string, number>();
  for (const one of detected) {
    requireFinite('interaction score', [one.score]);
    highest.set(nameOf(one), Math.max(one.score, highest.get(nameOf(one)) ?? Number.NEGATIVE_INFINITY));
  }
  const ranked = [...highest].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  return ranked.slice(0, top).some(([name]) => name === nameOf(truth));
}

/** HOI classification score over pictures that come one after another. @param options.isRare counts for `rare` too */
export function interactionSums(
  options: { top?: number; isRare?: (truth: Interaction) => boolean } = {},
): InteractionSums {
  const counts = { full: { hits: 0, count: 0 }, rare: { hits: 0, count: 0 } };
  return {
    add(truth, detected) {
      const hit = isInteractionAmong(truth, detected, options) ? 1 : 0;
      for (const part of options.isRare?.(truth) ? [counts.full, counts.rare] : [counts.full]) {
        part.count++;
        part.hits += hit;
      }
    },
    result() {
      const full = hitRate(counts.full);
      return counts.rare.count === 0 ? { full } : { full, rare: hitRate(counts.rare) };
    },
  };
}

/** Tells rare interactions by the instances of each in the training data. */
export function rareBelow(instances: Iterable<Interaction>, { below = RARE_BELOW }: { below?: number } = {}) {
  const counts = new Map<string, number>();
  for (const one of instances) counts.set(nameOf(one), (counts.get(nameOf(one)) ?? 0) + 1);
  return (truth: Interaction) => (counts.get(nameOf(truth)) ?? 0) < below;
}

function nameOf({ verb, object }: Interaction): string {
  return `${verb}\t${object}`;
}

function hitRate({ hits, count }: { hits: number; count: number }): HitRate {
  if (count > 0) return { percent: (100 * hits) / count, hits, count };
  throw new ContrappostoError('invalid-input', {
    operation: 'interaction score',
    expected: 'at least one picture',
    got: 'none',
  });
}

/**
 * DS of one picture: the highest confidence of a person, 0 when none reaches the threshold; average it over pictures. It
 * saturates: generated people may score above real ones (specification of PATN, 8).
 *
 * @param options.minScore default 0.01
 * @throws `invalid-input` for NaN
 */
export function detectionScore(
  detections: readonly { label: string; score: number }[],
  { label = 'person', minScore = 0.01 }: { label?: string; minScore?: number } = {},
): number {
  let highest = 0;
  for (const one of detections) {
    requireFinite('detection score', [one.score]);
    if (one.label === label && one.score >= minScore) highest = Math.max(highest, one.score);
  }
  return highest;
}

/** Layouts that an agent answered with. */
export interface LayoutScore {
  /** Mean IoU with the true boxes, in [0, 1]. */
  meanIou: number;
  count: number;
  /** Answers without a box, which count as 0. */
  unparsable: number;
}

/** Layout mIoU of ReCorD. Throws `invalid-input` without answers or for NaN. */
export function layoutScore(answers: readonly { box: Box | undefined; truth: Box }[]): LayoutScore {
  let [sum, unparsable] = [0, 0];
  for (const { box, truth } of answers) {
    requireFinite('layout mIoU', [...truth, ...(box ?? [])]);
    if (box) sum += iou(box, truth);
    else unparsable++;
  }
  if (answers.length > 0) return { meanIou: sum / answers.length, count: answers.length, unparsable };
  throw new ContrappostoError('invalid-input', {
    operation: 'layout mIoU',
    expected: 'at least one answer',
    got: 'none',
  });
}
