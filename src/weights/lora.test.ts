import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { float32, type Tensor } from '../core/tensor.js';
import type { Checkpoint } from './checkpoint.js';
import { type LoraOptions, withLoras } from './lora.js';
import { writeSafetensors } from './safetensors-writer.js';
import { memorySource } from './sources.js';

const scratch = mkdtempSync(join(tmpdir(), 'lora-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const QUERY = 'down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q';
const OUT = 'down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0';
const CONV = 'down_blocks.0.resnets.0.conv1';
const PROJ = 'mid_block.attentions.0.proj_in';
const TEXT = 'text_model.encoder.layers.0.self_attn.q_proj';

/** W [2, 3], a 3x3 kernel [2, 1, 3, 3], a 1x1 kernel [2, 2, 1, 1]; a text encoder of one matrix [2, 2]. */
const unet = memorySource({
  [`${QUERY}.weight`]: float32([1, 2, 3, 4, 5, 6], [2, 3]),
  [`${OUT}.weight`]: float32([0, 0, 0, 0], [2, 2]),
  [`${CONV}.weight`]: float32(new Array(18).fill(1), [2, 1, 3, 3]),
  [`${PROJ}.weight`]: float32([1, 0, 0, 1], [2, 2, 1, 1]),
});
const text = memorySource({ [`${TEXT}.weight`]: float32([0, 0, 0, 0], [2, 2]) });
const networks: Record<string, ReturnType<Checkpoint['component']>> = {
  unet: { config: {}, weights: unet },
  text_encoder: { config: {}, weights: text },
};
const checkpoint: Checkpoint = {
  folder: 'test',
  pipelineClass: undefined,
  components: ['text_encoder', 'unet'],
  component: (name) => networks[name],
  tokenizer: () => expect.fail('not here'),
  schedulerConfig: () => ({}),
  close: () => undefined,
};

let files = 0;
async function lora(tensors: Record<string, Tensor>, metadata: Record<string, string> = {}): Promise<string> {
  const path = join(scratch, `${files++}.safetensors`);
  await writeSafetensors(path, tensors, { metadata });
  return path;
}
function read(loras: LoraOptions[], name: string, component = 'unet'): number[] {
  const merged = withLoras(checkpoint, loras);
  const { data, shape } = merged.component(component).weights.read(`${name}.weight`);
  expect(shape).toEqual(networks[component].weights.info(`${name}.weight`).shape);
  merged.close();
  return Array.from(data as Float32Array);
}

// up · down = [[1], [2]] · [[1, 0, -1]] = [[1, 0, -1], [2, 0, -2]]
const down = float32([1, 0, -1], [1, 3]);
const up = float32([1, 2], [2, 1]);
const scalar = (value: number) => float32([value], []);
const flat = (module: string) => module.replaceAll('.', '_');

describe('names', () => {
  it.each<[string, Record<string, Tensor>]>([
    ['kohya', { [`lora_unet_${flat(QUERY)}.lora_down.weight`]: down, [`lora_unet_${flat(QUERY)}.lora_up.weight`]: up }],
    [
      "kohya's for SDXL",
      {
        'lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q.lora_down.weight': down,
        'lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q.lora_up.weight': up,
      },
    ],
    ['PEFT', { [`unet.${QUERY}.lora_A.weight`]: down, [`unet.${QUERY}.lora_B.weight`]: up }],
    ['a PEFT adapter', { [`unet.${QUERY}.lora_A.default.weight`]: down, [`unet.${QUERY}.lora_B.default.weight`]: up }],
    ['diffusers', { [`unet.${QUERY}.lora.down.weight`]: down, [`unet.${QUERY}.lora.up.weight`]: up }],
    [
      'attention processors',
      {
        [`unet.${QUERY.replace('to_q', 'processor.to_q_lora')}.down.weight`]: down,
        [`unet.${QUERY.replace('to_q', 'processor.to_q_lora')}.up.weight`]: up,
      },
    ],
  ])('of %s', async (_, tensors) => {
    expect(read([{ path: await lora(tensors) }], QUERY)).toEqual([2, 2, 2, 6, 5, 4]);
  });

  it('of output projections, whose place in the module list older files leave out', async () => {
    const key = `unet.${OUT.replace('to_out.0', 'processor.to_out_lora')}`;
    const tensors = { [`${key}.down.weight`]: float32([1, 2], [1, 2]), [`${key}.up.weight`]: up };
    expect(read([{ path: await lora(tensors) }], OUT)).toEqual([1, 2, 2, 4]);
  });

  it.each([
    ['lora_te_text_model_encoder_layers_0_self_attn_q_proj', 'lora_down', 'lora_up'],
    ['lora_te1_text_model_encoder_layers_0_self_attn_q_proj', 'lora_down', 'lora_up'],
    [`text_encoder.${TEXT}`, 'lora_A', 'lora_B'],
    [`text_encoder.${TEXT.replace('text_model.', '')}`, 'lora_A', 'lora_B'],
    [`text_encoder.${TEXT.replace('q_proj', 'to_q')}`, 'lora.down', 'lora.up'],
    [`text_encoder.${TEXT}`, 'lora_linear_layer.down', 'lora_linear_layer.up'],
  ])('of text encoders: %s', async (module, first, second) => {
    const tensors = { [`${module}.${first}.weight`]: float32([3, 4], [1, 2]), [`${module}.${second}.weight`]: up };
    expect(read([{ path: await lora(tensors) }], TEXT, 'text_encoder')).toEqual([3, 4, 6, 8]);
  });
});

describe('arithmetic', () => {
  const kohya = (module: string, parts: { down: Tensor; up: Tensor; alpha?: Tensor }) => ({
    [`lora_unet_${flat(module)}.lora_down.weight`]: parts.down,
    [`lora_unet_${flat(module)}.lora_up.weight`]: parts.up,
    ...(parts.alpha && { [`lora_unet_${flat(module)}.alpha`]: parts.alpha }),
  });

  it('multiplies by alpha / rank and by the strength', async () => {
    // up · down = [[1, 0, 2], [0, 1, 1]] with rank 2; alpha 1 halves it, strength 3 triples it.
    const parts = { down: float32([1, 0, 2, 0, 1, 1], [2, 3]), up: float32([1, 0, 0, 1], [2, 2]), alpha: scalar(1) };
    const path = await lora(kohya(QUERY, parts));
    expect(read([{ path, scale: 3 }], QUERY)).toEqual([2.5, 2, 6, 4, 6.5, 7.5]);
    expect(read([{ path, scale: 0 }], QUERY)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(read([{ path, scale: -2 }], QUERY)).toEqual([0, 2, 1, 4, 4, 5]);
  });

  it('takes alpha of PEFT from the metadata', async () => {
    const tensors = { [`unet.${QUERY}.lora_A.weight`]: down, [`unet.${QUERY}.lora_B.weight`]: up };
    const about = (settings: object) => ({ lora_adapter_metadata: JSON.stringify(settings) });
    const four = await lora(tensors, about({ 'unet.lora_alpha': 4, 'unet.r': 1 }));
    expect(read([{ path: four }], QUERY)).toEqual([5, 2, -1, 12, 5, -2]);
    const own = await lora(tensors, about({ 'unet.lora_alpha': 4, 'unet.alpha_pattern': { 'attn1.to_q': 2 } }));
    expect(read([{ path: own }], QUERY)).toEqual([3, 2, 1, 8, 5, 2]);
  });

  it('merges kernels, and matrices into 1x1 kernels', async () => {
    const kernel = float32([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 1, 3, 3]);
    const conv = await lora(kohya(CONV, { down: kernel, up: float32([1, -1], [2, 1, 1, 1]) }));
    expect(read([{ path: conv }], CONV)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 0, -1, -2, -3, -4, -5, -6, -7, -8]);
    for (const shape of [
      [1, 2],
      [1, 2, 1, 1],
    ]) {
      const proj = await lora(kohya(PROJ, { down: float32([10, 20], shape), up }));
      expect(read([{ path: proj }], PROJ)).toEqual([11, 20, 20, 41]);
    }
    const original = { 'lora_unet_input_blocks_1_0_in_layers_2.lora_down.weight': kernel };
    const path = await lora({ ...original, 'lora_unet_input_blocks_1_0_in_layers_2.lora_up.weight': up });
    expect(read([{ path }], CONV)[0]).toBe(2);
  });

  it('adds several files, and leaves what they do not name and the checkpoint itself alone', async () => {
    const path = await lora(kohya(QUERY, { down, up }));
    const other = await lora(kohya(QUERY, { down: float32([0, 1, 0], [1, 3]), up: float32([1, 1], [2, 1]) }));
    expect(read([{ path }, { path: other, scale: 10 }], QUERY)).toEqual([2, 12, 2, 6, 15, 4]);
    expect(read([{ path }], CONV)).toEqual(new Array(18).fill(1));
    expect(Array.from(unet.read(`${QUERY}.weight`).data as Float32Array)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(withLoras(checkpoint, [])).toBe(checkpoint);
  });
});

describe('refusals', () => {
  const A = `unet.${QUERY}.lora_A.weight`;
  const B = `unet.${QUERY}.lora_B.weight`;
  it.each<[string, Record<string, Tensor>, string, RegExp]>([
    [
      'a module that is not there',
      { 'unet.other.to_q.lora_A.weight': down, 'unet.other.to_q.lora_B.weight': up },
      'invalid-input',
      /1 of 1 that it does not have, such as other\.to_q/,
    ],
    [
      'a network that is not there',
      { 'lora_te2_a.lora_down.weight': down, 'lora_te2_a.lora_up.weight': up },
      'invalid-input',
      /text_encoder_2/,
    ],
    ['another width', { [A]: float32([1, 2], [1, 2]), [B]: up }, 'invalid-input', /\[2,3\], got down \[1,2\]/],
    ['another rank', { [A]: float32(new Array(6).fill(1), [2, 3]), [B]: up }, 'corrupt-file', /up \[out, 2\]/],
    ['a half', { [A]: down }, 'corrupt-file', /down and up/],
    [
      'alpha that is no number',
      { [A]: down, [B]: up, [`unet.${QUERY}.alpha`]: scalar(Number.NaN) },
      'corrupt-file',
      /alpha/,
    ],
    ['a whole network', { 'conv_in.weight': up }, 'invalid-input', /--model/],
    ['LoHa', { [`lora_unet_${flat(QUERY)}.hada_w1_a`]: up }, 'unsupported', /LoHa/],
    ['DoRA', { [A]: down, [B]: up, [`lora_unet_${flat(QUERY)}.dora_scale`]: up }, 'unsupported', /DoRA/],
    [
      'a fully diagonal kernel',
      { [A]: float32(new Array(9).fill(1), [1, 1, 3, 3]), [B]: up },
      'invalid-input',
      /another family/,
    ],
  ])('of %s', async (_, tensors, code, message) => {
    const path = await lora(tensors);
    const loading = () => withLoras(checkpoint, [{ path }]);
    expect(loading).toThrowError(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });
});
