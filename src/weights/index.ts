// Weights: safetensors files, checkpoint folders, tokenizers.
export { type ByteSource, fileBytes, memoryBytes } from './byte-source.js';
export {
  type Checkpoint,
  type CheckpointOptions,
  type ModelFolder,
  openCheckpoint,
  openModelFolder,
} from './checkpoint.js';
export { decodeBfloat16, decodeFloat16, encodeBfloat16, encodeFloat16 } from './float16.js';
export { readJsonFile } from './json-file.js';
export { dequantiseInt8, type QuantisedTensor, quantiseInt8, SCALE_SUFFIX } from './quantise.js';
export { openSafetensors, SafetensorsFile } from './safetensors.js';
export {
  encodeSafetensors,
  packTensors,
  type StorageFormat,
  type WriteSafetensorsOptions,
  writeSafetensors,
} from './safetensors-writer.js';
export { memorySource, mergeSources, prefixSource, renamedSource } from './sources.js';
export { ClipTokenizer, type ClipTokenizerOptions, type TextEncoding, type TextToken } from './tokenizer.js';
export { openTokenizer, writeTokenizer } from './tokenizer-folder.js';
export { type TrainBpeOptions, type TrainedBpe, trainBpe } from './tokenizer-training.js';
