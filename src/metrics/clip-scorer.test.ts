// The scorer's answers: the cosines of the whole CLIP graph, ranked, on the tower's own square.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Image } from '../core/image.js';
import { floats, int64, type Tensor } from '../core/tensor.js';
import { clipGraph, parseClipConfig, randomWeights } from '../models/index.js';
import { createRuntime } from '../runtime/index.js';
import { memorySource, openTokenizer, trainBpe, writeSafetensors, writeTokenizer } from '../weights/index.js';
import { type ClipScorer, openClipScorer } from './clip-scorer.js';

const LAYERS = { hidden_size: 8, intermediate_size: 12, num_hidden_layers: 1, num_attention_heads: 2 };
const TEXTS = ['a man on a red bicycle', 'a woman with a cup', 'nobody'];
const SIDE = 16;
const runtime = createRuntime({ threads: 1 });
const folder = mkdtempSync(join(tmpdir(), 'scorer-'));
let scorer: ClipScorer;
let tensors: Record<string, Tensor>;
let config: ReturnType<typeof parseClipConfig>;

beforeAll(async () => {
  const vocabulary = trainBpe(TEXTS, { vocabSize: 560 });
  await writeTokenizer(folder, { ...vocabulary, modelMaxLength: 12 });
  const tokenizer = openTokenizer(folder);
  const json = {
    projection_dim: 6,
    text_config: {
      ...LAYERS,
      vocab_size: tokenizer.vocabSize,
      max_position_embeddings: 12,
      eos_token_id: tokenizer.eosId,
    },
    vision_config: { ...LAYERS, image_size: SIDE, patch_size: 8 },
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(json));
  config = parseClipConfig(json);
  const graph = clipGraph(config, { texts: 1, images: 1 });
  const weights = randomWeights(graph, 5);
  tensors = Object.fromEntries([...graph.parameters.keys()].map((name) => [name, weights.read(name)]));
  tensors['logit_scale'] = { dtype: 'float32', shape: [], data: Float32Array.of(Math.log(10)) };
  await writeSafetensors(join(folder, 'model.safetensors'), tensors);
  scorer = openClipScorer(runtime, { folder });
});
afterAll(async () => {
  await runtime.close();
  rmSync(folder, { recursive: true });
});

function picture(widthPx: number, heightPx: number, seed = 1): Image {
  const data = Uint8Array.from({ length: widthPx * heightPx * 3 }, (_, i) => (i * 7919 * seed) % 251);
  return { widthPx, heightPx, data };
}

/** The whole network on the picture and the three texts. */
async function reference(image: Image): Promise<Float32Array> {
  const graph = clipGraph(config, { texts: TEXTS.length, images: 1 });
  const session = await runtime.session(graph, memorySource(tensors));
  const tokenizer = openTokenizer(folder);
  const ids = int64(
    TEXTS.flatMap((text) => tokenizer.encode(text).ids),
    [TEXTS.length, 12],
  );
  const [mean, deviation] = [
    [0.48145466, 0.4578275, 0.40821073],
    [0.26862954, 0.26130258, 0.27577711],
  ];
  const plane = SIDE * SIDE;
  const data = Float32Array.from({ length: 3 * plane }, (_, i) => {
    const c = Math.floor(i / plane);
    return (image.data[3 * (i % plane) + c] / 255 - mean[c]) / deviation[c];
  });
  const pixels = { dtype: 'float32' as const, shape: [1, 3, SIDE, SIDE], data };
  return floats((await session.run({ input_ids: ids, pixel_values: pixels })).logits_per_image);
}

describe('openClipScorer', () => {
  it('gives the cosines of the whole network, ranked, with shares by the trained temperature', async () => {
    const image = picture(SIDE, SIDE);
    const logits = await reference(image);
    const ranked = await scorer.rankTexts(image, TEXTS);
    const total = logits.reduce((sum, v) => sum + Math.exp(v), 0);
    for (const { text, score, probability } of ranked) {
      const logit = logits[TEXTS.indexOf(text)];
      expect(10 * score).toBeCloseTo(logit, 4);
      expect(probability).toBeCloseTo(Math.exp(logit) / total, 4);
      expect(await scorer.clipScore(image, text)).toBe(score);
    }
    expect(ranked.map(({ score }) => score)).toEqual(ranked.map(({ score }) => score).sort((a, b) => b - a));
  });

  it('takes pictures of any shape, and tells them apart', async () => {
    const wide = await scorer.clipScore(picture(40, 20), TEXTS[0]);
    const other = await scorer.clipScore(picture(40, 20, 3), TEXTS[0]);
    expect(Math.abs(wide)).toBeLessThanOrEqual(1);
    expect(other).not.toBe(wide);
  });

  it('refuses an empty list of texts and a folder without weights', async () => {
    await expect(scorer.rankTexts(picture(SIDE, SIDE), [])).rejects.toMatchObject({ code: 'invalid-input' });
    expect(() => openClipScorer(runtime, { folder: join(folder, 'none') })).toThrowError(/none/);
  });

  it('forgets what was aborted', async () => {
    const image = picture(24, 24);
    const controller = new AbortController();
    controller.abort();
    await expect(scorer.clipScore(image, TEXTS[1], { signal: controller.signal })).rejects.toMatchObject({
      code: 'aborted',
    });
    expect(Number.isFinite(await scorer.clipScore(image, TEXTS[1]))).toBe(true);
  });
});
