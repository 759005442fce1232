// The commands of the program, put together.
import { Command } from 'commander';
import { evaluateCommand } from './commands/evaluate.js';
import { generateCommand } from './commands/generate.js';
import { modelsCommand } from './commands/models.js';
import { poseCommand } from './commands/pose.js';
import { synthCommand } from './commands/synth.js';
import { trainCommand } from './commands/train.js';
import { VERSION } from './version.js';

/** The whole command line. Usage errors are thrown as `CommanderError`, never printed or exited on from inside. */
export function createProgram(): Command {
  const program = new Command('contrapposto')
    .description('Images of people with control over pose, hands and interaction with objects.')
    .version(VERSION)
    .helpCommand(false)
    .showSuggestionAfterError(true);
  const commands = [
    generateCommand(),
    poseCommand(),
    synthCommand(),
    trainCommand(),
    evaluateCommand(),
    modelsCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  throwInsteadOfExit(program);
  return program;
}

function throwInsteadOfExit(command: Command): void {
  // `runCli` prints the message itself, in one form for all errors; help asked for still goes to standard output.
  command.exitOverride().configureOutput({ writeErr: () => undefined, outputError: () => undefined });
  command.commands.forEach(throwInsteadOfExit);
}
