// The methods of `generate`, plain latent diffusion among them, as methods of a benchmark.
import type { Agent } from '../../agents/agent.js';
import { openAgent, openAiSettings } from '../../agents/open-agent.js';
import { generationSettings, trainedSize } from '../../diffusion/generation-settings.js';
import { loadPipeline, type Pipeline } from '../../diffusion/pipeline.js';
import { type RunRecord, runRecordToPngText } from '../../diffusion/run-record.js';
import { type SchedulerName, schedulerName } from '../../diffusion/schedulers.js';
import { requirePlainUNet, textToImage } from '../../diffusion/text-to-image.js';
import type { Method as Generator, GivenBox } from '../../methods/method.js';
import { METHODS as GENERATORS } from '../../methods/registry.js';
import { createRuntime } from '../../runtime/index.js';
import { checkpointFingerprint } from '../../weights/fingerprint.js';
import { resolveModel } from '../../weights/hub.js';
import { type Checkpoint, openCheckpoint } from '../../weights/index.js';
import { withLoras } from '../../weights/lora.js';
import { modelDefaults } from '../../weights/model-folder.js';
import type { Method, MethodContext, MethodOptions, MethodPicture, OpenMethod, RunControl, Task } from '../method.js';
import { boxesFor } from './case-boxes.js';
import { type GeneratorOptions, parseOptions, usageOf } from './generator-options.js';

/** A method of `generate` by its name, `sd` for plain sampling. */
export function generatorMethod(name: string): Method {
  return {
    about: `as generate --method ${name}`,
    usage: usageOf(name),
    async open(given, context) {
      const generator = Object.hasOwn(GENERATORS, name) ? await GENERATORS[name]() : undefined;
      return openGenerator(given, { name, generator, context });
    },
  };
}

interface Named {
  name: string;
  /** Absent for plain sampling. */
  generator?: Generator;
}

async function openGenerator(
  given: MethodOptions,
  { name, generator, context }: Named & { context: MethodContext },
): Promise<OpenMethod> {
  const operation = `--methods ${name}`;
  const options = parseOptions(given, { name, generator });
  if (options.own.agent === 'openai') openAiSettings(process.env);
  const model = options.model ?? context.model;
  const folder = await resolveModel(model, context);
  const loras = await resolveLoras(options, context);
  const runtime = createRuntime({ device: context.device });
  const base = openCheckpoint(folder);
  let checkpoint: Checkpoint = base;
  const close = async () => {
    checkpoint.close();
    await runtime.close();
  };
  try {
    checkpoint = withLoras(base, loras);
    const pipeline = loadPipeline(checkpoint, runtime);
    requirePlainUNet(pipeline, operation);
    const settings = settle(options, { pipeline, folder, generator });
    // Refuses what cannot work now, and not once for each picture.
    generationSettings(pipeline, { ...settings, prompt: '' }, { operation });
    const shared = {
      ...settings,
      method: name,
      longPrompts: options.longPrompts,
      model: { name: model, fingerprint: await checkpointFingerprint(folder) },
      software: { ...context.software, device: runtime.device },
      loras: loras.map(({ path: _, ...same }) => same),
    };
    const recordOf = (task: Task) => recordFor(task, { options, generator, shared });
    const agent = generator?.takes.includes('agent') ? openAgent(options.own.agent ?? 'local', { runtime }) : undefined;
    return {
      settings: {
        model,
        ...settings,
        ...options.own,
        ...(loras.length > 0 && { loras: loras.map(({ name: lora }) => lora).join(' ') }),
      },
      plansLayout: plansLayout(options, generator),
      describe: async (task) => runRecordToPngText(recordOf(task).record),
      make: (task, control) => paint(pipeline, { ...recordOf(task), options, generator, agent, control }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function resolveLoras({ loras }: GeneratorOptions, context: MethodContext) {
  const found = [];
  for (const { name, scale } of loras) {
    const path = await resolveModel(name, context);
    found.push({ name, scale, path, fingerprint: await checkpointFingerprint(path) });
  }
  return found;
}

/** Without reasoning (module R) ReCorD places nothing. */
function plansLayout({ own: { modules = 'R' } }: GeneratorOptions, generator: Generator | undefined): boolean {
  return (generator?.takes.includes('boxes') ?? false) && /r/i.test(modules);
}

interface Described {
  record: RunRecord;
  boxes?: GivenBox[];
}

/** What decides a picture, in the form that `generate --from` reads. */
function recordFor(
  { case: one, seed }: Task,
  {
    options,
    generator,
    shared,
  }: {
    options: GeneratorOptions;
    generator?: Generator;
    shared: Omit<RunRecord, 'prompt' | 'negativePrompt' | 'seed'>;
  },
): Described {
  const { candidates, ...rest } = options.own;
  const boxes = boxesFor(one, { generator, size: { widthPx: shared.width, heightPx: shared.height } });
  const methodOptions = { ...(candidates !== undefined && { candidates }), ...(boxes && { boxes }), ...inOrder(rest) };
  const negativePrompt = one.negativePrompt ?? options.negativePrompt ?? '';
  return { record: { ...shared, prompt: one.prompt, negativePrompt, seed, methodOptions }, boxes };
}

/** As `generate` writes them, so that a repeated picture is the same to the byte. */
function inOrder({ agent, modules, preset }: Omit<GeneratorOptions['own'], 'candidates'>) {
  return {
    ...(agent !== undefined && { agent }),
    ...(modules !== undefined && { modules }),
    ...(preset !== undefined && { preset }),
  };
}

interface Painting extends Described {
  options: GeneratorOptions;
  generator?: Generator;
  agent?: Agent;
  control: RunControl;
}

async function paint(
  pipeline: Pipeline,
  { record, boxes, options, generator, agent, control: { signal, onProgress } }: Painting,
): Promise<MethodPicture> {
  const { prompt, negativePrompt, longPrompts, seed, steps, guidanceScale, width, height, scheduler } = record;
  const request = {
    prompt,
    negativePrompt: negativePrompt || undefined,
    ...{ longPrompts, seed, steps, guidanceScale, width, height, signal, onProgress },
    scheduler: scheduler as SchedulerName,
  };
  if (!generator) {
    const [{ image }] = await textToImage(pipeline, request);
    return { image };
  }
  const { agent: _, ...own } = options.own;
  const { image, layout } = await generator.generate(pipeline, { ...request, ...own, boxes, agent });
  return { image, layout };
}

/** As `generate`: what was asked for, over what the model recommends, over the method's own. */
function settle(
  options: GeneratorOptions,
  { pipeline, folder, generator }: { pipeline: Pipeline; folder: string; generator?: Generator },
) {
  const model = modelDefaults(folder);
  const own = generator?.defaults;
  const { height, width } = trainedSize(pipeline);
  const scheduler = options.scheduler ?? model.scheduler ?? own?.scheduler ?? schedulerName(pipeline.schedulerConfig);
  return {
    steps: options.steps ?? model.steps ?? own?.steps ?? 20,
    guidanceScale: options.guidanceScale ?? model.guidanceScale ?? own?.guidanceScale ?? 7.5,
    scheduler: scheduler as SchedulerName,
    width: options.width ?? width,
    height: options.height ?? height,
  };
}
