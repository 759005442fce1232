// Recomputes single networks: text encoder, UNet at several timesteps and sizes, autoencoder both ways.
import { float32, floats, sizeOf, type Tensor } from '../core/tensor.js';
import { loadPipeline, type Pipeline } from '../diffusion/pipeline.js';
import { clipTextGraph, clipTextPrefix } from '../models/index.js';
import type { ParityFamily, ParityTools, ReferenceFile } from './family.js';
import { type Check, compare, EVALUATION_TOLERANCE } from './report.js';

/** `unet_out_t261`, `unet_out_nonsquare_t500`: variant of the input and timestep. */
const UNET_OUTPUT = /^unet_out(_.+)?_t(\d+(?:\.\d+)?)$/;

interface Job {
  file: ReferenceFile;
  tools: ParityTools;
  pipeline: Pipeline;
  checks: Check[];
  inputs: Set<string>;
}

/** `components.safetensors`. */
export const components: ParityFamily = {
  stem: 'components',
  async recompute(file, tools) {
    const pipeline = loadPipeline(tools.checkpoint(), tools.runtime);
    const job: Job = { file, tools, pipeline, checks: [], inputs: new Set() };
    await textEncoder(job);
    for (const name of file.names) {
      const match = UNET_OUTPUT.exec(name);
      if (match) await unet(job, { name, variant: match[1] ?? '', timestep: Number(match[2]) });
    }
    await autoencoder(job);
    await pipeline.release();
    return { checks: job.checks, inputs: [...job.inputs] };
  },
};

function input(job: Job, name: string): Tensor {
  job.inputs.add(name);
  return job.file.read(name);
}

function check(job: Job, tensor: string, ours: Tensor): void {
  const where = { file: job.file.path, tensor, tolerance: EVALUATION_TOLERANCE };
  job.checks.push(compare(where, floats(ours), job.file.read(tensor)));
}

async function textEncoder(job: Job): Promise<void> {
  if (!job.file.names.has('text_hidden')) return;
  const ids = input(job, 'input_ids');
  const { textConfig: config, textWeights: weights } = job.pipeline;
  const [batch, tokens] = ids.shape;
  const graph = clipTextGraph(config, { batch, tokens, prefix: clipTextPrefix(weights) });
  const session = await job.tools.runtime.session(graph, weights);
  check(job, 'text_hidden', (await session.run({ input_ids: ids })).hidden);
  await session.release();
}

async function unet(job: Job, at: { name: string; variant: string; timestep: number }): Promise<void> {
  const sample = input(job, `sample${at.variant}`);
  const [batch, , height, width] = sample.shape;
  const own = `encoder_hidden_states${at.variant}`;
  const states = input(job, job.file.names.has(own) ? own : 'encoder_hidden_states');
  const context = lastRows(states, batch);
  const session = await job.pipeline.unetSession({ batch, height, width, tokens: context.shape[1] });
  const feeds = { sample, timestep: float32([at.timestep], [1]), encoder_hidden_states: context };
  check(job, at.name, (await session.run(feeds)).out);
}

/** The states are those of the negative prompt, then the prompt; a variant with fewer samples was given the prompt's. */
function lastRows(tensor: Tensor, rows: number): Tensor {
  const shape = [rows, ...tensor.shape.slice(1)];
  return float32(floats(tensor).slice(-sizeOf(shape)), shape);
}

async function autoencoder(job: Job): Promise<void> {
  const { file, pipeline, tools } = job;
  const posterior = ['mean', 'logvar', 'latents'].filter((part) => file.names.has(`vae_${part}`));
  if (posterior.length > 0) {
    const image = input(job, 'image');
    const [batch, , height, width] = image.shape;
    const graph = pipeline.vae.encodeGraph({ batch, height, width });
    const session = await tools.runtime.session(graph, pipeline.vaeWeights);
    const out = await session.run({ image });
    for (const part of posterior) if (out[part]) check(job, `vae_${part}`, out[part]);
    await session.release();
  }
  if (!file.names.has('vae_decode')) return;
  const latents = input(job, 'z');
  const [batch, , height, width] = latents.shape;
  const graph = pipeline.vae.decodeGraph({ batch, height, width });
  const session = await tools.runtime.session(graph, pipeline.vaeWeights);
  check(job, 'vae_decode', (await session.run({ latents })).image);
  await session.release();
}
