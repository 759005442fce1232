// The options that every command takes.
import { type Command, Option } from 'commander';
import { DEVICE_NAMES } from '../runtime/device.js';
import { LIMITS } from './limits.js';
import { integer } from './option-values.js';

/** What every command's options hold; undefined where not given. */
export interface SharedOptions {
  json?: boolean;
  quiet?: boolean;
  seed?: number;
  out?: string;
  model?: string;
  device: string;
}

/** Adds them to `command`; `out` is what `--out` means there. */
export function addSharedOptions(command: Command, { out }: { out: string }): Command {
  return command
    .option('--out <path>', out)
    .addOption(
      new Option('--seed <n>', 'seed of the random numbers; the same seed gives the same result').argParser(
        integer('--seed', LIMITS.seed),
      ),
    )
    .option(
      '--model <name|path|hub-id>',
      'an embedded model, a folder in diffusers layout, a single .safetensors file, or ORG/NAME on the hub (default: mini)',
    )
    .addOption(new Option('--device <name>', `where networks run: ${DEVICE_NAMES.join(', ')}`).default('cpu'))
    .option('--json', 'print one JSON object on standard output, everything else on standard error')
    .option('--quiet', 'no progress');
}
