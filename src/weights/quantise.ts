// Per-channel int8 storage: each slice along axis 0 (an output channel) has its own float32 scale.
import { ContrappostoError } from '../core/errors.js';
import { floats, type QuantisedTensor, sizeOf, type Tensor } from '../core/tensor.js';

export type { QuantisedTensor };

/** A quantised tensor `name` keeps its scales under `name.scale`. */
export const SCALE_SUFFIX = '.scale';

/**
 * Rounds a float32 tensor [out, ...] to int8, symmetric about zero; the error of each value is at most half its
 * channel's scale, which is the channel's largest magnitude / 127.
 *
 * @throws `shape` for fewer than two dimensions, `invalid-input` for values that are not finite.
 */
export function quantiseInt8(tensor: Tensor): QuantisedTensor {
  const source = floats(tensor);
  if (tensor.shape.length < 2) {
    throw new ContrappostoError('shape', {
      operation: 'quantiseInt8',
      expected: 'at least two dimensions',
      got: `[${tensor.shape}]`,
      hint: 'keep biases and norms in float: they are small and need the precision',
    });
  }
  const channels = tensor.shape[0];
  const width = sizeOf(tensor.shape.slice(1));
  const values = new Int8Array(source.length);
  const scale = new Float32Array(channels);
  for (let c = 0; c < channels; c++) {
    const row = source.subarray(c * width, (c + 1) * width);
    scale[c] = largestMagnitude(row) / 127;
    // A channel of zeros (or of denormals too small for a scale) stays zero.
    if (scale[c] === 0) continue;
    // The scale itself is rounded to float32, so the largest quotient may come out a hair above 127.
    for (let i = 0; i < width; i++)
      values[c * width + i] = Math.max(-127, Math.min(127, Math.round(row[i] / scale[c])));
  }
  return {
    values: { dtype: 'int8', shape: tensor.shape, data: values },
    scale: { dtype: 'float32', shape: [channels], data: scale },
  };
}

/** The float32 tensor [out, ...] that a quantised one stands for: values times their channel's scale. */
export function dequantiseInt8({ values, scale }: QuantisedTensor): Tensor {
  const { shape } = values;
  const data = new Float32Array(sizeOf(shape));
  const width = sizeOf(shape.slice(1));
  const scales = floats(scale);
  // Through one kind of array: a loop that has seen several reads each element ten times slower.
  const { buffer, byteOffset, length } = values.data;
  const bytes = new Int8Array(buffer, byteOffset, length);
  for (let c = 0; c < scales.length; c++) {
    const factor = scales[c];
    for (let i = c * width; i < (c + 1) * width; i++) data[i] = bytes[i] * factor;
  }
  return { dtype: 'float32', shape, data };
}

function largestMagnitude(row: Float32Array): number {
  let largest = 0;
  for (const value of row) {
    if (!Number.isFinite(value)) {
      throw new ContrappostoError('invalid-input', {
        operation: 'quantiseInt8',
        expected: 'finite values',
        got: `${value}`,
      });
    }
    largest = Math.max(largest, Math.abs(value));
  }
  return largest;
}
