// Sums of what several ControlNets add.
import { describe, expect, it } from 'vitest';
import { float32 } from '../core/tensor.js';
import { sumResiduals } from './control-residuals.js';

const residuals = (...values: number[]) => ({ down0: float32(values, [1, 2]), mid: float32([values[0]], [1]) });

describe('sumResiduals', () => {
  it('adds by name and leaves its arguments as they were', () => {
    const [a, b] = [residuals(1, 2), residuals(10, 20)];
    expect(sumResiduals([a, b, b])).toEqual(residuals(21, 42));
    expect(a).toEqual(residuals(1, 2));
    expect(sumResiduals([a])).toEqual(a);
  });

  it('refuses networks of different layouts, and none', () => {
    const { mid } = residuals(1, 2);
    expect(() => sumResiduals([residuals(1, 2), { mid }])).toThrow(/different layouts/);
    expect(() => sumResiduals([{ mid }, residuals(1, 2)])).toThrow(expect.objectContaining({ code: 'shape' }));
    expect(() => sumResiduals([])).toThrow(/at least one/);
  });
});
