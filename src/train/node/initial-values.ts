// First values of parameters in Node: the rules of `initialise`, drawn from a stream of each name's own.
import { crc32 } from 'node:zlib';
import { Philox } from '../../core/random.js';
import { float32, sizeOf, type Tensor } from '../../core/tensor.js';
import { liveParameters } from '../../graph/index.js';
import { type InitialValue, initialise } from '../initialise.js';
import type { Recipe } from '../training-export.js';

/** Every parameter of a recipe's graphs, drawn or given. Adding one does not change the others. */
export function initialValues({ graphs, given = {}, gain }: Recipe, seed: number): Map<string, Tensor> {
  const shapes = new Map<string, readonly number[]>();
  for (const graph of Object.values(graphs)) for (const p of liveParameters(graph)) shapes.set(p.name, p.shape);
  const rules = initialise(shapes, gain);
  return new Map([...shapes.keys()].map((name) => [name, given[name] ?? draw(name, rules[name], seed)]));
}

function draw(name: string, rule: InitialValue, seed: number): Tensor {
  const random = new Philox((BigInt(seed) << 32n) + BigInt(crc32(name)));
  const next = () => {
    if ('uniform' in rule) return (2 * random.uniform() - 1) * rule.uniform;
    return 'normal' in rule ? random.normal() * rule.normal : rule.value;
  };
  return float32(Float32Array.from({ length: sizeOf(rule.shape) }, next), rule.shape);
}
