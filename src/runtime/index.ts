// Public face of the runtime layer, the only one that knows ONNX Runtime.
export { createRuntime, type RunOptions, type Runtime, type RuntimeOptions, type Session } from './runtime.js';
