// Both towers of CLIP on small random weights.
import { afterAll, describe, expect, it } from 'vitest';
import { randomNormal } from '../core/random.js';
import { floats, int64, type Tensor, type WeightSource } from '../core/tensor.js';
import { createRuntime } from '../runtime/index.js';
import { memorySource, mergeSources } from '../weights/index.js';
import { clipGraph, parseClipConfig, randomWeights } from './index.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

const LAYERS = { hidden_size: 8, intermediate_size: 12, num_hidden_layers: 2, num_attention_heads: 2 };
const config = parseClipConfig({
  projection_dim: 5,
  text_config: { ...LAYERS, vocab_size: 20, max_position_embeddings: 6, eos_token_id: 19, projection_dim: 512 },
  vision_config: { ...LAYERS, image_size: 6, patch_size: 2, projection_dim: 512 },
});
const SIZE = { texts: 2, images: 3 };
const pixels = randomNormal(4, { shape: [3, 3, 6, 6] });
const ids = int64([18, 4, 5, 19, 19, 19, 18, 7, 19, 19, 19, 19], [2, 6]);

function weightsWith(changes: Record<string, Tensor>): WeightSource {
  return mergeSources(memorySource(changes), randomWeights(clipGraph(config, SIZE), 1));
}

async function run(weights = weightsWith({})) {
  const session = await runtime.session(clipGraph(config, SIZE), weights);
  return session.run({ input_ids: ids, pixel_values: pixels });
}

describe('CLIPModel', () => {
  it('gives cosines of every picture with every text, times the trained scale', async () => {
    const scale = (value: number) => ({
      logit_scale: { dtype: 'float32' as const, shape: [], data: Float32Array.of(value) },
    });
    const { text_embeds, image_embeds, logits_per_image } = await run(weightsWith(scale(Math.log(100))));
    expect([text_embeds.shape, image_embeds.shape, logits_per_image.shape]).toEqual([
      [2, 5],
      [3, 5],
      [3, 2],
    ]);
    const row = (tensor: Tensor, i: number) => floats(tensor).subarray(5 * i, 5 * i + 5);
    const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, v, i) => sum + v * b[i], 0);
    for (let image = 0; image < 3; image++) {
      expect(dot(row(image_embeds, image), row(image_embeds, image))).toBeCloseTo(1, 5);
      for (let text = 0; text < 2; text++) {
        const cosine = dot(row(image_embeds, image), row(text_embeds, text));
        expect(floats(logits_per_image)[2 * image + text]).toBeCloseTo(100 * cosine, 3);
      }
    }
  });

  it('sees where in the picture something is', async () => {
    const flipped = { ...pixels, data: floats(pixels).map((_, i, all) => all[i - (i % 6) + 5 - (i % 6)]) };
    const session = await runtime.session(clipGraph(config, SIZE), weightsWith({}));
    const [a, b] = [await run(), await session.run({ input_ids: ids, pixel_values: flipped })];
    expect(floats(b.text_embeds)).toEqual(floats(a.text_embeds));
    expect(floats(b.image_embeds)).not.toEqual(floats(a.image_embeds));
  });

  it('has the parameters of the published files', () => {
    const names = [...clipGraph(config, SIZE).parameters].map(([name, { shape }]) =>
      `${name} ${shape.join('x')}`.trim(),
    );
    for (const name of [
      'logit_scale',
      'text_projection.weight 5x8',
      'visual_projection.weight 5x8',
      'vision_model.embeddings.class_embedding 8',
      'vision_model.embeddings.patch_embedding.weight 8x3x2x2',
      'vision_model.embeddings.position_embedding.weight 10x8',
      'vision_model.pre_layrnorm.weight 8',
      'vision_model.post_layernorm.bias 8',
      'vision_model.encoder.layers.1.self_attn.out_proj.weight 8x8',
    ]) {
      expect(names).toContain(name);
    }
  });

  it('refuses a config without an image tower, naming the field', () => {
    expect(() =>
      parseClipConfig({ text_config: { ...LAYERS, vocab_size: 4 }, vision_config: { patch_size: 0 } }),
    ).toThrow(/patch_size/);
    expect(() => parseClipConfig({ vision_config: {} })).toThrow(expect.objectContaining({ code: 'unsupported' }));
  });
});
