// The recipes by name: what each reads beside pictures, and how it is built from the options of `contrapposto train`.
import type { OnProgress } from '../core/progress.js';
import type { ClipTokenizer } from '../weights/index.js';
import { layoutRecipe } from './layout/recipe.js';
import { countLayoutRows, writeLayoutRows } from './layout/rows.js';
import { LAYOUT, type LayoutSettings, TOY_LAYOUT } from './layout/settings.js';
import { miniClipRecipe } from './mini-clip/recipe.js';
import { MINI_CLIP, TOY_CLIP } from './mini-clip/settings.js';
import { miniJudgeRecipe } from './mini-judge/recipe.js';
import { type JudgeSettings, MINI_JUDGE, TOY_JUDGE } from './mini-judge/settings.js';
import { writeJudgeTargets } from './mini-judge/targets.js';
import { GRID_PROMPTS } from './mini-sd/grid-prompts.js';
import { miniSdRecipe } from './mini-sd/recipe.js';
import { MINI, type MiniSettings, TOY, withLatentChannels } from './mini-sd/settings.js';
import type { Recipe } from './training-export.js';

/** Length and batch of a stage; what is left out is the recipe's own. */
export interface StageSize {
  seconds: number | null;
  steps: number | null;
  batch: number;
}

/** What can be said about a run on the command line. */
export interface RecipeOptions {
  /** Stages of the mini model. */
  autoencoder?: Partial<StageSize> & { decoderOnly?: boolean };
  denoiser?: Partial<StageSize> & { lr?: number };
  /** The only stage of the other recipes. */
  training?: Partial<StageSize> & { lr?: number };
  /** Channels of the mini model's latents; default 4. */
  latentChannels?: number;
  heldOutRows?: number;
}

/** The run's options, with the data for recipes that must look at them first. */
export interface BuildOptions extends RecipeOptions {
  dataDirectory: string;
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

/** One recipe. */
export interface RecipeEntry {
  /** Tokens of a prompt and phrasings of a picture; absent when the recipe reads no captions. */
  prompts?: { tokens: number; phrasings: number };
  /** Counts the rows of data that are no rendered pictures. */
  countRows?(dataDirectory: string): Promise<number>;
  build(options: BuildOptions, tokenizer: ClipTokenizer | undefined): Recipe | Promise<Recipe>;
}

const MINI_SD_STAGES = {
  autoencoder: { seconds: 300, steps: null, batch: 64 },
  denoiser: { seconds: 1000, steps: null, batch: 256 },
  heldOut: 512,
};
const TOY_SD_STAGES = {
  autoencoder: { seconds: null, steps: 60, batch: 8 },
  denoiser: { seconds: null, steps: 60, batch: 8 },
  heldOut: 16,
};

/** Recipes by name. */
export const RECIPES: Readonly<Record<string, RecipeEntry>> = {
  [MINI.name]: miniSd(MINI, MINI_SD_STAGES),
  [TOY.name]: miniSd(TOY, TOY_SD_STAGES),
  [MINI_CLIP.name]: miniClip(MINI_CLIP, { size: { seconds: 180, steps: null, batch: 512 }, heldOut: 512 }),
  [TOY_CLIP.name]: miniClip(TOY_CLIP, { size: { seconds: null, steps: 60, batch: 16 }, heldOut: 16 }),
  [MINI_JUDGE.name]: miniJudge(MINI_JUDGE, { size: { seconds: 180, steps: null, batch: 128 }, heldOut: 1024 }),
  [TOY_JUDGE.name]: miniJudge(TOY_JUDGE, { size: { seconds: null, steps: 40, batch: 8 }, heldOut: 16 }),
  [LAYOUT.name]: layout(LAYOUT, { seconds: null, steps: 3000, batch: 128 }),
  [TOY_LAYOUT.name]: layout(TOY_LAYOUT, { seconds: null, steps: 60, batch: 32 }),
};

function captioned(tokenizer: ClipTokenizer) {
  return { vocabulary: tokenizer.vocabSize, start: tokenizer.bosId, end: tokenizer.eosId };
}

function miniSd(settings: MiniSettings, defaults: typeof MINI_SD_STAGES | typeof TOY_SD_STAGES): RecipeEntry {
  return {
    prompts: { tokens: settings.promptTokens, phrasings: settings.phrasings },
    build: (options, tokenizer) =>
      miniSdRecipe({
        settings: withLatentChannels(settings, options.latentChannels ?? settings.latentChannels),
        vocabulary: captioned(tokenizer!),
        emptyPrompt: tokenizer!.encode('').ids,
        gridPrompts: GRID_PROMPTS.map((prompt) => tokenizer!.encode(prompt).ids),
        autoencoder: { ...defaults.autoencoder, ...options.autoencoder },
        denoiser: { ...defaults.denoiser, ...options.denoiser },
        heldOutRows: options.heldOutRows ?? defaults.heldOut,
      }),
  };
}

function miniClip(settings: typeof MINI_CLIP, defaults: { size: StageSize; heldOut: number }): RecipeEntry {
  return {
    prompts: { tokens: settings.promptTokens, phrasings: settings.phrasings },
    build: (options, tokenizer) =>
      miniClipRecipe({
        settings,
        vocabulary: captioned(tokenizer!),
        size: { ...defaults.size, ...options.training },
        heldOutRows: options.heldOutRows ?? defaults.heldOut,
      }),
  };
}

/** Its classes are the triplets that the data holds, so the targets are written before the graphs are built. */
function miniJudge(settings: JudgeSettings, defaults: { size: StageSize; heldOut: number }): RecipeEntry {
  return {
    build: async ({ dataDirectory, signal, onProgress, ...options }) => {
      const { pictureSize } = settings;
      const { triplets } = await writeJudgeTargets(dataDirectory, { pictureSize, signal, onProgress });
      return miniJudgeRecipe({
        settings,
        triplets,
        size: { ...defaults.size, ...options.training },
        heldOutRows: options.heldOutRows ?? defaults.heldOut,
      });
    },
  };
}

/** Its rows and its anchors come from annotations, which are written as columns before the graphs are built. */
function layout(settings: LayoutSettings, size: StageSize): RecipeEntry {
  return {
    countRows: countLayoutRows,
    build: async ({ dataDirectory, signal, ...options }) => {
      const { heldOut, training } = await writeLayoutRows(dataDirectory, { signal });
      const heldOutRows = options.heldOutRows ?? heldOut;
      return layoutRecipe({ settings, training, size: { ...size, ...options.training }, heldOutRows });
    },
  };
}
