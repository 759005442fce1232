// Parsers of option values, each with a message that says what the option takes.
import { ContrappostoError } from '../core/errors.js';

interface Range {
  min: number;
  max: number;
}

/** A parser of whole numbers in a range; throws `usage`. */
export function integer(option: string, range: Range): (text: string) => number {
  return (text) => inRange(option, { text, range, pattern: /^[+-]?\d+$/, kind: 'a whole number' });
}

/** A parser of numbers in a range; throws `usage`. */
export function decimal(option: string, range: Range): (text: string) => number {
  return (text) => inRange(option, { text, range, pattern: /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i, kind: 'a number' });
}

function inRange(option: string, input: { text: string; range: Range; pattern: RegExp; kind: string }): number {
  const { text, range, pattern, kind } = input;
  const value = pattern.test(text.trim()) ? Number(text) : Number.NaN;
  if (value >= range.min && value <= range.max) return value;
  throw new ContrappostoError('usage', {
    operation: option,
    expected: `${kind} from ${range.min} to ${range.max}`,
    got: `"${text}"`,
    hint: `for example ${option} ${exampleOf(range)}`,
  });
}

function exampleOf({ min, max }: Range): number {
  return Math.min(max, Math.max(min, 8));
}
