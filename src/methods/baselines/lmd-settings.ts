// Numbers of LLM-grounded diffusion, as published for Stable Diffusion 1 and 2, and what small networks need in their place.
import type { Pipeline } from '../../diffusion/pipeline.js';
import { definedOnly } from './defaults.js';
import { isSmall } from './guidance-settings.js';

export interface LmdSettings {
  /** Updates before a step, up to a share of the steps: 4 before step 5 of 50, 3 before 10, 2 before 20, 1 before 30. */
  updates: readonly { before: number; most: number }[];
  /** Below this loss a step needs no further update: 5 over the 8 heads that the published networks have. */
  lossPerHead: number;
  /** Share of the cells inside and outside of a box whose mean counts. */
  topFraction: number;
  outsideWeight: number;
  /** What the loss is multiplied with before it is differentiated. */
  lossScale: number;
  /** Weight of the distance to the attention of the object drawn alone. */
  transferWeight: number;
  /** `raw`: sqrt(1 - alpha_bar) times the gradient. `relative`: the gradient is first brought to this root mean square. */
  stepRule: 'raw' | { relative: number };
  /** Share of the steps after which the objects' latents are no longer put back: 25 of 50. */
  frozenShare: number;
  /** Share of an object's own noise in its box (r). */
  foregroundNoise: number;
}

const PUBLISHED: LmdSettings = {
  updates: [
    { before: 5 / 50, most: 4 },
    { before: 10 / 50, most: 3 },
    { before: 20 / 50, most: 2 },
    { before: 30 / 50, most: 1 },
  ],
  lossPerHead: 5 / 8,
  topFraction: 0.2,
  outsideWeight: 4,
  lossScale: 5,
  transferWeight: 2,
  stepRule: 'raw',
  frozenShare: 25 / 50,
  foregroundNoise: 0.01,
};

/** What is given over what a small network needs over what is published. */
export function lmdSettings(pipeline: Pipeline, given: Partial<LmdSettings> = {}): LmdSettings {
  const small: Partial<LmdSettings> = isSmall(pipeline) ? { stepRule: { relative: 0.03 } } : {};
  return { ...PUBLISHED, ...small, ...definedOnly(given) };
}

/** Updates before step `index` at most. */
export function updatesAt({ updates }: LmdSettings, { index, steps }: { index: number; steps: number }): number {
  return updates.find(({ before }) => index < Math.round(before * steps))?.most ?? 0;
}
