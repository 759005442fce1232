// Gradient checkpointing: which values of the forward pass stay in memory, and the others computed again when needed.
import { BYTES_PER_ELEMENT, sizeOf } from '../../core/tensor.js';
import type { Graph, GraphNode, Value } from '../graph.js';
import { Concat, Reshape, Slice } from '../ops/shape.js';

/**
 * What stays in memory between the forward pass and the gradient: everything (`off`), only what is expensive to compute
 * again (`on`), what a function says; `auto` is `on` from {@link CHECKPOINT_FROM_BYTES} of values on.
 */
export type Checkpointing = 'auto' | 'off' | 'on' | ((value: Value) => boolean);

/** A UNet of Stable Diffusion's size holds 12 GiB at 512 x 512, all networks of the mini family well under 1. */
const CHECKPOINT_FROM_BYTES = 2 * 2 ** 30;

/** Operators that take most of a network's time. */
const EXPENSIVE: ReadonlySet<string> = new Set(['Conv', 'ConvTranspose', 'Gemm', 'MatMul', 'Einsum']);
/** A product so many times larger than its operands is a table of pairs, as attention's scores are: cheap for its size. */
const TABLE_RATIO = 4;

/** What is kept, and what does not depend on any input of the graph. */
export interface KeptValues {
  keeps(value: Value): boolean;
  isFixed(value: Value): boolean;
}

/** Which values are to be kept, or undefined for all. */
export function keptValues(
  nodes: readonly GraphNode[],
  varying: ReadonlySet<Value>,
  mode: Checkpointing,
): KeptValues | undefined {
  if (mode === 'off' || (mode === 'auto' && totalBytes(varying) < CHECKPOINT_FROM_BYTES)) return undefined;
  const fixed = inputIndependent(nodes);
  const isFixed = (value: Value) => fixed.has(value) || isGiven(value);
  const keep = typeof mode === 'function' ? mode : isExpensive;
  return { isFixed, keeps: (value) => !value.producer || isFixed(value) || keep(value) };
}

function totalBytes(values: Iterable<Value>): number {
  let bytes = 0;
  for (const value of values) bytes += bytesOf(value);
  return bytes;
}

function bytesOf({ shape, dtype }: Value): number {
  return sizeOf(shape) * BYTES_PER_ELEMENT[dtype];
}

/**
 * Products and convolutions, except tables of pairs; and sums of two computed values, since chains of them (residual
 * connections) would otherwise be followed to their beginning.
 */
function isExpensive(value: Value): boolean {
  const { op, inputs } = value.producer!;
  if (op === 'Add') return inputs.every((input) => input?.producer && input.shape.join() === value.shape.join());
  if (!EXPENSIVE.has(op)) return false;
  const operands = inputs.reduce((sum, input) => sum + (input ? bytesOf(input) : 0), 0);
  return bytesOf(value) < TABLE_RATIO * operands;
}

/** Values made of parameters and constants alone: the session computes them once. */
function inputIndependent(nodes: readonly GraphNode[]): ReadonlySet<Value> {
  const fixed = new Set<Value>();
  for (const node of nodes) {
    const alone = node.inputs.every((input) => !input || fixed.has(input) || isGiven(input));
    if (alone) for (const output of node.outputs) fixed.add(output);
  }
  return fixed;
}

function isGiven(value: Value): boolean {
  const { graph, name, producer } = value;
  return !producer && graph.inputs.get(name) !== value;
}

/** Gives back forward values, computing again what was not kept. */
export class Recall {
  readonly #again = new Map<Value, Value>();
  readonly #late = new Map<Value, Map<Value, Value>>();

  /** @param cloned called with a node and its repetition */
  constructor(
    private readonly graph: Graph,
    private readonly kept: KeptValues,
    private readonly cloned: (node: GraphNode, again: GraphNode) => void,
  ) {}

  /** The node with inputs and outputs that are there once `gradient` is. */
  node(node: GraphNode, gradient: Value): GraphNode {
    const recall = (value: Value) => (this.kept.keeps(value) ? value : this.#compute(value, gradient));
    return { ...node, inputs: node.inputs.map((v) => v && recall(v)), outputs: node.outputs.map(recall) };
  }

  #compute(value: Value, gradient: Value): Value {
    const known = this.#again.get(value);
    if (known) return known;
    const node = value.producer!;
    const inputs = node.inputs.map((input) => {
      if (!input || this.kept.isFixed(input)) return input;
      return this.kept.keeps(input) ? this.#after(input, gradient) : this.#compute(input, gradient);
    });
    const { attributes, domain } = node;
    const outputs = this.graph.add(node.op, { inputs, attributes, domain, outputs: node.outputs });
    this.cloned(node, outputs[0].producer!);
    for (const [i, output] of node.outputs.entries()) this.#again.set(output, outputs[i]);
    return this.#again.get(value)!;
  }

  /**
   * The value, but not before the gradient: joined with none of the gradient's numbers. Runtimes order nodes by their
   * inputs alone, and would otherwise compute everything again at once, before the first of it is needed.
   */
  #after(value: Value, gradient: Value): Value {
    const known = this.#late.get(gradient) ?? new Map<Value, Value>();
    this.#late.set(gradient, known);
    const late = known.get(value) ?? joinedWithNothing(value, gradient);
    known.set(value, late);
    return late;
  }
}

function joinedWithNothing(value: Value, other: Value): Value {
  if (value.dtype !== other.dtype) return value;
  const nothing = Slice(Reshape(other, [sizeOf(other.shape)]), { starts: [0], ends: [0] });
  return Reshape(Concat([Reshape(value, [sizeOf(value.shape)]), nothing], { axis: 0 }), value.shape);
}
