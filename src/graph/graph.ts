// The graph under construction: values with dtype and concrete shape, nodes, parameters and constants.
import { ContrappostoError } from '../core/errors.js';
import { type DType, type Shape, sizeOf, type Tensor, type TypedArray } from '../core/tensor.js';

/** A typed ONNX attribute; ints and floats are different on the wire, so the kind is explicit. */
export type Attribute =
  | { int: number }
  | { float: number }
  | { string: string }
  | { ints: readonly number[] }
  | { floats: readonly number[] };

export type Attributes = Readonly<Record<string, Attribute>>;

/** One edge of the graph. `shape` is concrete: a graph is built for one batch and one picture size. */
export interface Value {
  readonly graph: Graph;
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** The node that computes it; absent for inputs, parameters and constants. */
  readonly producer?: GraphNode;
}

export interface GraphNode {
  /** ONNX operator name, PascalCase. */
  readonly op: string;
  /** Operator set: '' for ONNX's own, or e.g. 'com.microsoft'. */
  readonly domain: string;
  /** Omitted optional inputs are `undefined`. */
  readonly inputs: readonly (Value | undefined)[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
}

/** A constant's data travels with the graph. */
export interface Constant {
  readonly value: Value;
  readonly tensor: Tensor;
}

export interface NodeSpec {
  inputs: readonly (Value | undefined)[];
  attributes?: Attributes;
  outputs: readonly { dtype: DType; shape: Shape }[];
  domain?: string;
}

const ARRAY_FOR: Partial<Record<DType, new (values: number[]) => TypedArray>> = {
  float32: Float32Array as never,
  float64: Float64Array as never,
  int32: Int32Array as never,
  int8: Int8Array as never,
  uint8: Uint8Array as never,
  bool: Uint8Array as never,
};

export class Graph {
  readonly nodes: GraphNode[] = [];
  readonly inputs = new Map<string, Value>();
  readonly outputs = new Map<string, Value>();
  readonly parameters = new Map<string, Value>();
  readonly constants = new Map<string, Constant>();
  #counter = 0;

  constructor(readonly name: string) {}

  /** Declares a runtime input. Throws `usage` when the name is taken. */
  input(name: string, dtype: DType, shape: Shape): Value {
    if (this.inputs.has(name)) throw duplicate(`graph "${this.name}" input`, name);
    const value = this.#value(name, dtype, shape);
    this.inputs.set(name, value);
    return value;
  }

  /**
   * A trainable or loaded tensor, bound to a weight source by its name when a session is made.
   * The same name asked for twice is the same value (tied weights); another shape then throws `shape`.
   */
  parameter(name: string, shape: Shape, dtype: DType = 'float32'): Value {
    const known = this.parameters.get(name);
    if (known) {
      if (known.shape.join() === shape.join()) return known;
      const expected = `[${known.shape}] as first declared`;
      throw new ContrappostoError('shape', { operation: `parameter "${name}"`, expected, got: `[${shape}]` });
    }
    const value = this.#value(name, dtype, shape);
    this.parameters.set(name, value);
    return value;
  }

  /** A constant from a number, an array of numbers with its shape, or a tensor. Equal small constants are shared. */
  constant(data: number | readonly number[] | Tensor, options: { dtype?: DType; shape?: Shape } = {}): Value {
    const tensor = toTensor(data, options);
    const key =
      tensor.data.length <= 64 ? `${tensor.dtype}[${tensor.shape}]${tensor.data.join()}` : `#${this.#counter}`;
    const known = this.constants.get(key);
    if (known) return known.value;
    const value = this.#value(`constant:${this.#counter++}`, tensor.dtype, tensor.shape);
    this.constants.set(key, { value, tensor });
    return value;
  }

  /** Names a value as an output. An input or parameter given directly passes through an `Identity`. */
  output(name: string, value: Value): void {
    if (this.outputs.has(name)) throw duplicate(`graph "${this.name}" output`, name);
    this.#own(value, `output "${name}"`);
    const direct = value.producer !== undefined && ![...this.outputs.values()].includes(value);
    this.outputs.set(name, direct ? value : this.add('Identity', { inputs: [value], outputs: [value] })[0]);
  }

  /** Appends a node; operator functions call this after they checked and inferred the shapes. */
  add(op: string, spec: NodeSpec): Value[] {
    for (const input of spec.inputs) if (input) this.#own(input, op);
    const outputs: Value[] = [];
    const node: GraphNode = {
      op,
      domain: spec.domain ?? '',
      inputs: spec.inputs,
      outputs,
      attributes: spec.attributes ?? {},
    };
    for (const { dtype, shape } of spec.outputs) {
      outputs.push({ graph: this, name: `${op}:${this.#counter++}`, dtype, shape, producer: node });
    }
    this.nodes.push(node);
    return outputs;
  }

  #value(name: string, dtype: DType, shape: Shape): Value {
    if (shape.some((d) => !Number.isInteger(d) || d < 0)) {
      throw new ContrappostoError('shape', {
        operation: `value "${name}"`,
        expected: 'whole sizes',
        got: `[${shape}]`,
      });
    }
    return { graph: this, name, dtype, shape: [...shape] };
  }

  #own(value: Value, where: string): void {
    if (value.graph === this) return;
    const got = `"${value.name}" of graph "${value.graph.name}"`;
    throw new ContrappostoError('usage', { operation: where, expected: `a value of graph "${this.name}"`, got });
  }
}

function duplicate(operation: string, name: string): ContrappostoError {
  return new ContrappostoError('usage', { operation, expected: 'a new name', got: `"${name}" twice` });
}

function toTensor(data: number | readonly number[] | Tensor, options: { dtype?: DType; shape?: Shape }): Tensor {
  if (typeof data === 'object' && 'data' in data) return data;
  const values = typeof data === 'number' ? [data] : [...data];
  const dtype = options.dtype ?? 'float32';
  const shape = options.shape ?? (typeof data === 'number' ? [] : [values.length]);
  if (sizeOf(shape) !== values.length) {
    const expected = `${sizeOf(shape)} values for shape [${shape}]`;
    throw new ContrappostoError('shape', { operation: 'constant', expected, got: `${values.length}` });
  }
  if (dtype === 'int64') return { dtype, shape, data: BigInt64Array.from(values, BigInt) };
  const Typed = ARRAY_FOR[dtype];
  if (!Typed)
    throw new ContrappostoError('unsupported', { operation: 'constant', expected: 'a numeric dtype', got: dtype });
  return { dtype, shape, data: new Typed(values) };
}
