// `contrapposto models`: which checkpoints are at hand, what is in them, and whether their files are whole.
import { Command } from 'commander';
import { execute } from '../execute.js';
import { addSharedOptions, type SharedOptions } from '../shared-options.js';

const WHICH =
  'an embedded model by name, a folder, a single file, or ORG/NAME on the hub (default: --model, else mini)';

export function modelsCommand(): Command {
  const models = new Command('models').description('embedded models, checkpoints and models of the hub');
  const list = new Command('list').description('list the embedded models and those in the cache of the hub');
  list.action(async (options: SharedOptions) => {
    const { listModels } = await import('../models.js');
    await execute(options, () => listModels());
  });
  const pull = new Command('pull')
    .description('download what a pipeline needs of a model into the cache that huggingface_hub uses')
    .argument('<model>', 'ORG/NAME, ORG/NAME@REVISION, or ORG/NAME/FILE for one file')
    .option('--variant <name>', 'weights to prefer where there are several, for example fp16');
  pull.action(async (model: string, options: SharedOptions & { variant?: string }) => {
    const { pullModel } = await import('../models.js');
    await execute(options, (context) => pullModel(model, { variant: options.variant, context }));
  });
  const info = new Command('info')
    .description('say what a checkpoint or an ONNX file is made of')
    .argument('[model]', WHICH);
  info.action(async (model: string | undefined, options: SharedOptions) => {
    const { modelInfo } = await import('../models.js');
    await execute(options, (context) => modelInfo(model ?? options.model ?? 'mini', context));
  });
  const verify = new Command('verify')
    .description('read every tensor of a checkpoint and check that its shapes are those of its configurations')
    .argument('[model]', WHICH);
  verify.action(async (model: string | undefined, options: SharedOptions) => {
    const { verifyModel } = await import('../models.js');
    await execute(options, (context) => verifyModel(model ?? options.model ?? 'mini', context));
  });
  for (const command of [list, pull, info, verify]) {
    models.addCommand(addSharedOptions(command, { out: 'not used here' }));
  }
  return models;
}
