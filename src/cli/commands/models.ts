// `contrapposto models`: which checkpoints are at hand, and whether their files are whole.
import { Command } from 'commander';
import { execute } from '../execute.js';
import { addSharedOptions, type SharedOptions } from '../shared-options.js';

export function modelsCommand(): Command {
  const models = new Command('models').description('embedded models and checkpoint folders');
  const list = new Command('list').description('list the embedded models');
  list.action(async (options: SharedOptions) => {
    const { listModels } = await import('../models.js');
    await execute(options, () => listModels());
  });
  const verify = new Command('verify')
    .description('read every tensor of a checkpoint and check that it makes a pipeline')
    .argument('[model]', 'an embedded model by name, or a folder (default: --model, else mini)');
  verify.action(async (model: string | undefined, options: SharedOptions) => {
    const { verifyModel } = await import('../models.js');
    await execute(options, (context) => verifyModel(model ?? options.model ?? 'mini', context));
  });
  for (const command of [list, verify]) models.addCommand(addSharedOptions(command, { out: 'not used here' }));
  return models;
}
