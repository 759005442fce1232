// What `contrapposto train RECIPE` does: prepares the data's captions and writes the folder that `trainer/` runs.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ContrappostoError } from '../core/errors.js';
import type { OnProgress } from '../core/progress.js';
import { type ClipTokenizer, openTokenizer, trainBpe, writeTokenizer } from '../weights/index.js';
import { readCaptions, writeTokens } from './captions.js';
import { GRID_PROMPTS } from './mini-sd/grid-prompts.js';
import { miniSdRecipe } from './mini-sd/recipe.js';
import { MINI, type MiniSettings, TOY } from './mini-sd/settings.js';
import { exportRecipe } from './training-export.js';

/** Recipes by name. */
export const RECIPES: Readonly<Record<string, MiniSettings>> = { [MINI.name]: MINI, [TOY.name]: TOY };

export interface TrainOptions {
  recipe: string;
  /** Folder for the trainer: graphs, plan, initial parameters. */
  exportDirectory: string;
  /** Rendered data in `shards` format; its captions are tokenised in place. */
  dataDirectory: string;
  /** A tokenizer folder to use instead of learning one from the captions. */
  tokenizerDirectory?: string;
  autoencoder?: Partial<StageSize> & { decoderOnly?: boolean };
  denoiser?: Partial<StageSize> & { lr?: number };
  heldOutRows?: number;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

interface StageSize {
  seconds: number | null;
  steps: number | null;
  batch: number;
}

export interface TrainResult {
  recipe: string;
  exportDirectory: string;
  rows: number;
  vocabulary: number;
  parameters: number;
}

/** Most tokens that a learned vocabulary has; captions of rendered scenes need fewer. */
const VOCABULARY_LIMIT = 1400;
const DEFAULT_STAGE: Record<string, { autoencoder: StageSize; denoiser: StageSize; heldOut: number }> = {
  'mini-sd': {
    autoencoder: { seconds: 300, steps: null, batch: 64 },
    denoiser: { seconds: 1000, steps: null, batch: 256 },
    heldOut: 512,
  },
  'toy-sd': {
    autoencoder: { seconds: null, steps: 60, batch: 8 },
    denoiser: { seconds: null, steps: 60, batch: 8 },
    heldOut: 16,
  },
};

/** Exports a recipe. Throws `usage` for an unknown recipe, `not-found` without data, `io` when it cannot write. */
export async function runTrain(options: TrainOptions): Promise<TrainResult> {
  const { signal, onProgress } = options;
  const settings = RECIPES[options.recipe];
  if (!settings) {
    const expected = `one of ${Object.keys(RECIPES).join(', ')}`;
    throw new ContrappostoError('usage', { operation: 'recipe', expected, got: `"${options.recipe}"` });
  }
  const folder = join(options.exportDirectory, 'configs', 'tokenizer');
  onProgress?.({ type: 'stage', stage: 'tokenizer' });
  const tokenizer = await prepareTokenizer(settings, { ...options, folder });
  const { rows } = await writeTokens(options.dataDirectory, {
    tokenizer,
    phrasings: settings.phrasings,
    signal,
    onProgress,
  });
  onProgress?.({ type: 'stage', stage: 'export' });
  const defaults = DEFAULT_STAGE[settings.name];
  const recipe = miniSdRecipe({
    settings,
    vocabulary: { vocabulary: tokenizer.vocabSize, start: tokenizer.bosId, end: tokenizer.eosId },
    emptyPrompt: tokenizer.encode('').ids,
    gridPrompts: GRID_PROMPTS.map((prompt) => tokenizer.encode(prompt).ids),
    autoencoder: { ...defaults.autoencoder, ...options.autoencoder },
    denoiser: { ...defaults.denoiser, ...options.denoiser },
    heldOutRows: options.heldOutRows ?? defaults.heldOut,
  });
  const { parameters } = await exportRecipe(recipe, options.exportDirectory);
  const { exportDirectory } = options;
  return { recipe: settings.name, exportDirectory, rows, vocabulary: tokenizer.vocabSize, parameters };
}

async function prepareTokenizer(
  settings: MiniSettings,
  options: TrainOptions & { folder: string },
): Promise<ClipTokenizer> {
  const { folder, signal } = options;
  const modelMaxLength = settings.promptTokens;
  if (options.tokenizerDirectory) {
    const read = (name: string) => readFile(join(options.tokenizerDirectory!, name), 'utf8');
    openTokenizer(options.tokenizerDirectory);
    const vocab: Record<string, number> = JSON.parse(await read('vocab.json'));
    const merges = (await read('merges.txt')).split('\n').filter((line) => line !== '' && !line.startsWith('#version'));
    await writeTokenizer(folder, { vocab, merges, modelMaxLength });
  } else {
    const captions = await readCaptions(options.dataDirectory, { signal });
    const learned = trainBpe(captions, { vocabSize: VOCABULARY_LIMIT, signal });
    await writeTokenizer(folder, { ...learned, modelMaxLength });
  }
  return openTokenizer(folder);
}
