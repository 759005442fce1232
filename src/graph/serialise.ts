// Graph -> ONNX protobuf. Parameters become initialisers whose data lies outside the model (external data).
import { type DType, type Shape, sizeOf, type Tensor } from '../core/tensor.js';
import { fuseAttention } from './fuse-attention.js';
import type { Attribute, Graph, GraphNode, Value } from './graph.js';
import { tensorType } from './ops/elementwise.js';
import { ProtobufWriter } from './protobuf-writer.js';

// Field numbers of onnx.proto (a copy of the part that is used lies in src/graph/proto).
const MODEL = { irVersion: 1, producerName: 2, graph: 7, opsetImport: 8 };
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 };
const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 };
const ATTRIBUTE = { name: 1, float: 2, int: 3, string: 4, floats: 7, ints: 8, type: 20 };
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, floats: 6, ints: 7 };
const TENSOR = { dims: 1, dataType: 2, name: 8, rawData: 9, externalData: 13, dataLocation: 14 };
const EXTERNAL = 1;

/** ONNX operator set and IR version that every graph is written for. */
export const OPSET = 21;
const IR_VERSION = 10;

/** Where one parameter's bytes lie within the external data. */
export interface ExternalLocation {
  location: string;
  offset: number;
  length: number;
  /** What the bytes hold, where it is not the parameter's dtype: the model widens it. */
  stored?: DType;
  /** Where the float32 scales of its slices along axis 0 lie; `stored` is then int8. */
  scale?: ExternalLocation;
}

/** Where a parameter's data is: outside the model, or a tensor that goes into it. */
export type Place = ExternalLocation | { location: string } | Tensor;

export interface SerialiseOptions {
  /** Place of each parameter's data; by default "parameters" with no offsets (resolved by name by the reader). */
  locate?: (parameter: Value) => Place;
  /** Use operators that only ONNX Runtime has, where they are faster. Default: ONNX's own alone. */
  fused?: boolean;
}

/** The ONNX model as protobuf bytes, without parameter data. Unused nodes are left out. */
export function serialise(graph: Graph, options: SerialiseOptions = {}): Uint8Array {
  return toModel(graph, options).toBytes();
}

/** Nodes that some output needs, in order of construction (which is topological). */
export function liveNodes(graph: Graph): GraphNode[] {
  const live = new Set<GraphNode>();
  const pending = [...graph.outputs.values()].map((v) => v.producer);
  while (pending.length) {
    const node = pending.pop();
    if (!node || live.has(node)) continue;
    live.add(node);
    for (const input of node.inputs) pending.push(input?.producer);
  }
  return graph.nodes.filter((n) => live.has(n));
}

/** Parameters that the outputs depend on, in order of declaration. */
export function liveParameters(graph: Graph): Value[] {
  const used = new Set(liveNodes(graph).flatMap((n) => n.inputs));
  return [...graph.parameters.values()].filter((p) => used.has(p));
}

function toModel(graph: Graph, options: SerialiseOptions): ProtobufWriter {
  const nodes = options.fused ? fuseAttention(graph, liveNodes(graph)) : liveNodes(graph);
  const used = new Set(nodes.flatMap((n) => n.inputs));
  const names = outputNames(graph);
  const locate = options.locate ?? (() => ({ location: 'parameters' }));
  const places = new Map([...graph.parameters.values()].filter((p) => used.has(p)).map((p) => [p, locate(p)]));
  const initializers = [
    ...[...graph.constants.values()].filter((c) => used.has(c.value)).map((c) => inline(c.value.name, c.tensor)),
    ...[...places].flatMap(([p, at]) => ('data' in at ? inline(p.name, { ...at, shape: p.shape }) : external(p, at))),
  ];
  const domains = new Set(nodes.map((n) => n.domain).filter(Boolean));
  const opset = (domain: string, version: number) => new ProtobufWriter().string(1, domain).int(2, version);
  return new ProtobufWriter()
    .int(MODEL.irVersion, IR_VERSION)
    .string(MODEL.producerName, 'contrapposto')
    .message(
      MODEL.graph,
      new ProtobufWriter()
        .messages(
          GRAPH.node,
          withCasts(nodes, places).map((node, i) => nodeProto(node, { name: `${node.op}_${i}`, names })),
        )
        .string(GRAPH.name, graph.name)
        .messages(GRAPH.initializer, initializers)
        .messages(
          GRAPH.input,
          Array.from(graph.inputs.values(), (v) => info(v.name, v)),
        )
        .messages(
          GRAPH.output,
          Array.from(graph.outputs, ([name, v]) => info(name, v)),
        ),
    )
    .messages(MODEL.opsetImport, [opset('', OPSET), ...Array.from(domains, (domain) => opset(domain, 1))]);
}

function outputNames(graph: Graph): Map<Value, string> {
  return new Map([...graph.outputs].map(([name, value]) => [value, name]));
}

type Places = ReadonlyMap<Value, Place>;

/** Widens parameters that are stored in another dtype, each right before its first reader so that it lives briefly. */
function withCasts(nodes: readonly GraphNode[], places: Places): GraphNode[] {
  const pending = new Map([...places].filter(([p, at]) => storedDType(p, at) !== p.dtype));
  return nodes.flatMap((node) => {
    const first = [...new Set(node.inputs)].filter((v) => v !== undefined && pending.delete(v)) as Value[];
    return [...first.map((p) => widening(p, places.get(p))), node];
  });
}

function widening(p: Value, at: Place | undefined): GraphNode {
  const stored = { ...p, name: storedName(p) };
  const node = { domain: '', outputs: [p] };
  if (at && 'scale' in at && at.scale) {
    const scale = { ...p, name: scaleName(p) };
    return { ...node, op: 'DequantizeLinear', inputs: [stored, scale], attributes: { axis: { int: 0 } } };
  }
  return { ...node, op: 'Cast', inputs: [stored], attributes: { to: { int: tensorType(p.dtype) } } };
}

function storedDType(p: Value, at: Place): DType {
  return 'stored' in at && at.stored ? at.stored : p.dtype;
}

function storedName(p: Value): string {
  return `${p.name}:stored`;
}

function scaleName(p: Value): string {
  return `${p.name}:scale`;
}

function nodeProto(node: GraphNode, context: { name: string; names: Map<Value, string> }): ProtobufWriter {
  const nameOf = (v: Value | undefined) => (v ? (context.names.get(v) ?? v.name) : '');
  return new ProtobufWriter()
    .strings(NODE.input, node.inputs.map(nameOf))
    .strings(NODE.output, node.outputs.map(nameOf))
    .string(NODE.name, context.name)
    .string(NODE.opType, node.op)
    .messages(
      NODE.attribute,
      Object.entries(node.attributes).map(([name, a]) => attributeProto(name, a)),
    )
    .string(NODE.domain, node.domain);
}

function attributeProto(name: string, a: Attribute): ProtobufWriter {
  const message = new ProtobufWriter().string(ATTRIBUTE.name, name);
  const type = (value: number) => message.int(ATTRIBUTE.type, value);
  if ('int' in a) return message.int(ATTRIBUTE.int, a.int) && type(ATTRIBUTE_TYPE.int);
  if ('float' in a) return message.float(ATTRIBUTE.float, a.float) && type(ATTRIBUTE_TYPE.float);
  if ('string' in a) return message.string(ATTRIBUTE.string, a.string) && type(ATTRIBUTE_TYPE.string);
  if ('ints' in a) return message.ints(ATTRIBUTE.ints, a.ints) && type(ATTRIBUTE_TYPE.ints);
  return message.floats(ATTRIBUTE.floats, a.floats) && type(ATTRIBUTE_TYPE.floats);
}

function inline(name: string, tensor: Tensor): ProtobufWriter {
  const { buffer, byteOffset, byteLength } = tensor.data;
  return new ProtobufWriter()
    .ints(TENSOR.dims, tensor.shape)
    .int(TENSOR.dataType, tensorType(tensor.dtype))
    .string(TENSOR.name, name)
    .bytes(TENSOR.rawData, new Uint8Array(buffer, byteOffset, byteLength));
}

function external(p: Value, at: ExternalLocation | { location: string }): ProtobufWriter[] {
  const dtype = storedDType(p, at);
  const name = dtype === p.dtype ? p.name : storedName(p);
  const data = externalTensor({ name, dtype, shape: p.shape }, at);
  if (!('scale' in at && at.scale)) return [data];
  return [data, externalTensor({ name: scaleName(p), dtype: 'float32', shape: [p.shape[0]] }, at.scale)];
}

function externalTensor(
  { name, dtype, shape }: { name: string; dtype: DType; shape: Shape },
  at: ExternalLocation | { location: string },
): ProtobufWriter {
  const { stored: _, scale: __, ...place } = { stored: undefined, scale: undefined, ...at };
  const entries = Object.entries(place).map(([key, value]) =>
    new ProtobufWriter().string(1, key).string(2, `${value}`),
  );
  return new ProtobufWriter()
    .ints(TENSOR.dims, shape)
    .int(TENSOR.dataType, tensorType(dtype))
    .string(TENSOR.name, name)
    .messages(TENSOR.externalData, entries)
    .int(TENSOR.dataLocation, EXTERNAL);
}

function info(name: string, value: Value): ProtobufWriter {
  const sides = value.shape.map((side) => new ProtobufWriter().int(1, side));
  const tensor = new ProtobufWriter()
    .int(1, tensorType(value.dtype))
    .message(2, new ProtobufWriter().messages(1, sides));
  return new ProtobufWriter().string(1, name).message(2, new ProtobufWriter().message(1, tensor));
}

/** Number of parameters that the outputs depend on. */
export function parameterCount(graph: Graph): number {
  return liveParameters(graph).reduce((n, p) => n + sizeOf(p.shape), 0);
}
