// `contrapposto train`: a recipe on rendered data, trained in this process or prepared for `trainer/`.
import { Command, Option } from 'commander';
import { ContrappostoError } from '../../core/errors.js';
import type { runTrainHere, TrainResult } from '../../train/index.js';
import { type CommandResult, execute } from '../execute.js';
import { integer } from '../option-values.js';
import { addSharedOptions, type SharedOptions } from '../shared-options.js';

interface TrainCliOptions extends SharedOptions {
  export?: string;
  resume?: string;
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
    .description('train a small recipe here, or prepare a large one for trainer/, which runs it on PyTorch')
    .argument('<recipe>', 'mini-sd or mini-clip; toy-sd or toy-clip for a try on the CPU')
    .option('--export <dir>', 'write graphs, first parameters and plan here for trainer/, and do not train')
    .option('--resume <dir>', 'go on from what an earlier run here left in its --out')
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
  addSharedOptions(command, { out: 'folder for the weights of a recipe that is trained here' });
  return command.action(async (recipe: string, options: TrainCliOptions) => {
    const settings = settingsOf(recipe, options);
    const { runTrain, runTrainHere } = await import('../../train/index.js');
    const { export: exportDirectory, out: outDirectory, resume: resumeDirectory } = options;
    await execute(options, async (context) => {
      if (exportDirectory) return present(await runTrain({ ...settings, exportDirectory, ...context }));
      const here = { ...settings, outDirectory: outDirectory!, resumeDirectory };
      return presentTrained(outDirectory!, await runTrainHere({ ...here, ...context }));
    });
  });
}

function settingsOf(recipe: string, options: TrainCliOptions) {
  const { data, autoencoderSeconds, autoencoderBatch, denoiserSeconds, denoiserBatch } = options;
  const { trainingSeconds, trainingBatch, latentChannels } = options;
  if (!options.export && !options.out) {
    throw new ContrappostoError('usage', {
      operation: 'train',
      expected: '--out DIR to train here, or --export DIR',
      got: 'neither',
      hint: 'small recipes are trained here; of others python3 -m trainer runs what --export wrote',
    });
  }
  if (options.export && options.resume) {
    const hint = 'trainer/ has a --resume of its own';
    throw new ContrappostoError('usage', {
      operation: 'train',
      expected: '--resume without --export',
      got: 'both',
      hint,
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

function presentTrained(out: string, result: Awaited<ReturnType<typeof runTrainHere>>): CommandResult {
  const { recipe, rows, vocabulary, parameters, steps, stages } = result;
  return {
    json: { recipe, out, rows, vocabulary, parameters, steps, stages },
    text: `${out}: ${steps} steps on ${rows} pictures, ${parameters} parameters`,
  };
}
