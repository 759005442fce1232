// What a parity run finds: one line for each recomputed tensor, and what was left unchecked.
import type { Tensor } from '../core/tensor.js';

export interface Check {
  /** Path of the reference file within the folder. */
  file: string;
  tensor: string;
  /** ||ours - reference|| / ||reference||. */
  error: number;
  tolerance: number;
  passed: boolean;
}

export interface ParityReport {
  checks: Check[];
  /** Files and tensors that were found but not recomputed. */
  notChecked: string[];
}

/** Largest relative error of one evaluation of a network. */
export const EVALUATION_TOLERANCE = 1e-4;
/** Largest relative error after a whole sampling loop. */
export const LOOP_TOLERANCE = 1e-3;
/** The same after one with guidance by gradients. */
export const GUIDED_TOLERANCE = 1e-2;

/**
 * Compares a recomputed tensor with its reference. Different lengths are infinitely wrong; NaN never passes.
 */
export function compare(
  where: { file: string; tensor: string; tolerance: number },
  ours: ArrayLike<number | bigint>,
  reference: Tensor,
): Check {
  const error = relativeError(ours, reference.data);
  return { ...where, error, passed: error <= where.tolerance };
}

/** `||ours - reference|| / ||reference||` in double precision; 0 for equal tensors of zeros. */
export function relativeError(ours: ArrayLike<number | bigint>, reference: ArrayLike<number | bigint>): number {
  if (ours.length !== reference.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < reference.length; i++) {
    const r = Number(reference[i]);
    difference += (Number(ours[i]) - r) ** 2;
    norm += r ** 2;
  }
  return difference === 0 ? 0 : Math.sqrt(difference / norm);
}

/** The report as an aligned table, failures marked, followed by what was not checked. */
export function formatReport(report: ParityReport): string {
  const rows = report.checks.map((c) => [
    c.passed ? 'ok' : 'FAIL',
    c.file,
    c.tensor,
    c.error.toExponential(1),
    c.tolerance === 0 ? 'exact' : c.tolerance.toExponential(0),
  ]);
  const table = [['', 'file', 'tensor', 'relative error', 'tolerance'], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
  const failed = report.checks.filter((c) => !c.passed).length;
  return [
    ...lines,
    '',
    ...report.notChecked.map((name) => `not checked  ${name}`),
    '',
    `${report.checks.length} checked, ${failed} above tolerance, ${report.notChecked.length} not checked`,
  ].join('\n');
}
