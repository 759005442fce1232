// Sizes of the mini scorer, a CLIP with both towers small, and of a toy for tests on a CPU.
import type { Vocabulary } from '../mini-sd/settings.js';

interface Tower {
  width: number;
  layers: number;
  heads: number;
}

export interface ClipSettings {
  name: string;
  /** Side of the square pictures in pixels, as they are rendered. */
  pictureSize: number;
  patch: number;
  promptTokens: number;
  /** Phrasings of each picture's caption in the data. */
  phrasings: number;
  text: Tower;
  vision: Tower;
  projection: number;
}

/** 2.3 M parameters: with the mini model's text encoder no more than 6 M. */
export const MINI_CLIP: ClipSettings = {
  name: 'mini-clip',
  pictureSize: 256,
  patch: 16,
  promptTokens: 32,
  phrasings: 8,
  text: { width: 128, layers: 2, heads: 4 },
  vision: { width: 160, layers: 5, heads: 4 },
  projection: 128,
};

/** A scorer of 64 x 64 pictures, for a try on the CPU. */
export const TOY_CLIP: ClipSettings = {
  ...MINI_CLIP,
  name: 'toy-clip',
  pictureSize: 64,
  text: { width: 32, layers: 1, heads: 2 },
  vision: { width: 32, layers: 1, heads: 2 },
  projection: 16,
};

/** Mean and deviation of the pictures that CLIP was trained on; kept so that every CLIP is fed alike. */
export const PIXEL_MEAN = [0.48145466, 0.4578275, 0.40821073];
export const PIXEL_DEVIATION = [0.26862954, 0.26130258, 0.27577711];

function tower({ width, layers, heads }: Tower) {
  return {
    hidden_size: width,
    intermediate_size: 4 * width,
    num_hidden_layers: layers,
    num_attention_heads: heads,
    hidden_act: 'quick_gelu',
    layer_norm_eps: 1e-5,
  };
}

/** `config.json` in transformers' terms. */
export function clipConfig(settings: ClipSettings, tokens: Vocabulary) {
  const { text, vision, projection, pictureSize, patch, promptTokens } = settings;
  return {
    architectures: ['CLIPModel'],
    model_type: 'clip',
    projection_dim: projection,
    logit_scale_init_value: 2.6592,
    text_config: {
      ...tower(text),
      model_type: 'clip_text_model',
      vocab_size: tokens.vocabulary,
      max_position_embeddings: promptTokens,
      projection_dim: projection,
      bos_token_id: tokens.start,
      eos_token_id: tokens.end,
      pad_token_id: tokens.end,
    },
    vision_config: {
      ...tower(vision),
      model_type: 'clip_vision_model',
      num_channels: 3,
      image_size: pictureSize,
      patch_size: patch,
      projection_dim: projection,
    },
  };
}

/** `preprocessor_config.json` in transformers' terms. */
export function preprocessorConfig({ pictureSize }: ClipSettings) {
  return {
    image_processor_type: 'CLIPImageProcessor',
    do_resize: true,
    size: { height: pictureSize, width: pictureSize },
    do_center_crop: false,
    do_normalize: true,
    image_mean: PIXEL_MEAN,
    image_std: PIXEL_DEVIATION,
  };
}
