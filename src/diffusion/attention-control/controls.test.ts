// Controls on random probabilities: what they change, what they leave bit for bit, and what they read.
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { randomNormal } from '../../core/random.js';
import { floats, type Tensor } from '../../core/tensor.js';
import { Graph, Softmax } from '../../graph/index.js';
import type { AttentionSite } from '../../models/index.js';
import { createRuntime } from '../../runtime/index.js';
import { memorySource } from '../../weights/index.js';
import { branchSwap, scaleInput, swapFeeds } from './branch-swap.js';
import { tapOutputs } from './cross-taps.js';
import { inverseMaskFeeds, neutralScales, resizeMap } from './inverse-mask.js';
import { combineControls, crossResolutions, type NetworkControl, nearestResolution } from './network-control.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

const [BATCH, HEADS, TOKENS] = [4, 2, 5];
const SWAP = { from: [0, 1, 0, 3, 4], takes: [1, 1, 0, 1, 1] };

function site(kind: 'self' | 'cross', resolution: [number, number]): AttentionSite {
  return { name: kind, part: 'up', level: 0, index: 0, layer: 0, kind, heads: HEADS, resolution };
}

/** Random probabilities [4, 2, T, S] at one site, before and after the control. */
async function control(
  at: AttentionSite,
  { controls, feeds = {}, seed = 1 }: { controls: NetworkControl[]; feeds?: Record<string, Tensor>; seed?: number },
) {
  const queries = at.resolution[0] * at.resolution[1];
  const keys = at.kind === 'self' ? queries : TOKENS;
  const graph = new Graph('attention');
  const scores = graph.input('scores', 'float32', [BATCH, HEADS, queries, keys]);
  const probs = Softmax(scores, { axis: -1 });
  graph.output('before', probs);
  const both = combineControls(...controls);
  both.outputs(both.attentionControl(at, probs, { graph, query: probs, key: probs, value: probs }));
  const wanted = Object.fromEntries(Object.entries(feeds).filter(([name]) => graph.inputs.has(name)));
  const session = await runtime.session(graph, memorySource({}));
  const run = await session.run({ scores: randomNormal(seed, { shape: scores.shape }), ...wanted });
  await session.release();
  const samples = (tensor: Tensor) =>
    Array.from({ length: BATCH }, (_, n) =>
      [...floats(tensor)].slice((n * tensor.data.length) / BATCH).slice(0, tensor.data.length / BATCH),
    );
  return { before: samples(run.before), after: samples(run.out), run, queries, keys };
}

describe('branch swap', () => {
  const swap = branchSwap({ base: 2, selfQueries: 16 });

  it('takes over columns of the base sample by position, for the last sample alone', async () => {
    const at = site('cross', [4, 4]);
    const { before, after, queries } = await control(at, {
      controls: [swap],
      feeds: swapFeeds(SWAP, { cross: true, self: true }),
    });
    expect(after.slice(0, 3)).toEqual(before.slice(0, 3));
    const cells = after[3].map((value, i) => {
      const [row, n] = [Math.floor(i / TOKENS), i % TOKENS];
      return value === (SWAP.takes[n] ? before[2][row * TOKENS + SWAP.from[n]] : before[3][i]);
    });
    expect(cells).toHaveLength(HEADS * queries * TOKENS);
    expect(cells).not.toContain(false);
  });

  it('changes nothing while it is off', async () => {
    for (const kind of ['self', 'cross'] as const) {
      const { before, after } = await control(site(kind, [4, 4]), {
        controls: [swap],
        feeds: swapFeeds(SWAP, { cross: false, self: false }),
      });
      expect(after).toEqual(before);
    }
  });

  it('takes over self-attention up to so many queries', async () => {
    const feeds = swapFeeds(SWAP, { cross: true, self: true });
    const small = await control(site('self', [4, 4]), { controls: [swap], feeds });
    expect(small.after).toEqual([...small.before.slice(0, 3), small.before[2]]);
    const large = await control(site('self', [4, 5]), { controls: [swap], feeds });
    expect(large.after).toEqual(large.before);
    expect(large.after[3]).not.toEqual(large.after[2]);
  });
});

describe('taps', () => {
  it('give the mean over heads of the samples asked for', async () => {
    const taps = tapOutputs({ rows: { start: 3, end: 4 } });
    const { before, run, queries } = await control(site('cross', [2, 3]), { controls: [taps] });
    const mean = Array.from(
      { length: queries * TOKENS },
      (_, i) => (before[3][i] + before[3][i + queries * TOKENS]) / 2,
    );
    expect(run['cross:2x3'].shape).toEqual([1, queries, TOKENS]);
    floats(run['cross:2x3']).forEach((value, i) => {
      expect(value).toBeCloseTo(mean[i], 6);
    });
  });

  it('pass over self-attention', async () => {
    const { run } = await control(site('self', [2, 3]), { controls: [tapOutputs()] });
    expect(Object.keys(run).sort()).toEqual(['before', 'out']);
  });
});

describe('overlap removal', () => {
  const at = site('cross', [4, 4]);
  const swap = branchSwap({ base: 2, scales: true });

  it('lowers the overlap of every other token with the object and leaves its own column', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1000 }), async (seed) => {
        const map = {
          resolution: [4, 4] as const,
          values: floats(randomNormal(seed, { shape: [16] })).map((v) => 1 / (1 + Math.exp(-v))),
        };
        const feeds = {
          ...swapFeeds(SWAP, { cross: false, self: false }),
          ...inverseMaskFeeds([at.resolution], { objects: [{ token: 2, map }], tokens: TOKENS, length: 4 }),
        };
        const { before, after } = await control(at, { controls: [swap], feeds, seed });
        expect(after.slice(0, 3)).toEqual(before.slice(0, 3));
        const overlap = (probs: number[], n: number) =>
          map.values.reduce((sum, v, p) => sum + v * probs[p * TOKENS + n], 0);
        for (const n of [0, 1, 3]) expect(overlap(after[3], n)).toBeLessThan(overlap(before[3], n));
        for (const n of [2, 4]) expect(overlap(after[3], n)).toBe(overlap(before[3], n));
      }),
      { numRuns: 10 },
    );
  });

  it('is the identity with neutral scales', async () => {
    const feeds = { ...swapFeeds(SWAP, { cross: false, self: false }), ...neutralScales([at.resolution], TOKENS) };
    const { before, after } = await control(at, { controls: [swap], feeds });
    expect(after).toEqual(before);
  });

  it('multiplies the masks of all objects but the own one', () => {
    const map = (value: number) => ({ resolution: [1, 1] as const, values: Float32Array.of(value) });
    const objects = [
      { token: 1, map: map(0.5) },
      { token: 3, map: map(0.25) },
    ];
    const feeds = inverseMaskFeeds([[1, 1]], { objects, tokens: 6, length: 5 });
    expect([...floats(feeds[scaleInput([1, 1])])]).toEqual([0.375, 0.75, 0.375, 0.5, 0.375, 1]);
  });

  it('normalises a map as asked', () => {
    const map = { resolution: [1, 2] as const, values: Float32Array.of(0.2, 0.6) };
    const scale = (norm: 'minmax' | 'rowSoftmax') => {
      const feeds = inverseMaskFeeds([[1, 2]], { objects: [{ token: 1, map }], tokens: 2, length: 2, norm });
      const values = floats(feeds[scaleInput([1, 2])]);
      return [values[0], values[2]];
    };
    expect(scale('minmax')).toEqual([1, 0]);
    const share = 1 / (1 + Math.exp(0.4));
    scale('rowSoftmax').forEach((value, i) => {
      expect(value).toBeCloseTo(i === 0 ? 1 - share : share, 6);
    });
  });
});

describe('maps on other grids', () => {
  it('are those of PyTorch with corners not aligned', () => {
    const up = resizeMap({ resolution: [1, 2], values: Float32Array.of(0, 1) }, [1, 4]);
    expect([...up.values]).toEqual([0, 0.25, 0.75, 1]);
    const down = resizeMap({ resolution: [1, 4], values: Float32Array.of(0, 1, 2, 3) }, [1, 2]);
    expect([...down.values]).toEqual([0.5, 2.5]);
  });

  it('are refused when values are missing', () => {
    expect(() => resizeMap({ resolution: [2, 2], values: new Float32Array(3) }, [4, 4])).toThrow(/4 values for 2x2/);
  });
});

describe('resolutions', () => {
  it('are those that attend to text, the finest first', () => {
    const sites = [site('self', [32, 32]), site('cross', [8, 8]), site('cross', [16, 16]), site('cross', [8, 8])];
    expect(crossResolutions(sites)).toEqual([
      [16, 16],
      [8, 8],
    ]);
  });

  it('are chosen by ratio, the finer of two as near', () => {
    expect(
      nearestResolution(
        [
          [32, 32],
          [16, 16],
        ],
        20,
      ),
    ).toEqual([16, 16]);
    expect(
      nearestResolution(
        [
          [16, 16],
          [4, 4],
        ],
        8,
      ),
    ).toEqual([16, 16]);
  });
});
