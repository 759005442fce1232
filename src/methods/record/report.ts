// What a run of ReCorD tells about itself: what it understood, chose, proposed and changed, and what did not go as it should.

import type { AgentUsage, AgentWarningCode, Exchange, LayoutProposal, PoseChoice } from '../../agents/agent.js';
import { ContrappostoError } from '../../core/errors.js';
import type { OnProgress } from '../../core/progress.js';
import type { CanvasBox } from '../../diffusion/attention-control/index.js';
import type { PromptAnalysis } from './prompt-analysis.js';

/** Stable codes; those of agents go through unchanged. */
export type RecordWarningCode =
  | AgentWarningCode
  | 'PROMPT_CUT'
  | 'NO_VERB'
  | 'NO_OBJECT'
  | 'OBJECT_TOKEN_MISSING'
  | 'MULTI_PERSON'
  | 'NO_POSE'
  | 'NO_OBJECT_BOX'
  | 'NO_LAYOUT'
  | 'GUIDANCE_DIVERGED'
  | 'UPDATE_SKIPPED'
  | 'CORRECTION_REJECTED';

export interface RecordWarning {
  code: RecordWarningCode;
  message: string;
}

export interface CandidateReport {
  seed: number;
  /** b_0 of each object, on the canvas of 512; `null` where none was found. */
  objectBoxes: readonly (CanvasBox | null)[];
}

export interface LayoutReport {
  object: string;
  /** What came of it: an agent's answer, the user's own box, or why there is none. */
  status: LayoutProposal['status'] | 'given' | 'no-person' | 'unchanged' | 'changed';
  original: CanvasBox | null;
  proposed: CanvasBox | null;
  attributes: LayoutProposal['attributes'];
  reasoning: string;
}

export interface RecordReport {
  analysis: PromptAnalysis;
  preset: string;
  modules: readonly string[];
  candidates: readonly CandidateReport[];
  choice: { index: number; source: PoseChoice['source'] | 'only' | 'first'; scores?: readonly number[] };
  person: { box: CanvasBox; people: number } | null;
  layouts: readonly LayoutReport[];
  /** Whether the result is what module C drew. */
  corrected: boolean;
  /** Loss before each update of module C. */
  losses: readonly number[];
  /** Milliseconds. */
  timings: Readonly<Record<string, number>>;
  peakMemoryBytes: number;
  agents: { pose: string | null; layout: string | null; usage: AgentUsage; transcript: readonly Exchange[] };
  warnings: readonly RecordWarning[];
}

/** Gathers warnings; with `strict` the first one is an error. */
export class Warnings {
  readonly all: RecordWarning[] = [];

  constructor(private readonly options: { strict: boolean; onProgress?: OnProgress }) {}

  add(code: RecordWarningCode, message: string): void {
    this.all.push({ code, message });
    if (this.options.strict) {
      const hint = 'without strict the run goes on and reports it';
      throw new ContrappostoError('invalid-input', { operation: `record: ${code}`, got: message, hint });
    }
    this.options.onProgress?.({ type: 'warning', message: `${code}: ${message}` });
  }
}
