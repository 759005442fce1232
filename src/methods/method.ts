// What a method of `contrapposto generate` is: a request, the picture it gives, and what it tells about the way there.

import type { Agent } from '../agents/agent.js';
import type { CaptionedPicture } from '../core/picture-row.js';
import type { GeneratedImage, GenerationOptions } from '../diffusion/generation-settings.js';
import type { Pipeline } from '../diffusion/pipeline.js';
import type { Box } from '../pose/person.js';

/** Where something belongs. */
export interface GivenBox {
  /** A word of the prompt; absent, the objects of the prompt in their order. */
  word?: string;
  /** In pixels of the picture to make. */
  box: Box;
}

/** One picture to make; what a method does not know it refuses or, where harmless, leaves aside. */
export interface MethodRequest extends Omit<GenerationOptions, 'count' | 'noise'> {
  boxes?: readonly GivenBox[];
  /** Answers questions about poses and layouts. */
  agent?: Agent;
  /** Pictures to choose from, where a method draws several. */
  candidates?: number;
  /** Parts of the method that act, as letters. */
  modules?: string;
  /** A named set of settings. */
  preset?: string;
}

/** Where a method meant something of the prompt to be. */
export interface IntendedBox {
  /** The noun in the prompt. */
  word: string;
  role: 'subject' | 'object';
  /** In pixels of the picture. */
  box: Box;
}

export interface MethodPicture extends GeneratedImage {
  /** What happened on the way, in snake_case, for `--json` and the picture's settings. */
  report?: Readonly<Record<string, unknown>>;
  /** The boxes that it was given or chose; absent for methods without. */
  layout?: readonly IntendedBox[];
  /** Pictures of the stages. */
  stages?: readonly CaptionedPicture[];
}

export interface Method {
  readonly key: string;
  /** For the help of the command. */
  readonly about: string;
  /** Where neither user nor checkpoint says anything. */
  readonly defaults?: { steps?: number; guidanceScale?: number; scheduler?: string };
  /** Which of the options of a request it understands besides those of plain sampling. */
  readonly takes: readonly ('boxes' | 'agent' | 'candidates' | 'modules' | 'preset')[];
  /** Whether boxes may also be given for who acts, and not for objects alone. */
  readonly placesSubject?: boolean;
  /** Throws `usage` for values of its own options that it does not know, before a model is loaded. */
  check?(request: Pick<MethodRequest, 'modules' | 'preset'>): void;
  /** Throws whatever its parts throw; `aborted` between two steps. */
  generate(pipeline: Pipeline, request: MethodRequest): Promise<MethodPicture>;
}
