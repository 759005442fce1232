// Several ControlNets at once: what each adds to the UNet is summed.
import { ContrappostoError } from '../core/errors.js';
import { float32, floats, type Tensor } from '../core/tensor.js';

/**
 * Sums the outputs of `controlNetGraph` sessions by name; the result feeds `unetGraph` with `residuals`.
 *
 * @throws ContrappostoError `usage` for none, `shape` when the networks were made for UNets of different layouts
 */
export function sumResiduals(each: readonly Readonly<Record<string, Tensor>>[]): Record<string, Tensor> {
  const operation = 'sum of ControlNets';
  const [first, ...others] = each;
  if (!first) throw new ContrappostoError('usage', { operation, expected: 'at least one', got: 'none' });
  const total = Object.fromEntries(
    Object.entries(first).map(([name, t]) => [name, float32(floats(t).slice(), t.shape)] as const),
  );
  const names = Object.keys(total);
  for (const residuals of others) {
    const fits = names.every((name) => residuals[name]?.shape.join() === total[name].shape.join());
    if (!fits || Object.keys(residuals).length !== names.length) {
      throw new ContrappostoError('shape', {
        operation,
        expected: `residuals ${names.map((name) => `${name} [${total[name].shape}]`).join(', ')}`,
        got: Object.entries(residuals)
          .map(([name, { shape }]) => `${name} [${shape}]`)
          .join(', '),
        hint: 'the ControlNets were made for UNets of different layouts',
      });
    }
    for (const name of names) {
      const sum = floats(total[name]);
      floats(residuals[name]).forEach((v, i) => {
        sum[i] += v;
      });
    }
  }
  return total;
}
