// Every comparator's loss on fixed maps, by hand.
import { afterAll, describe, expect, it } from 'vitest';
import { float32, floats, type Tensor } from '../../core/tensor.js';
import { boxFeeds, type CanvasBox } from '../../diffusion/attention-control/index.js';
import { Graph } from '../../graph/index.js';
import { createRuntime } from '../../runtime/index.js';
import { memorySource } from '../../weights/index.js';
import { neglect } from './attend-excite.js';
import { misplacement } from './boxdiff.js';
import { type GroundedObject, lmdFeeds, lmdLoss } from './lmd-guidance.js';
import { lmdSettings } from './lmd-settings.js';
import type { TokenLoss } from './token-guidance.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

async function computed(
  build: (maps: ReturnType<Graph['input']>) => TokenLoss,
  { maps, feeds = {} }: { maps: Tensor; feeds?: Record<string, Tensor> },
) {
  const graph = new Graph('loss');
  const { loss, refined } = build(graph.input('maps', 'float32', maps.shape));
  graph.output('loss', loss);
  graph.output('refined', refined);
  const session = await runtime.session(graph, memorySource({}));
  const out = await session.run({ maps, ...feeds });
  await session.release();
  return { loss: floats(out.loss)[0], refined: floats(out.refined)[0] };
}

describe('losses on fixed maps', () => {
  it('of Attend-and-Excite: one minus the peak of the least attended token', async () => {
    const maps = float32([0.1, 0.9, 0.2, 0.3, 0.05, 0.4, 0.35, 0.1], [2, 2, 2]);
    const { loss, refined } = await computed(neglect, { maps });
    expect(loss).toBeCloseTo(0.6, 6);
    expect(refined).toBe(loss);
    expect((await computed(neglect, { maps: float32([1, 0, 0, 0], [1, 2, 2]) })).loss).toBe(0);
  });

  it('of BoxDiff: the golden value, and the worst inner term for refinement', async () => {
    const boxes: CanvasBox[] = [
      [128, 128, 384, 384],
      [0, 0, 256, 512],
    ];
    const half = new Float32Array(16).fill(0.5);
    const one = boxFeeds(boxes.slice(0, 1), [4, 4]);
    expect(await computed(misplacement, { maps: float32(half, [1, 4, 4]), feeds: one })).toEqual({
      loss: 2,
      refined: 0.5,
    });
    // The second token has all of its attention in the left half, which is its box.
    const left = Float32Array.from({ length: 16 }, (_, i) => (i % 4 < 2 ? 1 : 0));
    const maps = float32([...half, ...left], [2, 4, 4]);
    expect(await computed(misplacement, { maps, feeds: boxFeeds(boxes, [4, 4]) })).toEqual({ loss: 2, refined: 0.5 });
  });

  it('of LMD: each head inside and outside of the box, and the distance to the object alone', async () => {
    const settings = { ...lmdSettings({ unetConfig: {} } as never), topFraction: 0.5 };
    const [heads, queries, tokens] = [2, 4, 3];
    const room = { objects: 2, tokens: 2 };
    const site = { name: 'mid', resolution: [2, 2] as const, heads };
    // Token 1 as seen by both heads; the box is the left column, cells 0 and 2.
    const seen = [
      [0.8, 0.1, 0.4, 0.3],
      [0.2, 0.6, 0.0, 0.5],
    ];
    const probs = float32(
      seen.flatMap((head) => head.flatMap((v) => [1 - v, v, 0])),
      [1, heads, queries, tokens],
    );
    const graph = new Graph('lmd');
    const input = graph.input('probs', 'float32', probs.shape);
    const built = lmdLoss({ layers: [{ site: site as never, probs: input, maps: input }] }, { settings, room });
    graph.output('loss', built.loss);
    graph.output('layout', built.outputs!.layout);
    const session = await runtime.session(graph, memorySource({}));
    const object: GroundedObject = { box: [0, 0, 256, 512], tokens: [1] };
    const run = async (references?: ReadonlyMap<string, Float32Array>[]) => {
      const condition = { tokens: float32(new Float32Array(tokens), [1, tokens, 1]) };
      const feeds = lmdFeeds({ objects: [object], references, condition }, { layers: [site], settings, room });
      const out = await session.run({ probs, ...feeds });
      return [floats(out.loss)[0], floats(out.layout)[0]];
    };
    // Half of two cells is one: (1 - 0.8) + 4 * 0.3 and (1 - 0.2) + 4 * 0.6.
    const layout = 0.2 + 1.2 + 0.8 + 2.4;
    const [loss, alone] = await run();
    expect(alone).toBeCloseTo(layout, 5);
    expect(loss).toBeCloseTo(5 * layout, 4);
    // Mean over heads in the box: 0.5 and 0.2, of sum 1: 5/7 and 2/7; the reference: 1/4 and 3/4.
    const reference = new Map([['mid', new Float32Array([0.1, 0.9, 0.3, 0.9])]]);
    const [followed] = await run([reference]);
    expect(followed).toBeCloseTo(5 * (layout + 2 * (5 / 7 - 1 / 4) * 2), 4);
    await session.release();
  });
});
