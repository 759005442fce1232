// Whether a checkpoint is so large that its networks should be in memory one after another.
import { totalmem } from 'node:os';
import { sizeOf } from '../core/tensor.js';
import type { Checkpoint } from '../weights/index.js';

const RUN = ['text_encoder', 'text_encoder_2', 'unet', 'vae'];
/** Beyond this share of the machine's memory. ONNX Runtime needs about as much again while it opens a network. */
const LARGE = 1 / 4;

/** True when the networks of a pipeline, in the float32 that they run in, would fill much of `memoryBytes`. */
export function needsLowMemory({ components, component }: Checkpoint, memoryBytes = totalmem()): boolean {
  const bytes = components
    .filter((name) => RUN.includes(name))
    .map((name) => component(name).weights)
    .reduce(
      (sum, weights) => sum + [...weights.names()].reduce((n, name) => n + 4 * sizeOf(weights.info(name).shape), 0),
      0,
    );
  return bytes > LARGE * memoryBytes;
}
