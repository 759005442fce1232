// Sizes of the layout model, and of a toy with the same structure for tests.
import { LAYOUT_OBJECTS, LAYOUT_VERBS } from '../../agents/layout-words.js';
import type { LayoutModelConfig } from '../../models/index.js';

/** What the layout model's graphs are built from. */
export interface LayoutSettings {
  name: string;
  network: Pick<
    LayoutModelConfig,
    'members' | 'width' | 'embedding_width' | 'person_hypotheses' | 'present_hypotheses'
  >;
}

/** The embedded model. */
export const LAYOUT: LayoutSettings = {
  name: 'layout',
  network: { members: 2, width: 160, embedding_width: 24, person_hypotheses: 20, present_hypotheses: 6 },
};

/** A few thousand parameters. */
export const TOY_LAYOUT: LayoutSettings = {
  name: 'toy-layout',
  network: { members: 2, width: 16, embedding_width: 4, person_hypotheses: 4, present_hypotheses: 2 },
};

/**
 * Of 0, 0.15, 0.3, 0.4, 0.45, 0.5 and 0.6 the one with the largest overlap on held-out pictures, averaged over amplitudes of
 * the perturbation from 0.1 to 1 (`docs/layout.md`).
 */
const PRESENT_TRUST = 0.45;

/** The layout model's `config.json`. */
export function layoutConfig({ network }: LayoutSettings): LayoutModelConfig {
  return {
    architectures: ['LayoutModel'],
    ...network,
    present_trust: PRESENT_TRUST,
    verbs: [...LAYOUT_VERBS],
    objects: [...LAYOUT_OBJECTS],
  };
}
