// Replaces attention written out as products and a softmax by ONNX Runtime's one operator, where nothing else reads it.
import type { Graph, GraphNode, Value } from './graph.js';

/** `[N, T, D]` as heads: Reshape to [N, T, heads, D / heads], then this Transpose. */
const SPLIT_HEADS = '0,2,1,3';
const LAST_TWO = '0,1,3,2';

/**
 * The nodes with each attention of {@link scaledAttention}'s form in `src/nn` as a `MultiHeadAttention`, which never
 * holds all scores at once. Attention with a mask stays as it is, and so does one whose scores or probabilities have
 * another reader: a hook, an output or a gradient. Nodes that nothing reads any more are dropped.
 */
export function fuseAttention(graph: Graph, nodes: readonly GraphNode[]): GraphNode[] {
  const readers = new Map<Value, number>();
  const count = (value: Value | undefined) => value && readers.set(value, (readers.get(value) ?? 0) + 1);
  for (const node of nodes) node.inputs.forEach(count);
  for (const output of graph.outputs.values()) count(output);
  const alone = (value: Value | undefined, op: string) => {
    const node = value?.producer;
    return value && node?.op === op && readers.get(value) === 1 ? node : undefined;
  };
  const scalars = new Map(Array.from(graph.constants.values(), ({ value, tensor }) => [value, tensor.data] as const));
  const scalar = (value: Value | undefined) => {
    const data = value && scalars.get(value);
    return data?.length === 1 ? Number(data[0]) : undefined;
  };
  return withoutUnread(
    graph,
    nodes.map((node) => fused(node, { alone, scalar }) ?? node),
  );
}

interface Finder {
  /** The node of this kind that makes a value which nothing else reads. */
  alone(value: Value | undefined, op: string): GraphNode | undefined;
  scalar(value: Value | undefined): number | undefined;
}

function fused(node: GraphNode, { alone, scalar }: Finder): GraphNode | undefined {
  if (node.op !== 'Reshape') return undefined;
  const joined = alone(node.inputs[0], 'Transpose');
  if (!joined || !permutes(joined, SPLIT_HEADS)) return undefined;
  const weighted = alone(joined.inputs[0], 'MatMul');
  const softmax = alone(weighted?.inputs[0], 'Softmax');
  const scores = alone(softmax?.inputs[0], 'MatMul');
  const scaled = alone(scores?.inputs[0], 'Mul');
  const turned = alone(scores?.inputs[1], 'Transpose');
  const scale = scalar(scaled?.inputs[1]);
  if (!softmax || !overLastAxis(softmax) || !turned || !permutes(turned, LAST_TWO) || scale === undefined) {
    return undefined;
  }
  const [query, key, value] = [scaled?.inputs[0], turned.inputs[0], weighted?.inputs[1]].map(beforeSplit);
  if (!query || !key || !value || query.shape.join() !== node.outputs[0].shape.join()) return undefined;
  const heads = joined.inputs[0]!.shape[1];
  return {
    op: 'MultiHeadAttention',
    domain: 'com.microsoft',
    inputs: [query, key, value],
    outputs: node.outputs,
    attributes: { num_heads: { int: heads }, scale: { float: scale } },
  };
}

/** [N, T, D] of a value [N, heads, T, D / heads] made by splitting heads. */
function beforeSplit(value: Value | undefined): Value | undefined {
  const transpose = value?.producer;
  if (transpose?.op !== 'Transpose' || !permutes(transpose, SPLIT_HEADS)) return undefined;
  const reshape = transpose.inputs[0]?.producer;
  const [whole] = reshape?.op === 'Reshape' ? reshape.inputs : [];
  const [batch, tokens, heads, width] = transpose.inputs[0]!.shape;
  return whole?.shape.join() === `${batch},${tokens},${heads * width}` ? whole : undefined;
}

function permutes({ attributes: { perm } }: GraphNode, order: string): boolean {
  return perm !== undefined && 'ints' in perm && perm.ints.join() === order;
}

function overLastAxis({ inputs, attributes: { axis } }: GraphNode): boolean {
  return axis === undefined || ('int' in axis && (axis.int === -1 || axis.int === inputs[0]!.shape.length - 1));
}

function withoutUnread(graph: Graph, nodes: readonly GraphNode[]): GraphNode[] {
  const needed = new Set<Value | undefined>(graph.outputs.values());
  const kept: GraphNode[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((output) => needed.has(output))) continue;
    for (const input of node.inputs) needed.add(input);
    kept.push(node);
  }
  return kept.reverse();
}
