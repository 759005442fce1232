// Recomputes whole text-to-image runs from recorded noise.
import { float32, floats, sizeOf, type Tensor } from '../core/tensor.js';
import { loadPipeline } from '../diffusion/pipeline.js';
import { guidedDenoiser, sample, stack } from '../diffusion/sampling.js';
import { createScheduler, type SchedulerName } from '../diffusion/schedulers.js';
import { metadataNumber, metadataText, type ParityFamily, type ReferenceFile } from './family.js';
import { recomputeXl } from './pipeline-xl.js';
import { type Check, compare, LOOP_TOLERANCE } from './report.js';

/** `ddim8_latents`: scheduler and number of steps in the name of the result. */
const RESULT = /^([a-z_+]+?)(\d+)_(latents|image)$/;

const SCHEDULER_OF: Readonly<Record<string, SchedulerName>> = {
  ddim: 'ddim',
  dpm: 'dpm++',
  dpmpp: 'dpm++',
  dpmpp_2m: 'dpm++',
};

/** `pipeline.safetensors`: `latents` (unit noise) -> `<scheduler><steps>_latents` and `_image` in 0..1. */
export const pipelineRuns: ParityFamily = {
  stem: 'pipeline',
  async recompute(file, tools) {
    const pipeline = loadPipeline(tools.checkpoint(), tools.runtime);
    if (pipeline.unetConfig.addedTimeWidth !== undefined) {
      const checks = await recomputeXl(file, pipeline, tools.signal);
      await pipeline.release();
      return { checks, inputs: ['latents'] };
    }
    const noise = file.read('latents');
    const guidanceScale = metadataNumber(file, 'guidance_scale');
    const prompt = await pipeline.encodePrompt(metadataText(file, 'prompt') ?? '');
    const negativePrompt =
      guidanceScale > 1 ? await pipeline.encodePrompt(metadataText(file, 'negative_prompt') ?? '') : undefined;
    const [, , height, width] = noise.shape;
    const session = await pipeline.unetSession({ batch: negativePrompt ? 2 : 1, height, width });
    const denoiser = guidedDenoiser({ session, prompt, negativePrompt, guidanceScale });
    const checks: Check[] = [];
    for (const [run, { scheduler, steps }] of runs(file)) {
      const options = { scheduler: createScheduler(pipeline.schedulerConfig, scheduler), steps, signal: tools.signal };
      const pictures: Tensor[] = [];
      for (const each of unstack(noise)) pictures.push(await sample(denoiser, { ...options, noise: each }));
      const latents = stack(pictures);
      const check = (tensor: string, ours: Float32Array) =>
        checks.push(compare({ file: file.path, tensor, tolerance: LOOP_TOLERANCE }, ours, file.read(tensor)));
      if (file.names.has(`${run}_latents`)) check(`${run}_latents`, floats(latents));
      if (!file.names.has(`${run}_image`)) continue;
      const decoded = floats(await pipeline.decode(latents));
      check(
        `${run}_image`,
        decoded.map((v) => Math.min(1, Math.max(0, v / 2 + 0.5))),
      );
    }
    await pipeline.release();
    return { checks, inputs: ['latents'] };
  },
};

interface NamedRun {
  scheduler: SchedulerName;
  steps: number;
}

/** Runs whose scheduler is known, by their names such as `ddim8`. */
function runs(file: ReferenceFile): Map<string, NamedRun> {
  const found = new Map<string, NamedRun>();
  for (const name of file.names) {
    const [, scheduler, steps] = RESULT.exec(name) ?? [];
    if (!scheduler || !Object.hasOwn(SCHEDULER_OF, scheduler)) continue;
    found.set(scheduler + steps, { scheduler: SCHEDULER_OF[scheduler], steps: Number(steps) });
  }
  return found;
}

/** The pictures of a batch, each [1, ...]. */
function unstack(batch: Tensor): Tensor[] {
  const [pictures, ...rest] = batch.shape;
  const each = sizeOf(rest);
  return Array.from({ length: pictures }, (_, i) =>
    float32(floats(batch).slice(i * each, (i + 1) * each), [1, ...rest]),
  );
}
