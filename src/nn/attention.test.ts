// Attention against its definition, and what a hook can do.
import { afterAll, describe, expect, it } from 'vitest';
import { randomNormal } from '../core/random.js';
import { floats, type Tensor } from '../core/tensor.js';
import { Graph, Mul } from '../graph/index.js';
import { createRuntime } from '../runtime/index.js';
import { memorySource } from '../weights/index.js';
import { type ScaledAttentionOptions, scaledAttention } from './attention.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

const [TOKENS, SOURCES, WIDTH, HEADS] = [3, 4, 6, 2];
const feeds = {
  query: randomNormal(1, { shape: [1, TOKENS, WIDTH] }),
  key: randomNormal(2, { shape: [1, SOURCES, WIDTH] }),
  value: randomNormal(3, { shape: [1, SOURCES, WIDTH] }),
};

async function run(options: { hook?: ScaledAttentionOptions['hook']; tap?: boolean; forbidSecond?: boolean }) {
  const graph = new Graph('attention');
  const input = (name: keyof typeof feeds) => graph.input(name, 'float32', feeds[name].shape);
  const { tap, forbidSecond } = options;
  const mask = forbidSecond ? graph.constant([0, -1e30, 0, 0]) : undefined;
  const hook: typeof options.hook = tap
    ? (probs) => {
        graph.output('probs', probs);
        return probs;
      }
    : options.hook;
  const projected = { query: input('query'), key: input('key'), value: input('value') };
  graph.output('y', scaledAttention(projected, { heads: HEADS, mask, hook }));
  const session = await runtime.session(graph, memorySource({}));
  return (await session.run(feeds)) as Record<string, Tensor>;
}

/** Attention by its definition, in loops. */
function byDefinition(): { y: Float32Array; probs: Float32Array } {
  const [q, k, v] = [feeds.query, feeds.key, feeds.value].map(floats);
  const size = WIDTH / HEADS;
  const y = new Float32Array(TOKENS * WIDTH);
  const probs = new Float32Array(HEADS * TOKENS * SOURCES);
  for (let h = 0; h < HEADS; h++) {
    for (let t = 0; t < TOKENS; t++) {
      const weights = Array.from({ length: SOURCES }, (_, s) => {
        let dot = 0;
        for (let d = 0; d < size; d++) dot += q[t * WIDTH + h * size + d] * k[s * WIDTH + h * size + d];
        return Math.exp(dot / Math.sqrt(size));
      });
      const total = weights.reduce((a, b) => a + b);
      weights.forEach((w, s) => {
        probs[(h * TOKENS + t) * SOURCES + s] = w / total;
        for (let d = 0; d < size; d++) y[t * WIDTH + h * size + d] += (w / total) * v[s * WIDTH + h * size + d];
      });
    }
  }
  return { y, probs };
}

function expectClose(ours: Tensor, reference: Float32Array): void {
  floats(ours).forEach((v, i) => {
    expect(v).toBeCloseTo(reference[i], 5);
  });
}

describe('scaledAttention', () => {
  it('equals its definition and shows its probabilities to a hook', async () => {
    const { y, probs } = await run({ tap: true });
    expect(probs.shape).toEqual([1, HEADS, TOKENS, SOURCES]);
    expectClose(y, byDefinition().y);
    expectClose(probs, byDefinition().probs);
  });

  it('goes on with what the hook returns', async () => {
    const { y } = await run({ hook: (probs) => Mul(probs, 0) });
    expect(floats(y).every((v) => v === 0)).toBe(true);
  });

  it('gives forbidden sources no weight', async () => {
    const { probs } = await run({ tap: true, forbidSecond: true });
    floats(probs).forEach((p, i) => {
      if (i % SOURCES === 1) expect(p).toBe(0);
      else expect(p).toBeGreaterThan(0);
    });
  });

  it('refuses a width that the heads do not divide', () => {
    const graph = new Graph('attention');
    const x = graph.input('x', 'float32', [1, 2, 6]);
    expect(() => scaledAttention({ query: x, key: x, value: x }, { heads: 4 })).toThrow(/4 heads.*width 6/);
  });
});
