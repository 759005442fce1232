// Recomputes an SDXL run: prompt embeddings of both encoders, one evaluation of the UNet, and the whole loop.
import { float32, floats, type Tensor } from '../core/tensor.js';
import type { Pipeline } from '../diffusion/pipeline.js';
import { guidedDenoiser, sample } from '../diffusion/sampling.js';
import { createScheduler } from '../diffusion/schedulers.js';
import type { TextCondition } from '../diffusion/text-condition.js';
import { metadataNumber, metadataText, type ReferenceFile } from './family.js';
import { type Check, compare, EVALUATION_TOLERANCE, LOOP_TOLERANCE } from './report.js';

/** `unet_out_t441`: one evaluation on `latents` under the prompt. */
const UNET_OUTPUT = /^unet_out_t(\d+(?:\.\d+)?)$/;

/** `prompt_embeds`, `pooled`, `negative_*`, `unet_out_t<timestep>` and `final_latents` from `latents`. */
export async function recomputeXl(file: ReferenceFile, pipeline: Pipeline, signal?: AbortSignal): Promise<Check[]> {
  const checks: Check[] = [];
  const check = (tensor: string, ours: Tensor, tolerance = EVALUATION_TOLERANCE) => {
    if (!file.names.has(tensor)) return;
    checks.push(compare({ file: file.path, tensor, tolerance }, floats(ours), file.read(tensor)));
  };
  const prompt = await pipeline.condition(metadataText(file, 'prompt') ?? '');
  const negative = await pipeline.negativeCondition(metadataText(file, 'negative_prompt'));
  check('prompt_embeds', prompt.tokens);
  check('pooled', prompt.pooled!);
  check('negative_prompt_embeds', negative.tokens);
  check('negative_pooled', negative.pooled!);
  const run: XlRun = { pipeline, latents: file.read('latents'), prompt, negative };
  for (const name of file.names) {
    const [, timestep] = UNET_OUTPUT.exec(name) ?? [];
    if (timestep) check(name, await evaluate(run, Number(timestep)));
  }
  if (file.names.has('final_latents')) check('final_latents', await loop(file, run, signal), LOOP_TOLERANCE);
  return checks;
}

interface XlRun {
  pipeline: Pipeline;
  /** Unit noise [1, C, h, w]. */
  latents: Tensor;
  prompt: TextCondition;
  negative: TextCondition;
}

function pixels({ pipeline, latents }: XlRun): { heightPx: number; widthPx: number } {
  const [, , height, width] = latents.shape;
  const { scaleFactor } = pipeline.vae;
  return { heightPx: height * scaleFactor, widthPx: width * scaleFactor };
}

async function evaluate(run: XlRun, timestep: number): Promise<Tensor> {
  const { pipeline, latents, prompt } = run;
  const [batch, , height, width] = latents.shape;
  const session = await pipeline.unetSession({ batch, height, width });
  const { out } = await session.run({
    sample: latents,
    timestep: float32([timestep], [1]),
    encoder_hidden_states: prompt.tokens,
    ...pipeline.addedConditions([prompt], pixels(run)),
  });
  return out;
}

async function loop(file: ReferenceFile, run: XlRun, signal?: AbortSignal): Promise<Tensor> {
  const { pipeline, latents, prompt, negative } = run;
  const [, , height, width] = latents.shape;
  const denoiser = guidedDenoiser({
    session: await pipeline.unetSession({ batch: 2, height, width }),
    prompt: prompt.tokens,
    negativePrompt: negative.tokens,
    guidanceScale: metadataNumber(file, 'guidance_scale'),
    feeds: pipeline.addedConditions([negative, prompt], pixels(run)),
    signal,
  });
  const scheduler = createScheduler(pipeline.schedulerConfig, 'ddim');
  return sample(denoiser, { scheduler, steps: metadataNumber(file, 'steps'), noise: latents, signal });
}
