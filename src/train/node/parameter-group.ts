// Parameters that are trained together, as one row of numbers: few tensors to pass from step to step.
import { ContrappostoError } from '../../core/errors.js';
import { float32, floats, type Shape, sizeOf, type Tensor } from '../../core/tensor.js';
import { type Graph, liveParameters, Reshape, Split, type Value } from '../../graph/index.js';

/** Names and shapes in the order of the row. */
export interface ParameterGroup {
  /** Prefixes of the names, joined; what tells groups apart. */
  key: string;
  shapes: ReadonlyMap<string, Shape>;
  /** Numbers of the row. */
  size: number;
}

/** The floating-point parameters of the graphs whose names begin with one of the prefixes. Throws `usage` for none. */
export function parameterGroup(graphs: Iterable<Graph>, prefixes: readonly string[]): ParameterGroup {
  const shapes = new Map<string, Shape>();
  for (const graph of graphs) {
    for (const { name, shape, dtype } of liveParameters(graph)) {
      if (dtype === 'float32' && prefixes.some((prefix) => name.startsWith(prefix))) shapes.set(name, shape);
    }
  }
  if (shapes.size === 0) {
    const expected = `parameters whose names begin with ${prefixes.join(' or ')}`;
    throw new ContrappostoError('usage', { operation: 'training', expected, got: 'none' });
  }
  const size = [...shapes.values()].reduce((n, shape) => n + sizeOf(shape), 0);
  return { key: prefixes.join('|'), shapes, size };
}

/** The row [size] cut into the parameters, by name. */
export function unpack(row: Value, { shapes }: ParameterGroup): Map<string, Value> {
  const parts = Split(row, [...shapes.values()].map(sizeOf), { axis: 0 });
  return new Map([...shapes].map(([name, shape], i) => [name, Reshape(parts[i], shape)]));
}

/** Named tensors as one row. */
export function toRow(tensors: ReadonlyMap<string, Tensor>, { shapes, size }: ParameterGroup): Tensor {
  const row = new Float32Array(size);
  let at = 0;
  for (const [name, shape] of shapes) {
    row.set(floats(tensors.get(name)!), at);
    at += sizeOf(shape);
  }
  return float32(row, [size]);
}

/** A row as named tensors, which share its memory. */
export function fromRow(row: Tensor, { shapes }: ParameterGroup): Map<string, Tensor> {
  let at = 0;
  return new Map(
    Array.from(shapes, ([name, shape]) => {
      const start = at;
      at += sizeOf(shape);
      return [name, float32(floats(row).subarray(start, at), shape)];
    }),
  );
}
