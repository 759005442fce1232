// Recomputes a network's prediction together with the attention probabilities inside it.
import { float32, floats } from '../core/tensor.js';
import { loadPipeline } from '../diffusion/pipeline.js';
import type { AttentionControl } from '../models/index.js';
import { metadataNumber, type ParityFamily } from './family.js';
import { compare, EVALUATION_TOLERANCE } from './report.js';

const PROBABILITIES = 'attn.';

/** `attention-grad.safetensors`: `eps` and `attn.<layer>` [heads, T, S]. */
export const attentionMaps: ParityFamily = {
  stem: 'attention-grad',
  async recompute(file, { checkpoint, runtime }) {
    const pipeline = loadPipeline(checkpoint(), runtime);
    const sample = file.read('sample');
    const context = file.read('encoder_hidden_states');
    const [batch, , height, width] = sample.shape;
    const tap: AttentionControl = (site, probs) => {
      const name = PROBABILITIES + site.name;
      if (file.names.has(name)) probs.graph.output(name, probs);
      return probs;
    };
    const size = { batch, height, width, tokens: context.shape[1] };
    const session = await pipeline.unetSession({ ...size, attentionControl: tap });
    const timestep = float32([metadataNumber(file, 'timestep')], [1]);
    const { out, ...maps } = await session.run({ sample, timestep, encoder_hidden_states: context });
    await pipeline.release();
    const checks = Object.entries({ eps: out, ...maps }).map(([tensor, ours]) =>
      compare({ file: file.path, tensor, tolerance: EVALUATION_TOLERANCE }, floats(ours), file.read(tensor)),
    );
    return { checks, inputs: ['sample', 'encoder_hidden_states'] };
  },
};
