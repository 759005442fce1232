// Recomputes both towers of a CLIP.
import { floats } from '../core/tensor.js';
import { clipGraph, parseClipConfig } from '../models/index.js';
import type { ParityFamily } from './family.js';
import type { NetworkKind } from './networks.js';
import { compare, EVALUATION_TOLERANCE } from './report.js';

const CLIP: NetworkKind = {
  name: 'CLIPModel',
  matches: ({ architectures, text_config, vision_config }) =>
    (Array.isArray(architectures) && architectures.includes('CLIPModel')) ||
    (text_config !== undefined && vision_config !== undefined),
};

/** `<checkpoint>-io.safetensors`: `input_ids`, `pixel_values` -> `text_embeds`, `image_embeds`, `logits_per_image`. */
export const clipTowers: ParityFamily = {
  stem: 'clip-io',
  accepts: ({ names }) => names.has('input_ids') && names.has('pixel_values'),
  async recompute(file, { network, runtime }) {
    const { config, weights } = network(CLIP);
    const feeds = { input_ids: file.read('input_ids'), pixel_values: file.read('pixel_values') };
    const [texts, tokens] = feeds.input_ids.shape;
    const [images] = feeds.pixel_values.shape;
    const session = await runtime.session(clipGraph(parseClipConfig(config), { texts, tokens, images }), weights);
    const results = await session.run(feeds);
    await session.release();
    const checks = Object.entries(results)
      .filter(([tensor]) => file.names.has(tensor))
      .map(([tensor, ours]) =>
        compare({ file: file.path, tensor, tolerance: EVALUATION_TOLERANCE }, floats(ours), file.read(tensor)),
      );
    return { checks, inputs: Object.keys(feeds) };
  },
};
