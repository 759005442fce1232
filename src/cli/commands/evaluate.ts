// `contrapposto evaluate`: methods side by side on one benchmark.
import { Command, Option } from 'commander';
import type { EvaluateCliOptions } from '../evaluate.js';
import { execute } from '../execute.js';
import { LIMITS } from '../limits.js';
import { integer } from '../option-values.js';
import { addSharedOptions } from '../shared-options.js';

const MOST_CASES = 1_000_000;

export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .description('compare methods on a benchmark: pictures, measures, a table, a JSON file and a report to open')
    .argument('<benchmark>', 'a benchmark by name (hoi-mini, ...) or a JSONL file of cases')
    .requiredOption(
      '--methods <a,b>',
      'methods with their options, e.g. sd:guidance=3,sd:guidance=7.5,folder:DIR; may be repeated',
      collect,
      [],
    )
    .option('--measures <a,b>', 'only these measures (default: all that the cases allow)', collect)
    .addOption(
      new Option('--limit <n>', 'only so many cases, spread over the benchmark').argParser(
        integer('--limit', { min: 1, max: MOST_CASES }),
      ),
    )
    .addOption(
      new Option('--seeds <n>', 'pictures of each case and method (default: 1)').argParser(
        integer('--seeds', LIMITS.count),
      ),
    )
    .option('--data <path>', 'where the data of the benchmark lies, for those that need any')
    .option('--judge <dir>', 'weights of the judge of interactions (default: the embedded ones)')
    .option('--clip <dir>', 'a CLIP in transformers layout that scores texts (default: the embedded mini scorer)')
    .option('--inception <file>', 'safetensors of the InceptionV3 of FID, for fid, kid and inception-score')
    .option('--lpips <net:file,...>', 'alex or vgg, then safetensors of network and linear layers, for lpips')
    .option('--pickscore <dir>', 'the CLIP of PickScore in transformers layout')
    .option('--dry-run', 'check everything and say what would be done; writes nothing');
  addSharedOptions(command, { out: 'the folder of pictures and results, to go on with (default: evaluate-BENCHMARK)' });
  return command.action(async (benchmark: string, options: EvaluateCliOptions) => {
    const { runEvaluate } = await import('../evaluate.js');
    await execute(options, (context) => runEvaluate(benchmark, { options, context }), { devices: 'any' });
  });
}

function collect(value: string, earlier: string[] | undefined): string[] {
  return [...(earlier ?? []), value];
}
