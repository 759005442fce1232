// Checks the nodes of an ONNX graph: everything that is read is produced, once, and nothing waits for itself.
import { ContrappostoError } from '../../core/errors.js';
import type { GraphProto, NodeProto } from '../gen/onnx_pb.js';

/** Operator sets that ONNX Runtime brings, besides ONNX's own. */
const DOMAINS = new Set(['', 'ai.onnx', 'ai.onnx.ml', 'com.microsoft']);

/**
 * Operators of a graph with how many nodes each has, `domain.Name` outside ONNX's own set.
 *
 * @throws ContrappostoError `corrupt-file` for a graph that cannot run, `unsupported` for operators of unknown domains
 */
export function checkNodes(graph: GraphProto, operation: string): Map<string, number> {
  const operators = new Map<string, number>();
  checkGraph(graph, { operation, operators, outer: new Set() });
  const foreign = [...operators.keys()].filter((name) => !DOMAINS.has(domainOf(name)));
  if (foreign.length === 0) return new Map([...operators].sort(([a], [b]) => (a < b ? -1 : 1)));
  throw new ContrappostoError('unsupported', {
    operation,
    expected: "operators of ONNX, ai.onnx.ml or com.microsoft's",
    got: foreign.slice(0, 8).join(', ') + (foreign.length > 8 ? ', …' : ''),
    hint: 'export the model without custom operators',
  });
}

interface Place {
  operation: string;
  operators: Map<string, number>;
  /** Names that the graphs around this one define. */
  outer: ReadonlySet<string>;
}

function checkGraph(graph: GraphProto, place: Place): void {
  const { operation, operators, outer } = place;
  if (graph.sparseInitializer.length > 0) {
    throw new ContrappostoError('unsupported', { operation, expected: 'dense tensors', got: 'sparse initializers' });
  }
  const given = new Set([...graph.input, ...graph.initializer].map(({ name }) => name));
  const producer = new Map<string, number>();
  for (const [i, node] of graph.node.entries()) {
    if (node.opType === '') throw corrupt(operation, { expected: 'an operator', got: `none in ${titleOf(node, i)}` });
    const name = node.domain === '' || node.domain === 'ai.onnx' ? node.opType : `${node.domain}.${node.opType}`;
    operators.set(name, (operators.get(name) ?? 0) + 1);
    for (const output of node.output.filter(Boolean)) {
      if (producer.has(output) || given.has(output)) {
        throw corrupt(operation, { expected: 'one producer of each value', got: `two of "${output}"` });
      }
      producer.set(output, i);
    }
  }
  const defined = new Set([...outer, ...given, ...producer.keys()]);
  const reads = graph.node.map((node) => [...readsOf(node)]);
  reads.forEach((names, i) => {
    const missing = names.find((name) => !defined.has(name));
    if (missing === undefined) return;
    const got = `"${missing}", which nothing produces`;
    throw corrupt(operation, { expected: `${titleOf(graph.node[i], i)} to read what there is`, got });
  });
  for (const { name } of graph.output) {
    if (!defined.has(name))
      throw corrupt(operation, { expected: `the output "${name}"`, got: 'no node that makes it' });
  }
  requireOrder(graph, { operation, reads, producer });
  for (const inner of graph.node.flatMap(innerGraphs)) checkGraph(inner, { ...place, outer: defined });
}

/** Names that a node reads, also from inside its branches and loops. */
function readsOf(node: NodeProto): Set<string> {
  const names = new Set(node.input.filter(Boolean));
  for (const graph of innerGraphs(node)) for (const name of freeNames(graph)) names.add(name);
  return names;
}

/** Names that a graph takes from the graphs around it. */
function freeNames(graph: GraphProto): Set<string> {
  const own = new Set([...graph.input, ...graph.initializer].map(({ name }) => name));
  for (const { output } of graph.node) for (const name of output) own.add(name);
  const read = [...graph.node.flatMap((node) => [...readsOf(node)]), ...graph.output.map(({ name }) => name)];
  return new Set(read.filter((name) => !own.has(name)));
}

function innerGraphs({ attribute }: NodeProto): GraphProto[] {
  return attribute.flatMap(({ g, graphs }) => (g ? [g, ...graphs] : graphs));
}

/** Takes node after node whose inputs are there; what is left waits for itself. */
function requireOrder(
  graph: GraphProto,
  {
    operation,
    reads,
    producer,
  }: { operation: string; reads: readonly (readonly string[])[]; producer: ReadonlyMap<string, number> },
): void {
  const waiting = reads.map((names) => new Set(names.flatMap((name) => producer.get(name) ?? [])));
  const readers = new Map<number, number[]>();
  waiting.forEach((sources, i) => {
    for (const source of sources) {
      const known = readers.get(source) ?? [];
      readers.set(source, known);
      known.push(i);
    }
  });
  const ready = waiting.flatMap((sources, i) => (sources.size === 0 ? [i] : []));
  let taken = 0;
  for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
    taken++;
    for (const reader of readers.get(next) ?? []) {
      waiting[reader].delete(next);
      if (waiting[reader].size === 0) ready.push(reader);
    }
  }
  if (taken === graph.node.length) return;
  const stuck = waiting.findIndex((sources) => sources.size > 0);
  const got = `${titleOf(graph.node[stuck], stuck)} waits for its own result`;
  throw corrupt(operation, { expected: 'nodes without a cycle', got });
}

function titleOf({ name, opType }: NodeProto, index: number): string {
  return `node ${name ? `"${name}"` : index}${opType ? ` (${opType})` : ''}`;
}

function domainOf(operator: string): string {
  return operator.includes('.') ? operator.slice(0, operator.lastIndexOf('.')) : '';
}

function corrupt(operation: string, { expected, got }: { expected: string; got: string }): ContrappostoError {
  const hint = 'the file is damaged; get or export it again';
  return new ContrappostoError('corrupt-file', { operation, expected, got, hint });
}
