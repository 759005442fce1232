import { afterAll, describe, expect, it } from 'vitest';
import { float32, floats, sizeOf, type Tensor } from '../core/tensor.js';
import { type AttentionOptions, scaledAttention } from '../nn/attention.js';
import { createRuntime } from '../runtime/index.js';
import { memorySource } from '../weights/index.js';
import { fuseAttention } from './fuse-attention.js';
import { Add, Graph, Identity, liveNodes, type Value } from './index.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

const SHAPES = { query: [2, 6, 12], key: [2, 5, 12], value: [2, 5, 12] } as const;

function attend(options: Partial<AttentionOptions> = {}, finish: (y: Value) => Value = (y) => y): Graph {
  const graph = new Graph('attend');
  const projected = Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape]) => [name, graph.input(name, 'float32', shape)]),
  ) as Record<keyof typeof SHAPES, Value>;
  graph.output('y', finish(scaledAttention(projected, { heads: 3, ...options })));
  return graph;
}

const opsOf = (graph: Graph) => fuseAttention(graph, liveNodes(graph)).map((node) => node.op);

const feeds: Record<string, Tensor> = Object.fromEntries(
  Object.entries(SHAPES).map(([name, shape], i) => [
    name,
    float32(
      Array.from({ length: sizeOf(shape) }, (_, k) => Math.sin(k * (i + 1)) * 2),
      shape,
    ),
  ]),
);

async function compute(graph: Graph): Promise<Float32Array> {
  return floats((await (await runtime.session(graph, memorySource({}))).run(feeds)).y);
}

describe('fuseAttention', () => {
  it('makes one operator of an attention layer', () => {
    expect(opsOf(attend())).toEqual(['MultiHeadAttention']);
  });

  it('computes the same', async () => {
    // A mask of zeros changes nothing, and keeps the long form.
    const graph = new Graph('masked');
    const projected = Object.fromEntries(
      Object.entries(SHAPES).map(([name, shape]) => [name, graph.input(name, 'float32', shape)]),
    ) as Record<keyof typeof SHAPES, Value>;
    const mask = graph.constant(new Array<number>(30).fill(0), { shape: [6, 5] });
    graph.output('y', scaledAttention(projected, { heads: 3, mask }));
    expect(opsOf(graph)).toContain('Softmax');
    const [fused, plain] = [await compute(attend()), await compute(graph)];
    for (const [i, value] of fused.entries()) expect(value).toBeCloseTo(plain[i], 5);
  });

  it('leaves probabilities alone that a hook changes or that are an output', () => {
    expect(opsOf(attend({ hook: (probs) => Identity(probs) }))).toContain('Softmax');
    const tapped = attend({
      hook: (probs, { graph }) => {
        graph.output('probs', probs);
        return probs;
      },
    });
    expect(opsOf(tapped)).toContain('Softmax');
    expect(opsOf(tapped)).not.toContain('MultiHeadAttention');
  });

  it('keeps a hook that returns what it was given without reading it', () => {
    expect(opsOf(attend({ hook: (probs) => probs }))).toEqual(['MultiHeadAttention']);
  });

  it('keeps the queries where something else reads them', () => {
    const graph = attend({}, (y) => Add(y, y.graph.inputs.get('query')!));
    expect(opsOf(graph)).toEqual(['MultiHeadAttention', 'Add']);
  });
});
