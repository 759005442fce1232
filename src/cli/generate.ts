// The work of `contrapposto generate`: from a settled plan to pictures on disk that say how they were made.
import { throwIfAborted } from '../core/errors.js';
import { writeFileAtomic } from '../core/files.js';
import { encodePng } from '../core/image.js';
import type { OnProgress } from '../core/progress.js';
import { loadPipeline, type Pipeline } from '../diffusion/pipeline.js';
import { type RunRecord, runRecordToJson, runRecordToPngText } from '../diffusion/run-record.js';
import { type SchedulerName, schedulerName } from '../diffusion/schedulers.js';
import { textToImage } from '../diffusion/text-to-image.js';
import { createRuntime } from '../runtime/index.js';
import { checkpointFingerprint } from '../weights/fingerprint.js';
import { openCheckpoint } from '../weights/index.js';
import { modelDefaults, modelFolder } from '../weights/model-folder.js';
import type { CommandContext, CommandResult } from './execute.js';
import { type GenerateOptions, type GeneratePlan, planGenerate } from './generate-plan.js';
import { PreviewWriter } from './preview-writer.js';
import { softwareVersions } from './version.js';

/** Makes the pictures one after another; each is on disk, whole, before the next begins. */
export async function generate(
  prompt: string | undefined,
  { options, context }: { options: GenerateOptions; context: CommandContext },
): Promise<CommandResult> {
  const startedMs = performance.now();
  const plan = await planGenerate(prompt, options);
  const folder = modelFolder(plan.model);
  const runtime = createRuntime({ device: options.device });
  const checkpoint = openCheckpoint(folder);
  const preview = options.preview ? new PreviewWriter(options.preview, context.onProgress) : undefined;
  try {
    context.onProgress({ type: 'load', name: plan.model });
    const pipeline = loadPipeline(checkpoint, runtime);
    const fingerprint = await checkpointFingerprint(folder);
    const record = settle(plan, { pipeline, folder, fingerprint });
    warnOfDifferences(plan, record, context.onProgress);
    const control = { signal: context.signal, onProgress: preview?.report ?? context.onProgress };
    for (const [i, path] of plan.outPaths.entries()) {
      await makePicture(pipeline, { record: { ...record, seed: record.seed + i }, path, control });
    }
    return result(plan, { record, elapsedMs: performance.now() - startedMs });
  } finally {
    await preview?.finish();
    checkpoint.close();
    await runtime.close();
  }
}

async function makePicture(
  pipeline: Pipeline,
  { record, path, control }: { record: RunRecord; path: string; control: CommandContext },
): Promise<void> {
  const { prompt, negativePrompt, seed, steps, guidanceScale, width, height } = record;
  const [{ image }] = await textToImage(pipeline, {
    prompt,
    negativePrompt,
    seed,
    steps,
    guidanceScale,
    width,
    height,
    scheduler: record.scheduler as SchedulerName,
    ...control,
  });
  const png = await encodePng(image, { text: runRecordToPngText(record) });
  throwIfAborted(control.signal, `generate "${path}"`);
  await writeFileAtomic(path, png);
}

/** The plan with every default filled in: what the picture will say about itself. */
function settle(
  plan: GeneratePlan,
  { pipeline, folder, fingerprint }: { pipeline: Pipeline; folder: string; fingerprint: string },
): RunRecord {
  const preferred = modelDefaults(folder);
  const { scaleFactor } = pipeline.vae;
  const [height, width] = (pipeline.unetConfig.sampleSize ?? [64, 64]).map((side) => side * scaleFactor);
  return {
    method: plan.method,
    prompt: plan.prompt,
    negativePrompt: plan.negativePrompt,
    seed: plan.seed,
    steps: plan.steps ?? preferred.steps ?? 20,
    guidanceScale: plan.guidanceScale ?? preferred.guidanceScale ?? 7.5,
    scheduler: plan.scheduler ?? preferred.scheduler ?? schedulerName(pipeline.schedulerConfig),
    width: plan.width ?? width,
    height: plan.height ?? height,
    model: { name: plan.model, fingerprint },
    software: softwareVersions(),
  };
}

function warnOfDifferences(plan: GeneratePlan, record: RunRecord, onProgress: OnProgress): void {
  if (plan.expectedFingerprint && plan.expectedFingerprint !== record.model.fingerprint) {
    const message = `the model "${record.model.name}" is not the one that made the picture; the result will differ`;
    onProgress({ type: 'warning', message });
  }
  for (const [name, version] of Object.entries(plan.software ?? {})) {
    const here = record.software[name] ?? 'none';
    if (here === version) continue;
    onProgress({ type: 'warning', message: `the picture was made with ${name} ${version}, here is ${here}` });
  }
}

function result(plan: GeneratePlan, { record, elapsedMs }: { record: RunRecord; elapsedMs: number }): CommandResult {
  const files = plan.outPaths.map((path, i) => ({ path, seed: record.seed + i }));
  const { schema: _, ...settings } = runRecordToJson(record);
  return {
    json: { ...settings, files, elapsed_ms: Math.round(elapsedMs) },
    text: files.map(({ path, seed }) => `${path} (seed ${seed})`).join('\n'),
  };
}
