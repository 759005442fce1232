// Batches of a stage: rows of the data that are not held out, and random numbers that depend on seed, step and name alone.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { ContrappostoError } from '../../core/errors.js';
import { Philox } from '../../core/random.js';
import { BYTES_PER_ELEMENT, type Shape, sizeOf, type Tensor, type TypedArray } from '../../core/tensor.js';
import type { Graph, Value } from '../../graph/index.js';
import type { Field, InputSource, Inputs } from '../training-export.js';

const SUFFIX: Record<Field['dtype'], string> = { uint8: 'u8', int32: 'i32', float32: 'f32' };

/** A column of the data: all rows, one after another. */
export interface Column {
  dtype: Field['dtype'];
  /** Of one row. */
  shape: Shape;
  data: Uint8Array | Int32Array | Float32Array;
  rows: number;
}

/** Reads one field of all shards. Throws `not-found` without files, `corrupt-file` for a part of a row. */
export async function readColumn(directory: string, name: string, field: Field): Promise<Column> {
  const pattern = `.${name}.${SUFFIX[field.dtype]}`;
  const files = (await readdir(directory)).filter((f) => f.startsWith('shard-') && f.endsWith(pattern)).sort();
  const operation = `read field "${name}" of ${directory}`;
  if (files.length === 0) {
    throw new ContrappostoError('not-found', { operation, expected: `shard-*${pattern}`, got: 'none' });
  }
  const parts = await Promise.all(files.map((file) => readFile(join(directory, file))));
  const rowBytes = sizeOf(field.shape) * BYTES_PER_ELEMENT[field.dtype];
  const odd = parts.findIndex((part) => part.length % rowBytes !== 0);
  if (odd >= 0) {
    const got = `${parts[odd].length} bytes in ${files[odd]}`;
    throw new ContrappostoError('corrupt-file', { operation, expected: `whole rows of ${rowBytes} bytes`, got });
  }
  const { buffer } = Uint8Array.from(Buffer.concat(parts));
  const data = { uint8: Uint8Array, int32: Int32Array, float32: Float32Array }[field.dtype];
  return { ...field, data: new data(buffer), rows: buffer.byteLength / rowBytes };
}

/** The rows of a column, one after another, as a tensor [indices, ...row]. */
export function takeRows({ dtype, shape, data }: Column, indices: readonly number[]): Tensor {
  const size = sizeOf(shape);
  const out = new (data.constructor as new (length: number) => typeof data)(indices.length * size);
  for (const [i, row] of indices.entries()) out.set(data.subarray(row * size, (row + 1) * size), i * size);
  return { dtype, shape: [indices.length, ...shape], data: out };
}

export interface Draw {
  columns: ReadonlyMap<string, Column>;
  /** Where each input comes from. */
  inputs: Inputs;
  /** Rows for all inputs from the data; drawn among the rows from `heldOut` on when absent. */
  rows?: readonly number[];
  heldOut: number;
  batch: number;
  /** Address of the random numbers: equal addresses give equal batches, wherever a run was interrupted. */
  seed: number;
  step: number;
  /** Part of the stage that is done, 0 to 1. */
  progress: number;
}

/** Values for the inputs of the graphs, each drawn once. Throws `usage` for an input that the stage does not name. */
export function drawBatch(graphs: readonly Graph[], draw: Draw): Record<string, Tensor> {
  const rows = draw.rows ?? drawRows(draw);
  const wanted = new Map(graphs.flatMap((graph) => [...graph.inputs]));
  return Object.fromEntries(
    Array.from(wanted, ([name, value]) => {
      const source = draw.inputs[name];
      if (source) return [name, drawn(value, source, { draw, rows })];
      const expected = `one of ${Object.keys(draw.inputs).join(', ')}`;
      throw new ContrappostoError('usage', { operation: 'training', expected, got: `graph input "${name}"` });
    }),
  );
}

function stream({ seed, step }: Draw, name: string): Philox {
  return new Philox((BigInt(seed) << 32n) + BigInt(step), crc32(name));
}

function drawRows(draw: Draw): number[] {
  const fields = Object.values(draw.inputs).flatMap((s) => (s.kind === 'data' ? [s.field] : []));
  const count = fields.length > 0 ? draw.columns.get(fields[0])!.rows : draw.heldOut + 1;
  if (count <= draw.heldOut) {
    const expected = `more than the ${draw.heldOut} rows that are held out`;
    throw new ContrappostoError('usage', { operation: 'training', expected, got: `${count} rows` });
  }
  const random = stream(draw, 'rows');
  const free = count - draw.heldOut;
  return Array.from({ length: draw.batch }, () => draw.heldOut + Math.floor(random.uniform() * free));
}

function drawn(value: Value, source: InputSource, { draw, rows }: { draw: Draw; rows: readonly number[] }): Tensor {
  const { dtype, shape, name } = value;
  if (source.kind === 'data') return takeRows(draw.columns.get(source.field)!, rows);
  const random = stream(draw, name);
  const next = {
    normal: () => random.normal(),
    uniform: () => random.uniform(),
    bernoulli: (s: { p: number }) => (random.uniform() < s.p ? 1 : 0),
    randint: (s: { low: number; high: number }) => s.low + Math.floor(random.uniform() * (s.high - s.low)),
    progress: () => draw.progress,
  }[source.kind] as (source: InputSource) => number;
  return { dtype, shape, data: filled(dtype, sizeOf(shape), () => next(source)) };
}

function filled(dtype: Tensor['dtype'], size: number, next: () => number): TypedArray {
  if (dtype === 'int64') return BigInt64Array.from({ length: size }, () => BigInt(next()));
  if (dtype === 'int32') return Int32Array.from({ length: size }, next);
  if (dtype === 'bool' || dtype === 'uint8') return Uint8Array.from({ length: size }, next);
  return Float32Array.from({ length: size }, next);
}
