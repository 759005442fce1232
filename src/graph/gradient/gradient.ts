// Reverse-mode differentiation: appends the nodes that compute a loss's gradients to the graph that computes the loss.
import { ContrappostoError } from '../../core/errors.js';
import { sizeOf } from '../../core/tensor.js';
import type { Graph, GraphNode, Value } from '../graph.js';
import { Add, Identity } from '../ops/elementwise.js';
import { type Checkpointing, keptValues, Recall } from './checkpointing.js';
import { type Differentiated, isContinuous, noRule, zeros } from './rule.js';
import { CONSTANT_ALMOST_EVERYWHERE, RULES } from './rules.js';

// ONNX's Identity has no attribute that could say it, so it is remembered beside the graph.
const stopped = new WeakSet<GraphNode>();

/** The same value, which counts as a constant when a gradient is taken. */
export function stopGradient(x: Value): Value {
  const y = Identity(x);
  stopped.add(y.producer!);
  return y;
}

/** Makes the copy of a node a barrier where the node is one. */
export function inheritBarrier(node: GraphNode, copy: GraphNode): void {
  if (stopped.has(node)) stopped.add(copy);
}

/** Whether nothing flows back through a node, by its kind or because {@link stopGradient} said so. */
export function isBarrier(node: GraphNode): boolean {
  return CONSTANT_ALMOST_EVERYWHERE.has(node.op) || stopped.has(node);
}

export interface GradientOptions {
  /** How much of the forward pass stays in memory. Default `auto`. */
  checkpoint?: Checkpointing;
}

/**
 * Gradients of a scalar loss, as values of the same graph: a gradient is a graph too, so that it runs wherever the
 * network runs, and can be differentiated again.
 *
 * Take it before outputs are named or after; what no output needs is left out when the graph is serialised.
 *
 * @param loss one number, float32 ([] or any shape of one element)
 * @param wrt inputs, parameters, or values on the way to the loss
 * @returns d loss / d wrt, each of its value's shape
 * @throws ContrappostoError `shape` for a loss of several elements, `usage` for a value that the loss does not depend
 *   on, `unsupported` for an operator without a rule
 */
export function gradient(graph: Graph, loss: Value, wrt: readonly Value[], options: GradientOptions = {}): Value[] {
  if (sizeOf(loss.shape) !== 1 || !isContinuous(loss)) {
    throw new ContrappostoError('shape', {
      operation: 'gradient',
      expected: 'a loss of one floating-point number',
      got: `${loss.dtype} [${loss.shape}]`,
      hint: 'sum or average it first',
    });
  }
  const one = graph.constant([1], { dtype: loss.dtype, shape: loss.shape.map(() => 1) });
  const found = pullback(graph, new Map([[loss, one]]), wrt, options);
  return wrt.map((value) => found.get(value) ?? refuse(value, `a loss that depends on "${value.name}"`));
}

/**
 * Pulls gradients of some values back to others: the sum over `seeds` of each seed times its value's derivative.
 *
 * @param seeds gradients of the loss with respect to values, each of its value's shape
 * @returns the gradients; values that nothing flows to are absent
 * @throws ContrappostoError `usage` for values of another graph or of an integer type, `unsupported` as `gradient`
 */
export function pullback(
  graph: Graph,
  seeds: ReadonlyMap<Value, Value>,
  wrt: readonly Value[],
  { checkpoint = 'auto' }: GradientOptions = {},
): ReadonlyMap<Value, Value> {
  for (const value of [...wrt, ...seeds.keys()]) {
    if (value.graph !== graph) refuse(value, `values of graph "${graph.name}"`);
    if (!isContinuous(value)) refuse(value, 'floating-point values');
  }
  const nodes = ancestors(graph.nodes, seeds.keys());
  const varying = dependents(nodes, wrt);
  const kept = keptValues(nodes, varying, checkpoint);
  const recall = kept && new Recall(graph, kept, inheritBarrier);
  const found = new Map([...seeds].filter(([value]) => varying.has(value)));
  const numbers = constantNumbers(graph);
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((output) => found.has(output))) continue;
    if (isBarrier(node) || !node.inputs.some((input) => input && varying.has(input))) continue;
    for (const [input, part] of contributions(node, { graph, found, varying, numbers, recall })) {
      const known = found.get(input);
      found.set(input, known ? Add(known, part) : part);
    }
  }
  return new Map(wrt.flatMap((value) => (found.has(value) ? [[value, found.get(value)!] as const] : [])));
}

/** The nodes that some of the values are computed by, in their order. */
function ancestors(nodes: readonly GraphNode[], values: Iterable<Value>): GraphNode[] {
  const needed = new Set<Value | undefined>(values);
  return nodes
    .toReversed()
    .filter((node) => {
      const used = node.outputs.some((output) => needed.has(output));
      if (used) for (const input of node.inputs) needed.add(input);
      return used;
    })
    .reverse();
}

/** Values of the nodes that change when one of `wrt` does, and `wrt` themselves. */
export function dependents(nodes: readonly GraphNode[], wrt: readonly Value[]): ReadonlySet<Value> {
  const varying = new Set(wrt);
  for (const node of nodes) {
    if (isBarrier(node) || !node.inputs.some((input) => input && varying.has(input))) continue;
    for (const output of node.outputs) if (isContinuous(output)) varying.add(output);
  }
  return varying;
}

interface Sweep {
  graph: Graph;
  /** Complete for every output of the node at hand: all its readers come later. */
  found: ReadonlyMap<Value, Value>;
  varying: ReadonlySet<Value>;
  numbers: (value: Value | undefined) => number[] | undefined;
  recall: Recall | undefined;
}

function contributions(node: GraphNode, { graph, found, varying, numbers, recall }: Sweep): [Value, Value][] {
  const rule = Object.hasOwn(RULES, node.op) ? RULES[node.op] : undefined;
  if (!rule) throw noRule(node);
  const gradients = node.outputs.map((output) => found.get(output));
  const at = recall ? recall.node(node, gradients.find((g) => g !== undefined)!) : node;
  const [output] = at.outputs;
  const view: Differentiated = {
    graph,
    node: at,
    inputs: at.inputs as readonly Value[],
    output,
    gradient: gradients[0] ?? zeros(graph, output.shape, output.dtype),
    gradients,
    numbers: (input) => numbers(node.inputs[input]),
  };
  return rule(view).flatMap((part, i): [Value, Value][] => {
    const input = node.inputs[i];
    return part && input && varying.has(input) ? [[input, part()]] : [];
  });
}

function constantNumbers(graph: Graph): Sweep['numbers'] {
  const tensors = new Map(Array.from(graph.constants.values(), ({ value, tensor }) => [value, tensor]));
  return (value) => {
    const tensor = value && tensors.get(value);
    return tensor && Array.from(tensor.data as ArrayLike<number | bigint>, Number);
  };
}

function refuse(value: Value, expected: string): never {
  const got = `"${value.name}" ${value.dtype} [${value.shape}] of graph "${value.graph.name}"`;
  throw new ContrappostoError('usage', { operation: 'gradient', expected, got });
}
