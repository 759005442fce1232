// Sizes of the mini Stable-Diffusion-class model: configs in diffusers' terms, within the embedded budget.

/** Picture side in pixels and latent side: the autoencoder halves three times. */
export const PICTURE_SIZE = 256;
export const LATENT_SIZE = 32;
export const LATENT_CHANNELS = 4;
/** Tokens of a prompt, start and end included. */
export const PROMPT_TOKENS = 32;
/** Phrasings of each picture's caption in the data. */
export const PHRASINGS = 6;

/** TAESD's layout: 64 channels at every level, 2.4 M parameters. */
export const VAE_CONFIG = {
  _class_name: 'AutoencoderTiny',
  in_channels: 3,
  out_channels: 3,
  latent_channels: LATENT_CHANNELS,
  encoder_block_out_channels: [64, 64, 64, 64],
  decoder_block_out_channels: [64, 64, 64, 64],
  num_encoder_blocks: [1, 3, 3, 3],
  num_decoder_blocks: [3, 3, 3, 1],
  act_fn: 'relu',
  scaling_factor: 1,
};

export const UNET_CONFIG = {
  _class_name: 'UNet2DConditionModel',
  sample_size: LATENT_SIZE,
  in_channels: LATENT_CHANNELS,
  out_channels: LATENT_CHANNELS,
  block_out_channels: [96, 160, 224],
  layers_per_block: 1,
  down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
  mid_block_type: 'UNetMidBlock2DCrossAttn',
  up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
  cross_attention_dim: 256,
  attention_head_dim: 4,
  norm_num_groups: 16,
  act_fn: 'silu',
  downsample_padding: 1,
  flip_sin_to_cos: true,
  freq_shift: 0,
  norm_eps: 1e-5,
};

/** The vocabulary's size and special ids come from the tokenizer. */
export function textConfig(tokens: { vocabulary: number; start: number; end: number }) {
  return {
    architectures: ['CLIPTextModel'],
    model_type: 'clip_text_model',
    vocab_size: tokens.vocabulary,
    hidden_size: 256,
    intermediate_size: 1024,
    num_hidden_layers: 4,
    num_attention_heads: 4,
    max_position_embeddings: PROMPT_TOKENS,
    hidden_act: 'quick_gelu',
    layer_norm_eps: 1e-5,
    projection_dim: 256,
    bos_token_id: tokens.start,
    eos_token_id: tokens.end,
    pad_token_id: tokens.end,
  };
}

export const SCHEDULER_CONFIG = {
  _class_name: 'DDIMScheduler',
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  clip_sample: false,
  num_train_timesteps: 1000,
  prediction_type: 'v_prediction',
  set_alpha_to_one: false,
  steps_offset: 1,
  timestep_spacing: 'leading',
};
