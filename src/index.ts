/**
 * The public entry: what a program that installs the package imports.
 *
 * @example
 * const runtime = createRuntime();
 * const pipeline = loadPipeline(openCheckpoint(modelFolder('mini')), runtime);
 * const [{ image }] = await textToImage(pipeline, { prompt: 'a woman is riding a bicycle', seed: 7 });
 * await writeFile('a.png', await encodePng(image));
 * await runtime.close();
 */
export { ContrappostoError, type ErrorCode, type ErrorDetails, exitCode } from './core/errors.js';
export { encodePng, type Image, readImage, readPngText } from './core/image.js';
export type { OnProgress, ProgressEvent } from './core/progress.js';
export type { DType, Shape, Tensor, WeightSource } from './core/tensor.js';
export { type Adapter, type AdapterNetwork, loadAdapter } from './diffusion/adapter.js';
export { type Control, type ControlNetwork, loadControlNet } from './diffusion/control.js';
export { type ImageToImageOptions, imageToImage } from './diffusion/image-to-image.js';
export { type InpaintOptions, inpaint } from './diffusion/inpaint.js';
export { loadPipeline, type Pipeline } from './diffusion/pipeline.js';
export { type RunRecord, runRecordFromPngText, runRecordToJson, runRecordToPngText } from './diffusion/run-record.js';
export { SCHEDULER_NAMES, type SchedulerName } from './diffusion/schedulers.js';
export { type GeneratedImage, type TextToImageOptions, textToImage } from './diffusion/text-to-image.js';
export type { BoundOnnx, OnnxModel, OnnxValue } from './graph/index.js';
export { readOnnx } from './graph/onnx/read-onnx.js';
export { type ClipScorer, openClipScorer, type RankedText } from './metrics/clip-scorer.js';
export { createRuntime, type Runtime, type RuntimeOptions, type Session } from './runtime/index.js';
export { type ResolveModelOptions, resolveModel } from './weights/hub.js';
export { type Checkpoint, openCheckpoint, openModelFolder } from './weights/index.js';
export { type LoraOptions, withLoras } from './weights/lora.js';
export { modelFolder } from './weights/model-folder.js';
