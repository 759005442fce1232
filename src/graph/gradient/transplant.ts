// Copies what a graph computes into another graph, with other values in the place of its parameters.
import type { Graph, Value } from '../graph.js';
import { liveNodes } from '../serialise.js';
import { inheritBarrier } from './gradient.js';

/**
 * Appends to `target` what the outputs of `source` need; inputs are declared anew under their names.
 *
 * @param parameter gives the value that stands for a parameter; without one it is a parameter of the target too
 * @returns the outputs of `source` as values of `target`, by name
 */
export function transplant(
  source: Graph,
  target: Graph,
  parameter: (declared: Value) => Value | undefined = () => undefined,
): Map<string, Value> {
  const copies = new Map<Value, Value>();
  for (const { value, tensor } of source.constants.values()) copies.set(value, target.constant(tensor));
  for (const input of source.inputs.values()) copies.set(input, target.input(input.name, input.dtype, input.shape));
  const copyOf = (value: Value): Value => {
    const known = copies.get(value);
    if (known) return known;
    const made = parameter(value) ?? target.parameter(value.name, value.shape, value.dtype);
    copies.set(value, made);
    return made;
  };
  for (const node of liveNodes(source)) {
    const inputs = node.inputs.map((input) => input && copyOf(input));
    const { op, attributes, domain } = node;
    const outputs = target.add(op, { inputs, attributes, domain, outputs: node.outputs });
    inheritBarrier(node, outputs[0].producer!);
    for (const [i, output] of node.outputs.entries()) copies.set(output, outputs[i]);
  }
  return new Map(Array.from(source.outputs, ([name, value]) => [name, copyOf(value)]));
}
