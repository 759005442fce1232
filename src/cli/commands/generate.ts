// `contrapposto generate`: a picture from a sentence.
import { Command, Option } from 'commander';
import { METHOD_NAMES } from '../../methods/registry.js';
import { startAhead } from '../../runtime/worker-client.js';
import { execute } from '../execute.js';
import type { GenerateOptions } from '../generate-plan.js';
import { LIMITS } from '../limits.js';
import { decimal, integer } from '../option-values.js';
import { addSharedOptions } from '../shared-options.js';

export function generateCommand(): Command {
  const command = new Command('generate')
    .description('make a picture from a sentence')
    .argument('[prompt]', 'what to show, for example "a woman is riding a bicycle"')
    .option(
      '--method <name>',
      `how it is generated: ${METHOD_NAMES.join(', ')} (default: ${METHOD_NAMES[0]}; sd, plain sampling, with --init-image, --control or --adapter)`,
    )
    .addOption(number('--candidates <n>', 'pictures to choose from', integer('--candidates', LIMITS.candidates)))
    .option(
      '--box <[word=]x1,y1,x2,y2>',
      'where the object belongs, in pixels, in place of what the agent proposes; may be repeated',
      collect,
      [],
    )
    .option('--agent <name>', 'who reasons: local (default), or openai for any endpoint of that kind')
    .option('--modules <letters>', 'parts of ReCorD that act, of G, R and C (default: GRC)')
    .option('--preset <name>', 'published settings of ReCorD: reference-demo, reference-bench or paper-open')
    .option('--negative-prompt <text>', 'what to keep out of the picture')
    .option('--long-prompts <how>', "beyond the text encoder's length: cut (default), or chunk to read it in parts")
    .option('--init-image <file>', 'the picture to change')
    .option('--mask <file>', 'with --init-image: white where it is painted anew, black where it stays')
    .addOption(
      number(
        '--strength <x>',
        'how much of --init-image is changed (default: 0.8, with --mask 1)',
        decimal('--strength', LIMITS.strength),
      ),
    )
    .addOption(number('--steps <n>', 'denoising steps', integer('--steps', LIMITS.steps)))
    .addOption(
      number(
        '--guidance-scale <x>',
        'how closely to follow the prompt',
        decimal('--guidance-scale', LIMITS.guidanceScale),
      ),
    )
    .option(
      '--scheduler <name>',
      'the sampler: ddim, ddpm, dpm++, dpm++-karras, euler, euler-karras, euler-ancestral, pndm or unipc',
    )
    .addOption(number('--width <px>', 'a multiple of 8', integer('--width', LIMITS.side)))
    .addOption(number('--height <px>', 'a multiple of 8', integer('--height', LIMITS.side)))
    .addOption(
      number(
        '--count <n>',
        'pictures with seeds n, n+1, ...; named a-1.png, a-2.png',
        integer('--count', LIMITS.count),
      ),
    )
    .option('--lora <file[:strength]>', 'merge a LoRA file (also ORG/NAME on the hub); may be repeated', collect, [])
    .option(
      '--control <network[:scale[:start:end]]>',
      'a ControlNet (folder or ORG/NAME) that --control-image steers; may be repeated',
      collect,
      [],
    )
    .option(
      '--control-image <file>',
      'what it sees, e.g. a drawn skeleton; one for each --control, or one for all',
      collect,
      [],
    )
    .option('--adapter <network[:scale[:start:end]]>', 'a T2I-Adapter, likewise; may be repeated', collect, [])
    .option('--adapter-image <file>', 'what it sees; one for each --adapter, or one for all', collect, [])
    .option('--tokenizer <folder>', 'vocabulary for a single-file checkpoint (vocab.json, merges.txt)')
    .option('--from <png>', 'repeat the run that made this picture; other options override its settings')
    .option('--low-memory', 'release each network as soon as it is not needed (default: for large models)')
    .option('--no-low-memory', 'keep all networks loaded')
    .option('--preview <png>', 'keep writing the unfinished picture here')
    .option('--save-attention <folder>', 'what each word attended to, drawn over the picture: one PNG a word')
    .option('--save-stages <png>', 'the stages of the method in a row: candidates, layout, result');
  addSharedOptions(command, { out: 'the PNG to write (default: named after prompt and seed)' });
  return command.action(async (prompt: string | undefined, options: GenerateOptions) => {
    // The engine is loaded only once the command line is known to be good, in two threads at once.
    startAhead();
    const { generate } = await import('../generate.js');
    await execute(options, (context) => generate(prompt, { options, context }), { devices: 'any' });
  });
}

function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

function number(flags: string, description: string, parse: (text: string) => number): Option {
  return new Option(flags, description).argParser(parse);
}
