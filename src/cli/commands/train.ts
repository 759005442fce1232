// `contrapposto train`: what `trainer/` needs, from a recipe and rendered data.
import { Command, Option } from 'commander';
import { ContrappostoError } from '../../core/errors.js';
import type { TrainResult } from '../../train/index.js';
import { type CommandResult, execute } from '../execute.js';
import { integer } from '../option-values.js';
import { addSharedOptions, type SharedOptions } from '../shared-options.js';

interface TrainCliOptions extends SharedOptions {
  export?: string;
  data?: string;
  tokenizer?: string;
  autoencoderSeconds?: number;
  autoencoderBatch?: number;
  denoiserSeconds?: number;
  denoiserBatch?: number;
  trainingSeconds?: number;
  trainingBatch?: number;
  latentChannels?: number;
  heldOut?: number;
}

/** The trainer shifts it by 32 bits, and PyTorch takes 64. */
const LARGEST_SEED = 2 ** 32 - 1;

export function trainCommand(): Command {
  const command = new Command('train')
    .description('prepare the training of a recipe; trainer/ then runs it on PyTorch')
    .argument('<recipe>', 'mini-sd or mini-clip; toy-sd or toy-clip for a try on the CPU')
    .option('--export <dir>', 'write graphs, first parameters and plan here')
    .option('--data <dir>', 'data that contrapposto synth --format shards rendered')
    .option('--tokenizer <dir>', 'use this tokenizer (default: learn one from the captions)');
  for (const [stage, what] of [
    ['autoencoder', 'the autoencoder'],
    ['denoiser', 'the denoiser'],
    ['training', 'a recipe of one stage'],
  ]) {
    command
      .addOption(whole(`--${stage}-seconds <n>`, `how long ${what} is trained`))
      .addOption(whole(`--${stage}-batch <n>`, `pictures a step of ${what}`));
  }
  command.addOption(whole('--latent-channels <n>', 'channels of the latents of mini-sd and toy-sd (default: 4)'));
  command.addOption(whole('--held-out <n>', 'pictures that are never trained on'));
  addSharedOptions(command, { out: 'not used here, see --export' });
  return command.action(async (recipe: string, options: TrainCliOptions) => {
    const settings = settingsOf(recipe, options);
    const { runTrain } = await import('../../train/index.js');
    await execute(options, async (context) => present(await runTrain({ ...settings, ...context })));
  });
}

function settingsOf(recipe: string, options: TrainCliOptions) {
  const { data, autoencoderSeconds, autoencoderBatch, denoiserSeconds, denoiserBatch } = options;
  const { trainingSeconds, trainingBatch, latentChannels } = options;
  if (!options.export) {
    throw new ContrappostoError('unsupported', {
      operation: 'train',
      expected: '--export DIR',
      got: 'a training run in this process',
      hint: 'export, then run python3 -m trainer on the folder',
    });
  }
  if (!data) {
    const hint = 'render some: contrapposto synth --format shards --count 1000 --out DIR';
    throw new ContrappostoError('usage', { operation: 'train', expected: '--data DIR', got: 'none', hint });
  }
  if ((options.seed ?? 0) > LARGEST_SEED) {
    const expected = `a whole number from 0 to ${LARGEST_SEED}, since the trainer derives others from it`;
    throw new ContrappostoError('usage', { operation: '--seed', expected, got: `${options.seed}` });
  }
  return {
    recipe,
    exportDirectory: options.export,
    dataDirectory: data,
    tokenizerDirectory: options.tokenizer,
    autoencoder: given({ seconds: autoencoderSeconds, batch: autoencoderBatch }),
    denoiser: given({ seconds: denoiserSeconds, batch: denoiserBatch }),
    training: given({ seconds: trainingSeconds, batch: trainingBatch }),
    latentChannels,
    heldOutRows: options.heldOut,
    seed: options.seed,
  };
}

/** Without the undefined, so that defaults stay. */
function given<T extends Record<string, number | undefined>>(values: T): { [K in keyof T]?: number } {
  return Object.fromEntries(Object.entries(values).filter(([, v]) => v !== undefined)) as { [K in keyof T]?: number };
}

function whole(flags: string, description: string): Option {
  return new Option(flags, description).argParser(integer(flags.split(' ')[0], { min: 1, max: 1e9 }));
}

function present({ recipe, exportDirectory, rows, vocabulary, parameters }: TrainResult): CommandResult {
  return {
    json: { recipe, export: exportDirectory, rows, vocabulary, parameters },
    text: `${exportDirectory}: ${rows} pictures, ${vocabulary} tokens, ${parameters} parameters`,
  };
}
