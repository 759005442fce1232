// Embeds a single trained network: `npx tsx scripts/embed-network.ts RUN/judge.safetensors EXPORT/configs/judge models/judge [float16|int8]`.
// Several folders may be given instead of one, joined by commas: the scorer's are EXPORT/configs/clip,EXPORT/configs/tokenizer.
// The folder gets the config and `model.safetensors`; int8 (the default is float16) keeps norms, biases and heads in half precision.
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ContrappostoError } from '../src/core/errors.js';
import type { Tensor } from '../src/core/tensor.js';
import { openSafetensors, packTensors, type StorageFormat, writeSafetensors } from '../src/weights/index.js';

const [weights, config, out, storage = 'float16'] = process.argv.slice(2);
if (!weights || !config || !out || !['float16', 'int8'].includes(storage)) {
  throw new ContrappostoError('usage', {
    operation: 'embed-network',
    expected: 'WEIGHTS CONFIG OUT [float16|int8]',
    got: process.argv.slice(2).join(' '),
  });
}

/** Kernels and matrices inside the network take nearly all the room. */
function storageOf(name: string, { shape }: Tensor): StorageFormat {
  const edge = /embedding|stem|^(heat_maps|triplets|visible)\.|projection/.test(name);
  return storage === 'int8' && shape.length > 1 && !edge ? 'int8' : 'float16';
}

const source = openSafetensors(weights);
const tensors = Object.fromEntries([...source.names()].map((name) => [name, source.read(name)]));
mkdirSync(out, { recursive: true });
await writeSafetensors(join(out, 'model.safetensors'), packTensors(tensors, storageOf));
for (const folder of config.split(',')) cpSync(folder, out, { recursive: true });
console.log(out);
