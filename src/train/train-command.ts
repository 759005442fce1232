// What `contrapposto train RECIPE` does: prepares the data's captions and writes the folder that `trainer/` runs.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ContrappostoError } from '../core/errors.js';
import type { OnProgress } from '../core/progress.js';
import { type ClipTokenizer, openTokenizer, trainBpe, writeTokenizer } from '../weights/index.js';
import { countRows, readCaptions, writeTokens } from './captions.js';
import { type NodeTrainingResult, trainInNode } from './node/run.js';
import { RECIPES, type RecipeEntry, type RecipeOptions } from './recipes.js';
import { exportRecipe, type Recipe } from './training-export.js';

export interface TrainOptions extends RecipeOptions {
  recipe: string;
  /** Folder for the trainer: graphs, plan, initial parameters. */
  exportDirectory: string;
  /** Rendered data in `shards` format; its captions are tokenised in place. */
  dataDirectory: string;
  /** A tokenizer folder to use instead of learning one from the captions. */
  tokenizerDirectory?: string;
  /** Of the run that is prepared. Default 0. */
  seed?: number;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

export interface TrainResult {
  recipe: string;
  exportDirectory: string;
  rows: number;
  /** Tokens of the vocabulary; 0 for a recipe that reads no captions. */
  vocabulary: number;
  parameters: number;
}

/** Most tokens that a learned vocabulary has; captions of rendered scenes need fewer. */
const VOCABULARY_LIMIT = 1400;

/** Exports a recipe. Throws `usage` for an unknown recipe, `not-found` without data, `io` when it cannot write. */
export async function runTrain(options: TrainOptions): Promise<TrainResult> {
  const { exportDirectory, onProgress } = options;
  const { recipe, rows, vocabulary } = await buildRecipe(options);
  onProgress?.({ type: 'stage', stage: 'export' });
  const { parameters } = await exportRecipe(recipe, exportDirectory, { seed: options.seed });
  return { recipe: options.recipe, exportDirectory, rows, vocabulary, parameters };
}

export interface TrainHereOptions extends Omit<TrainOptions, 'exportDirectory'> {
  /** Folder for weights, state and log. */
  outDirectory: string;
  /** Folder of an earlier run to go on from. */
  resumeDirectory?: string;
}

/** Trains a small recipe in this process. Throws as `runTrain` and `trainInNode` do. */
export async function runTrainHere(
  options: TrainHereOptions,
): Promise<Omit<TrainResult, 'exportDirectory'> & NodeTrainingResult> {
  const { outDirectory } = options;
  const { recipe, rows, vocabulary } = await buildRecipe({ ...options, exportDirectory: outDirectory });
  const { dataDirectory, resumeDirectory, seed, signal, onProgress } = options;
  const given = { dataDirectory, outDirectory, resumeDirectory, seed, signal, onProgress };
  return { recipe: options.recipe, rows, vocabulary, ...(await trainInNode({ recipe, ...given })) };
}

async function buildRecipe(options: TrainOptions): Promise<{ recipe: Recipe; rows: number; vocabulary: number }> {
  const entry = Object.hasOwn(RECIPES, options.recipe) ? RECIPES[options.recipe] : undefined;
  if (!entry) {
    const expected = `one of ${Object.keys(RECIPES).join(', ')}`;
    throw new ContrappostoError('usage', { operation: 'recipe', expected, got: `"${options.recipe}"` });
  }
  const { rows, tokenizer } = await prepareCaptions(entry, options);
  return { recipe: await entry.build(options, tokenizer), rows, vocabulary: tokenizer?.vocabSize ?? 0 };
}

/** Tokenises the data's captions when the recipe reads them; counts the pictures. */
async function prepareCaptions(
  entry: RecipeEntry,
  options: TrainOptions,
): Promise<{ rows: number; tokenizer?: ClipTokenizer }> {
  const { dataDirectory, signal, onProgress } = options;
  if (entry.countRows) return { rows: await entry.countRows(dataDirectory) };
  if (!entry.prompts) return { rows: await countRows(dataDirectory, { signal }) };
  onProgress?.({ type: 'stage', stage: 'tokenizer' });
  const folder = join(options.exportDirectory, 'configs', 'tokenizer');
  const tokenizer = await prepareTokenizer(options, { folder, modelMaxLength: entry.prompts.tokens });
  const { phrasings } = entry.prompts;
  const { rows } = await writeTokens(dataDirectory, { tokenizer, phrasings, signal, onProgress });
  return { rows, tokenizer };
}

async function prepareTokenizer(
  options: TrainOptions,
  { folder, modelMaxLength }: { folder: string; modelMaxLength: number },
): Promise<ClipTokenizer> {
  if (options.tokenizerDirectory) {
    const read = (name: string) => readFile(join(options.tokenizerDirectory!, name), 'utf8');
    openTokenizer(options.tokenizerDirectory);
    const vocab: Record<string, number> = JSON.parse(await read('vocab.json'));
    const merges = (await read('merges.txt')).split('\n').filter((line) => line !== '' && !line.startsWith('#version'));
    await writeTokenizer(folder, { vocab, merges, modelMaxLength });
  } else {
    const { signal } = options;
    const captions = await readCaptions(options.dataDirectory, { signal });
    const learned = trainBpe(captions, { vocabSize: VOCABULARY_LIMIT, signal });
    await writeTokenizer(folder, { ...learned, modelMaxLength });
  }
  return openTokenizer(folder);
}
