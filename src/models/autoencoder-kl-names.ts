// Names that old Stable Diffusion autoencoder files use for their attention layers, mapped to today's.
import { ContrappostoError } from '../core/errors.js';
import { type Shape, sizeOf, type WeightSource } from '../core/tensor.js';

const TODAY_TO_OLD: readonly (readonly [string, string])[] = [
  ['.to_q.', '.query.'],
  ['.to_k.', '.key.'],
  ['.to_v.', '.value.'],
  ['.to_out.0.', '.proj_attn.'],
];

/**
 * A view of `source` under today's names. Files saved before diffusers 0.17 call the projections of the mid block's
 * attention `query`, `key`, `value` and `proj_attn`, and some store them as 1x1 convolutions [C, C, 1, 1].
 */
export function withTodaysNames(source: WeightSource): WeightSource {
  const stored = (name: string): string => {
    if (source.has(name) || !name.includes('.attentions.')) return name;
    const pair = TODAY_TO_OLD.find(([today]) => name.includes(today));
    return pair ? name.replace(pair[0], pair[1]) : name;
  };
  const today = (name: string): string => {
    const pair = name.includes('.attentions.') ? TODAY_TO_OLD.find(([, old]) => name.includes(old)) : undefined;
    return pair ? name.replace(pair[1], pair[0]) : name;
  };
  const shapeOf = (name: string, shape: Shape): Shape =>
    stored(name) !== name && shape.length === 4 ? asMatrix(name, shape) : shape;
  return {
    has: (name) => source.has(stored(name)),
    names: () => Array.from(source.names(), today),
    info: (name) => {
      const { dtype, shape } = source.info(stored(name));
      return { dtype, shape: shapeOf(name, shape) };
    },
    read: (name) => {
      const tensor = source.read(stored(name));
      return { ...tensor, shape: shapeOf(name, tensor.shape) };
    },
    locate: (name) => source.locate?.(stored(name)),
  };
}

function asMatrix(name: string, shape: Shape): Shape {
  const [rows, columns] = shape;
  if (rows * columns === sizeOf(shape)) return [rows, columns];
  throw new ContrappostoError('corrupt-file', {
    operation: `weight "${name}"`,
    expected: 'a 1x1 convolution or a matrix',
    got: `[${shape}]`,
  });
}
