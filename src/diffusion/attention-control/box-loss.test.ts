// The box loss and the maps it reads: golden values of the specification, and plain loops from the definitions.
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Philox } from '../../core/random.js';
import { float32, floats } from '../../core/tensor.js';
import { Graph } from '../../graph/index.js';
import { createRuntime } from '../../runtime/index.js';
import { memorySource } from '../../weights/index.js';
import { boxFeeds, boxLoss, type CanvasBox, cellBox, topCounts } from './box-loss.js';
import type { Resolution } from './network-control.js';
import { smoothingKernel, tokenColumns, tokenMaps } from './token-maps.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

/** The terms of one map for one box. */
async function terms(map: ArrayLike<number>, { resolution, box }: { resolution: Resolution; box: CanvasBox }) {
  const graph = new Graph('loss');
  const loss = boxLoss(graph.input('maps', 'float32', [1, ...resolution]));
  for (const [name, value] of Object.entries(loss)) graph.output(name, value);
  const session = await runtime.session(graph, memorySource({}));
  const out = await session.run({
    maps: float32(Float32Array.from(map), [1, ...resolution]),
    ...boxFeeds([box], resolution),
  });
  await session.release();
  return { inside: floats(out.inside)[0], outside: floats(out.outside)[0], corners: floats(out.corners)[0] };
}

/** The same from the definitions, with loops. */
function expected(map: readonly number[], { resolution, box }: { resolution: Resolution; box: CanvasBox }) {
  const [height, width] = resolution;
  const [x1, y1, x2, y2] = cellBox(box, resolution);
  const within = map.map((_, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    return x >= x1 && x < x2 && y >= y1 && y < y2;
  });
  const area = within.filter(Boolean).length;
  const counts = topCounts({ area, cells: map.length }, 0.2);
  const top = (values: number[], k: number) =>
    k === 0
      ? 0
      : values
          .sort((a, b) => b - a)
          .slice(0, k)
          .reduce((a, b) => a + b) / k;
  const axis = (size: number, { ends, cellOf }: { ends: number[]; cellOf: (i: number) => number }) => {
    let sum = 0;
    for (let j = 0; j < size; j++) {
      if (!ends.some((end) => Math.abs(end - j) <= 1)) continue;
      const cells = map.flatMap((v, i) => (cellOf(i) === j ? [[v, within[i] ? 1 : 0]] : []));
      sum += Math.abs(Math.max(...cells.map(([v]) => v)) - Math.max(...cells.map(([, b]) => b)));
    }
    return sum / size;
  };
  return {
    inside: Math.max(
      0,
      1 -
        top(
          map.map((v, i) => (within[i] ? v : 0)),
          counts.inside,
        ),
    ),
    outside: Math.max(
      0,
      top(
        map.map((v, i) => (within[i] ? 0 : v)),
        counts.outside,
      ),
    ),
    corners:
      axis(width, { ends: [x1, x2], cellOf: (i) => i % width }) +
      axis(height, { ends: [y1, y2], cellOf: (i) => Math.floor(i / width) }),
  };
}

describe('cells of a box', () => {
  it('are rounded half to even', () => {
    expect(cellBox([200, 400, 300, 500], [16, 16])).toEqual([6, 12, 9, 16]);
    expect(cellBox([0, 300, 200, 400], [32, 32])).toEqual([0, 19, 12, 25]);
  });

  it('count by the top fraction, at least one', () => {
    expect(topCounts({ area: 12, cells: 256 }, 0.2)).toEqual({ inside: 2, outside: 48 });
    expect(topCounts({ area: 72, cells: 1024 }, 0.2)).toEqual({ inside: 14, outside: 190 });
    expect(topCounts({ area: 1, cells: 4 }, 0.2)).toEqual({ inside: 1, outside: 1 });
    expect(topCounts({ area: 4, cells: 4 }, 0.2).outside).toBe(0);
  });
});

describe('box loss', () => {
  it('has the golden value on a constant map', async () => {
    const at = { resolution: [4, 4] as const, box: [128, 128, 384, 384] as const };
    const { inside, outside, corners } = await terms(new Array(16).fill(0.5), at);
    expect([inside, outside, corners]).toEqual([0.5, 0.5, 1]);
  });

  it('has no outer term for a box that fills the canvas', async () => {
    const at = { resolution: [4, 4] as const, box: [0, 0, 512, 512] as const };
    expect((await terms(new Array(16).fill(0.5), at)).outside).toBe(0);
  });

  it('agrees with the definitions on any map, ties included', async () => {
    const side = fc.integer({ min: 2, max: 9 });
    const edge = fc.integer({ min: 0, max: 512 });
    const cases = fc.record({ h: side, w: side, x: fc.tuple(edge, edge), y: fc.tuple(edge, edge), seed: fc.nat(999) });
    await fc.assert(
      fc.asyncProperty(cases, async ({ h, w, x, y, seed }) => {
        const box = [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)] as const;
        const at = { resolution: [h, w] as const, box };
        const [x1, y1, x2, y2] = cellBox(box, at.resolution);
        fc.pre(x2 > x1 && y2 > y1);
        const random = new Philox(seed);
        const map = Array.from({ length: h * w }, () => Math.round(random.uniform() * 8) / 8);
        const [ours, reference] = [await terms(map, at), expected(map, at)];
        expect(ours.inside).toBeCloseTo(reference.inside, 5);
        expect(ours.outside).toBeCloseTo(reference.outside, 5);
        expect(ours.corners).toBeCloseTo(reference.corners, 5);
      }),
      { numRuns: 25 },
    );
  });

  it('refuses a box without a cell', () => {
    expect(() => boxFeeds([[10, 10, 12, 400]], [16, 16])).toThrow(/at least one cell/);
  });
});

describe('token maps', () => {
  it('smooth with the published kernel', () => {
    const kernel = smoothingKernel({ kernelSize: 3, sigma: 0.5 });
    const outer = (i: number, j: number) => Number((kernel[i] * kernel[j]).toFixed(4));
    expect([outer(1, 1), outer(0, 1), outer(0, 0)]).toEqual([0.3319, 0.1221, 0.0449]);
  });

  it('let the columns of the text compete, without begin and last', async () => {
    const graph = new Graph('maps');
    const probs = graph.input('probs', 'float32', [1, 2, 5]);
    const columns = graph.input('columns', 'float32', [3, 1]);
    graph.output('maps', tokenMaps(probs, { resolution: [1, 2], columns }));
    const session = await runtime.session(graph, memorySource({}));
    const out = await session.run({
      probs: float32([9, 0.01, 0.02, 0.03, 9, 9, 0.05, 0.05, 0.05, 9], [1, 2, 5]),
      columns: tokenColumns([2], { last: 4 }),
    });
    const total = Math.exp(1) + Math.exp(2) + Math.exp(3);
    expect(floats(out.maps)[0]).toBeCloseTo(Math.exp(2) / total, 5);
    expect(floats(out.maps)[1]).toBeCloseTo(1 / 3, 5);
  });

  it('reflect at the border while smoothing', async () => {
    const graph = new Graph('maps');
    const probs = graph.input('probs', 'float32', [1, 9, 4]);
    const columns = graph.constant(tokenColumns([1], { last: 3 }));
    const smoothing = { kernelSize: 3, sigma: 0.5 };
    graph.output('maps', tokenMaps(probs, { resolution: [3, 3], columns, smoothing }));
    const session = await runtime.session(graph, memorySource({}));
    // The middle cell belongs to token 1, all others to token 2.
    const values = Array.from({ length: 9 }, (_, p) => (p === 4 ? [0, 1, 0, 0] : [0, 0, 1, 0])).flat();
    const out = floats((await session.run({ probs: float32(values, [1, 9, 4]) })).maps);
    const expectedMap = [0.1796, 0.2442, 0.1796, 0.2442, 0.3319, 0.2442, 0.1796, 0.2442, 0.1796];
    out.forEach((value, i) => {
      expect(value).toBeCloseTo(expectedMap[i], 3);
    });
  });

  it('refuse positions outside the text', () => {
    expect(() => tokenColumns([0], { last: 4 })).toThrow(/positions from 1 to 3/);
  });
});
