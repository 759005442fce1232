// When networks are kept in memory one after another.
import { expect, it } from 'vitest';
import type { Shape } from '../core/tensor.js';
import type { Checkpoint } from '../weights/index.js';
import { needsLowMemory } from './memory.js';

it('is decided by the networks that run, as float32, against the memory of the machine', () => {
  const shapes: Record<string, Shape> = { unet: [100, 10], vae: [500], safety_checker: [1e9] };
  const checkpoint = {
    components: Object.keys(shapes),
    component: (name: string) => ({
      config: {},
      weights: { names: () => ['a', 'b'], info: () => ({ dtype: 'float16', shape: shapes[name] }) },
    }),
  } as unknown as Checkpoint;
  const bytes = 4 * 2 * (1000 + 500);
  expect(needsLowMemory(checkpoint, 4 * bytes)).toBe(false);
  expect(needsLowMemory(checkpoint, 4 * bytes - 1)).toBe(true);
});
