// int8 per channel: the error bound, channels apart from each other, and the borders.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { float32 } from '../core/tensor.js';
import { dequantiseInt8, quantiseInt8 } from './quantise.js';
import { openSafetensors } from './safetensors.js';
import { encodeSafetensors, packTensors, type StorageFormat } from './safetensors-writer.js';

// Weights are far inside this range; near the ends of float32 the scale itself would over- or underflow.
const weight = fc.float({ min: Math.fround(-1e30), max: Math.fround(1e30), noNaN: true });

describe('quantiseInt8', () => {
  it('is within half a scale of every value, and exact at each channel’s extremes', () => {
    const matrix = fc
      .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 7 }))
      .chain(([rows, columns]) =>
        fc
          .array(weight, { minLength: rows * columns, maxLength: rows * columns })
          .map((data) => float32(data, [rows, columns])),
      );
    fc.assert(
      fc.property(matrix, (tensor) => {
        const quantised = quantiseInt8(tensor);
        const back = dequantiseInt8(quantised);
        const width = tensor.shape[1];
        for (let i = 0; i < tensor.data.length; i++) {
          const bound = Number(quantised.scale.data[Math.floor(i / width)]) * 0.5;
          const value = Number(tensor.data[i]);
          // one part in a million for the float32 roundings, and the denormals that have no scale
          const error = Math.abs(Number(back.data[i]) - value);
          expect(error).toBeLessThanOrEqual(bound + Math.abs(value) * 1e-6 + 127 * 2 ** -149);
        }
      }),
    );
  });

  it('gives each channel its own scale', () => {
    const { values, scale } = quantiseInt8(float32([127, -1, 0.5, 1.27, -0.01, 0, 0, 0, 0], [3, 3]));
    expect([...values.data]).toEqual([127, -1, 1, 127, -1, 0, 0, 0, 0]);
    expect([...scale.data].map((value) => Number(value).toFixed(6))).toEqual(['1.000000', '0.010000', '0.000000']);
  });

  it('takes kernels of four dimensions and empty ones', () => {
    expect(dequantiseInt8(quantiseInt8(float32(new Float32Array(24).fill(2), [2, 3, 2, 2])))).toEqual(
      float32(new Float32Array(24).fill(2), [2, 3, 2, 2]),
    );
    expect(quantiseInt8(float32([], [0, 3])).scale.data).toHaveLength(0);
  });

  it('refuses vectors and values that are not finite', () => {
    expect(() => quantiseInt8(float32([1], [1]))).toThrow(/two dimensions/);
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => quantiseInt8(float32([value], [1, 1]))).toThrow(/finite/);
    }
  });
});

describe('what is stored in fewer bits', () => {
  it('is widened in place, given as it is, or left to read', () => {
    const value = float32(
      Array.from({ length: 24 }, (_, i) => Math.sin(i) * 3),
      [4, 6],
    );
    const packed = packTensors({ int8: value, float16: value, float32: value }, (name) => name as StorageFormat);
    const file = openSafetensors(encodeSafetensors(packed));
    const into = new Float32Array(24);
    expect(file.readInto('float16', into)).toBe(true);
    expect(into).toEqual(file.read('float16').data);
    expect(file.quantised('int8')?.read()).toEqual(quantiseInt8(value));
    for (const name of ['int8', 'float32']) expect(file.readInto(name, into)).toBe(false);
    for (const name of ['float16', 'float32', 'int8.scale']) expect(file.quantised(name)).toBeUndefined();
  });
});
