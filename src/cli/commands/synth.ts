// `contrapposto synth`: rendered people with exact annotation.
import { Command, Option } from 'commander';
import { ContrappostoError } from '../../core/errors.js';
import type { SynthReport } from '../../data/synth/synth-command.js';
import type { PictureSize } from '../../data/synth/types.js';
import { type CommandContext, type CommandResult, execute } from '../execute.js';
import { integer } from '../option-values.js';
import { addSharedOptions, type SharedOptions } from '../shared-options.js';

interface SynthCliOptions extends SharedOptions {
  kind: string;
  count: number;
  out: string;
  size?: PictureSize;
  workers?: number;
  body?: 'makehuman' | 'mannequin';
  assets?: string;
  pack?: string;
  bake?: string;
  format?: 'folder' | 'shards';
  shardSize?: number;
  sheet?: string;
  scenes?: string[];
  triplets?: 'training' | 'held-out' | 'all';
}

export function synthCommand(): Command {
  const command = new Command('synth')
    .description('render people and things with exact annotation')
    .option(
      '--kind <names>',
      'interaction, gesture, fashion, street, empty, all, or several with weights: interaction:6,gesture:2',
      'interaction',
    )
    .addOption(whole('--count <n>', 'number of pictures', { min: 1, max: 1e9 }).default(48))
    .option('--size <px>', 'side of square pictures, or width x height as in 176x256 (default: by kind)', pictureSize)
    .addOption(whole('--workers <n>', 'threads (default: one a core)', { min: 1, max: 1024 }))
    .addOption(new Option('--body <name>', 'whose bodies').choices(['makehuman', 'mannequin']))
    .option('--assets <dir>', 'folder of makehuman assets')
    .option('--pack <file>', 'people baked from such a folder before')
    .option('--bake <file>', 'only bake the people of --assets into this file, for --pack')
    .addOption(new Option('--format <name>', 'PNG files, or raw arrays for training').choices(['folder', 'shards']))
    .option('--depth', 'depth in the shards too (the folder format has it always)')
    .addOption(whole('--shard-size <n>', 'pictures in a shard (default: 1000)', { min: 1, max: 1e6 }))
    .option('--sheet <png>', 'write a contact sheet of the first pictures with their skeletons')
    .addOption(
      new Option('--triplets <set>', 'verbs with objects: without those held out (training), only those, or all')
        .choices(['training', 'held-out', 'all'])
        .default('training'),
    )
    .option('--scenes <names>', 'only these scenes, separated by commas', (text) => text.split(','));
  addSharedOptions(command, { out: 'the folder to write' });
  const seed = command.options.find(({ long }) => long === '--seed');
  if (seed) seed.description = 'seed of the first picture, the others count up from it (default: 0)';
  return command.action(async (options: SynthCliOptions) => {
    if (options.bake !== undefined) return execute(options, (context) => bake(options, context));
    if (options.out === undefined) command.error("error: required option '--out <path>' not specified");
    const { runSynth } = await import('../../data/synth/synth-command.js');
    const { seed, bake: _____, json: _, quiet: __, model: ___, device: ____, ...same } = options;
    const settings = { ...same, start: seed };
    await execute(options, async (context) => present(await runSynth(settings, context)));
  });
}

/** Reads `256` or `176x256`. */
function pictureSize(text: string): PictureSize {
  const [, width, height = width] = /^(\d{1,5})(?:x(\d{1,5}))?$/i.exec(text) ?? [];
  if (width === undefined) {
    throw new ContrappostoError('usage', {
      operation: '--size',
      expected: 'pixels, or width x height',
      got: `"${text}"`,
      hint: 'for example --size 256 or --size 176x256',
    });
  }
  return { widthPx: Number(width), heightPx: Number(height) };
}

async function bake({ bake: out = '', assets }: SynthCliOptions, context: CommandContext): Promise<CommandResult> {
  const { bakePack } = await import('../../data/synth/synth-command.js');
  const { people, bytes } = await bakePack(out, { assets, ...context });
  return { json: { out, people, bytes }, text: `${people} people in ${out}` };
}

function whole(flags: string, description: string, range: { min: number; max: number }): Option {
  return new Option(flags, description).argParser(integer(flags.split(' ')[0], range));
}

function present({ elapsedMs, picturesPerSecond, ...report }: SynthReport): CommandResult {
  const json = { ...report, elapsed_ms: Math.round(elapsedMs), pictures_per_second: picturesPerSecond };
  const sheet = report.sheet ? `\n${report.sheet}` : '';
  return { json, text: `${report.count} pictures in ${report.out}, ${picturesPerSecond} a second${sheet}` };
}
