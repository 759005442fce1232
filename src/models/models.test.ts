// Networks on small random weights: names, conditions, hooks and the properties that checkpoints rely on.
import { afterAll, describe, expect, it } from 'vitest';
import { ContrappostoError } from '../core/errors.js';
import { randomNormal } from '../core/random.js';
import { float32, floats, int64, type Tensor, type WeightSource } from '../core/tensor.js';
import { type Graph, Identity, Mul, scope } from '../graph/index.js';
import { createRuntime } from '../runtime/index.js';
import { memorySource } from '../weights/index.js';
import {
  type AttentionControl,
  type AttentionSite,
  autoencoderKLDecodeGraph,
  autoencoderKLEncodeGraph,
  autoencoderTinyDecodeGraph,
  autoencoderTinyEncodeGraph,
  clipTextGraph,
  clipTextPrefix,
  openAutoencoder,
  parseAutoencoderKLConfig,
  parseAutoencoderTinyConfig,
  parseClipTextConfig,
  parseUNet2DConditionConfig,
  randomWeights,
  unet2DCondition,
  unetGraph,
  unetSkipShapes,
  withTodaysNames,
} from './index.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

async function run(graph: Graph, weights: WeightSource, feeds: Record<string, Tensor>) {
  const session = await runtime.session(graph, weights);
  const out = await session.run(feeds);
  await session.release();
  return out;
}

const UNET = {
  block_out_channels: [8, 16],
  down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
  layers_per_block: 1,
  attention_head_dim: 2,
  cross_attention_dim: 6,
  norm_num_groups: 4,
};
const SIZE = { batch: 2, height: 5, width: 6, tokens: 3 };
const feeds = {
  sample: randomNormal(1, { shape: [2, 4, 5, 6] }),
  timestep: float32([321], [1]),
  encoder_hidden_states: randomNormal(2, { shape: [2, 3, 6] }),
};

describe('UNet2DConditionModel', () => {
  const config = parseUNet2DConditionConfig(UNET);
  const weights = randomWeights(unetGraph(config, SIZE), 1);

  it('takes odd sizes, one timestep for all or one a sample, float32 or int64', async () => {
    const { out } = await run(unetGraph(config, SIZE), weights, feeds);
    expect(out.shape).toEqual([2, 4, 5, 6]);
    const each = unetGraph(config, { ...SIZE, timesteps: 2, timestepDType: 'int64' });
    const same = await run(each, weights, { ...feeds, timestep: int64([321, 321], [2]) });
    expect(floats(same.out)).toEqual(floats(out));
    const other = await run(each, weights, { ...feeds, timestep: int64([321, 20], [2]) });
    expect(floats(other.out).slice(0, 120)).toEqual(floats(out).slice(0, 120));
    expect(floats(other.out).slice(120)).not.toEqual(floats(out).slice(120));
  });

  it('calls attention control once a layer with its place, and goes on with what it returns', async () => {
    const sites: AttentionSite[] = [];
    const record: AttentionControl = (site, probs) => {
      sites.push(site);
      expect(probs.shape.slice(0, 3)).toEqual([2, site.heads, site.resolution[0] * site.resolution[1]]);
      return Identity(probs);
    };
    const plain = await run(unetGraph(config, SIZE), weights, feeds);
    const seen = await run(unetGraph(config, { ...SIZE, attentionControl: record }), weights, feeds);
    // Without a reader of the probabilities ONNX Runtime's own attention computes them, and rounds in another order.
    for (const [i, value] of floats(seen.out).entries()) expect(value).toBeCloseTo(floats(plain.out)[i], 5);
    expect(sites.map((s) => `${s.part} ${s.level} ${s.index} ${s.kind} ${s.resolution}`)).toEqual([
      ...['self', 'cross'].map((k) => `down 0 0 ${k} 5,6`),
      ...['self', 'cross'].map((k) => `mid 0 0 ${k} 3,3`),
      ...[0, 1].flatMap((i) => ['self', 'cross'].map((k) => `up 1 ${i} ${k} 5,6`)),
    ]);
    expect(sites[7].name).toBe('up_blocks.1.attentions.1.transformer_blocks.0.attn2');
    const without: AttentionControl = (site, probs) => (site.kind === 'cross' ? Mul(probs, 0) : probs);
    const blind = unetGraph(config, { ...SIZE, attentionControl: without });
    const [a, b] = [feeds, { ...feeds, encoder_hidden_states: randomNormal(9, { shape: [2, 3, 6] }) }];
    expect(floats((await run(blind, weights, a)).out)).toEqual(floats((await run(blind, weights, b)).out));
    expect(floats((await run(unetGraph(config, SIZE), weights, b)).out)).not.toEqual(floats(plain.out));
  });

  it('adds residuals to skips of the shapes it announces', async () => {
    const shapes = unetSkipShapes(config, feeds.sample.shape);
    const graph = unetGraph(config, SIZE);
    const [sample, timestep, context] = [...graph.inputs.values()];
    const zero = shapes.map((shape) => graph.constant(randomNormal(0, { shape })));
    const downResiduals = zero.map((z) => Mul(z, 0));
    const inputs = { sample, timestep, context };
    graph.output('zero', unet2DCondition(scope(graph), config, { ...inputs, downResiduals }));
    graph.output('moved', unet2DCondition(scope(graph), config, { ...inputs, downResiduals: zero }));
    const out = await run(graph, weights, feeds);
    expect(floats(out.zero)).toEqual(floats(out.out));
    expect(floats(out.moved)).not.toEqual(floats(out.out));
    const short = { ...inputs, downResiduals: zero.slice(1) };
    expect(() => unet2DCondition(scope(graph), config, short)).toThrow(/4 residuals.*got 3/);
  });

  it('reads attention_head_dim as the number of heads, one a block where a list is given', () => {
    const heads = (fields: object) => parseUNet2DConditionConfig({ ...UNET, ...fields }).levels.map((l) => l.heads);
    expect(heads({})).toEqual([2, 2]);
    expect(heads({ attention_head_dim: [2, 4] })).toEqual([2, 4]);
    expect(heads({ num_attention_heads: 8 })).toEqual([8, 8]);
    expect(() => heads({ attention_head_dim: [2, 4, 8] })).toThrow(/2 entries.*got 3/);
  });

  it('takes pooled text and time ids where the config says so', async () => {
    const added = { addition_embed_type: 'text_time', addition_time_embed_dim: 4 };
    const xl = parseUNet2DConditionConfig({ ...UNET, ...added, projection_class_embeddings_input_dim: 34 });
    const graph = unetGraph(xl, SIZE);
    const more = { text_embeds: randomNormal(3, { shape: [2, 10] }), time_ids: randomNormal(4, { shape: [2, 6] }) };
    const out = await run(graph, randomWeights(graph, 1), { ...feeds, ...more });
    expect(out.out.shape).toEqual([2, 4, 5, 6]);
    expect(() => parseUNet2DConditionConfig({ ...UNET, ...added })).toThrow(/projection_class_embeddings_input_dim/);
  });

  it('refuses variants that it cannot follow, naming the field', () => {
    for (const [field, value] of Object.entries({
      class_embed_type: 'timestep',
      down_block_types: ['CrossAttnDownBlock2D', 'KDownBlock2D'],
      only_cross_attention: true,
      time_cond_proj_dim: 256,
      act_fn: 'mish',
      block_out_channels: [8, -1],
    })) {
      expect(() => parseUNet2DConditionConfig({ ...UNET, [field]: value })).toThrow(
        expect.objectContaining({ code: 'unsupported', message: expect.stringContaining(field) }),
      );
    }
    expect(() => parseUNet2DConditionConfig('nothing')).toThrow(ContrappostoError);
    expect(() => parseUNet2DConditionConfig({ ...UNET, a_new_field: { x: 1 } })).not.toThrow();
  });
});

describe('CLIPTextModel', () => {
  const config = parseClipTextConfig({
    ...{ vocab_size: 20, hidden_size: 8, intermediate_size: 12, num_hidden_layers: 2, num_attention_heads: 2 },
    ...{ max_position_embeddings: 6, eos_token_id: 19 },
  });
  const graph = () => clipTextGraph(config, { batch: 1, outputs: ['hidden', 'penultimate', 'pooled'] });
  const weights = randomWeights(graph(), 3);

  it('is causal, and pools at the first end token', async () => {
    const a = await run(graph(), weights, { input_ids: int64([18, 4, 5, 19, 19, 19], [1, 6]) });
    const b = await run(graph(), weights, { input_ids: int64([18, 4, 5, 7, 8, 19], [1, 6]) });
    expect(floats(a.hidden).slice(0, 24)).toEqual(floats(b.hidden).slice(0, 24));
    expect(floats(a.hidden).slice(24, 32)).not.toEqual(floats(b.hidden).slice(24, 32));
    expect(floats(a.pooled)).toEqual(floats(a.hidden).slice(24, 32));
    expect(floats(b.pooled)).toEqual(floats(b.hidden).slice(40));
    expect(floats(a.penultimate)).not.toEqual(floats(a.hidden));
  });

  it('pools at the highest id for the configs that say 2', async () => {
    const old = { ...config, eos_token_id: 2 };
    const { hidden, pooled } = await run(clipTextGraph(old, { batch: 1, outputs: ['hidden', 'pooled'] }), weights, {
      input_ids: int64([18, 2, 19, 0, 0, 0], [1, 6]),
    });
    expect(floats(pooled)).toEqual(floats(hidden).slice(16, 24));
  });

  it('finds the tower under either prefix', () => {
    expect(clipTextPrefix(weights)).toBe('');
    const prefixed = randomWeights(clipTextGraph(config, { batch: 1, prefix: 'text_model' }), 3);
    expect(clipTextPrefix(prefixed)).toBe('text_model');
  });
});

describe('AutoencoderKL', () => {
  const fields = { block_out_channels: [4, 8], norm_num_groups: 2, latent_channels: 3 };
  const config = parseAutoencoderKLConfig(fields);
  const latents = randomNormal(1, { shape: [1, 3, 3, 4] });
  const decode = () => autoencoderKLDecodeGraph(config, { batch: 1, height: 3, width: 4 });

  it('halves at each level but the last, and clamps the log variance', async () => {
    const graph = autoencoderKLEncodeGraph(config, { batch: 1, height: 6, width: 8 });
    const image = float32(
      floats(randomNormal(2, { shape: [1, 3, 6, 8] })).map((v) => v * 1e6),
      [1, 3, 6, 8],
    );
    const weights = randomWeights(graph, 1);
    const spread = { ...Object.fromEntries([...weights.names()].map((n) => [n, weights.read(n)])) };
    spread['quant_conv.bias'] = float32([0, 0, 0, 99, -99, 0], [6]);
    const { mean, logvar } = await run(graph, memorySource(spread), { image });
    expect(mean.shape).toEqual([1, 3, 3, 4]);
    expect(floats(logvar)[0]).toBe(20);
    expect(floats(logvar)[12]).toBe(-30);
  });

  it('reads the names and shapes that old files have', async () => {
    const weights = randomWeights(decode(), 1);
    const old: Record<string, Tensor> = {};
    for (const name of weights.names()) {
      const { shape, ...rest } = weights.read(name);
      const attention = name.includes('.attentions.') && !name.includes('group_norm');
      const past = name.replace('to_q', 'query').replace('to_k', 'key').replace('to_v', 'value');
      const kernel = attention && shape.length === 2 ? [...shape, 1, 1] : shape;
      old[past.replace('to_out.0', 'proj_attn')] = { ...rest, shape: kernel };
    }
    expect(Object.keys(old)).toContain('decoder.mid_block.attentions.0.proj_attn.weight');
    const view = withTodaysNames(memorySource(old));
    expect([...view.names()].sort()).toEqual([...weights.names()].sort());
    const [a, b] = [await run(decode(), weights, { latents }), await run(decode(), view, { latents })];
    expect(floats(b.image)).toEqual(floats(a.image));
  });

  it('leaves out what the config leaves out', () => {
    const bare = { ...fields, mid_block_add_attention: false, use_post_quant_conv: false };
    const names = [
      ...autoencoderKLDecodeGraph(parseAutoencoderKLConfig(bare), { batch: 1, height: 3, width: 4 }).parameters.keys(),
    ];
    expect(names.some((n) => n.includes('attentions') || n.includes('post_quant_conv'))).toBe(false);
    expect([...decode().parameters.keys()]).toContain('post_quant_conv.weight');
  });
});

describe('AutoencoderTiny', () => {
  const config = parseAutoencoderTinyConfig({
    ...{ encoder_block_out_channels: [4, 4, 6], decoder_block_out_channels: [6, 4, 4] },
    ...{ num_encoder_blocks: [1, 1, 2], num_decoder_blocks: [2, 1, 0] },
  });

  it('numbers its layers as the PyTorch module does', () => {
    const encoder = [...autoencoderTinyEncodeGraph(config, { batch: 1, height: 8, width: 8 }).parameters.keys()];
    const decoder = [...autoencoderTinyDecodeGraph(config, { batch: 1, height: 2, width: 2 }).parameters.keys()];
    const modules = (names: string[]) => [...new Set(names.map((n) => n.split('.').slice(0, 3).join('.')))];
    expect(modules(encoder)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map((i) => `encoder.layers.${i}`));
    // 1 is the first activation; 4 and 7 are the enlargements.
    expect(modules(decoder)).toEqual([0, 2, 3, 5, 6, 8, 9].map((i) => `decoder.layers.${i}`));
    expect(encoder).toContain('encoder.layers.1.conv.4.bias');
    expect(encoder).not.toContain('encoder.layers.2.bias'); // convolutions of stride 2 have none
    expect(decoder).toContain('decoder.layers.9.bias');
  });

  it('turns latents into pictures of the announced size', async () => {
    const vae = openAutoencoder({
      _class_name: 'AutoencoderTiny',
      encoder_block_out_channels: [4, 4],
      decoder_block_out_channels: [4, 4],
      num_encoder_blocks: [0, 1],
      num_decoder_blocks: [1, 0],
    });
    const graph = vae.decodeGraph({ batch: 1, height: 2, width: 3 });
    const { image } = await run(graph, randomWeights(graph, 1), { latents: randomNormal(1, { shape: [1, 4, 2, 3] }) });
    expect(image.shape).toEqual([1, 3, 2 * vae.scaleFactor, 3 * vae.scaleFactor]);
  });

  it('names both classes when a vae is of neither', () => {
    expect(() => openAutoencoder({ _class_name: 'VQModel' })).toThrow(/AutoencoderKL or AutoencoderTiny, got VQModel/);
  });
});
