// Sizes of the mini Stable-Diffusion-class model, and of a toy with the same structure for tests on a CPU.

/** What the graphs of a recipe are built from; configs are in diffusers' terms. */
export interface MiniSettings {
  name: string;
  /** Picture side in pixels. */
  pictureSize: number;
  /** Latent side: the autoencoder halves three times. */
  latentSize: number;
  latentChannels: number;
  /** Tokens of a prompt, start and end included. */
  promptTokens: number;
  /** Phrasings of each picture's caption in the data. */
  phrasings: number;
  vae: Record<string, unknown>;
  unet: Record<string, unknown>;
  text: { width: number; layers: number; heads: number };
  /** Channels of the discriminator's three hidden layers. */
  discriminator: readonly [number, number, number];
}

/** Channels of the latents unless another number is asked for. */
const LATENT_CHANNELS = 4;

function vaeConfig(channels: number, blocks: number) {
  return {
    _class_name: 'AutoencoderTiny',
    in_channels: 3,
    out_channels: 3,
    latent_channels: LATENT_CHANNELS,
    encoder_block_out_channels: [channels, channels, channels, channels],
    decoder_block_out_channels: [channels, channels, channels, channels],
    num_encoder_blocks: [1, blocks, blocks, blocks],
    num_decoder_blocks: [blocks, blocks, blocks, 1],
    act_fn: 'relu',
    scaling_factor: 1,
  };
}

function unetConfig(size: { latentSize: number; channels: number[]; contextWidth: number; groups: number }) {
  return {
    _class_name: 'UNet2DConditionModel',
    sample_size: size.latentSize,
    in_channels: LATENT_CHANNELS,
    out_channels: LATENT_CHANNELS,
    block_out_channels: size.channels,
    layers_per_block: 1,
    down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
    mid_block_type: 'UNetMidBlock2DCrossAttn',
    up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
    cross_attention_dim: size.contextWidth,
    attention_head_dim: 4,
    norm_num_groups: size.groups,
    act_fn: 'silu',
    downsample_padding: 1,
    flip_sin_to_cos: true,
    freq_shift: 0,
    norm_eps: 1e-5,
  };
}

/** 256 x 256 pixels; TAESD's autoencoder layout (2.4 M parameters), a UNet of 16.2 M, a text encoder of 3.4 M. */
export const MINI: MiniSettings = {
  name: 'mini-sd',
  pictureSize: 256,
  latentSize: 32,
  latentChannels: LATENT_CHANNELS,
  promptTokens: 32,
  phrasings: 8,
  vae: vaeConfig(64, 3),
  unet: unetConfig({ latentSize: 32, channels: [96, 160, 224], contextWidth: 256, groups: 16 }),
  text: { width: 256, layers: 4, heads: 4 },
  discriminator: [48, 96, 192],
};

/** 64 x 64 pixels and a few thousand parameters: shows in a minute on a CPU that the whole line works. */
export const TOY: MiniSettings = {
  ...MINI,
  name: 'toy-sd',
  pictureSize: 64,
  latentSize: 8,
  vae: vaeConfig(16, 1),
  unet: unetConfig({ latentSize: 8, channels: [16, 32, 32], contextWidth: 32, groups: 8 }),
  text: { width: 32, layers: 1, heads: 2 },
  discriminator: [8, 16, 16],
};

/** The same networks with latents of another number of channels, under a name that says so (`mini-sd-8`). */
export function withLatentChannels(settings: MiniSettings, channels: number): MiniSettings {
  if (channels === settings.latentChannels) return settings;
  return {
    ...settings,
    name: `${settings.name}-${channels}`,
    latentChannels: channels,
    vae: { ...settings.vae, latent_channels: channels },
    unet: { ...settings.unet, in_channels: channels, out_channels: channels },
  };
}

/** Ids of a tokenizer that the text encoder and the captions share. */
export interface Vocabulary {
  vocabulary: number;
  start: number;
  end: number;
}

/** `text_encoder/config.json` for a vocabulary. */
export function textConfig({ text, promptTokens }: MiniSettings, tokens: Vocabulary) {
  return {
    architectures: ['CLIPTextModel'],
    model_type: 'clip_text_model',
    vocab_size: tokens.vocabulary,
    hidden_size: text.width,
    intermediate_size: 4 * text.width,
    num_hidden_layers: text.layers,
    num_attention_heads: text.heads,
    max_position_embeddings: promptTokens,
    hidden_act: 'quick_gelu',
    layer_norm_eps: 1e-5,
    projection_dim: text.width,
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
