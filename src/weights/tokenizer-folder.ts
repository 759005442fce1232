// A tokenizer's folder as checkpoints have it: vocab.json, merges.txt, tokenizer_config.json (or one tokenizer.json).
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../core/files.js';
import { readJsonFile, readTextFile } from './json-file.js';
import { ClipTokenizer, type ClipTokenizerOptions } from './tokenizer.js';

const vocabSchema = z.record(z.string(), z.number());
const tokenSchema = z
  .union([z.string(), z.object({ content: z.string() }).transform(({ content }) => content)])
  .nullish();
const specialsSchema = z.object({
  bos_token: tokenSchema,
  eos_token: tokenSchema,
  unk_token: tokenSchema,
  pad_token: tokenSchema,
});
const configSchema = specialsSchema.extend({
  model_max_length: z.number().nullish(),
  added_tokens_decoder: z.record(z.string(), z.object({ content: z.string() })).nullish(),
});
const tokenizerJsonSchema = z.object({
  model: z.object({
    vocab: vocabSchema,
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()]).transform((pair) => pair.join(' '))])),
  }),
});

// "No limit" is written as 10^30 by some versions of transformers; CLIP's own limit holds then.
const LONGEST = 100_000;

/**
 * Opens a tokenizer folder.
 * @throws `not-found` when a file is missing, `corrupt-file` when one is damaged, `invalid-input` when they do not fit
 * together
 * @param options.padToken instead of the one that the folder names
 */
export function openTokenizer(folder: string, options: { padToken?: string } = {}): ClipTokenizer {
  const settings = readSettings(folder);
  return new ClipTokenizer({ ...readMerges(folder), ...settings, padToken: options.padToken ?? settings.padToken });
}

/** Writes `options` as a folder that `openTokenizer` (and transformers) can open. Throws `io`. */
export async function writeTokenizer(folder: string, options: ClipTokenizerOptions): Promise<void> {
  // Refuses what could not be opened again.
  new ClipTokenizer(options);
  const { bosToken = '<|startoftext|>', eosToken = '<|endoftext|>', modelMaxLength = 77 } = options;
  const config = {
    tokenizer_class: 'CLIPTokenizer',
    model_max_length: modelMaxLength,
    bos_token: bosToken,
    eos_token: eosToken,
    unk_token: options.unkToken ?? eosToken,
    pad_token: options.padToken ?? eosToken,
  };
  await mkdir(folder, { recursive: true });
  await writeFileAtomic(join(folder, 'vocab.json'), `${JSON.stringify(options.vocab)}\n`);
  await writeFileAtomic(join(folder, 'merges.txt'), `${['#version: 0.2', ...options.merges].join('\n')}\n`);
  await writeFileAtomic(join(folder, 'tokenizer_config.json'), `${JSON.stringify(config, null, 2)}\n`);
}

function readMerges(folder: string): Pick<ClipTokenizerOptions, 'vocab' | 'merges'> {
  const single = join(folder, 'tokenizer.json');
  if (!existsSync(join(folder, 'vocab.json')) && existsSync(single)) {
    return readJsonFile(single, tokenizerJsonSchema).model;
  }
  const vocab = readJsonFile(join(folder, 'vocab.json'), vocabSchema);
  const lines = readTextFile(join(folder, 'merges.txt')).split(/\r?\n/);
  if (lines[0].startsWith('#version')) lines.shift();
  return { vocab, merges: lines.filter((line) => line !== '') };
}

function readSettings(folder: string): Omit<ClipTokenizerOptions, 'vocab' | 'merges'> {
  const read = <T>(name: string, schema: z.ZodType<T>) => {
    const path = join(folder, name);
    return existsSync(path) ? readJsonFile(path, schema) : undefined;
  };
  const config = read('tokenizer_config.json', configSchema);
  // Older folders keep the special tokens apart; what the newer file says counts.
  const specials = read('special_tokens_map.json', specialsSchema);
  const length = config?.model_max_length ?? undefined;
  const token = (key: keyof z.infer<typeof specialsSchema>) => config?.[key] ?? specials?.[key] ?? undefined;
  const added = Object.entries(config?.added_tokens_decoder ?? {});
  return {
    modelMaxLength: length !== undefined && length <= LONGEST ? length : undefined,
    bosToken: token('bos_token'),
    eosToken: token('eos_token'),
    unkToken: token('unk_token'),
    padToken: token('pad_token'),
    addedTokens: Object.fromEntries(added.map(([id, { content }]) => [content, Number(id)])),
  };
}
