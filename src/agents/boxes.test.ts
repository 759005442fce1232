// Whatever numbers an agent gives, what is used lies inside the canvas and is large enough.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { iou } from '../pose/person.js';
import { CANVAS_PX } from './agent.js';
import { checkBox } from './boxes.js';

const personBox = [100, 100, 300, 400] as const;

it('gives whole pixels inside, at least a cell wide, or says why not', () => {
  const number = fc.oneof(fc.integer({ min: -700, max: 1200 }), fc.double({ min: -2, max: 2 }), fc.double());
  fc.assert(
    fc.property(fc.array(number, { minLength: 3, maxLength: 5 }), (numbers) => {
      const { box, warnings } = checkBox(numbers, { personBox });
      if (!box) {
        expect(warnings.at(-1)?.code).toBe('BOX_REJECTED');
        return;
      }
      expect(box.every((v) => Number.isInteger(v) && v >= 0 && v <= CANVAS_PX)).toBe(true);
      expect(Math.min(box[2] - box[0], box[3] - box[1])).toBeGreaterThanOrEqual(32);
      expect(iou(box, personBox)).toBeLessThanOrEqual(0.95);
    }),
  );
});

it('leaves a fitting box as it is', () => {
  expect(checkBox([10, 20, 200, 300], { personBox })).toEqual({ box: [10, 20, 200, 300], warnings: [] });
});

it('widens to cells of another resolution', () => {
  expect(checkBox([500, 20, 510, 300], { personBox, cellPx: 16 }).box).toEqual([496, 20, 512, 300]);
});
