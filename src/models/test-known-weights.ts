// Parameters and pictures that test/reference/networks.py makes too, so that tests know PyTorch's answers.
import type { Image } from '../core/image.js';
import { float32, sizeOf, type Tensor } from '../core/tensor.js';
import type { Graph } from '../graph/index.js';

/** Uniform in [-1, 1): murmur3's finaliser of the index and the name's FNV-1a; times `scale`, plus `offset`. */
function noise(name: string, { count, scale, offset }: { count: number; scale: number; offset: number }): Float32Array {
  let seed = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 0x01000193);
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let h = (Math.imul(i, 0x9e3779b1) + seed) | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    out[i] = offset + scale * (((h ^ (h >>> 16)) >>> 0) / 2 ** 31 - 1);
  }
  return out;
}

function known(name: string, shape: readonly number[]): Tensor {
  const count = sizeOf(shape);
  const isOffset = name.endsWith('running_mean') || name.endsWith('bias');
  const flat = isOffset ? { scale: 0.2, offset: 0 } : { scale: 0.5, offset: 1 };
  const deep = { scale: Math.sqrt(6 / sizeOf(shape.slice(1))), offset: 0 };
  const values = noise(name, { count, ...(shape.length > 1 ? deep : flat) });
  // The weights that compare are positive when trained.
  return float32(name.startsWith('lin') ? values.map(Math.abs) : values, shape);
}

/** Every parameter of a graph. */
export function knownTensors(graph: Graph): Record<string, Tensor> {
  return Object.fromEntries([...graph.parameters.values()].map(({ name, shape }) => [name, known(name, shape)]));
}

/** Number `n` of a batch of different pictures. */
export function knownPicture(n: number, { widthPx, heightPx }: { widthPx: number; heightPx: number }): Image {
  const data = new Uint8Array(3 * widthPx * heightPx);
  for (let i = 0; i < data.length; i++) {
    const [c, pixel] = [i % 3, Math.floor(i / 3)];
    data[i] = ((pixel % widthPx) * 7 + Math.floor(pixel / widthPx) * 13 + c * 50 + n * 31) % 256;
  }
  return { widthPx, heightPx, data };
}
