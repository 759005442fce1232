// The work of `contrapposto generate`: from a settled plan to pictures on disk that say how they were made.
import type { Agent } from '../agents/agent.js';
import { throwIfAborted } from '../core/errors.js';
import { writeFileAtomic } from '../core/files.js';
import { encodePng, type Image } from '../core/image.js';
import type { OnProgress } from '../core/progress.js';
import { AttentionRecorder } from '../diffusion/attention-control/attention-recorder.js';
import { trainedSize } from '../diffusion/generation-settings.js';
import { fittingSize, imageToImage } from '../diffusion/image-to-image.js';
import { inpaint } from '../diffusion/inpaint.js';
import { loadPipeline, type Pipeline } from '../diffusion/pipeline.js';
import {
  type ControlRecord,
  type RunRecord,
  runRecordToJson,
  runRecordToPngText,
  type SourcePicture,
} from '../diffusion/run-record.js';
import { type SchedulerName, schedulerName } from '../diffusion/schedulers.js';
import { textToImage } from '../diffusion/text-to-image.js';
import type { Method, MethodPicture } from '../methods/method.js';
import { createRuntime, type Runtime, resolveDevice } from '../runtime/index.js';
import { checkpointFingerprint } from '../weights/fingerprint.js';
import { resolveModel } from '../weights/hub.js';
import { openCheckpoint } from '../weights/index.js';
import { withLoras } from '../weights/lora.js';
import { modelDefaults } from '../weights/model-folder.js';
import { type OpenControls, openControls, warnOfControls } from './control-networks.js';
import type { CommandContext, CommandResult } from './execute.js';
import { type GenerateOptions, type GeneratePlan, planGenerate } from './generate-plan.js';
import { LIMITS } from './limits.js';
import { needsLowMemory } from './memory.js';
import { loadMethod, type MethodSettings, methodRequest } from './method-plan.js';
import { PreviewWriter } from './preview-writer.js';
import { numbered, saveAttention, saveStages } from './side-pictures.js';
import { type SourcePlan, warnOfChangedSources } from './source-pictures.js';
import { softwareVersions } from './version.js';

/** Makes the pictures one after another; each is on disk, whole, before the next begins. */
export async function generate(
  prompt: string | undefined,
  { options, context }: { options: GenerateOptions; context: CommandContext },
): Promise<CommandResult> {
  const startedMs = performance.now();
  const plan = await planGenerate(prompt, options);
  const method = await loadMethod(plan.method, plan.methodSettings);
  const device = await resolveDevice(options.device);
  const folder = await resolveModel(plan.model, context);
  const loras = await resolveLoras(plan, context);
  const runtime = createRuntime({ device });
  const base = openCheckpoint(folder, { tokenizer: plan.tokenizer });
  let checkpoint = base;
  let networks: OpenControls | undefined;
  const preview = options.preview ? new PreviewWriter(options.preview, context.onProgress) : undefined;
  try {
    checkpoint = withLoras(base, loras);
    networks = await openControls(plan.controls, context);
    context.onProgress({ type: 'load', name: plan.model });
    const pipeline = loadPipeline(checkpoint, runtime);
    const settings = settle(plan, { pipeline, folder, loras, controls: networks.records, method });
    const agent = method?.takes.includes('agent') ? await agentOf(plan, runtime) : undefined;
    const lowMemory = options.lowMemory ?? needsLowMemory(checkpoint);
    const model = identify(plan, { folder, onProgress: context.onProgress });
    // Only a repeated run must know the weights before it begins; others read them while the networks compute.
    if (plan.expectedFingerprint) await model();
    warnOfDifferences(plan, settings, context.onProgress);
    const report = preview?.report ?? context.onProgress;
    const onProgress: OnProgress = (event) => {
      if (event.type === 'step') void model().catch(() => undefined);
      report(event);
    };
    const control = { signal: context.signal, onProgress };
    const shared = { sources: plan, networks, control, lowMemory, model, method, agent, request: plan.methodSettings };
    const reports: MethodPicture['report'][] = [];
    for (const [i, path] of plan.outPaths.entries()) {
      const beside = sidePaths(options, { i, count: plan.outPaths.length });
      const own = { ...settings, seed: settings.seed + i };
      reports.push(await makePicture(pipeline, { ...shared, settings: own, path, beside }));
    }
    const record = { ...settings, model: await model() };
    return result(plan, { record, reports, elapsedMs: performance.now() - startedMs });
  } finally {
    await preview?.finish();
    networks?.close();
    checkpoint.close();
    await runtime.close();
  }
}

interface Lora {
  name: string;
  path: string;
  scale: number;
  fingerprint: string;
}

async function resolveLoras({ loras }: GeneratePlan, context: CommandContext): Promise<Lora[]> {
  const found: Lora[] = [];
  for (const { name, scale } of loras) {
    const path = await resolveModel(name, context);
    found.push({ name, path, scale, fingerprint: await checkpointFingerprint(path) });
  }
  return found;
}

/** What a picture will say about itself, but for the fingerprint of its model. */
type Settings = Omit<RunRecord, 'model'>;
type Identity = RunRecord['model'];

/** Reads the model's content at the first call, and warns when it is not that of the picture to repeat. */
function identify(plan: GeneratePlan, { folder, onProgress }: { folder: string; onProgress: OnProgress }) {
  let known: Promise<Identity> | undefined;
  const read = async (): Promise<Identity> => {
    const fingerprint = await checkpointFingerprint(folder);
    if (plan.expectedFingerprint && plan.expectedFingerprint !== fingerprint) {
      const message = `the model "${plan.model}" is not the one that made the picture; the result will differ`;
      onProgress({ type: 'warning', message });
    }
    return { name: plan.model, fingerprint };
  };
  return () => {
    known ??= read();
    return known;
  };
}

async function agentOf({ methodSettings }: GeneratePlan, runtime: Runtime): Promise<Agent> {
  const { openAgent } = await import('../agents/open-agent.js');
  return openAgent(methodSettings.agent ?? 'local', { runtime });
}

interface SidePaths {
  attention?: string;
  stages?: string;
}

function sidePaths(
  { saveAttention: attention, saveStages: stages }: GenerateOptions,
  at: { i: number; count: number },
): SidePaths {
  return {
    ...(attention !== undefined && { attention: numbered(attention, at) }),
    ...(stages !== undefined && { stages: numbered(stages, at) }),
  };
}

interface PictureRun {
  settings: Settings;
  model: () => Promise<Identity>;
  sources: SourcePlan;
  networks: OpenControls;
  path: string;
  beside: SidePaths;
  control: CommandContext;
  lowMemory: boolean;
  /** Absent for plain sampling. */
  method?: Method;
  agent?: Agent;
  request: MethodSettings;
}

async function makePicture(pipeline: Pipeline, run: PictureRun): Promise<MethodPicture['report']> {
  const { settings, model, path, beside, control } = run;
  const recorder = beside.attention === undefined ? undefined : new AttentionRecorder();
  const made = await draw(pipeline, { ...run, recorder });
  const record = { ...settings, model: await model() };
  const png = await encodePng(made.image, { text: runRecordToPngText(record) });
  throwIfAborted(control.signal, `generate "${path}"`);
  await writeFileAtomic(path, png);
  if (beside.attention !== undefined && recorder) {
    await saveAttention(beside.attention, { recorder, pipeline, prompt: settings.prompt, image: made.image });
  }
  if (beside.stages !== undefined) {
    await saveStages(beside.stages, made.stages ?? [{ caption: settings.method, image: made.image }]);
  }
  return made.report;
}

async function draw(
  pipeline: Pipeline,
  {
    settings,
    sources,
    networks,
    control,
    lowMemory,
    method,
    agent,
    request,
    recorder,
  }: PictureRun & { recorder?: AttentionRecorder },
): Promise<MethodPicture> {
  const { prompt, longPrompts, seed, steps, guidanceScale, width, height, strength } = settings;
  const options = {
    prompt,
    // Stable Diffusion XL tells the two apart; on a command line an empty one is none.
    negativePrompt: settings.negativePrompt || undefined,
    longPrompts,
    seed,
    steps,
    guidanceScale,
    width,
    height,
    scheduler: settings.scheduler as SchedulerName,
    controls: networks.controls,
    adapters: networks.adapters,
    attention: recorder,
    lowMemory,
    ...control,
  };
  const [image, mask] = [sources.initImage?.image, sources.mask?.image];
  if (method && !image) return method.generate(pipeline, { ...options, ...methodRequest(request), agent });
  const [made] = await (image
    ? mask
      ? inpaint(pipeline, { ...options, image, mask, strength })
      : imageToImage(pipeline, { ...options, image, strength })
    : textToImage(pipeline, options));
  return made;
}

interface Opened {
  pipeline: Pipeline;
  folder: string;
  loras: Lora[];
  controls: ControlRecord[];
  method?: Method;
}

/** The plan with every default filled in. */
function settle(plan: GeneratePlan, { pipeline, folder, loras, controls, method }: Opened): Settings {
  const preferred = { ...method?.defaults, ...definedOnly(modelDefaults(folder)) };
  const { height, width } = plan.initImage ? sizeFor(pipeline, plan.initImage.image) : trainedSize(pipeline);
  return {
    method: plan.method,
    prompt: plan.prompt,
    negativePrompt: plan.negativePrompt,
    longPrompts: plan.longPrompts,
    initImage: plan.initImage && sourceOf(plan.initImage),
    mask: plan.mask && sourceOf(plan.mask),
    strength: plan.strength,
    seed: plan.seed,
    steps: plan.steps ?? preferred.steps ?? 20,
    guidanceScale: plan.guidanceScale ?? preferred.guidanceScale ?? 7.5,
    scheduler: plan.scheduler ?? preferred.scheduler ?? schedulerName(pipeline.schedulerConfig),
    width: plan.width ?? width,
    height: plan.height ?? height,
    software: { ...softwareVersions(), device: pipeline.runtime.device },
    loras: loras.map(({ name, scale, fingerprint: content }) => ({ name, scale, fingerprint: content })),
    controls,
    methodOptions: plan.methodSettings,
  };
}

function definedOnly<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}

/** As long and wide as the options would allow, so that the run can be repeated from its settings. */
function sizeFor(pipeline: Pipeline, image: Image): { width: number; height: number } {
  const { width, height } = fittingSize(pipeline, image);
  const clamp = (side: number) => Math.min(LIMITS.side.max, Math.max(LIMITS.side.min, side));
  return { width: clamp(width), height: clamp(height) };
}

function sourceOf({ path, fingerprint }: SourcePicture): SourcePicture {
  return { path, fingerprint };
}

function warnOfDifferences(plan: GeneratePlan, record: Settings, onProgress: OnProgress): void {
  warnOfChangedSources([plan.initImage, plan.mask, ...plan.controls.map(({ picture }) => picture)], onProgress);
  warnOfControls(plan.controls, record, onProgress);
  for (const [i, { name, fingerprint }] of plan.loras.entries()) {
    if (!fingerprint || fingerprint === record.loras?.[i].fingerprint) continue;
    onProgress({
      type: 'warning',
      message: `the LoRA "${name}" is not the one of the picture; the result will differ`,
    });
  }
  for (const [name, version] of Object.entries(plan.software ?? {})) {
    const here = record.software[name] ?? 'none';
    if (here === version) continue;
    onProgress({ type: 'warning', message: `the picture was made with ${name} ${version}, here is ${here}` });
  }
}

function result(
  plan: GeneratePlan,
  { record, reports, elapsedMs }: { record: RunRecord; reports: readonly MethodPicture['report'][]; elapsedMs: number },
): CommandResult {
  const files = plan.outPaths.map((path, i) => ({
    path,
    seed: record.seed + i,
    ...(reports[i] && { report: reports[i] }),
  }));
  const { schema: _, ...settings } = runRecordToJson(record);
  return {
    json: { ...settings, files, elapsed_ms: Math.round(elapsedMs) },
    text: files.map(({ path, seed }) => `${path} (seed ${seed})`).join('\n'),
  };
}
