// The public entry: what a program that installs the package imports.
export { ContrappostoError, type ErrorCode, type ErrorDetails, exitCode } from './core/errors.js';
export { encodePng, type Image, readImage, readPngText } from './core/image.js';
export type { OnProgress, ProgressEvent } from './core/progress.js';
export type { DType, Shape, Tensor, WeightSource } from './core/tensor.js';
export {
  type RunRecord,
  runRecordFromPngText,
  runRecordToJson,
  runRecordToPngText,
} from './diffusion/run-record.js';
export { createRuntime, type Runtime, type RuntimeOptions, type Session } from './runtime/index.js';
