// Tensors of one source under other names: parts, transposes and other shapes of what is stored, made when read.
import { ContrappostoError } from '../../core/errors.js';
import type { Shape, Tensor, TypedArray, WeightSource } from '../../core/tensor.js';

/** Where a tensor of the view comes from. */
export interface StoredAs {
  /** Its name in the source. */
  name: string;
  /** Which of `of` equal parts along the first axis; all when absent. */
  part?: { index: number; of: number };
  /** A matrix stored with its axes exchanged. */
  transposed?: boolean;
  /** A 1x1 convolution [O, I, 1, 1] that is a matrix [O, I] here. */
  matrix?: boolean;
}

/** A source of the tensors of `places`; nothing is read or copied before it is asked for. */
export function viewSource(source: WeightSource, places: ReadonlyMap<string, StoredAs>): WeightSource {
  const place = (name: string): StoredAs => {
    const found = places.get(name);
    if (found) return found;
    throw new ContrappostoError('not-found', {
      operation: 'read single-file checkpoint',
      expected: `a tensor for "${name}"`,
      got: `${places.size} others`,
    });
  };
  return {
    has: (name) => places.has(name),
    names: () => places.keys(),
    info: (name) => {
      const { dtype, shape } = source.info(place(name).name);
      return { dtype, shape: shapeOf(shape, place(name)) };
    },
    read: (name) => changed(source.read(place(name).name), place(name)),
    locate: (name) => {
      const { name: stored, part, transposed } = place(name);
      const whole = transposed ? undefined : source.locate?.(stored);
      if (!whole || !part) return whole;
      const byteLength = whole.byteLength / part.of;
      return { ...whole, offset: whole.offset + part.index * byteLength, byteLength };
    },
  };
}

function shapeOf(shape: Shape, { name, part, transposed, matrix }: StoredAs): Shape {
  const bad = (expected: string) =>
    new ContrappostoError('corrupt-file', { operation: `tensor "${name}"`, expected, got: `[${shape}]` });
  if (part) {
    if (!(shape[0] % part.of === 0)) throw bad(`a first side divisible by ${part.of}`);
    return [shape[0] / part.of, ...shape.slice(1)];
  }
  if (transposed) {
    if (shape.length !== 2) throw bad('a matrix');
    return [shape[1], shape[0]];
  }
  if (!matrix || shape.length === 2) return shape;
  if (shape.slice(2).some((side) => side !== 1)) throw bad('a 1x1 convolution or a matrix');
  return shape.slice(0, 2);
}

function changed(tensor: Tensor, place: StoredAs): Tensor {
  const shape = shapeOf(tensor.shape, place);
  const { dtype, data } = tensor;
  if (place.part) {
    const length = data.length / place.part.of;
    const begin = place.part.index * length;
    return { dtype, shape, data: data.slice(begin, begin + length) as TypedArray };
  }
  if (!place.transposed) return { dtype, shape, data };
  const [rows, columns] = shape;
  const out = data.slice();
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[r * columns + c] = data[c * rows + r];
  return { dtype, shape, data: out };
}
