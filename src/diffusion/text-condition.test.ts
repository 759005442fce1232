// Stable Diffusion 2 and XL on tiny random checkpoints: what differs from 1 comes from their configs.
import { afterAll, describe, expect, it } from 'vitest';
import { randomNormal } from '../core/random.js';
import { float32, floats } from '../core/tensor.js';
import { clipTextGraph, parseClipTextConfig, randomWeights } from '../models/index.js';
import { relativeError } from '../parity/report.js';
import { createRuntime } from '../runtime/index.js';
import type { Checkpoint } from '../weights/index.js';
import { DDIMScheduler } from './ddim.js';
import { loadPipeline } from './pipeline.js';
import { testCheckpoint } from './test-checkpoint.js';
import { textToImage } from './text-to-image.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

const SECOND = {
  ...{ vocab_size: 40, hidden_size: 6, intermediate_size: 8, num_hidden_layers: 2, num_attention_heads: 2 },
  ...{ max_position_embeddings: 8, eos_token_id: 1, projection_dim: 10, hidden_act: 'gelu' },
};
const ADDED = {
  ...{ addition_embed_type: 'text_time', addition_time_embed_dim: 4, projection_class_embeddings_input_dim: 34 },
  cross_attention_dim: 14,
};

/** The XL layout: two encoders of widths 8 and 6, pooled to 10. */
function xlCheckpoint({
  second = SECOND,
  unet = ADDED,
  index = {},
}: {
  second?: object;
  unet?: object;
  index?: object;
} = {}) {
  const base = testCheckpoint({ unet });
  const config = { ...SECOND, ...second };
  const graph = clipTextGraph(parseClipTextConfig(config), { batch: 1, outputs: ['penultimate', 'projected'] });
  const weights = randomWeights(graph, 9);
  const checkpoint: Checkpoint = {
    ...base,
    index: { ...index },
    components: [...base.components, 'text_encoder_2'],
    component: (name) => (name === 'text_encoder_2' ? { config, weights } : base.component(name)),
  };
  return checkpoint;
}

describe('Stable Diffusion XL', () => {
  const pipeline = loadPipeline(xlCheckpoint(), runtime);

  it('puts the last but one layers of both encoders side by side, and pools the second', async () => {
    const { tokens, pooled } = await pipeline.condition('a b');
    expect([tokens.shape, pooled?.shape]).toEqual([
      [1, 8, 14],
      [1, 10],
    ]);
    const other = await pipeline.condition('a c');
    expect(floats(tokens).slice(0, 28)).toEqual(floats(other.tokens).slice(0, 28)); // causal: two equal tokens
    expect(floats(pooled!)).not.toEqual(floats(other.pooled!));
  });

  it('takes zeros for no negative prompt, and the empty text where the index says so', async () => {
    const none = await pipeline.negativeCondition(undefined);
    expect([...floats(none.tokens), ...floats(none.pooled!)].every((v) => v === 0)).toBe(true);
    expect(await pipeline.negativeCondition('')).toEqual(await pipeline.condition(''));
    const plain = loadPipeline(xlCheckpoint({ index: { force_zeros_for_empty_prompt: false } }), runtime);
    expect(await plain.negativeCondition(undefined)).toEqual(await plain.condition(''));
  });

  it('tells the network original size, crop and target size of every sample', async () => {
    const condition = await pipeline.condition('a');
    const { text_embeds, time_ids } = pipeline.addedConditions([condition, condition], { heightPx: 8, widthPx: 12 });
    expect(text_embeds.shape).toEqual([2, 10]);
    expect([...floats(time_ids)]).toEqual([8, 12, 0, 0, 8, 12, 8, 12, 0, 0, 8, 12]);
  });

  it('makes pictures that depend on prompt and negative prompt', async () => {
    const latents = async (options: { prompt: string; negativePrompt?: string }) =>
      floats((await textToImage(pipeline, { ...options, steps: 2, seed: 3 }))[0].latents);
    const reference = await latents({ prompt: 'a b' });
    expect(await latents({ prompt: 'a b' })).toEqual(reference);
    expect(await latents({ prompt: 'a c' })).not.toEqual(reference);
    expect(await latents({ prompt: 'a b', negativePrompt: '' })).not.toEqual(reference);
  });

  it('refuses parts that do not belong together', () => {
    const load = (changes: Parameters<typeof xlCheckpoint>[0]) => () => loadPipeline(xlCheckpoint(changes), runtime);
    expect(load({ second: { hidden_size: 4 } })).toThrow(/width 14.*got 12/);
    expect(load({ second: { projection_dim: 9 } })).toThrow(/projects to 10.*got 9/);
    expect(load({ unet: {} })).toThrow(/Stable Diffusion XL/);
    expect(() => loadPipeline(testCheckpoint({ unet: ADDED }), runtime)).toThrow(/text_encoder_2/);
  });
});

describe('Stable Diffusion 2', () => {
  const config = { _class_name: 'DDIMScheduler', clip_sample: false, prediction_type: 'v_prediction' };
  const base = testCheckpoint({ unet: { use_linear_projection: true }, text: { hidden_act: 'gelu' } });
  const pipeline = loadPipeline({ ...base, schedulerConfig: () => config }, runtime);

  it('projects tokens and not pixels', () => {
    const { weights } = base.component('unet');
    expect(weights.info('down_blocks.0.attentions.0.proj_in.weight').shape).toEqual([8, 8]);
  });

  it('reads the prediction as velocity', async () => {
    const noise = randomNormal(3, { shape: [1, 4, 4, 4] });
    const [{ latents }] = await textToImage(pipeline, { prompt: 'a', steps: 1, guidanceScale: 1, noise });
    const session = await pipeline.unetSession({ batch: 1, height: 4, width: 4 });
    const context = await pipeline.encodePrompt('a');
    const feeds = { sample: noise, timestep: float32([0], [1]), encoder_hidden_states: context };
    const v = floats((await session.run(feeds)).out);
    const a = new DDIMScheduler(config).schedule.alphasCumprod[0];
    const clean = floats(noise).map((x, i) => Math.sqrt(a) * x - Math.sqrt(1 - a) * v[i]);
    expect(relativeError(floats(latents), clean)).toBeLessThan(1e-5);
  });
});
