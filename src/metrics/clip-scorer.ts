// How well a picture fits a text, by CLIP: the cosine of both in the space that its towers share.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ContrappostoError } from '../core/errors.js';
import { type Image, resizeImage } from '../core/image.js';
import { floats, int64, type Tensor } from '../core/tensor.js';
import { type ClipConfig, clipImageGraph, clipTextEmbedsGraph, parseClipConfig } from '../models/index.js';
import type { RunOptions, Runtime } from '../runtime/index.js';
import { openModelFolder, openTokenizer, readJsonFile } from '../weights/index.js';
import { embeddedNetwork } from '../weights/model-folder.js';

/** A text with how well the picture fits it. */
export interface RankedText {
  text: string;
  /** Cosine in [-1, 1]. */
  score: number;
  /** Share of the picture among the given texts, by CLIP's trained temperature; all sum to 1. */
  probability: number;
}

export interface ClipScorer {
  /** CLIP's trained temperature, `exp(logit_scale)`, at most 100 for trained ones. */
  readonly scale: number;
  /**
   * Cosine of picture and text in [-1, 1] (CLIPScore of Hessel et al. 2021 is 2.5 times it, where positive).
   * Throws `shape`, `aborted`.
   */
  clipScore(image: Image, text: string, options?: RunOptions): Promise<number>;
  /** The texts, the best fitting first. Throws `invalid-input` without texts, `shape`, `aborted`. */
  rankTexts(image: Image, texts: readonly string[], options?: RunOptions): Promise<RankedText[]>;
}

/** Its folder among the embedded models. */
const EMBEDDED = 'scorer';

const triple = z.tuple([z.number(), z.number(), z.number()]);
const preprocessorSchema = z.looseObject({
  do_center_crop: z.boolean().default(true),
  // of the pictures that CLIP was trained on, which every processor of the hub repeats
  image_mean: triple.default([0.48145466, 0.4578275, 0.40821073]),
  image_std: triple.default([0.26862954, 0.26130258, 0.27577711]),
});
type Preprocessor = z.infer<typeof preprocessorSchema>;

/**
 * Opens a CLIP with both towers. Texts and pictures are embedded once each, however often they are compared.
 *
 * @param options.folder folder in transformers' layout: `config.json`, weights, tokenizer, and `preprocessor_config.json`
 *   where it differs from CLIP's own; default: the embedded scorer, trained on rendered people
 * @throws `not-found` without the folder, `unsupported` or `corrupt-file` for another content
 */
export function openClipScorer(runtime: Runtime, options: { folder?: string } = {}): ClipScorer {
  const folder = options.folder ?? embeddedNetwork(EMBEDDED);
  const model = openModelFolder(folder);
  const config = parseClipConfig(model.config);
  const tokenizer = openTokenizer(folder);
  const preprocessor = readPreprocessor(folder);
  const scale = Math.exp(floats(model.weights.read('logit_scale'))[0]);
  const [imageGraph, textGraph] = [clipImageGraph(config, { batch: 1 }), clipTextEmbedsGraph(config, { batch: 1 })];
  const images = new WeakMap<Image, Promise<Float32Array>>();
  const texts = new Map<string, Promise<Float32Array>>();

  async function embedImage(image: Image, { signal }: RunOptions): Promise<Float32Array> {
    const pixels = await prepare(image, { config, preprocessor });
    const session = await runtime.session(imageGraph, model.weights, { signal });
    return floats((await session.run({ pixel_values: pixels }, { signal })).image_embeds);
  }

  async function embedText(text: string, { signal }: RunOptions): Promise<Float32Array> {
    const { ids } = tokenizer.encode(text);
    const session = await runtime.session(textGraph, model.weights, { signal });
    return floats((await session.run({ input_ids: int64(ids, [1, ids.length]) }, { signal })).text_embeds);
  }

  async function cosine(image: Image, text: string, options: RunOptions = {}): Promise<number> {
    const [a, b] = [
      await remembered(images, image, () => embedImage(image, options)),
      await remembered(texts, text, () => embedText(text, options)),
    ];
    return a.reduce((sum, v, i) => sum + v * b[i], 0);
  }

  return {
    scale,
    clipScore: cosine,
    async rankTexts(image, candidates, options) {
      if (candidates.length === 0) {
        throw new ContrappostoError('invalid-input', {
          operation: 'rank texts',
          expected: 'at least one',
          got: 'none',
        });
      }
      const scores: number[] = [];
      for (const text of candidates) scores.push(await cosine(image, text, options));
      const highest = Math.max(...scores);
      const shares = scores.map((score) => Math.exp(scale * (score - highest)));
      const total = shares.reduce((a, b) => a + b);
      return candidates
        .map((text, i) => ({ text, score: scores[i], probability: shares[i] / total }))
        .sort((a, b) => b.score - a.score);
    },
  };
}

/** The value kept for a key; one whose making fails is not kept. */
function remembered<K, V>(
  kept: { get(key: K): Promise<V> | undefined; set(key: K, value: Promise<V>): unknown; delete(key: K): unknown },
  key: K,
  make: () => Promise<V>,
): Promise<V> {
  const known = kept.get(key);
  if (known) return known;
  const making = make();
  kept.set(key, making);
  making.catch(() => kept.delete(key));
  return making;
}

function readPreprocessor(folder: string): Preprocessor {
  const path = join(folder, 'preprocessor_config.json');
  return existsSync(path) ? readJsonFile(path, preprocessorSchema) : preprocessorSchema.parse({});
}

/** The picture in the tower's square [1, 3, side, side], normalised. */
async function prepare(
  image: Image,
  { config, preprocessor }: { config: ClipConfig; preprocessor: Preprocessor },
): Promise<Tensor> {
  const side = config.vision.image_size;
  const fit = preprocessor.do_center_crop ? 'cover' : 'fill';
  const { data } = await resizeImage(image, { widthPx: side, heightPx: side, fit });
  const { image_mean: mean, image_std: deviation } = preprocessor;
  const values = new Float32Array(3 * side * side);
  for (let c = 0; c < 3; c++) {
    for (let i = 0; i < side * side; i++)
      values[c * side * side + i] = (data[3 * i + c] / 255 - mean[c]) / deviation[c];
  }
  return { dtype: 'float32', shape: [1, 3, side, side], data: values };
}
