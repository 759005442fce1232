// Runs one command line: parses it, prints one result or one message, and gives the exit code.
import { type Command, CommanderError } from 'commander';
import { ContrappostoError, exitCode } from '../core/errors.js';
import { endThreads } from '../runtime/worker-client.js';
import { createProgram } from './program.js';

/** Runs the command line `args` (without node and script) and returns the exit code: 0, 1, 2 or 130. */
export async function runCli(args: string[]): Promise<number> {
  ignoreClosedPipes();
  const program = createProgram();
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (thrown) {
    const error = thrown instanceof CommanderError ? usageError(thrown, { program, args }) : thrown;
    if (error === undefined) return 0;
    reportError(error, wantsJson(args));
    return exitCode(error);
  } finally {
    await endThreads();
  }
}

/** A reader that went away (`| head -1`) is no reason to lose the picture: the work goes on, the text is dropped. */
function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.listenerCount('error') > 0) continue;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

/** Commander's complaints as our usage error; undefined for `--help` and `--version`, which are no failure. */
function usageError(error: CommanderError, { program, args }: Invocation): ContrappostoError | undefined {
  if (error.exitCode === 0) return undefined;
  const command = commandOf(program, args);
  const help = `see ${command.path} --help`;
  if (error.code === 'commander.help') {
    const names = command.command.commands.map((sub) => sub.name()).join(', ');
    return new ContrappostoError('usage', { operation: command.path, expected: names, got: 'no command', hint: help });
  }
  const [complaint, suggestion] = error.message.replace(/^error: /, '').split('\n');
  const meant = suggestion?.replace(/^\(Did you mean (.*)\?\)$/, 'did you mean $1? ') ?? '';
  return new ContrappostoError('usage', { operation: command.path, got: complaint, hint: meant + help });
}

interface Invocation {
  program: Command;
  args: readonly string[];
}

/** The innermost command that the line names, as one would type it. */
function commandOf(program: Command, args: readonly string[]): { command: Command; path: string } {
  let command = program;
  let path = program.name();
  for (const arg of args) {
    const next = command.commands.find((candidate) => candidate.name() === arg);
    if (!next) break;
    command = next;
    path += ` ${arg}`;
  }
  return { command, path };
}

function wantsJson(args: string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).includes('--json');
}

function reportError(error: unknown, json: boolean): void {
  const known = error instanceof ContrappostoError;
  const message = known ? error.message : `internal error: ${error instanceof Error ? error.message : String(error)}`;
  const prefix = known && error.code === 'aborted' ? 'interrupted' : 'error';
  console.error(`${prefix}: ${message}`);
  if (!known) console.error('  hint: this is a defect of the program; CONTRAPPOSTO_DEBUG=1 shows where');
  if (process.env['CONTRAPPOSTO_DEBUG']) console.error(error);
  if (!json) return;
  const code = known ? error.code : 'internal';
  const hint = known ? error.details.hint : undefined;
  console.log(JSON.stringify({ error: { code, message: message.split('\n')[0], ...(hint && { hint }) } }));
}
