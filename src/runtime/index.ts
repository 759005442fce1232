// Public face of the runtime layer, the only one that knows ONNX Runtime.
export { DEVICE_NAMES, type Device, requireDevice, resolveDevice } from './device.js';
export { createRuntime, type RunOptions, type Runtime, type RuntimeOptions, type Session } from './runtime.js';
