// Finds a CLIP vocabulary for a checkpoint that has none inside: the folder given, beside the file, or in the hub's cache.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ContrappostoError } from '../../core/errors.js';
import { type Environment, hubSettings } from '../hub/settings.js';
import type { ClipTokenizer } from '../tokenizer.js';
import { openTokenizer } from '../tokenizer-folder.js';

export interface TokenizerSearch {
  /** The folder that the user named: the only one that is looked at then. */
  folder?: string;
  /** Words of the text encoder: a vocabulary of another size belongs to another encoder. */
  words: number;
  padToken?: string;
  env?: Environment;
}

/** Opens the vocabulary for the checkpoint in `file`. Throws `not-found`, `invalid-input`, `corrupt-file`. */
export function findTokenizer(file: string, { folder, words, padToken, env }: TokenizerSearch): ClipTokenizer {
  const open = (path: string) => openTokenizer(path, { padToken });
  if (folder !== undefined) {
    const tokenizer = open(existsSync(join(folder, 'tokenizer')) ? join(folder, 'tokenizer') : folder);
    if (tokenizer.vocabSize === words) return tokenizer;
    throw new ContrappostoError('invalid-input', {
      operation: `tokenizer "${folder}"`,
      expected: `${words} words, as the text encoder has`,
      got: `${tokenizer.vocabSize}`,
      hint: 'it belongs to another text encoder',
    });
  }
  for (const candidate of candidates(dirname(file), hubSettings(env).cacheFolder)) {
    const tokenizer = open(candidate);
    if (tokenizer.vocabSize === words) return tokenizer;
  }
  throw new ContrappostoError('not-found', {
    operation: `checkpoint "${file}"`,
    expected: `a CLIP vocabulary of ${words} words, which single files do not hold`,
    got: 'none beside the file and none in the cache of the hub',
    hint: 'give one with --tokenizer FOLDER (vocab.json and merges.txt), or fetch it: contrapposto models pull openai/clip-vit-large-patch14/vocab.json, then the same with merges.txt',
  });
}

function* candidates(beside: string, cache: string): Iterable<string> {
  const places = [join(beside, 'tokenizer'), beside];
  for (const repository of list(cache).filter((name) => name.startsWith('models--'))) {
    const snapshots = join(cache, repository, 'snapshots');
    for (const commit of list(snapshots)) places.push(join(snapshots, commit, 'tokenizer'), join(snapshots, commit));
  }
  const isVocabulary = (place: string) => ['vocab.json', 'merges.txt'].every((name) => existsSync(join(place, name)));
  yield* places.filter(isVocabulary);
}

function list(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}
