// The one error class: what was attempted, what was expected, what came instead, and a hint.

/** Every way an operation can fail. The command line and the server map each code once (`exitCode`). */
export type ErrorCode =
  | 'usage'
  | 'invalid-input'
  | 'not-found'
  | 'corrupt-file'
  | 'unsupported'
  | 'limit'
  | 'shape'
  | 'io'
  | 'aborted'
  | 'runtime'
  | 'internal';

export interface ErrorDetails {
  /** What was being done, e.g. `Conv` or `read safetensors "unet.safetensors"`. */
  operation: string;
  expected?: string;
  got?: string;
  /** What the user can do about it. */
  hint?: string;
  cause?: unknown;
}

export class ContrappostoError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails) {
    const { operation, expected, got, hint } = details;
    const parts = [expected && `expected ${expected}`, got && `got ${got}`].filter(Boolean).join(', ');
    super(`${operation}: ${parts || code}${hint ? `\n  hint: ${hint}` : ''}`, { cause: details.cause });
    this.name = 'ContrappostoError';
    this.code = code;
    this.details = details;
  }
}

const EXIT_CODES: Record<ErrorCode, 1 | 2 | 130> = {
  usage: 2,
  'invalid-input': 2,
  'not-found': 2,
  'corrupt-file': 2,
  unsupported: 2,
  limit: 2,
  shape: 2,
  io: 2,
  aborted: 130,
  runtime: 1,
  internal: 1,
};

/** Exit code of a failed command: 2 for bad usage or input, 130 when interrupted, 1 otherwise. */
export function exitCode(error: unknown): 1 | 2 | 130 {
  return error instanceof ContrappostoError ? EXIT_CODES[error.code] : 1;
}

/** Throws the `aborted` error if `signal` has fired; called between steps of everything long. */
export function throwIfAborted(signal: AbortSignal | undefined, operation: string): void {
  if (signal?.aborted) throw new ContrappostoError('aborted', { operation, got: 'an interrupt' });
}
