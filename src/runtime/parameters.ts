// Decides where a session's parameters come from: large networks are mapped from their files, small ones copied.
import { realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { ContrappostoError } from '../core/errors.js';
import {
  BYTES_PER_ELEMENT,
  type DType,
  type FileRange,
  sizeOf,
  type Tensor,
  type WeightSource,
} from '../core/tensor.js';
import { type ExternalLocation, type Graph, liveParameters, serialise, type Value } from '../graph/index.js';
import type { MappedFiles, SessionSource } from './protocol.js';

export interface ParameterLayout {
  model: Uint8Array;
  /** What the model calls the parameters in memory. */
  location: string;
  /** The parameters that are copied, and where. */
  copied: Map<string, ExternalLocation>;
  /** Bytes of those. */
  byteLength: number;
  /** The others, and where in their files. */
  inFiles: Map<string, ExternalLocation>;
  mapped?: MappedFiles;
}

const LOCATION = 'parameters';
/** Copied parameters begin at multiples of a cache line. */
const ALIGNMENT = 64;
/**
 * From this size on copying costs more than the faster layouts gain (docs/engine.md): Stable Diffusion's networks beyond
 * the autoencoder, none of the mini family.
 */
const MAPPED_FROM_BYTES = 400 * 2 ** 20;
/** A model in one piece holds at most 2 GB. */
const INSIDE_AT_MOST_BYTES = 1.5 * 2 ** 30;
const WIDENED: readonly DType[] = ['float16', 'bfloat16'];

/**
 * Serialises the graph with a place for every parameter that it needs; throws `shape` or `not-found` naming one that
 * `weights` lacks.
 *
 * @param mapFrom parameters of so many bytes in all are mapped where they can be
 */
export function layOut(graph: Graph, weights: WeightSource, mapFrom = MAPPED_FROM_BYTES): ParameterLayout {
  const parameters = liveParameters(graph);
  for (const p of parameters) check(graph, p, weights);
  const total = parameters.reduce((sum, p) => sum + byteLengthOf(p), 0);
  const { folder, places } = mappable(total >= mapFrom ? parameters : [], weights);
  // What travels inside a model goes there widened.
  const inBytes = (p: Value) => folder === undefined && isQuantised(p, weights);
  const rest = parameters.filter((p) => !places.has(p.name));
  const { copied, byteLength } = backToBack(rest, inBytes);
  if (folder && byteLength > INSIDE_AT_MOST_BYTES) return layOut(graph, weights, Number.POSITIVE_INFINITY);
  const model = serialise(graph, { locate: (p) => places.get(p.name) ?? copied.get(p.name)!, fused: true });
  const widened = [...places.values()].some(({ stored }) => stored !== undefined);
  const mapped = folder ? { folder, widened } : undefined;
  return { model, location: LOCATION, copied, byteLength, inFiles: places, mapped };
}

/** Places in one buffer; those `inBytes` are held as int8 with their scales behind them. */
function backToBack(parameters: readonly Value[], inBytes: (p: Value) => boolean) {
  const copied = new Map<string, ExternalLocation>();
  let offset = 0;
  const place = (length: number): ExternalLocation => {
    const at = { location: LOCATION, offset, length };
    offset += Math.ceil(length / ALIGNMENT) * ALIGNMENT;
    return at;
  };
  for (const p of parameters) {
    if (!inBytes(p)) copied.set(p.name, place(byteLengthOf(p)));
    else copied.set(p.name, { ...place(sizeOf(p.shape)), stored: 'int8', scale: place(4 * p.shape[0]) });
  }
  return { copied, byteLength: offset };
}

/** What a session is made from: ONNX Runtime takes parameters from files or from one buffer, and never from both. */
export function sessionSource(graph: Graph, weights: WeightSource, layout: ParameterLayout): SessionSource {
  const { model, location, copied, inFiles, mapped } = layout;
  const quantised = [...copied.values()].some(({ scale }) => scale !== undefined);
  if (!mapped) return { model, location, parameters: gather(weights, layout), quantised };
  const parameters = new Uint8Array();
  if (copied.size === 0) return { model, location, parameters, mapped };
  // The few that are no part of a file as they are (a LoRA merged into them, say) travel inside the model.
  const inside = serialise(graph, { locate: (p) => inFiles.get(p.name) ?? weights.read(p.name), fused: true });
  return { model: inside, location, parameters, mapped };
}

/** Reads the copied parameters from `weights` into one buffer. */
function gather(weights: WeightSource, { copied, byteLength: total }: ParameterLayout): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(total);
  const put = ({ data }: Tensor, { offset }: ExternalLocation) =>
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
  for (const [name, at] of copied) {
    const { offset, length, scale } = at;
    const quantised = scale && weights.quantised?.(name)?.read();
    if (quantised) {
      put(quantised.values, at);
      put(quantised.scale, scale);
      continue;
    }
    const floats = weights.info(name).dtype.includes('float');
    if (floats && weights.readInto?.(name, new Float32Array(bytes.buffer, offset, length / 4))) continue;
    put(weights.read(name), at);
  }
  return bytes;
}

interface Mappable {
  folder: string | undefined;
  places: Map<string, ExternalLocation>;
}

/** The parameters in files of one folder (ONNX Runtime looks into no other), the one with the most of them. */
function mappable(parameters: readonly Value[], weights: WeightSource): Mappable {
  const real = new Map<string, string>();
  const byFolder = new Map<string, Map<string, ExternalLocation>>();
  for (const p of parameters) {
    const range = weights.locate?.(p.name);
    if (!range || !fits(p, range)) continue;
    // The hub's cache is made of links, and ONNX Runtime refuses those that lead elsewhere.
    const path = real.get(range.path) ?? realpathSync(range.path);
    real.set(range.path, path);
    const places = byFolder.get(dirname(path)) ?? new Map<string, ExternalLocation>();
    byFolder.set(dirname(path), places);
    const stored = range.dtype === p.dtype ? undefined : range.dtype;
    places.set(p.name, { location: basename(path), offset: range.offset, length: range.byteLength, stored });
  }
  const [most] = [...byFolder].sort(([, a], [, b]) => b.size - a.size);
  return most ? { folder: most[0], places: most[1] } : { folder: undefined, places: new Map() };
}

function fits(p: Value, { offset, byteLength, dtype }: FileRange): boolean {
  const bytes = BYTES_PER_ELEMENT[dtype];
  const same = dtype === p.dtype || (p.dtype === 'float32' && WIDENED.includes(dtype));
  return same && offset % bytes === 0 && byteLength === sizeOf(p.shape) * bytes;
}

function isQuantised(p: Value, weights: WeightSource): boolean {
  return p.dtype === 'float32' && weights.quantised?.(p.name) !== undefined;
}

function byteLengthOf(p: Value): number {
  return sizeOf(p.shape) * BYTES_PER_ELEMENT[p.dtype];
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
