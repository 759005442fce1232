// Plain latent diffusion as a method, with the options of `generate`.
import { ContrappostoError } from '../../core/errors.js';
import { generationSettings, trainedSize } from '../../diffusion/generation-settings.js';
import { loadPipeline, type Pipeline } from '../../diffusion/pipeline.js';
import { type RunRecord, runRecordToPngText } from '../../diffusion/run-record.js';
import { type SchedulerName, schedulerName } from '../../diffusion/schedulers.js';
import { requirePlainUNet, textToImage } from '../../diffusion/text-to-image.js';
import { createRuntime } from '../../runtime/index.js';
import { checkpointFingerprint } from '../../weights/fingerprint.js';
import { resolveModel } from '../../weights/hub.js';
import { type Checkpoint, openCheckpoint } from '../../weights/index.js';
import { withLoras } from '../../weights/lora.js';
import { modelDefaults } from '../../weights/model-folder.js';
import type { Method, MethodContext, MethodOptions, OpenMethod, RunControl, Task } from '../method.js';

const OPERATION = '--methods sd';
const USAGE =
  'guidance=X:steps=N:scheduler=NAME:width=PX:height=PX:negative-prompt=TEXT:long-prompts=cut|chunk:model=M:lora=FILE@X';

export const sdMethod: Method = { about: 'plain latent diffusion', usage: USAGE, open: openSd };

interface SdOptions {
  model?: string;
  guidanceScale?: number;
  steps?: number;
  scheduler?: string;
  width?: number;
  height?: number;
  negativePrompt?: string;
  longPrompts: 'cut' | 'chunk';
  loras: { name: string; scale: number }[];
}

async function openSd(given: MethodOptions, context: MethodContext): Promise<OpenMethod> {
  const options = parseOptions(given);
  const model = options.model ?? context.model;
  const folder = await resolveModel(model, context);
  const loras = [];
  for (const { name, scale } of options.loras) {
    const path = await resolveModel(name, context);
    loras.push({ name, scale, path, fingerprint: await checkpointFingerprint(path) });
  }
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
    requirePlainUNet(pipeline, OPERATION);
    const settings = settle(options, { pipeline, folder });
    // Refuses what cannot work now, and not once for each picture.
    generationSettings(pipeline, { ...settings, prompt: '' }, { operation: OPERATION });
    const shared = {
      ...settings,
      method: 'sd',
      longPrompts: options.longPrompts,
      model: { name: model, fingerprint: await checkpointFingerprint(folder) },
      software: { ...context.software, device: runtime.device },
      loras: loras.map(({ path: _, ...same }) => same),
    };
    const recordOf = ({ case: { prompt, negativePrompt = options.negativePrompt }, seed }: Task): RunRecord => ({
      ...shared,
      prompt,
      negativePrompt: negativePrompt ?? '',
      seed,
    });
    return {
      settings: { model, ...settings, ...(loras.length > 0 && { loras: loras.map(({ name }) => name).join(' ') }) },
      describe: async (task) => runRecordToPngText(recordOf(task)),
      make: (task, control) => paint(pipeline, recordOf(task), control),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function paint(pipeline: Pipeline, record: RunRecord, { signal, onProgress }: RunControl) {
  const { prompt, negativePrompt, longPrompts, seed, steps, guidanceScale, width, height, scheduler } = record;
  const [{ image }] = await textToImage(pipeline, {
    prompt,
    negativePrompt: negativePrompt || undefined,
    ...{ longPrompts, seed, steps, guidanceScale, width, height, signal, onProgress },
    scheduler: scheduler as SchedulerName,
  });
  return image;
}

/** As `generate`: what was asked for, over what the model recommends. */
function settle(options: SdOptions, { pipeline, folder }: { pipeline: Pipeline; folder: string }) {
  const preferred = modelDefaults(folder);
  const { height, width } = trainedSize(pipeline);
  const scheduler = options.scheduler ?? preferred.scheduler ?? schedulerName(pipeline.schedulerConfig);
  return {
    steps: options.steps ?? preferred.steps ?? 20,
    guidanceScale: options.guidanceScale ?? preferred.guidanceScale ?? 7.5,
    scheduler: scheduler as SchedulerName,
    width: options.width ?? width,
    height: options.height ?? height,
  };
}

function parseOptions({ target, pairs }: MethodOptions): SdOptions {
  if (target !== undefined) throw badOption(target);
  const options: SdOptions = { longPrompts: 'cut', loras: [] };
  const setters: Record<string, (value: string) => void> = {
    model: (value) => (options.model = value),
    guidance: (value) => (options.guidanceScale = numberOf('guidance', value)),
    'guidance-scale': (value) => (options.guidanceScale = numberOf('guidance-scale', value)),
    steps: (value) => (options.steps = numberOf('steps', value)),
    scheduler: (value) => (options.scheduler = value),
    width: (value) => (options.width = numberOf('width', value)),
    height: (value) => (options.height = numberOf('height', value)),
    'negative-prompt': (value) => (options.negativePrompt = value),
    'long-prompts': (value) => {
      if (value !== 'cut' && value !== 'chunk') throw badOption(`long-prompts=${value}`);
      options.longPrompts = value;
    },
    lora: (value) => {
      const [, name, scale = '1'] = /^(.+?)(?:@([+-]?\d*\.?\d+))?$/.exec(value) ?? [];
      if (!name) throw badOption(`lora=${value}`);
      options.loras.push({ name, scale: Number(scale) });
    },
  };
  for (const [key, value] of pairs) {
    if (!Object.hasOwn(setters, key)) throw badOption(`${key}=${value}`);
    setters[key](value);
  }
  return options;
}

function numberOf(key: string, value: string): number {
  const number = value.trim() === '' ? Number.NaN : Number(value);
  if (Number.isFinite(number)) return number;
  throw badOption(`${key}=${value}`);
}

function badOption(got: string): ContrappostoError {
  return new ContrappostoError('usage', { operation: OPERATION, expected: `sd:${USAGE}`, got: `"${got}"` });
}
