// Lays a graph's parameters out back to back, as ONNX external data wants them, checking each against its source.
import { ContrappostoError } from '../core/errors.js';
import { BYTES_PER_ELEMENT, sizeOf, type WeightSource } from '../core/tensor.js';
import { type ExternalLocation, type Graph, liveParameters, serialise, type Value } from '../graph/index.js';

export interface ParameterLayout {
  model: Uint8Array;
  location: string;
  places: Map<string, ExternalLocation>;
  byteLength: number;
}

const LOCATION = 'parameters';

/** Serialises the graph with an offset for every parameter it needs. */
export function layOut(graph: Graph): ParameterLayout {
  const places = new Map<string, ExternalLocation>();
  let offset = 0;
  for (const p of liveParameters(graph)) {
    const length = sizeOf(p.shape) * BYTES_PER_ELEMENT[p.dtype];
    places.set(p.name, { location: LOCATION, offset, length });
    offset += Math.ceil(length / 64) * 64;
  }
  const model = serialise(graph, { locate: (p) => places.get(p.name)! });
  return { model, location: LOCATION, places, byteLength: offset };
}

/** Reads every parameter from `weights` into one buffer; throws `shape` or `not-found` naming the parameter. */
export function gather(graph: Graph, weights: WeightSource, layout: ParameterLayout): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(layout.byteLength);
  for (const p of liveParameters(graph)) {
    const { offset } = layout.places.get(p.name)!;
    check(graph, p, weights);
    const tensor = weights.read(p.name);
    const { buffer, byteOffset, byteLength } = tensor.data;
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
  }
  return bytes;
}

function check(graph: Graph, p: Value, weights: WeightSource): void {
  const operation = `load "${p.name}" of ${graph.name}`;
  if (!weights.has(p.name)) {
    throw new ContrappostoError('not-found', {
      operation,
      expected: `a tensor [${p.shape}]`,
      got: 'none of that name',
      hint: 'the checkpoint belongs to another architecture, or its config.json does not fit its weights',
    });
  }
  const { shape } = weights.info(p.name);
  // Scalars of torch buffers may be stored as [1]; everything else must agree exactly.
  if (shape.join() !== p.shape.join() && !(sizeOf(shape) === 1 && sizeOf(p.shape) === 1)) {
    throw new ContrappostoError('shape', {
      operation,
      expected: `[${p.shape}]`,
      got: `[${shape}]`,
      hint: 'config.json and weights disagree',
    });
  }
}
