// Public face of the graph layer: build with `Graph`, `scope` and operators under their ONNX names.
export {
  type Checkpointing,
  type GradientOptions,
  gradient,
  pullback,
  stopGradient,
  transplant,
} from './gradient/index.js';
export type { Attribute, Attributes, GraphNode, Value } from './graph.js';
export { Graph } from './graph.js';
export type { BoundOnnx } from './onnx/bind-onnx.js';
// `readOnnx` is imported from its own file: the library behind it is slow to load, and few need it.
export type { OnnxModel, OnnxValue } from './onnx/read-onnx.js';
export type { Operand } from './ops/check.js';
export * from './ops/elementwise.js';
export * from './ops/linear.js';
export * from './ops/reduce.js';
export * from './ops/shape.js';
export * from './ops/spatial.js';
export { type Scope, scope } from './scope.js';
export {
  type ExternalLocation,
  liveNodes,
  liveParameters,
  parameterCount,
  type SerialiseOptions,
  serialise,
} from './serialise.js';
