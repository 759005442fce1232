// Initial parameters as PyTorch's layers draw them, decided from names and shapes.
import { Philox } from '../core/random.js';
import { sizeOf, type Tensor } from '../core/tensor.js';

/**
 * Values for every parameter: matrices and kernels uniform within 1/sqrt(fan in) (PyTorch's default for Linear and
 * Conv), their biases likewise, embeddings normal with deviation 0.02 (CLIP), normalisations one and zero.
 * Each parameter has a random stream of its own, so adding one does not change the others.
 */
export function initialise(shapes: ReadonlyMap<string, readonly number[]>, seed: number): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  for (const [name, shape] of shapes) {
    const random = new Philox(seed, streamOf(name));
    tensors[name] = { dtype: 'float32', shape, data: fill(name, shape, { shapes, random }) };
  }
  return tensors;
}

function fill(
  name: string,
  shape: readonly number[],
  { shapes, random }: { shapes: ReadonlyMap<string, readonly number[]>; random: Philox },
): Float32Array {
  const values = new Float32Array(sizeOf(shape));
  if (name.includes('embedding') && shape.length === 2 && !name.includes('linear')) {
    return values.map(() => 0.02 * random.normal());
  }
  const owner = shape.length > 1 ? shape : shapes.get(name.replace(/bias$/, 'weight'));
  if (owner && owner.length > 1) {
    const bound = 1 / Math.sqrt(sizeOf(owner.slice(1)));
    return values.map(() => bound * (2 * random.uniform() - 1));
  }
  return values.fill(name.endsWith('bias') ? 0 : 1);
}

/** FNV-1a hash of a name: the number of its random stream. */
function streamOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
