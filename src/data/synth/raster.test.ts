import { expect, it } from 'vitest';
import { drawColoured, drawTextured, SampleLayer, VertexBuffer } from './raster.js';
import type { Material } from './types.js';

/** Vertices at given sample positions and depth. */
function vertices(points: readonly (readonly [number, number, number])[]): VertexBuffer {
  const buffer = new VertexBuffer();
  buffer.reserve(points.length);
  points.forEach(([x, y, depth], i) => {
    buffer.x[i] = x;
    buffer.y[i] = y;
    buffer.inverseDepth[i] = 1 / depth;
    buffer.light[i] = 100;
  });
  return buffer;
}

const SQUARE = { triangles: [0, 1, 2, 0, 2, 3], triangleCount: 2, vertexCount: 4, openTriangles: [1, 1] };
const square = (x0: number, x1: number, depth: number) =>
  [
    [x0, 0, depth],
    [x1, 0, depth],
    [x1, 16, depth],
    [x0, 16, depth],
  ] as const;

it('covers each sample of a square once, and the nearer of two squares wins in either order', () => {
  for (const order of [
    [10, 5],
    [5, 10],
  ]) {
    const layer = new SampleLayer({ widthPx: 8, heightPx: 8 });
    for (const depth of order) {
      const red = depth === 5 ? 255 : 0;
      const colours = Array.from({ length: 4 }, () => [red, 0, 0]).flat();
      drawColoured(layer, vertices(square(2, 10, depth)), { ...SQUARE, colours, labels: [20, 20] });
    }
    const covered = [...layer.colour].filter((c) => c !== 0);
    expect(covered).toHaveLength(8 * 16);
    expect(new Set(covered)).toEqual(new Set([((20 << 24) | (255 << 16)) >>> 0]));
  }
});

it('leaves out triangles that show their back unless they are open', () => {
  const count = (openTriangles: number[], order: number[]) => {
    const layer = new SampleLayer({ widthPx: 8, heightPx: 8 });
    const mesh = { ...SQUARE, triangles: order, openTriangles, colours: new Array(12).fill(9), labels: [20, 20] };
    drawColoured(layer, vertices(square(0, 16, 5)), mesh);
    return layer.colour.filter((c) => c !== 0).length;
  };
  const [oneWay, otherWay] = [SQUARE.triangles, [0, 2, 1, 0, 3, 2]];
  expect(count([0, 0], oneWay) + count([0, 0], otherWay)).toBe(256);
  expect(count([1, 1], oneWay)).toBe(256);
  expect(count([1, 1], otherWay)).toBe(256);
});

it('shows stippled texels on as many samples of a pixel as their opacity says', () => {
  const factors = new Int32Array(1024).fill(256);
  const table = { red: factors, green: factors, blue: factors };
  const shown = [0, 4, 8, 15].map((opacity) => {
    const layer = new SampleLayer({ widthPx: 8, heightPx: 8 });
    const material: Material = {
      kind: 'hair',
      firstTriangle: 0,
      endTriangle: 2,
      widthPx: 1,
      heightPx: 1,
      texels: Uint8Array.of(opacity),
      palette: new Uint8Array(768).fill(200),
      transparency: 'stipple',
      twoSided: true,
      gloss: 0,
    };
    const mesh = {
      triangles: Uint32Array.from(SQUARE.triangles),
      uvs: new Float32Array(12),
      labels: Uint8Array.of(1, 1),
    };
    drawTextured(layer, vertices(square(0, 16, 5)), { mesh, material, table });
    return layer.colour.filter((c) => c !== 0).length / 256;
  });
  expect(shown).toEqual([0, 0.25, 0.5, 1]);
});
