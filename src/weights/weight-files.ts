// Finds a network's weights in its folder: one safetensors file, a variant of it, or shards with an index.
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { ContrappostoError } from '../core/errors.js';
import type { WeightSource } from '../core/tensor.js';
import { readJsonFile } from './json-file.js';
import { openSafetensors, type SafetensorsFile } from './safetensors.js';
import { mergeSources } from './sources.js';

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

// The names that diffusers and transformers write, in the order they are looked for.
const STEMS = ['diffusion_pytorch_model', 'model'];

/**
 * Opens the weights in `folder`: the plain file, unless `variant` (such as `fp16`) is asked for or is all there is.
 *
 * @throws `not-found` when there are none, `unsupported` when they are only pickles, `invalid-input` when several files
 * could be meant, `corrupt-file`
 */
export function openWeights(
  folder: string,
  { variant }: { variant?: string },
): { weights: WeightSource; close(): void } {
  const files = readdirSync(folder).sort();
  const chosen = chooseWeights(folder, { files, variant });
  if (chosen.endsWith('.json')) return openShards(folder, { index: chosen, files });
  const file = openSafetensors(join(folder, chosen));
  return { weights: file, close: () => file.close() };
}

interface Listing {
  files: readonly string[];
  variant?: string;
}

/**
 * The file among `files` that holds the weights, or the index of their shards.
 * @throws `not-found`, `unsupported`, `invalid-input` as {@link openWeights}
 */
export function chooseWeights(folder: string, { files, variant }: Listing): string {
  const wanted = variant === undefined ? [''] : [`.${variant}`, ''];
  for (const suffix of wanted) {
    for (const stem of STEMS) {
      const found = namesOf(stem, suffix).find((name) => files.includes(name));
      if (found) return found;
    }
  }
  // Shards are reached through their index only.
  const rest = files.filter(
    (name) => /\.safetensors(\.index(\..+)?\.json)?$/.test(name) && !/-\d+-of-\d+\./.test(name),
  );
  const whole = rest.filter((name) => STEMS.some((stem) => name.startsWith(`${stem}.`)));
  const candidates = whole.length > 0 ? whole : rest;
  if (candidates.length === 1) return candidates[0];
  throw candidates.length > 1 ? ambiguous(folder, candidates) : noWeights(folder, files);
}

/** The names under which weights of a variant are published: whole, or as shards. */
function namesOf(stem: string, suffix: string): string[] {
  return [
    `${stem}${suffix}.safetensors`,
    `${stem}${suffix}.safetensors.index.json`,
    `${stem}.safetensors.index${suffix}.json`,
  ];
}

function openShards(
  folder: string,
  { index, files }: { index: string; files: readonly string[] },
): { weights: WeightSource; close(): void } {
  const operation = `open "${join(folder, index)}"`;
  const { weight_map: map } = readJsonFile(join(folder, index), indexSchema);
  const shards = new Map<string, SafetensorsFile>();
  const close = () => {
    for (const shard of shards.values()) shard.close();
  };
  try {
    for (const name of new Set(Object.values(map))) {
      if (basename(name) !== name || !files.includes(name)) {
        const hint = 'a shard is missing; download the rest of the checkpoint';
        throw new ContrappostoError('not-found', { operation, expected: `the file "${name}" beside the index`, hint });
      }
      shards.set(name, openSafetensors(join(folder, name)));
    }
    for (const [tensor, shard] of Object.entries(map)) {
      if (shards.get(shard)?.stores(tensor)) continue;
      const hint = 'index and shards are of different versions; download all of them again';
      throw new ContrappostoError('corrupt-file', { operation, expected: `"${tensor}" in "${shard}"`, hint });
    }
  } catch (error) {
    close();
    throw error;
  }
  return { weights: mergeSources(...shards.values()), close };
}

function ambiguous(folder: string, candidates: readonly string[]): ContrappostoError {
  return new ContrappostoError('invalid-input', {
    operation: `open weights in "${folder}"`,
    expected: 'one file of weights',
    got: candidates.join(', '),
    hint: 'keep one of them in the folder, or name the variant',
  });
}

function noWeights(folder: string, files: readonly string[]): ContrappostoError {
  const operation = `open weights in "${folder}"`;
  const pickles = files.filter((name) => /\.(bin|ckpt|pt|pth|msgpack)$/.test(name));
  if (pickles.length === 0) {
    const hint = 'the download is incomplete; fetch the .safetensors file';
    return new ContrappostoError('not-found', { operation, expected: 'a .safetensors file', got: 'none', hint });
  }
  return new ContrappostoError('unsupported', {
    operation,
    expected: 'a .safetensors file',
    got: `only ${pickles.join(', ')}`,
    hint: 'such files can run any code when opened; download the safetensors variant, or convert them in PyTorch with safetensors.torch.save_file',
  });
}
