import { describe, expect, it } from 'vitest';
import { fit, parseFitting } from './mhclo.js';

const TEXT = `# comment
x_scale 0 1 2.0
verts 0
2
0 1 2 0.5 0.25 0.25 0.1 0.2 0.3
delete_verts
3 5 - 7
`;

describe('parseFitting', () => {
  it('reads both kinds of binding, scales and ranges of hidden vertices', () => {
    const fitting = parseFitting(TEXT, 'shirt');
    expect(fitting.vertexCount).toBe(2);
    expect([...fitting.references]).toEqual([2, 2, 2, 0, 1, 2]);
    expect(fitting.scales).toEqual([{ from: 0, to: 1, rest: 2 }, null, null]);
    expect(fitting.hidden).toEqual([3, 5, 6, 7]);
  });

  it('refuses a file without bindings', () => {
    expect(() => parseFitting('name x\n', 'shirt')).toThrow(/verts 0/);
  });
});

describe('fit', () => {
  it('follows the body: weights place, offsets grow with the scaled axis only', () => {
    const body = Float32Array.of(0, 0, 0, 4, 0, 0, 0, 4, 0);
    const [x0, y0, , x1, y1, z1] = fit(parseFitting(TEXT, 'shirt'), body);
    expect([x0, y0]).toEqual([0, 4]);
    // The body is twice as wide as the garment was made for.
    expect(x1).toBeCloseTo(0.25 * 4 + 2 * 0.1, 6);
    expect(y1).toBeCloseTo(0.25 * 4 + 0.2, 6);
    expect(z1).toBeCloseTo(0.3, 6);
  });
});
