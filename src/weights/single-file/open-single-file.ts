// Single-file checkpoints of Stable Diffusion 1, 2 and XL, seen as the folder that diffusers would make of them.
import { ContrappostoError } from '../../core/errors.js';
import type { WeightSource } from '../../core/tensor.js';
import type { Checkpoint, ModelFolder } from '../checkpoint.js';
import type { Environment } from '../hub/settings.js';
import { openSafetensors, type SafetensorsFile } from '../safetensors.js';
import type { ClipTokenizer } from '../tokenizer.js';
import { clipConfig, type Family, schedulerConfig, unetConfig, vaeConfig } from './configs.js';
import { findTokenizer } from './find-tokenizer.js';
import { clipPlaces, openClipPlaces, penultimatePlaces, UNET, unetPlaces, VAE, vaePlaces } from './networks.js';
import { predictsVelocity } from './velocity.js';
import { viewSource } from './view.js';

export interface SingleFileOptions {
  /** Folder of the vocabulary; looked for beside the file and in the hub's cache otherwise. */
  tokenizer?: string;
  env?: Environment;
}

const SD1_TEXT = 'cond_stage_model.transformer.';
const SD2_TEXT = 'cond_stage_model.model.';
const XL_TEXT = 'conditioner.embedders.0.transformer.';
const XL_TEXT_2 = 'conditioner.embedders.1.model.';

/**
 * Opens a `.safetensors` file that holds a whole checkpoint under the original names. Tensors are read when asked for;
 * sizes are read off the shapes.
 *
 * @throws `unsupported` for other families, `not-found`, `corrupt-file` as {@link openSafetensors}
 */
export function openSingleFile(path: string, options: SingleFileOptions = {}): Checkpoint {
  const file = openSafetensors(path);
  try {
    const names = new Set(file.names());
    const family = familyOf(path, names);
    const velocity = family === 'sd2' ? sd2Velocity(path, { file, names }) : names.has('v_pred');
    const networks = networksOf(file, { names, family, velocity });
    const tokenizers = new Map<string, ClipTokenizer>();
    const require = <T>(name: string, found: T | undefined): T => {
      if (found !== undefined) return found;
      const got = `only ${[...networks.keys()].join(', ')}`;
      throw new ContrappostoError('not-found', { operation: `open "${path}"`, expected: `a part "${name}"`, got });
    };
    return {
      folder: path,
      pipelineClass: family === 'sdxl' ? 'StableDiffusionXLPipeline' : 'StableDiffusionPipeline',
      components: [...networks.keys()].sort(),
      component: (name) => require(name, networks.get(name)),
      tokenizer(name = 'tokenizer') {
        const known = tokenizers.get(name);
        if (known) return known;
        const encoder = require(name, networks.get(name.replace('tokenizer', 'text_encoder')));
        const [words] = encoder.weights.info('text_model.embeddings.token_embedding.weight').shape;
        // OpenCLIP's encoders were trained with "!" (id 0) behind the end of a text.
        const padToken = name === 'tokenizer_2' || family === 'sd2' ? '!' : undefined;
        const opened = findTokenizer(path, { folder: options.tokenizer, words, padToken, env: options.env });
        tokenizers.set(name, opened);
        return opened;
      },
      schedulerConfig: () => schedulerConfig(family, { velocity }),
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

type Networks = Map<string, ModelFolder>;

function networksOf(
  file: WeightSource,
  { names, family, velocity }: { names: ReadonlySet<string>; family: Family; velocity: boolean },
): Networks {
  if (family === 'sdxl') return xlNetworks(file, names);
  return family === 'sd2' ? sd2Networks(file, { names, velocity }) : sd1Networks(file, names);
}

function sd2Velocity(path: string, { file, names }: { file: SafetensorsFile; names: ReadonlySet<string> }): boolean {
  const [, channels] = file.info(`${UNET}input_blocks.0.0.weight`).shape;
  return predictsVelocity(path, { metadata: file.metadata, names, channels });
}

function sd2Networks(
  file: WeightSource,
  { names, velocity }: { names: ReadonlySet<string>; velocity: boolean },
): Networks {
  const text = viewSource(file, penultimatePlaces(names, SD2_TEXT));
  const unet = viewSource(file, unetPlaces(names));
  return new Map([
    ['text_encoder', { config: clipConfig(text, { projected: false, openClip: true }), weights: text }],
    // Those that predict velocities were trained at 768 pixels.
    ['unet', { config: unetConfig(unet, 'sd2', { side: velocity ? 96 : 64 }), weights: unet }],
    ['vae', vae(file, { names, family: 'sd2' })],
  ]);
}

function sd1Networks(file: WeightSource, names: ReadonlySet<string>): Networks {
  const text = viewSource(file, clipPlaces(names, SD1_TEXT));
  const unet = viewSource(file, unetPlaces(names));
  return new Map([
    ['text_encoder', { config: clipConfig(text, { projected: false, openClip: false }), weights: text }],
    ['unet', { config: unetConfig(unet, 'sd1', {}), weights: unet }],
    ['vae', vae(file, { names, family: 'sd1' })],
  ]);
}

function xlNetworks(file: WeightSource, names: ReadonlySet<string>): Networks {
  const first = viewSource(file, clipPlaces(names, XL_TEXT));
  const second = viewSource(file, openClipPlaces(names, XL_TEXT_2));
  const unet = viewSource(file, unetPlaces(names));
  const [pooledWidth] = second.info('text_projection.weight').shape;
  return new Map([
    ['text_encoder', { config: clipConfig(first, { projected: false, openClip: false }), weights: first }],
    ['text_encoder_2', { config: clipConfig(second, { projected: true, openClip: true }), weights: second }],
    ['unet', { config: unetConfig(unet, 'sdxl', { pooledWidth }), weights: unet }],
    ['vae', vae(file, { names, family: 'sdxl' })],
  ]);
}

function vae(file: WeightSource, { names, family }: { names: ReadonlySet<string>; family: Family }): ModelFolder {
  let levels = 0;
  while (names.has(`${VAE}encoder.down.${levels}.block.0.conv1.weight`)) levels++;
  const weights = viewSource(file, vaePlaces(names, { levels }));
  return { config: vaeConfig(weights, family), weights };
}

function familyOf(path: string, names: ReadonlySet<string>): Family {
  const has = (prefix: string) => [...names].some((name) => name.startsWith(prefix));
  const isWhole = has(UNET) && has(VAE);
  if (isWhole && has(SD1_TEXT)) return 'sd1';
  if (isWhole && has(SD2_TEXT)) return 'sd2';
  if (isWhole && has(XL_TEXT) && has(XL_TEXT_2)) return 'sdxl';
  throw new ContrappostoError('unsupported', {
    operation: `open "${path}"`,
    expected: 'a single-file checkpoint of Stable Diffusion 1, 2 or XL, with UNet, autoencoder and text encoder',
    got: whatItIs(names, has),
    hint: 'use the folder of the same checkpoint in diffusers layout; a LoRA file goes to --lora',
  });
}

function whatItIs(names: ReadonlySet<string>, has: (prefix: string) => boolean): string {
  if ([...names].some((name) => /lora_(up|down|[AB])\b/.test(name))) return 'a LoRA file';
  if (has(SD2_TEXT)) return 'Stable Diffusion 2 without its other parts';
  if (has('conditioner.embedders.0.model.')) return 'the refiner of Stable Diffusion XL';
  if (has(UNET)) return 'a checkpoint without all of its parts';
  return `${names.size} tensors under other names`;
}
