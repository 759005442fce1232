// Initial parameters as PyTorch's layers draw them, decided from names and shapes; the trainer draws the values.
import { sizeOf } from '../core/tensor.js';

/** How one parameter begins: uniform within a bound, normal with a deviation, or one value everywhere. */
export type InitialValue = { shape: readonly number[] } & (
  | { uniform: number }
  | { normal: number }
  | { value: number }
);

/**
 * A rule for every parameter: matrices and kernels uniform within gain / sqrt(fan in) (gain 1 is PyTorch's default for
 * Linear and Conv), their biases likewise with gain 1, embeddings normal with deviation 0.02 (CLIP's), normalisations
 * one and zero.
 *
 * @param gain of a kernel by its name; 1 where it returns nothing
 */
export function initialise(
  shapes: ReadonlyMap<string, readonly number[]>,
  gain: (name: string) => number | undefined = () => undefined,
): Record<string, InitialValue> {
  return Object.fromEntries([...shapes].map(([name, shape]) => [name, rule(name, shape, { shapes, gain })]));
}

function rule(
  name: string,
  shape: readonly number[],
  context: { shapes: ReadonlyMap<string, readonly number[]>; gain: (name: string) => number | undefined },
): InitialValue {
  if (/(token|position)_embedding\.weight$/.test(name)) return { shape, normal: 0.02 };
  if (shape.length > 1) return { shape, uniform: (context.gain(name) ?? 1) / Math.sqrt(fanIn(shape)) };
  const weight = context.shapes.get(name.replace(/bias$/, 'weight'));
  if (name.endsWith('bias') && weight && weight.length > 1) return { shape, uniform: 1 / Math.sqrt(fanIn(weight)) };
  return { shape, value: name.endsWith('bias') ? 0 : 1 };
}

function fanIn(shape: readonly number[]): number {
  return sizeOf(shape.slice(1));
}
