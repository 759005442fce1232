// Random parameters of a graph, for training from scratch, tests and benchmarks without a checkpoint.
import { Philox } from '../core/random.js';
import { float32, sizeOf, type Tensor, type WeightSource } from '../core/tensor.js';
import type { Graph } from '../graph/index.js';
import { memorySource } from '../weights/index.js';

/**
 * Parameters in PyTorch's default initialisation: matrices and kernels uniform in ±1 / sqrt(fan in), embeddings
 * (named `..._embedding.weight`) normal with deviation 0.02 as CLIP's, norms one, biases zero. Each parameter has
 * a stream of its own, so equal names and seeds give equal values in any network.
 */
export function randomWeights(graph: Graph, seed: number | bigint): WeightSource {
  const tensors: Record<string, Tensor> = {};
  for (const { name, shape } of graph.parameters.values()) {
    tensors[name] = float32(randomParameter(name, { shape, source: new Philox(seed, streamOf(name)) }), shape);
  }
  return memorySource(tensors);
}

function randomParameter(name: string, { shape, source }: { shape: readonly number[]; source: Philox }): Float32Array {
  const data = new Float32Array(sizeOf(shape));
  if (shape.length < 2) return name.endsWith('bias') ? data : data.fill(1);
  if (name.endsWith('_embedding.weight')) return data.map(() => 0.02 * source.normal());
  const bound = 1 / Math.sqrt(sizeOf(shape.slice(1)));
  return data.map(() => bound * (2 * source.uniform() - 1));
}

/** 32-bit FNV-1a of the name. */
function streamOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
