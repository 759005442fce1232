// Checkpoints as diffusers lays them out: a folder with one sub-folder for each network, tokenizer and scheduler.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ContrappostoError } from '../core/errors.js';
import type { WeightSource } from '../core/tensor.js';
import { readError } from './byte-source.js';
import type { Environment } from './hub/settings.js';
import { readJsonFile } from './json-file.js';
import { openSingleFile } from './single-file/open-single-file.js';
import type { ClipTokenizer } from './tokenizer.js';
import { openTokenizer } from './tokenizer-folder.js';
import { openWeights } from './weight-files.js';

/** One network: what its `config.json` says (unchecked) and its weights. */
export interface ModelFolder {
  readonly config: unknown;
  readonly weights: WeightSource;
}

export interface Checkpoint {
  readonly folder: string;
  /** `_class_name` of `model_index.json`, e.g. `StableDiffusionPipeline`; undefined without that file. */
  readonly pipelineClass: string | undefined;
  /** Content of `model_index.json` (unchecked), where there is one. */
  readonly index?: Readonly<Record<string, unknown>>;
  /** Names of the networks in it, sorted: sub-folders that have a `config.json`. */
  readonly components: readonly string[];
  /** A network, opened once and kept; throws `not-found`, `corrupt-file`, `unsupported`. */
  component(name: string): ModelFolder;
  /** A tokenizer by its sub-folder (`tokenizer` unless told), opened once; throws `not-found`, `corrupt-file`. */
  tokenizer(name?: string): ClipTokenizer;
  /** What `scheduler/scheduler_config.json` says (unchecked); throws `not-found`. */
  schedulerConfig(): unknown;
  /** Closes every file that is open. */
  close(): void;
}

export interface CheckpointOptions {
  /** Which variant of the weights to prefer where there are several, e.g. `fp16`; the plain one unless told. */
  variant?: string;
  /** Vocabulary for a single-file checkpoint, which has none inside. */
  tokenizer?: string;
  /** Where the hub's cache is looked for; `process.env` unless told. */
  env?: Environment;
}

/**
 * Opens a checkpoint folder, or a single `.safetensors` file of Stable Diffusion 1, 2 or XL. Networks are opened when asked for, and their tensors read when asked for.
 *
 * @example
 * const checkpoint = openCheckpoint('stable-diffusion-v1-5');
 * const { config, weights } = checkpoint.component('unet');
 *
 * @throws `not-found` when there is no such folder; `invalid-input` or `unsupported` when it is no checkpoint;
 * `corrupt-file`
 */
export function openCheckpoint(folder: string, options: CheckpointOptions = {}): Checkpoint {
  if (statSync(folder, { throwIfNoEntry: false })?.isFile()) return openSingleFile(folder, options);
  const subfolders = listFolders(folder);
  const index = readIndex(folder);
  const components = subfolders.filter((name) => existsSync(join(folder, name, 'config.json'))).sort();
  if (components.length === 0) refuseFolder(folder);
  const models = new Map<string, OpenModel>();
  const tokenizers = new Map<string, ClipTokenizer>();
  const requireFolder = (name: string, kind: string) => {
    if (isPlainName(name) && subfolders.includes(name)) return join(folder, name);
    throw missing(folder, { name, kind, present: subfolders });
  };
  return {
    folder,
    pipelineClass: index?._class_name,
    index,
    components,
    component: (name) => remember(models, name, () => openModel(requireFolder(name, 'component'), options)),
    tokenizer: (name = 'tokenizer') =>
      remember(tokenizers, name, () => openTokenizer(requireFolder(name, 'tokenizer'))),
    schedulerConfig: () =>
      readJsonFile(join(requireFolder('scheduler', 'scheduler'), 'scheduler_config.json'), z.unknown()),
    close() {
      for (const model of models.values()) model.close();
      models.clear();
    },
  };
}

/**
 * Opens the folder of a single network (`config.json` and weights), as ControlNets and adapters are published.
 * `close` it when its tensors are no longer needed. Throws like `openCheckpoint`.
 */
export function openModelFolder(folder: string, options: CheckpointOptions = {}): ModelFolder & { close(): void } {
  listFolders(folder);
  return openModel(folder, options);
}

type OpenModel = ModelFolder & { close(): void };

function openModel(folder: string, options: CheckpointOptions): OpenModel {
  const config = readJsonFile(join(folder, 'config.json'), z.unknown());
  const { weights, close } = openWeights(folder, options);
  return { config, weights, close };
}

function remember<T>(kept: Map<string, T>, name: string, open: () => T): T {
  const value = kept.get(name) ?? open();
  kept.set(name, value);
  return value;
}

function readIndex(folder: string) {
  const path = join(folder, 'model_index.json');
  return existsSync(path) ? readJsonFile(path, z.looseObject({ _class_name: z.string().optional() })) : undefined;
}

function listFolders(folder: string): string[] {
  const operation = `open checkpoint "${folder}"`;
  try {
    if (!statSync(folder).isDirectory()) {
      throw new ContrappostoError('invalid-input', {
        operation,
        expected: 'a folder in the layout of diffusers',
        got: 'a single file',
        hint: 'give the folder that the file is in',
      });
    }
    // Checkpoints in the hub's cache are links, hence stat and not the entry's own type.
    return readdirSync(folder).filter((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory());
  } catch (error) {
    throw error instanceof ContrappostoError ? error : readError(operation, error);
  }
}

/** A name from the caller or a file must not lead out of the folder. */
function isPlainName(name: string): boolean {
  return !/[\\/]/.test(name) && name !== '..' && name !== '.';
}

function refuseFolder(folder: string): never {
  const single = existsSync(join(folder, 'config.json'));
  throw new ContrappostoError('invalid-input', {
    operation: `open checkpoint "${folder}"`,
    expected: 'sub-folders with a config.json, such as unet and vae',
    got: single ? 'the folder of a single network' : 'none',
    hint: single
      ? 'give the folder of the whole pipeline; networks such as a ControlNet have their own option'
      : 'give a folder in the layout of diffusers (model_index.json, unet/, vae/, text_encoder/, ...)',
  });
}

interface Missing {
  name: string;
  kind: string;
  present: readonly string[];
}

function missing(folder: string, { name, kind, present }: Missing): ContrappostoError {
  return new ContrappostoError('not-found', {
    operation: `open checkpoint "${folder}"`,
    expected: `a ${kind} in a sub-folder "${name}"`,
    got: `only ${[...present].sort().join(', ')}`,
    hint: 'the download may be incomplete, or the checkpoint is for another kind of pipeline',
  });
}
