// A tiny random checkpoint held in memory, for the tests of the pipelines.
import type { Graph } from '../graph/index.js';
import {
  clipTextGraph,
  openAutoencoder,
  parseClipTextConfig,
  parseUNet2DConditionConfig,
  randomWeights,
  unetGraph,
} from '../models/index.js';
import { type Checkpoint, ClipTokenizer, memorySource, mergeSources } from '../weights/index.js';

const TEXT = {
  ...{ vocab_size: 40, hidden_size: 8, intermediate_size: 8, num_hidden_layers: 1, num_attention_heads: 2 },
  ...{ max_position_embeddings: 8, eos_token_id: 1 },
};
export const UNET = {
  ...{ block_out_channels: [8], down_block_types: ['CrossAttnDownBlock2D'], up_block_types: ['CrossAttnUpBlock2D'] },
  ...{ layers_per_block: 1, attention_head_dim: 2, cross_attention_dim: 8, norm_num_groups: 4, sample_size: 4 },
};
export const KL = { _class_name: 'AutoencoderKL', block_out_channels: [4, 4], norm_num_groups: 2 };
export const TINY = {
  ...{ _class_name: 'AutoencoderTiny', encoder_block_out_channels: [4, 4], decoder_block_out_channels: [4, 4] },
  ...{ num_encoder_blocks: [0, 1], num_decoder_blocks: [1, 0] },
};
const SCHEDULER = { _class_name: 'DDIMScheduler', beta_schedule: 'scaled_linear', clip_sample: false };

function tokenizer(): ClipTokenizer {
  const letters = [...'abcdefghijklmnopqr'].flatMap((c) => [c, `${c}</w>`]);
  const vocab = Object.fromEntries(['<|startoftext|>', '<|endoftext|>', ...letters].map((token, id) => [token, id]));
  return new ClipTokenizer({ vocab, merges: [], modelMaxLength: 8 });
}

/** Random weights in memory: 8 tokens, latents of 4 by 4, pictures twice as large. */
export function testCheckpoint(changes: { unet?: object; vae?: object; text?: object } = {}): Checkpoint {
  const configs: Record<string, object> = {
    unet: { ...UNET, ...changes.unet },
    vae: changes.vae ?? KL,
    text_encoder: { ...TEXT, ...changes.text },
  };
  const vae = openAutoencoder(configs.vae);
  const graphs: Record<string, Graph[]> = {
    unet: [unetGraph(parseUNet2DConditionConfig(configs.unet), { batch: 1, height: 4, width: 4 })],
    vae: [vae.decodeGraph({ batch: 1, height: 4, width: 4 }), vae.encodeGraph({ batch: 1, height: 8, width: 8 })],
    text_encoder: [clipTextGraph(parseClipTextConfig(configs.text_encoder), { batch: 1 })],
  };
  const weights = (name: string) => mergeSources(memorySource({}), ...graphs[name].map((g) => randomWeights(g, 5)));
  return {
    folder: 'memory',
    pipelineClass: 'StableDiffusionPipeline',
    components: Object.keys(configs),
    component: (name) => ({ config: configs[name], weights: weights(name) }),
    tokenizer,
    schedulerConfig: () => SCHEDULER,
    close: () => {},
  };
}
