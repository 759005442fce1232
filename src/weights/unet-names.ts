// The two ways of naming a UNet's modules: those of the original latent diffusion code, and those of diffusers.

/** `[original, diffusers]` names of a module, without dots at the ends. */
export type NamePair = readonly [string, string];

/** Modules of a residual block. */
const RESIDUAL: readonly NamePair[] = [
  ['in_layers.0', 'norm1'],
  ['in_layers.2', 'conv1'],
  ['emb_layers.1', 'time_emb_proj'],
  ['out_layers.0', 'norm2'],
  ['out_layers.3', 'conv2'],
  ['skip_connection', 'conv_shortcut'],
];

/** Modules outside the blocks. */
const AROUND: readonly NamePair[] = [
  ['time_embed.0', 'time_embedding.linear_1'],
  ['time_embed.2', 'time_embedding.linear_2'],
  ['label_emb.0.0', 'add_embedding.linear_1'],
  ['label_emb.0.2', 'add_embedding.linear_2'],
  ['input_blocks.0.0', 'conv_in'],
  ['out.0', 'conv_norm_out'],
  ['out.2', 'conv_out'],
];

/**
 * Every pair of names that a UNet with so many residual blocks a level has or could have. Attention layers have the same
 * names inside in both worlds, so one pair stands for a whole one.
 *
 * @param layers residual blocks on the way down, one number a level, finest first
 */
export function unetNamePairs(layers: readonly number[]): NamePair[] {
  const pairs: NamePair[] = [...AROUND];
  const residual = (original: string, ours: string) =>
    pairs.push(...RESIDUAL.map(([a, b]): NamePair => [`${original}.${a}`, `${ours}.${b}`]));
  let input = 1;
  layers.forEach((count, level) => {
    for (let i = 0; i < count; i++, input++) {
      residual(`input_blocks.${input}.0`, `down_blocks.${level}.resnets.${i}`);
      pairs.push([`input_blocks.${input}.1`, `down_blocks.${level}.attentions.${i}`]);
    }
    if (level === layers.length - 1) return;
    pairs.push([`input_blocks.${input++}.0.op`, `down_blocks.${level}.downsamplers.0.conv`]);
  });
  residual('middle_block.0', 'mid_block.resnets.0');
  pairs.push(['middle_block.1', 'mid_block.attentions.0']);
  residual('middle_block.2', 'mid_block.resnets.1');
  let output = 0;
  layers.toReversed().forEach((count, level) => {
    for (let i = 0; i <= count; i++, output++) {
      residual(`output_blocks.${output}.0`, `up_blocks.${level}.resnets.${i}`);
      if (i === count && level < layers.length - 1) {
        // Behind the attention layer, or in its place in a block without one.
        for (const place of [1, 2]) {
          pairs.push([`output_blocks.${output}.${place}.conv`, `up_blocks.${level}.upsamplers.0.conv`]);
        }
      }
      pairs.push([`output_blocks.${output}.1`, `up_blocks.${level}.attentions.${i}`]);
    }
  });
  return pairs;
}

/** Residual blocks a level of a UNet with diffusers' names. */
export function layersOfUnet(names: Iterable<string>): number[] {
  const layers: number[] = [];
  for (const name of names) {
    const match = /^down_blocks\.(\d+)\.resnets\.(\d+)\./.exec(name);
    if (match) layers[Number(match[1])] = Math.max(layers[Number(match[1])] ?? 0, Number(match[2]) + 1);
  }
  return Array.from(layers, (count) => count ?? 0);
}

/** `name` with the module that it begins with called by its other name, by the first pair that fits; else undefined. */
export function renamed(name: string, pairs: readonly NamePair[]): string | undefined {
  for (const [from, to] of pairs) {
    if (name === from || name.startsWith(`${from}.`)) return to + name.slice(from.length);
  }
  return undefined;
}
