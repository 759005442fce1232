// The networks in a single-file checkpoint: which of its tensors are which parameters under diffusers' names.
import { type NamePair, renamed, unetNamePairs } from '../unet-names.js';
import type { StoredAs } from './view.js';

type Places = Map<string, StoredAs>;

export const UNET = 'model.diffusion_model.';
export const VAE = 'first_stage_model.';

/** The file's names that begin with `prefix`, without it. */
function* below(names: Iterable<string>, prefix: string): Iterable<[rest: string, name: string]> {
  for (const name of names) if (name.startsWith(prefix)) yield [name.slice(prefix.length), name];
}

/** Residual blocks a level, finest first, of a UNet with the original names. */
export function originalUnetLayers(names: ReadonlySet<string>): number[] {
  const layers = [0];
  for (let i = 1; ; i++) {
    if (names.has(`${UNET}input_blocks.${i}.0.op.weight`)) layers.push(0);
    else if (names.has(`${UNET}input_blocks.${i}.0.in_layers.0.weight`)) layers[layers.length - 1]++;
    else return layers;
  }
}

/** Parameters of the UNet. */
export function unetPlaces(names: ReadonlySet<string>): Places {
  const pairs = unetNamePairs(originalUnetLayers(names));
  const places: Places = new Map();
  for (const [rest, name] of below(names, UNET)) {
    const ours = renamed(rest, pairs);
    if (ours) places.set(ours, { name });
  }
  return places;
}

const VAE_ATTENTION: readonly NamePair[] = [
  ['norm', 'group_norm'],
  ['q', 'to_q'],
  ['k', 'to_k'],
  ['v', 'to_v'],
  ['proj_out', 'to_out.0'],
];

/** Parameters of the autoencoder. The original counts the levels of its decoder from the coarsest end. */
export function vaePlaces(names: ReadonlySet<string>, { levels }: { levels: number }): Places {
  const places: Places = new Map();
  for (const [rest, name] of below(names, VAE)) {
    const ours = rest
      .replace(/^encoder\.down\.(\d+)\./, 'encoder.down_blocks.$1.')
      .replace(/^decoder\.up\.(\d+)\./, (_, level) => `decoder.up_blocks.${levels - 1 - Number(level)}.`)
      .replace(/_blocks\.(\d+)\.block\.(\d+)\./, '_blocks.$1.resnets.$2.')
      .replace('.downsample.conv.', '.downsamplers.0.conv.')
      .replace('.upsample.conv.', '.upsamplers.0.conv.')
      .replace('.nin_shortcut.', '.conv_shortcut.')
      .replace(/\.mid\.block_([12])\./, (_, block) => `.mid_block.resnets.${Number(block) - 1}.`)
      .replace(/^(encoder|decoder)\.norm_out\./, '$1.conv_norm_out.');
    const attention = /^(encoder|decoder)\.mid\.attn_1\.(.+)$/.exec(ours);
    const inside = attention && renamed(attention[2], VAE_ATTENTION);
    if (attention && inside) {
      places.set(`${attention[1]}.mid_block.attentions.0.${inside}`, { name, matrix: inside.endsWith('.weight') });
    } else if (/^(encoder|decoder|quant_conv|post_quant_conv)\./.test(ours)) places.set(ours, { name });
  }
  return places;
}

/** Parameters of a text encoder that is stored as transformers has it. */
export function clipPlaces(names: ReadonlySet<string>, prefix: string): Places {
  const places: Places = new Map();
  for (const [rest, name] of below(names, prefix)) {
    // A buffer that counts from 0, not a parameter.
    if (rest.endsWith('position_ids')) continue;
    places.set(/^text_(model|projection)\./.test(rest) ? rest : `text_model.${rest}`, { name });
  }
  return places;
}

const OPEN_CLIP: readonly NamePair[] = [
  ['positional_embedding', 'text_model.embeddings.position_embedding.weight'],
  ['token_embedding', 'text_model.embeddings.token_embedding'],
  ['ln_final', 'text_model.final_layer_norm'],
];
const OPEN_CLIP_LAYER: readonly NamePair[] = [
  ['ln_1', 'layer_norm1'],
  ['ln_2', 'layer_norm2'],
  ['mlp.c_fc', 'mlp.fc1'],
  ['mlp.c_proj', 'mlp.fc2'],
  ['attn.out_proj', 'self_attn.out_proj'],
];

/**
 * As `openClipPlaces`, without the last layer and the projection: Stable Diffusion 2 attends to the last layer but one,
 * normalised, and files in diffusers layout end there.
 */
export function penultimatePlaces(names: ReadonlySet<string>, prefix: string): Places {
  let layers = 0;
  while (names.has(`${prefix}transformer.resblocks.${layers}.ln_1.weight`)) layers++;
  const last = `text_model.encoder.layers.${layers - 1}.`;
  const kept = [...openClipPlaces(names, prefix)].filter(
    ([name]) => name !== 'text_projection.weight' && !name.startsWith(last),
  );
  return new Map(kept);
}

/** Parameters of a text encoder that is stored as OpenCLIP has it: queries, keys and values in one, projection transposed. */
export function openClipPlaces(names: ReadonlySet<string>, prefix: string): Places {
  const places: Places = new Map();
  for (const [rest, name] of below(names, prefix)) {
    if (rest === 'text_projection') places.set('text_projection.weight', { name, transposed: true });
    if (rest === 'text_projection.weight') places.set(rest, { name });
    const outside = renamed(rest, OPEN_CLIP);
    if (outside) places.set(outside, { name });
    const layer = /^transformer\.resblocks\.(\d+)\.(.+)$/.exec(rest);
    if (!layer) continue;
    const ours = `text_model.encoder.layers.${layer[1]}.`;
    const joined = /^attn\.in_proj_(weight|bias)$/.exec(layer[2]);
    if (joined) {
      ['q_proj', 'k_proj', 'v_proj'].forEach((projection, index) => {
        places.set(`${ours}self_attn.${projection}.${joined[1]}`, { name, part: { index, of: 3 } });
      });
    }
    const inside = renamed(layer[2], OPEN_CLIP_LAYER);
    if (inside) places.set(ours + inside, { name });
  }
  return places;
}
