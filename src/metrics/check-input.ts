// What every measure refuses: numbers that are none, and sizes that do not fit together.
import { ContrappostoError } from '../core/errors.js';

/** Feature vectors, logits or probabilities: one row a picture. */
export type Rows = readonly ArrayLike<number>[];

/** Throws `invalid-input` naming the first value that is NaN or infinite. */
export function requireFinite(operation: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    throw new ContrappostoError('invalid-input', {
      operation,
      expected: 'finite numbers',
      got: `${values[i]} at index ${i}`,
      hint: 'the picture or network that this came from has failed; leave it out and count it as a failure',
    });
  }
}

/** Throws `shape` unless both have the same length. */
export function requireSameLength(operation: string, a: ArrayLike<unknown>, b: ArrayLike<unknown>): void {
  if (a.length === b.length) return;
  throw new ContrappostoError('shape', { operation, expected: `as many as ${a.length}`, got: `${b.length}` });
}

/** Throws `invalid-input` unless there are at least `count`. */
export function requireAtLeast(
  operation: string,
  values: ArrayLike<unknown>,
  { count, what }: { count: number; what: string },
): void {
  if (values.length >= count) return;
  throw new ContrappostoError('invalid-input', {
    operation,
    expected: `at least ${count} ${what}`,
    got: `${values.length}`,
  });
}

/**
 * The length of all rows. Throws `invalid-input` for fewer than `minRows` or values that are no numbers, `shape` for rows
 * of several lengths or none.
 */
export function requireRows(operation: string, rows: Rows, minRows: number): number {
  requireAtLeast(operation, rows, { count: minRows, what: 'rows' });
  const width = rows[0].length;
  for (const row of rows) {
    if (row.length !== width || width === 0) {
      throw new ContrappostoError('shape', {
        operation,
        expected: width === 0 ? 'rows with values' : `rows of ${width}`,
        got: `one of ${row.length}`,
      });
    }
    requireFinite(operation, row);
  }
  return width;
}
