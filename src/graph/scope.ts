// Parameter scopes: dotted names as PyTorch's modules make them, so that checkpoints bind without a table.
import type { Shape } from '../core/tensor.js';
import type { Graph, Value } from './graph.js';

/** A place in the tree of modules; `at('resnets', 0)` goes down, `parameter('weight', shape)` declares a leaf. */
export interface Scope {
  readonly graph: Graph;
  /** Dotted prefix, '' at the root. */
  readonly path: string;
  at(...names: (string | number)[]): Scope;
  parameter(name: string, shape: Shape): Value;
}

/** A scope over `graph`; `prefix` keeps several networks apart in one graph (`unet`, `vae`, ...). */
export function scope(graph: Graph, prefix = ''): Scope {
  const join = (...names: (string | number)[]) => [prefix, ...names].filter((n) => n !== '').join('.');
  return {
    graph,
    path: prefix,
    at: (...names) => scope(graph, join(...names)),
    parameter: (name, shape) => graph.parameter(join(name), shape),
  };
}
