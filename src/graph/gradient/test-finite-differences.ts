// For tests: compares a gradient with central differences along random directions.
import fc from 'fast-check';
import { randomNormal } from '../../core/random.js';
import { float32, floats, type Shape, type Tensor } from '../../core/tensor.js';
import type { Runtime } from '../../runtime/index.js';
import { memorySource } from '../../weights/index.js';
import { Graph, Mul, ReduceSum, type Value } from '../index.js';
import { gradient } from './index.js';

/** A function whose gradient with respect to each of its inputs is to be right where the inputs lie. */
export interface Problem {
  inputs: readonly Tensor[];
  /** How many of the inputs, from the first, are differentiated by; all by default. */
  differentiated?: number;
  build(...values: Value[]): Value;
}

/** Draws what a problem is made of, so that fast-check can repeat and shrink it. */
export class Draw {
  constructor(private readonly gen: fc.GeneratorValue) {}

  int(min: number, max: number): number {
    return this.gen(fc.integer, { min, max });
  }

  pick<T>(...choices: readonly T[]): T {
    return choices[this.int(0, choices.length - 1)];
  }

  shape(ranks: { min?: number; max?: number } = {}): number[] {
    return Array.from({ length: this.int(ranks.min ?? 1, ranks.max ?? 4) }, () => this.int(1, 4));
  }

  /** Standard normal numbers. */
  normal(shape: Shape): Tensor {
    return randomNormal(this.int(0, 1e6), { shape: [...shape] });
  }

  /** Numbers between 0.4 and 2.5. */
  positive(shape: Shape): Tensor {
    return float32(
      floats(this.normal(shape)).map((v) => 1.45 + 1.05 * Math.sin(3 * v)),
      shape,
    );
  }

  /** Numbers at least 0.25 apart, and 0.125 from multiples of 0.25: differences never cross a kink. */
  spaced(shape: Shape): Tensor {
    const order = floats(this.normal(shape));
    const rank = Array.from(order, (_, i) => i).sort((i, k) => order[i] - order[k]);
    const data = new Float32Array(order.length);
    for (const [place, i] of rank.entries()) data[i] = 0.25 * (place - Math.floor(order.length / 2)) + 0.125;
    return float32(data, shape);
  }
}

const STEP = 1 / 32;
const DIRECTIONS = 3;

/** The largest disagreement over the inputs and directions, relative to the gradients' length; also the operators used. */
export async function disagreement(runtime: Runtime, problem: Problem): Promise<{ worst: number; ops: string[] }> {
  const graph = new Graph('differences');
  const values = problem.inputs.map((t, i) => graph.input(`x${i}`, t.dtype, t.shape));
  const y = problem.build(...values);
  const ops = graph.nodes.map((node) => node.op);
  const weights = randomNormal(11, { shape: [...y.shape] });
  const loss = ReduceSum(Mul(y, graph.constant(weights)), { keepdims: false });
  const wrt = values.slice(0, problem.differentiated);
  gradient(graph, loss, wrt).forEach((g, i) => {
    if (g.shape.join() !== wrt[i].shape.join()) throw new Error(`[${g.shape}] for [${wrt[i].shape}]`);
    graph.output(`g${i}`, g);
  });
  graph.output('y', y);
  const session = await runtime.session(graph, memorySource({}));
  const run = async (inputs: readonly Tensor[]) =>
    session.run(Object.fromEntries(inputs.map((tensor, i) => [`x${i}`, tensor])));
  const lossAt = async (inputs: readonly Tensor[]) => dot(floats((await run(inputs)).y), floats(weights));
  const found = await run(problem.inputs);
  let worst = 0;
  for (const [i] of wrt.entries()) {
    const analytic = floats(found[`g${i}`]);
    for (let k = 0; k < DIRECTIONS; k++) {
      const direction = unit(analytic.length, 100 * i + k);
      const along = async (distance: number) =>
        lossAt(problem.inputs.with(i, moved(problem.inputs[i], direction, distance)));
      const [a, b, c, d] = [await along(-2 * STEP), await along(-STEP), await along(STEP), await along(2 * STEP)];
      const numeric = (a - 8 * b + 8 * c - d) / (12 * STEP);
      worst = Math.max(worst, Math.abs(numeric - dot(analytic, direction)) / (1 + Math.sqrt(dot(analytic, analytic))));
    }
  }
  await session.release();
  return { worst, ops };
}

/** The first direction leads along one coordinate, the others everywhere; none moves a number by more than one. */
function unit(length: number, seed: number): Float32Array {
  const normal = floats(randomNormal(seed, { shape: [length] }));
  if (seed % 100 === 0) return normal.map((_, i) => (i === seed % length ? 1 : 0));
  return normal.map((v) => Math.tanh(v));
}

function moved(x: Tensor, direction: Float32Array, distance: number): Tensor {
  return float32(
    floats(x).map((v, i) => v + distance * direction[i]),
    x.shape,
  );
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, v, i) => sum + v * b[i], 0);
}

/** A shape that broadcasts to `shape`, drawn by leaving out leading sizes and setting others to one. */
export function broadcastable(draw: Draw, shape: Shape): number[] {
  return shape.slice(draw.int(0, shape.length)).map((size) => (draw.int(0, 1) === 0 ? 1 : size));
}
