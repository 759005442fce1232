// Reads `.mhclo` files: how each vertex of a garment follows three vertices of the base body.
import { ContrappostoError } from '../../../core/errors.js';

/** Per axis: the distance between base vertices `from` and `to` that an offset of size 1 belongs to is `rest`. */
export interface AxisScale {
  from: number;
  to: number;
  rest: number;
}

export interface Fitting {
  vertexCount: number;
  /** Three base vertices a garment vertex. */
  references: Uint16Array;
  /** Three barycentric weights a vertex. */
  weights: Float32Array;
  /** Three offsets a vertex, before scaling. */
  offsets: Float32Array;
  /** For x, y, z; an axis without a line in the file keeps its offsets. */
  scales: readonly (AxisScale | null)[];
  /** Base vertices that the garment covers. */
  hidden: number[];
}

/** @throws `corrupt-file` when no vertex is bound. */
export function parseFitting(text: string, name: string): Fitting {
  const rows: number[][] = [];
  const hidden = new Set<number>();
  const scales: (AxisScale | null)[] = [null, null, null];
  let section: 'none' | 'verts' | 'delete' = 'none';
  for (const line of text.split('\n')) {
    const fields = line.trim().split(/\s+/);
    const axis = /^([xyz])_scale$/.exec(fields[0]);
    if (axis) {
      scales['xyz'.indexOf(axis[1])] = { from: Number(fields[1]), to: Number(fields[2]), rest: Number(fields[3]) };
    } else if (fields[0] === 'verts') section = 'verts';
    else if (fields[0] === 'delete_verts') section = 'delete';
    else if (/^[a-z#]/i.test(fields[0])) section = fields[0] === 'weights' ? 'none' : section;
    else if (section === 'verts' && /^\d/.test(fields[0])) rows.push(bindingOf(fields.map(Number)));
    else if (section === 'delete') readRanges(fields, hidden);
  }
  if (rows.length === 0) {
    throw new ContrappostoError('corrupt-file', {
      operation: `read fitting "${name}"`,
      expected: 'lines after "verts 0"',
      got: 'none',
    });
  }
  return {
    vertexCount: rows.length,
    references: Uint16Array.from(rows.flatMap((row) => row.slice(0, 3))),
    weights: Float32Array.from(rows.flatMap((row) => row.slice(3, 6))),
    offsets: Float32Array.from(rows.flatMap((row) => row.slice(6, 9))),
    scales,
    hidden: [...hidden],
  };
}

/** Nine numbers from a line: a single base vertex, three with weights, or three with weights and offsets. */
function bindingOf(numbers: number[]): number[] {
  if (numbers.length === 1) return [numbers[0], numbers[0], numbers[0], 1, 0, 0, 0, 0, 0];
  return numbers.length < 9 ? [...numbers.slice(0, 6), 0, 0, 0] : numbers.slice(0, 9);
}

/** Adds "12 15 - 20 31" as 12, 15 to 20, 31. */
function readRanges(fields: readonly string[], into: Set<number>): void {
  for (let i = 0; i < fields.length; i++) {
    if (fields[i] === '') continue;
    const first = Number(fields[i]);
    const isRange = fields[i + 1] === '-';
    const last = isRange ? Number(fields[i + 2]) : first;
    for (let vertex = first; vertex <= last; vertex++) into.add(vertex);
    if (isRange) i += 2;
  }
}

/** Positions of the garment on a body: `base` holds three numbers a base vertex. Returns three a garment vertex. */
export function fit(fitting: Omit<Fitting, 'hidden'>, base: Float32Array): Float32Array {
  const { references, weights, offsets, vertexCount } = fitting;
  const [factorX, factorY, factorZ] = fitting.scales.map((scale, axis) =>
    scale ? Math.abs(base[3 * scale.from + axis] - base[3 * scale.to + axis]) / scale.rest : 1,
  );
  const positions = new Float32Array(vertexCount * 3);
  for (let v = 0; v < positions.length; v += 3) {
    const a = 3 * references[v];
    const b = 3 * references[v + 1];
    const c = 3 * references[v + 2];
    const wa = weights[v];
    const wb = weights[v + 1];
    const wc = weights[v + 2];
    positions[v] = wa * base[a] + wb * base[b] + wc * base[c] + factorX * offsets[v];
    positions[v + 1] = wa * base[a + 1] + wb * base[b + 1] + wc * base[c + 1] + factorY * offsets[v + 1];
    positions[v + 2] = wa * base[a + 2] + wb * base[b + 2] + wc * base[c + 2] + factorZ * offsets[v + 2];
  }
  return positions;
}
