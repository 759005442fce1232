// Makes an embedded checkpoint of a training run: `npx tsx scripts/embed-model.ts RUN CONFIGS OUT [float16|int8]`.
// RUN holds the trainer's safetensors, CONFIGS the `configs` folder of its export; OUT becomes a diffusers folder.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ContrappostoError } from '../src/core/errors.js';
import { floats, type Tensor } from '../src/core/tensor.js';
import { openSafetensors, packTensors, type StorageFormat, writeSafetensors } from '../src/weights/index.js';

const [run, configs, out, storage = 'int8'] = process.argv.slice(2);
if (!run || !configs || !out) {
  throw new ContrappostoError('usage', {
    operation: 'embed-model',
    expected: 'RUN CONFIGS OUT',
    got: process.argv.slice(2).join(' '),
  });
}

const FILES: Record<string, string> = {
  vae: 'diffusion_pytorch_model.safetensors',
  unet: 'diffusion_pytorch_model.safetensors',
  text_encoder: 'model.safetensors',
};

/** Kernels and matrices take nearly all the room; what enters and leaves the network keeps its precision. */
function storageOf(name: string, { shape }: Tensor): StorageFormat {
  const edge = /^conv_(in|out)\.|embedding|^(en|de)coder\.layers\.(0|14|18)\.weight$/.test(name);
  return storage === 'int8' && shape.length > 1 && !edge ? 'int8' : 'float16';
}

for (const [component, file] of Object.entries(FILES)) {
  const source = openSafetensors(join(run, `${component}.safetensors`));
  const tensors = Object.fromEntries([...source.names()].map((name) => [name, source.read(name)]));
  mkdirSync(join(out, component), { recursive: true });
  await writeSafetensors(join(out, component, file), packTensors(tensors, storageOf));
  cpSync(join(configs, component), join(out, component), { recursive: true });
}
for (const folder of ['tokenizer', 'scheduler']) cpSync(join(configs, folder), join(out, folder), { recursive: true });

const [scale] = floats(openSafetensors(join(run, 'shared.safetensors')).read('latent_scale'));
const vaeConfig = JSON.parse(readFileSync(join(configs, 'vae', 'config.json'), 'utf8'));
writeFileSync(join(out, 'vae', 'config.json'), `${JSON.stringify({ ...vaeConfig, scaling_factor: scale }, null, 2)}\n`);
writeFileSync(
  join(out, 'model_index.json'),
  `${JSON.stringify(
    {
      _class_name: 'StableDiffusionPipeline',
      _contrapposto: { steps: 20, guidance_scale: 5, scheduler: 'dpm++' },
      vae: ['diffusers', 'AutoencoderTiny'],
      text_encoder: ['transformers', 'CLIPTextModel'],
      tokenizer: ['transformers', 'CLIPTokenizer'],
      unet: ['diffusers', 'UNet2DConditionModel'],
      scheduler: ['diffusers', 'DDIMScheduler'],
      safety_checker: [null, null],
      feature_extractor: [null, null],
    },
    null,
    2,
  )}\n`,
);
console.log(out);
