// What a gradient rule sees of one node, and what rules share: broadcasting undone, zeros, attributes.
import { ContrappostoError } from '../../core/errors.js';
import type { DType, Shape } from '../../core/tensor.js';
import type { Graph, GraphNode, Value } from '../graph.js';
import { ReduceSum } from '../ops/reduce.js';
import { Expand, Reshape } from '../ops/shape.js';

/** One node while it is differentiated. */
export interface Differentiated {
  graph: Graph;
  node: GraphNode;
  /** The node's inputs; only rules of operators with optional inputs meet an absent one. */
  inputs: readonly Value[];
  /** Its first output. */
  output: Value;
  /** Gradient of the loss with respect to the first output; zeros where only another output counts. */
  gradient: Value;
  /** One an output; absent where the loss does not depend on it. */
  gradients: readonly (Value | undefined)[];
  /** The numbers of an input that is a constant; undefined when it is computed, or absent. */
  numbers(input: number): number[] | undefined;
}

/** Gradient with respect to one input, built only when somebody wants it. */
export type InputGradient = (() => Value) | undefined;

/** The gradients of an operator, one an input; absent ones are zero everywhere. */
export type GradientRule = (at: Differentiated) => readonly InputGradient[];

/** A rule for a family of operators, by their ONNX names. */
export type RuleTable = Readonly<Record<string, GradientRule>>;

/** Sums a gradient over the axes that broadcasting repeated, so that it has the operand's shape. */
export function unbroadcast(gradient: Value, shape: Shape): Value {
  const extra = gradient.shape.length - shape.length;
  const axes = gradient.shape.flatMap((size, i) => (i < extra || (shape[i - extra] === 1 && size !== 1) ? [i] : []));
  return Reshape(axes.length > 0 ? ReduceSum(gradient, { axes }) : gradient, shape);
}

/** The numbers of an input that rules must know while they build. Throws `unsupported` when it is computed. */
export function constantInput(at: Differentiated, input: number): number[] {
  const known = at.numbers(input);
  if (known) return known;
  throw noRule(at.node, `input ${input} computed and not constant`);
}

/** Zeros that ONNX Runtime makes once when it loads the graph. */
export function zeros(graph: Graph, shape: Shape, dtype: DType = 'float32'): Value {
  return Expand(graph.constant(0, { dtype }), shape);
}

/** Whether a loss can depend on the value smoothly. */
export function isContinuous({ dtype }: Value): boolean {
  return dtype === 'float32' || dtype === 'float64' || dtype === 'float16' || dtype === 'bfloat16';
}

export function intAttribute(node: GraphNode, name: string, fallback: number): number {
  const attribute = node.attributes[name];
  return attribute && 'int' in attribute ? attribute.int : fallback;
}

export function floatAttribute(node: GraphNode, name: string, fallback: number): number {
  const attribute = node.attributes[name];
  return attribute && 'float' in attribute ? attribute.float : fallback;
}

export function intsAttribute(node: GraphNode, name: string, fallback: readonly number[]): readonly number[] {
  const attribute = node.attributes[name];
  return attribute && 'ints' in attribute ? attribute.ints : fallback;
}

export function stringAttribute(node: GraphNode, name: string, fallback: string): string {
  const attribute = node.attributes[name];
  return attribute && 'string' in attribute ? attribute.string : fallback;
}

/** The error of an operator, or a form of it, that has no rule. */
export function noRule(node: GraphNode, form = ''): ContrappostoError {
  return new ContrappostoError('unsupported', {
    operation: 'gradient',
    expected: 'operators with a rule in src/graph/gradient',
    got: `${node.op}${form === '' ? '' : ` with ${form}`} -> ${node.outputs[0]?.name} [${node.outputs[0]?.shape}]`,
    hint: 'stopGradient says that nothing shall flow through a value',
  });
}
