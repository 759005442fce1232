// Graph -> ONNX protobuf. Parameters become initialisers whose data lies outside the model (external data).
import { create, toBinary } from '@bufbuild/protobuf';
import { type DType, sizeOf, type Tensor } from '../core/tensor.js';
import { fuseAttention } from './fuse-attention.js';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  GraphProtoSchema,
  type ModelProto,
  ModelProtoSchema,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from './gen/onnx_pb.js';
import type { Attribute, Graph, GraphNode, Value } from './graph.js';
import { tensorType } from './ops/elementwise.js';

/** ONNX operator set and IR version that every graph is written for. */
export const OPSET = 21;
const IR_VERSION = 10;

/** Where one parameter's bytes lie within the external data. */
export interface ExternalLocation {
  location: string;
  offset: number;
  length: number;
  /** What the bytes hold, where it is not the parameter's dtype: the model widens it each time it is needed. */
  stored?: DType;
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
  return toBinary(ModelProtoSchema, toModel(graph, options));
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

function toModel(graph: Graph, options: SerialiseOptions): ModelProto {
  const nodes = options.fused ? fuseAttention(graph, liveNodes(graph)) : liveNodes(graph);
  const used = new Set(nodes.flatMap((n) => n.inputs));
  const names = outputNames(graph);
  const locate = options.locate ?? (() => ({ location: 'parameters' }));
  const places = new Map([...graph.parameters.values()].filter((p) => used.has(p)).map((p) => [p, locate(p)]));
  const initializer = [
    ...[...graph.constants.values()].filter((c) => used.has(c.value)).map((c) => inline(c.value.name, c.tensor)),
    ...[...places].map(([p, at]) => ('data' in at ? inline(p.name, { ...at, shape: p.shape }) : external(p, at))),
  ];
  const domains = new Set(nodes.map((n) => n.domain).filter(Boolean));
  return create(ModelProtoSchema, {
    irVersion: BigInt(IR_VERSION),
    producerName: 'contrapposto',
    opsetImport: [{ domain: '', version: BigInt(OPSET) }, ...[...domains].map((domain) => ({ domain, version: 1n }))],
    graph: create(GraphProtoSchema, {
      name: graph.name,
      node: withCasts(nodes, places).map((node, i) => nodeProto(node, { name: `${node.op}_${i}`, names })),
      initializer,
      input: [...graph.inputs.values()].map((v) => info(v.name, v)),
      output: [...graph.outputs].map(([name, v]) => info(name, v)),
    }),
  });
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
    const casts = first.map((p): GraphNode => {
      const stored = { ...p, name: storedName(p) };
      return {
        op: 'Cast',
        domain: '',
        inputs: [stored],
        outputs: [p],
        attributes: { to: { int: tensorType(p.dtype) } },
      };
    });
    return [...casts, node];
  });
}

function storedDType(p: Value, at: Place): DType {
  return 'stored' in at && at.stored ? at.stored : p.dtype;
}

function storedName(p: Value): string {
  return `${p.name}:stored`;
}

function nodeProto(node: GraphNode, context: { name: string; names: Map<Value, string> }) {
  const nameOf = (v: Value | undefined) => (v ? (context.names.get(v) ?? v.name) : '');
  return create(NodeProtoSchema, {
    name: context.name,
    opType: node.op,
    domain: node.domain,
    input: node.inputs.map(nameOf),
    output: node.outputs.map(nameOf),
    attribute: Object.entries(node.attributes).map(([name, a]) => attributeProto(name, a)),
  });
}

function attributeProto(name: string, a: Attribute) {
  const encoder = new TextEncoder();
  if ('int' in a) return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(a.int) });
  if ('float' in a) return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: a.float });
  if ('string' in a) {
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: encoder.encode(a.string) });
  }
  if ('ints' in a) return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: a.ints.map(BigInt) });
  return create(AttributeProtoSchema, { name, type: AttributeType.FLOATS, floats: [...a.floats] });
}

function inline(name: string, tensor: Tensor): TensorProto {
  const { buffer, byteOffset, byteLength } = tensor.data;
  return create(TensorProtoSchema, {
    name,
    dims: tensor.shape.map(BigInt),
    dataType: tensorType(tensor.dtype),
    rawData: new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength),
  });
}

function external(p: Value, at: ExternalLocation | { location: string }): TensorProto {
  const { stored: _, ...place } = { stored: undefined, ...at };
  const dtype = storedDType(p, at);
  const entries = Object.entries(place).map(([key, value]) => ({ key, value: String(value) }));
  return create(TensorProtoSchema, {
    name: dtype === p.dtype ? p.name : storedName(p),
    dims: p.shape.map(BigInt),
    dataType: tensorType(dtype),
    dataLocation: TensorProto_DataLocation.EXTERNAL,
    externalData: entries,
  });
}

function info(name: string, value: Value) {
  const dim = value.shape.map((d) => ({ dimValue: BigInt(d) }));
  return create(ValueInfoProtoSchema, {
    name,
    type: { tensorType: { elemType: tensorType(value.dtype), shape: { dim } } },
  });
}

/** Number of parameters that the outputs depend on. */
export function parameterCount(graph: Graph): number {
  return liveParameters(graph).reduce((n, p) => n + sizeOf(p.shape), 0);
}
