import fc from 'fast-check';
import { expect, it } from 'vitest';
import { TriangleEdges } from './spans.js';

const corner = fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 40 }));

it('covers the samples inside a triangle and no others', () => {
  fc.assert(
    fc.property(corner, corner, corner, ([x0, y0], [x1, y1], [x2, y2]) => {
      const area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0);
      fc.pre(area !== 0);
      const across = [(y2 - y0) / area, (y0 - y1) / area];
      const down = [(x0 - x2) / area, (x1 - x0) / area];
      // Off the corners' grid, so that no sample lies on an edge.
      const first = [0, 1].map((k) => (0.37 - x0) * across[k] + (0.41 - y0) * down[k]);
      const edges = new TriangleEdges();
      edges.origin.set([...first, ...across, ...down]);
      edges.find();
      const [a, da, b, db, c, dc, d, dd] = edges.columns;
      let wrong = 0;
      for (let y = 0; y < 40; y++) {
        // Rows beyond the corners are the caller's to leave out.
        if (y + 0.41 < Math.min(y0, y1, y2) || y + 0.41 > Math.max(y0, y1, y2)) continue;
        const from = Math.max(a + y * da, b + y * db);
        const to = Math.min(c + y * dc, d + y * dd);
        for (let x = 0; x < 40; x++) {
          const [second, third] = [0, 1].map((k) => first[k] + x * across[k] + y * down[k]);
          const margin = Math.min(second, third, 1 - second - third);
          if (Math.abs(margin) < 1e-6) continue;
          if ((x >= from && x <= to) !== margin > 0) wrong++;
        }
      }
      expect(wrong).toBe(0);
    }),
  );
});
