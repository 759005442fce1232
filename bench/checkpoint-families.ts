// Configs of the published checkpoints' networks, as far as sizes go.

export type Family = 'sd15' | 'sdxl';

const clip = { architectures: ['CLIPTextModel'], vocab_size: 49408, max_position_embeddings: 77, eos_token_id: 2 };
const scheduler = { _class_name: 'DDIMScheduler', beta_schedule: 'scaled_linear', clip_sample: false, steps_offset: 1 };
const vae = {
  ...{ _class_name: 'AutoencoderKL', latent_channels: 4, block_out_channels: [128, 256, 512, 512] },
  ...{ layers_per_block: 2, norm_num_groups: 32, scaling_factor: 0.18215 },
  ...{ down_block_types: new Array<string>(4).fill('DownEncoderBlock2D') },
  ...{ up_block_types: new Array<string>(4).fill('UpDecoderBlock2D') },
};
const largeText = {
  ...clip,
  ...{ hidden_size: 768, intermediate_size: 3072, num_hidden_layers: 12, num_attention_heads: 12 },
  ...{ hidden_act: 'quick_gelu', projection_dim: 768 },
};

/** Content of `model_index.json` and of each network's `config.json`. */
export const FAMILIES: Record<Family, { index: object; configs: Record<string, object> }> = {
  sd15: {
    index: { _class_name: 'StableDiffusionPipeline' },
    configs: {
      unet: {
        ...{ _class_name: 'UNet2DConditionModel', sample_size: 64, in_channels: 4, out_channels: 4 },
        ...{ block_out_channels: [320, 640, 1280, 1280], layers_per_block: 2, cross_attention_dim: 768 },
        ...{ attention_head_dim: 8, norm_num_groups: 32, norm_eps: 1e-5 },
        down_block_types: [...new Array<string>(3).fill('CrossAttnDownBlock2D'), 'DownBlock2D'],
        up_block_types: ['UpBlock2D', ...new Array<string>(3).fill('CrossAttnUpBlock2D')],
      },
      vae,
      text_encoder: largeText,
      scheduler,
    },
  },
  sdxl: {
    index: { _class_name: 'StableDiffusionXLPipeline', force_zeros_for_empty_prompt: true },
    configs: {
      unet: {
        ...{ _class_name: 'UNet2DConditionModel', sample_size: 128, in_channels: 4, out_channels: 4 },
        ...{ block_out_channels: [320, 640, 1280], layers_per_block: 2, cross_attention_dim: 2048 },
        ...{ attention_head_dim: [5, 10, 20], transformer_layers_per_block: [1, 2, 10], norm_num_groups: 32 },
        ...{ use_linear_projection: true, addition_embed_type: 'text_time', addition_time_embed_dim: 256 },
        projection_class_embeddings_input_dim: 2816,
        down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
        up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
      },
      vae: { ...vae, scaling_factor: 0.13025 },
      text_encoder: largeText,
      text_encoder_2: {
        ...clip,
        architectures: ['CLIPTextModelWithProjection'],
        ...{ hidden_size: 1280, intermediate_size: 5120, num_hidden_layers: 32, num_attention_heads: 20 },
        ...{ hidden_act: 'gelu', projection_dim: 1280 },
      },
      scheduler,
    },
  },
};
