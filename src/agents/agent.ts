// What an agent is: something that looks at pictures, picks the best pose, and says where the object belongs (record, sections 2 and 6).
import type { Image } from '../core/image.js';
import type { OnProgress } from '../core/progress.js';
import type { Box, Keypoint } from '../pose/person.js';

/** Side of the canonical canvas in which agents speak of boxes and keypoints, whatever the picture's size. */
export const CANVAS_PX = 512;

/** Stable codes of what did not go as it should; they go into the run report. */
export type AgentWarningCode =
  | 'AGENT_TIMEOUT'
  | 'AGENT_UNAVAILABLE'
  | 'AGENT_UNPARSABLE'
  | 'AGENT_FALLBACK'
  | 'BOX_CLIPPED'
  | 'BOX_EXPANDED'
  | 'BOX_REJECTED';

export interface AgentWarning {
  code: AgentWarningCode;
  message: string;
}

/** One question with its answer, as kept in the run report. Pictures are named by their size, not repeated. */
export interface Exchange {
  question: string;
  /** The answer's text; absent when none came. */
  answer?: string;
  /** Why there is no answer. */
  error?: string;
  elapsedMs: number;
}

/** What the questions cost; zeros for an agent that runs in the process. */
export interface AgentUsage {
  /** Requests sent, repeated ones included. */
  requests: number;
  promptTokens: number;
  completionTokens: number;
  /** By the prices that were given; absent without them. */
  costUsd?: number;
}

/** Who answered: a remote model, the models of this package, or a rule because nobody else could. */
export type AnswerSource = 'vlm' | 'local' | 'fallback';

interface Answer {
  source: AnswerSource;
  warnings: readonly AgentWarning[];
  transcript: readonly Exchange[];
  usage: AgentUsage;
}

export interface AgentOptions {
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

export interface ChooseOptions extends AgentOptions {
  /** The action's word as the prompt has it, e.g. `riding`; agents that need it find it in the prompt otherwise. */
  verb?: string;
  /** The object's word, e.g. `bicycle`; `null` when the prompt has none. */
  object?: string | null;
  /** How many distinct pictures to pick; default 1. */
  count?: number;
}

export interface PoseChoice extends Answer {
  /** Index of the best picture. */
  index: number;
  /** `count` distinct indices, the best first; fewer when there are not so many pictures. */
  indices: readonly number[];
  /** How well each picture fits, higher is better, on the agent's own scale; absent when it gives none. */
  scores?: readonly number[];
}

export interface PoseAgent {
  /** For reports, e.g. `local` or the remote model's name. */
  readonly name: string;
  /**
   * Picks the pictures in which the pose shows the prompt's action best.
   * Throws `invalid-input` without pictures, `aborted`, and when a remote agent refuses for good: `usage` (401, 403),
   * `not-found` (404), `runtime`.
   */
  choose(prompt: string, images: readonly Image[], options?: ChooseOptions): Promise<PoseChoice>;
}

/** A box that stays where it is, e.g. an object placed before. */
export interface FixedBox {
  label: string;
  /** On the canonical canvas. */
  box: Box;
}

export interface LayoutQuestion {
  prompt: string;
  /** The action's word in any inflection, e.g. `riding`, `rides`, `ride`. */
  verb: string;
  /** Between verb and object, e.g. `on`. */
  preposition?: string;
  /** The object's head noun, e.g. `bicycle`. */
  object: string;
  /** The chosen picture; its size also gives the canvas's true proportions. */
  image: Image;
  /** The 33 MediaPipe points on the canonical canvas, outside of it too; score 0 where unknown. `null` without any. */
  keypoints: readonly Keypoint[] | null;
  /** On the canonical canvas. */
  personBox: Box;
  /** Where the object is now, on the canonical canvas; `null` when unknown. */
  objectBox: Box | null;
  /** Objects that are placed already. */
  fixedBoxes?: readonly FixedBox[];
}

/** The attributes that an agent settles before the box; each of a closed vocabulary (`ATTRIBUTE_WORDS`). */
export interface LayoutAttributes {
  poseType?: string;
  orientation?: string;
  face?: string;
  relation?: string;
  size?: string;
}

/**
 * `proposed`: there is a box. `none`: the agent answered that nothing needs to move. `unparsable`: it said nothing that
 * could be read. `timeout`: no answer in time. `rejected`: its box cannot be used.
 */
export type LayoutStatus = 'proposed' | 'none' | 'unparsable' | 'timeout' | 'rejected';

export interface LayoutProposal extends Answer {
  status: LayoutStatus;
  /** Whole pixels of the canonical canvas, inside it; `null` unless `proposed`. */
  box: Box | null;
  attributes: LayoutAttributes;
  /** Why, in words. */
  reasoning: string;
}

export interface LayoutAgent {
  readonly name: string;
  /** Says where the object should be. Throws like `choose`. */
  propose(question: LayoutQuestion, options?: AgentOptions): Promise<LayoutProposal>;
}

/** Both at once. */
export interface Agent extends PoseAgent, LayoutAgent {}
