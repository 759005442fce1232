// One training step as a graph: loss, gradients, clipping, AdamW and the moving average; weights in, new weights out.
import {
  Add,
  Cast,
  Concat,
  Div,
  Expand,
  Graph,
  gradient,
  Less,
  Max,
  Min,
  Mul,
  Pow,
  ReduceSumSquare,
  Reshape,
  Sqrt,
  Sub,
  transplant,
  type Value,
  Where,
} from '../../graph/index.js';
import type { Objective } from '../training-export.js';
import { type ParameterGroup, unpack } from './parameter-group.js';

/** Tensors that go from step to step: inputs `state.<name>`, outputs `next.<name>`. */
export const STATE = ['values', 'first', 'second', 'average', 'count'] as const;
export type StateName = (typeof STATE)[number];

/** Above it a norm counts as not finite; float32 ends at 3.4e38. */
const LARGEST = 1e38;

export interface StepOptions {
  objective: Pick<Objective, 'loss' | 'metrics' | 'optimizer'>;
  /** What the objective moves. */
  group: ParameterGroup;
  /** Groups that it reads and does not move: inputs `other.<key>`. */
  others?: readonly ParameterGroup[];
}

/**
 * The step of one objective (Loshchilov and Hutter 2019, algorithm 2), the same as `trainer/optimizer.py` takes.
 *
 * Inputs: the loss graph's, `state.*` (rows of the group; `count` is a number), `rate` and `averaging` (1 - decay).
 * Outputs: `next.*`, the loss and the metrics under their names, `grad_norm` before clipping, and `skipped`: 1 when the
 * gradient was not finite, which leaves weights and moments as they are.
 */
export function stepGraph(lossGraph: Graph, { objective, group, others = [] }: StepOptions): Graph {
  const graph = new Graph(`${lossGraph.name}_step`);
  const row = (name: string) => graph.input(`state.${name}`, 'float32', [group.size]);
  const values = row('values');
  const parts = unpack(values, group);
  const read = others.map((other) => unpack(graph.input(`other.${other.key}`, 'float32', [other.size]), other));
  const find = ({ name }: Value) => [parts, ...read].find((table) => table.has(name))?.get(name);
  const outputs = transplant(lossGraph, graph, find);
  const loss = outputs.get(objective.loss)!;
  const slope = wholeGradient(graph, { loss, parts, group });
  const { norm, ok, clipped } = clip(slope, objective.optimizer.clip);
  const count = graph.input('state.count', 'float32', []);
  const moved = adamW(
    { values, first: row('first'), second: row('second'), count },
    { slope: clipped, ok, rate: graph.input('rate', 'float32', []), optimizer: objective.optimizer },
  );
  const average = row('average');
  const mean = Add(average, Mul(Sub(moved.values, average), graph.input('averaging', 'float32', [])));
  for (const [name, value] of Object.entries({ ...moved, average: mean })) graph.output(`next.${name}`, value);
  for (const name of [objective.loss, ...objective.metrics]) graph.output(name, outputs.get(name)!);
  graph.output('grad_norm', norm);
  graph.output('skipped', Sub(1, ok));
  return graph;
}

/** The gradient as one row; parameters that this loss does not depend on have zeros. */
function wholeGradient(
  graph: Graph,
  { loss, parts, group }: { loss: Value; parts: ReadonlyMap<string, Value>; group: ParameterGroup },
): Value {
  const used = reached(graph, loss);
  const names = [...group.shapes.keys()];
  const wanted = names.filter((name) => used.has(parts.get(name)!));
  const slopes = gradient(
    graph,
    loss,
    wanted.map((name) => parts.get(name)!),
    { checkpoint: 'off' },
  );
  const found = new Map(wanted.map((name, i) => [name, slopes[i]]));
  const pieces = names.map((name) => {
    const size = group.shapes.get(name)!.reduce((n, d) => n * d, 1);
    const slope = found.get(name);
    return slope ? Reshape(slope, [size]) : Expand(graph.constant(0), [size]);
  });
  return pieces.length === 1 ? pieces[0] : Concat(pieces, { axis: 0 });
}

/** Everything that a value is computed from. */
function reached(graph: Graph, loss: Value): ReadonlySet<Value> {
  const used = new Set<Value>([loss]);
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((output) => used.has(output))) continue;
    for (const input of node.inputs) if (input) used.add(input);
  }
  return used;
}

function clip(slope: Value, largest: number): { norm: Value; ok: Value; clipped: Value } {
  const norm = Sqrt(ReduceSumSquare(slope, { keepdims: false }));
  const finite = Less(norm, LARGEST); // not so for NaN
  const scaled = largest > 0 ? Mul(slope, Min(Div(largest, Add(norm, 1e-6)), 1)) : slope;
  return { norm, ok: Cast(finite, { to: 'float32' }), clipped: Where(finite, scaled, 0) };
}

interface Moments {
  values: Value;
  first: Value;
  second: Value;
  /** Steps that were taken; those skipped do not count. */
  count: Value;
}

function adamW(
  state: Moments,
  { slope, ok, rate, optimizer }: { slope: Value; ok: Value; rate: Value; optimizer: Objective['optimizer'] },
): Moments {
  const { eps, weightDecay } = optimizer;
  const [beta1, beta2] = optimizer.betas;
  const towards = (old: Value, target: Value, share: number) => Add(old, Mul(Sub(target, old), Mul(ok, share)));
  const first = towards(state.first, slope, 1 - beta1);
  const second = towards(state.second, Mul(slope, slope), 1 - beta2);
  const count = Add(state.count, ok);
  const taken = Max(count, 1);
  const correction = (beta: number) => Sub(1, Pow(slope.graph.constant(beta), taken));
  const step = Mul(rate, ok);
  const decayed = Mul(state.values, Sub(1, Mul(step, weightDecay)));
  const deviation = Add(Sqrt(Div(second, correction(beta2))), eps);
  const values = Sub(decayed, Mul(Div(first, deviation), Div(step, correction(beta1))));
  return { values, first, second, count };
}
