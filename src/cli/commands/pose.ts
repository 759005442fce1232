// `contrapposto pose`: people, hands and objects in a photograph.
import { Command, Option } from 'commander';
import type { PoseFormat, PoseResult } from '../../pose/index.js';
import { type CommandResult, execute } from '../execute.js';
import { decimal, integer } from '../option-values.js';
import { addSharedOptions, type SharedOptions } from '../shared-options.js';

interface PoseCliOptions extends SharedOptions {
  draw?: string;
  black?: boolean;
  format: PoseFormat;
  minScore?: number;
  maxPeople?: number;
}

export function poseCommand(): Command {
  const command = new Command('pose')
    .description('find people, hands and objects in a picture')
    .argument('<image>', 'a JPEG, PNG, WebP, GIF, TIFF or AVIF file')
    .option('--draw <png>', 'write the picture with the skeletons drawn over it')
    .option('--black', 'with --draw: the skeletons alone on black, as a pose ControlNet takes them')
    .addOption(
      new Option('--format <name>', 'layout of the poses, in pixels')
        .choices(['openpose', 'coco', 'wholebody', 'mediapipe'])
        .default('openpose'),
    )
    .addOption(
      new Option('--min-score <x>', 'leave out what is less certain (default: 0.3)').argParser(
        decimal('--min-score', { min: 0, max: 1 }),
      ),
    )
    .addOption(
      new Option('--max-people <n>', 'look for at most this many').argParser(
        integer('--max-people', { min: 1, max: 100 }),
      ),
    );
  addSharedOptions(command, { out: 'the JSON file of the poses to write (default: print them)' });
  return command.action(async (image: string, options: PoseCliOptions) => {
    const { runPose } = await import('../../pose/index.js');
    const { draw, black, format, out, minScore, maxPeople } = options;
    const settings = { image, draw, black, format, out, minScore, maxPeople };
    await execute(options, async (context) => present(await runPose(settings, context)));
  });
}

function present(result: PoseResult): CommandResult {
  const written = [result.out, result.drawn].filter((path) => path !== undefined);
  const json = { ...result };
  if (written.length === 0) return { json, text: JSON.stringify(result.pose) };
  const hands = result.people.reduce((sum, person) => sum + person.hands.length, result.hands.length);
  const objects = result.objects.map(({ label }) => label).join(', ') || 'none';
  return {
    json,
    text: `${result.people.length} people, ${hands} hands, objects: ${objects}\n${written.join('\n')}`,
  };
}
