// For tests: a checkpoint's parameters under the original names, by the arithmetic of the block numbers.
import { float32, type Tensor, type WeightSource } from '../../core/tensor.js';

/** Tensors of a source with their names changed. */
export function renamedTensors(source: WeightSource, rename: (name: string) => string): Record<string, Tensor> {
  return Object.fromEntries(Array.from(source.names(), (name) => [rename(name), source.read(name)]));
}

const RESNET: Record<string, string> = {
  norm1: 'in_layers.0',
  conv1: 'in_layers.2',
  time_emb_proj: 'emb_layers.1',
  norm2: 'out_layers.0',
  conv2: 'out_layers.3',
  conv_shortcut: 'skip_connection',
};

/** diffusers -> original, for a UNet of `layers` residual blocks on each of `levels` levels. */
export function originalUnetName(
  name: string,
  { layers, levels, upAttention }: { layers: number; levels: number; upAttention: readonly boolean[] },
): string {
  const top: Record<string, string> = {
    'time_embedding.linear_1': 'time_embed.0',
    'time_embedding.linear_2': 'time_embed.2',
    'add_embedding.linear_1': 'label_emb.0.0',
    'add_embedding.linear_2': 'label_emb.0.2',
    conv_in: 'input_blocks.0.0',
    conv_norm_out: 'out.0',
    conv_out: 'out.2',
  };
  const [, module, kind] = /^(.*)\.(\w+)$/.exec(name)!;
  if (top[module]) return `model.diffusion_model.${top[module]}.${kind}`;
  const inner = (rest: string) => rest.replace(/^\w+/, (part) => RESNET[part] ?? part);
  const out = name
    .replace(/^mid_block\.resnets\.([01])\.(.*)/, (_, i, rest) => `middle_block.${2 * Number(i)}.${inner(rest)}`)
    .replace(/^mid_block\.attentions\.0\./, 'middle_block.1.')
    .replace(/^(down|up)_blocks\.(\d)\.resnets\.(\d)\.(.*)/, (_, way, i, j, rest) => {
      const number = (layers + 1) * Number(i) + Number(j) + (way === 'down' ? 1 : 0);
      return `${way === 'down' ? 'input' : 'output'}_blocks.${number}.0.${inner(rest)}`;
    })
    .replace(/^(down|up)_blocks\.(\d)\.attentions\.(\d)\./, (_, way, i, j) => {
      const number = (layers + 1) * Number(i) + Number(j) + (way === 'down' ? 1 : 0);
      return `${way === 'down' ? 'input' : 'output'}_blocks.${number}.1.`;
    })
    .replace(
      /^down_blocks\.(\d)\.downsamplers\.0\.conv\./,
      (_, i) => `input_blocks.${(layers + 1) * (Number(i) + 1)}.0.op.`,
    )
    .replace(/^up_blocks\.(\d)\.upsamplers\.0\.conv\./, (_, i) => {
      if (Number(i) >= levels - 1) throw new Error('no upsampler on the finest level');
      return `output_blocks.${(layers + 1) * Number(i) + layers}.${upAttention[Number(i)] ? 2 : 1}.conv.`;
    });
  return `model.diffusion_model.${out}`;
}

/** diffusers -> original, for an autoencoder of `levels` levels. */
export function originalVaeName(name: string, levels: number): string {
  const attention: Record<string, string> = {
    group_norm: 'norm',
    to_q: 'q',
    to_k: 'k',
    to_v: 'v',
    'to_out.0': 'proj_out',
  };
  const out = name
    .replace(
      /mid_block\.attentions\.0\.(group_norm|to_q|to_k|to_v|to_out\.0)\./,
      (_, part) => `mid.attn_1.${attention[part]}.`,
    )
    .replace(/mid_block\.resnets\.([01])\./, (_, i) => `mid.block_${Number(i) + 1}.`)
    .replace(/down_blocks\.(\d)\.resnets\.(\d)\./, 'down.$1.block.$2.')
    .replace(/down_blocks\.(\d)\.downsamplers\.0\./, 'down.$1.downsample.')
    .replace(/up_blocks\.(\d)\.resnets\.(\d)\./, (_, i, j) => `up.${levels - 1 - Number(i)}.block.${j}.`)
    .replace(/up_blocks\.(\d)\.upsamplers\.0\./, (_, i) => `up.${levels - 1 - Number(i)}.upsample.`)
    .replace('conv_norm_out', 'norm_out')
    .replace('conv_shortcut', 'nin_shortcut');
  return `first_stage_model.${out}`;
}

/** The attention of the original autoencoder is made of 1x1 convolutions. */
export function asConvolutions(tensors: Record<string, Tensor>): Record<string, Tensor> {
  const isMatrix = (name: string, { shape }: Tensor) =>
    /attn_1\.(q|k|v|proj_out)\.weight$/.test(name) && shape.length === 2;
  const entries = Object.entries(tensors);
  return Object.fromEntries(
    entries.map(([name, tensor]) => [
      name,
      isMatrix(name, tensor) ? { ...tensor, shape: [...tensor.shape, 1, 1] } : tensor,
    ]),
  );
}

/** A transformers text encoder as OpenCLIP stores it. */
export function asOpenClip(source: WeightSource, prefix: string): Record<string, Tensor> {
  const out: Record<string, Tensor> = {};
  const read = (name: string) => source.read(name);
  const values = (name: string) => Array.from(read(name).data as Float32Array);
  const put = (name: string, from: string) => {
    out[prefix + name] = read(from);
  };
  put('positional_embedding', 'text_model.embeddings.position_embedding.weight');
  put('token_embedding.weight', 'text_model.embeddings.token_embedding.weight');
  for (const kind of ['weight', 'bias']) {
    put(`ln_final.${kind}`, `text_model.final_layer_norm.${kind}`);
    for (let i = 0; source.has(`text_model.encoder.layers.${i}.layer_norm1.weight`); i++) {
      const theirs = `text_model.encoder.layers.${i}.`;
      const block = `transformer.resblocks.${i}.`;
      put(`${block}ln_1.${kind}`, `${theirs}layer_norm1.${kind}`);
      put(`${block}ln_2.${kind}`, `${theirs}layer_norm2.${kind}`);
      put(`${block}mlp.c_fc.${kind}`, `${theirs}mlp.fc1.${kind}`);
      put(`${block}mlp.c_proj.${kind}`, `${theirs}mlp.fc2.${kind}`);
      put(`${block}attn.out_proj.${kind}`, `${theirs}self_attn.out_proj.${kind}`);
      const joined = ['q', 'k', 'v'].flatMap((p) => values(`${theirs}self_attn.${p}_proj.${kind}`));
      const width = read(`${theirs}layer_norm1.weight`).shape[0];
      out[`${prefix}${block}attn.in_proj_${kind}`] = float32(
        joined,
        kind === 'weight' ? [3 * width, width] : [3 * width],
      );
    }
  }
  const projection = read('text_projection.weight');
  const [rows, columns] = projection.shape;
  const transposed = new Float32Array(rows * columns);
  for (let i = 0; i < rows * columns; i++)
    transposed[(i % columns) * rows + Math.floor(i / columns)] = projection.data[i] as number;
  out[`${prefix}text_projection`] = float32(transposed, [columns, rows]);
  out[`${prefix}logit_scale`] = float32([4.6], []);
  return out;
}
