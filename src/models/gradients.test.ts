// Every network can be differentiated by all its inputs and parameters; an operator without a rule fails here by name.
import { afterAll, describe, expect, it } from 'vitest';
import { randomNormal } from '../core/random.js';
import { float32, floats, type Tensor } from '../core/tensor.js';
import {
  Add,
  type Checkpointing,
  type Graph,
  gradient,
  liveNodes,
  liveParameters,
  Mul,
  ReduceSum,
  serialise,
  type Value,
} from '../graph/index.js';
import { createRuntime } from '../runtime/index.js';
import * as models from './index.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

const UNET = {
  block_out_channels: [8, 16],
  down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
  layers_per_block: 1,
  attention_head_dim: 2,
  cross_attention_dim: 6,
  norm_num_groups: 4,
};
const CONTROL = { ...UNET, conditioning_embedding_out_channels: [4, 6] };
const KL = models.parseAutoencoderKLConfig({ block_out_channels: [4, 8], norm_num_groups: 2, latent_channels: 3 });
const TINY = models.parseAutoencoderTinyConfig({
  ...{ encoder_block_out_channels: [8, 8], decoder_block_out_channels: [8, 8] },
  ...{ num_encoder_blocks: [1, 1], num_decoder_blocks: [1, 1] },
});
const LAYERS = { hidden_size: 8, intermediate_size: 12, num_hidden_layers: 1, num_attention_heads: 2 };
const TEXT = { ...LAYERS, vocab_size: 20, max_position_embeddings: 6, eos_token_id: 19, projection_dim: 5 };
const CLIP = models.parseClipConfig({
  projection_dim: 5,
  text_config: TEXT,
  vision_config: { ...LAYERS, image_size: 6, patch_size: 2 },
});
const SIZE = { batch: 1, height: 4, width: 6, tokens: 3 };
const unetConfig = models.parseUNet2DConditionConfig(UNET);
const triplets = [{ verb: 'ride', object: 'bicycle' }];

/** One graph of each kind that a network function makes. */
const GRAPHS: Record<string, () => Graph> = {
  unetGraph: () => models.unetGraph(unetConfig, SIZE),
  controlNetGraph: () => models.controlNetGraph(models.parseControlNetConfig(CONTROL), SIZE),
  t2iAdapterGraph: () =>
    models.t2iAdapterGraph(models.parseT2IAdapterConfig({ channels: [4, 8] }), { batch: 1, height: 32, width: 32 }),
  autoencoderKLEncodeGraph: () => models.autoencoderKLEncodeGraph(KL, { batch: 1, height: 8, width: 8 }),
  autoencoderKLDecodeGraph: () => models.autoencoderKLDecodeGraph(KL, SIZE),
  autoencoderTinyEncodeGraph: () => models.autoencoderTinyEncodeGraph(TINY, { batch: 1, height: 8, width: 8 }),
  autoencoderTinyDecodeGraph: () => models.autoencoderTinyDecodeGraph(TINY, SIZE),
  clipGraph: () => models.clipGraph(CLIP, { texts: 2, images: 2 }),
  clipImageGraph: () => models.clipImageGraph(CLIP, { batch: 2 }),
  clipTextEmbedsGraph: () => models.clipTextEmbedsGraph(CLIP, { batch: 2 }),
  clipTextGraph: () => models.clipTextGraph(models.parseClipTextConfig(TEXT), { batch: 1, tokens: 4 }),
  resNetGraph: () => models.resNetGraph({ depth: 18 }, { batch: 1, height: 32, width: 32 }),
  inceptionV3Graph: () =>
    models.inceptionV3Graph({ batch: 1, heightPx: 32, widthPx: 32, widths: [64, 2048], logits: true }),
  perceptualDistanceGraph: () => models.perceptualDistanceGraph('alex', { batch: 1, heightPx: 64, widthPx: 64 }),
  judgeGraph: () =>
    models.judgeGraph(
      models.parseJudgeConfig({
        ...{ architectures: ['Judge'], picture_size: 32, stem_channels: 4, channels: [4, 8], blocks: [1, 1] },
        ...{ decoder_channels: 8, norm_groups: 4, keypoints: [0, 1], triplets },
      }),
      { batch: 1 },
    ),
  layoutGraph: () =>
    models.layoutGraph(
      models.parseLayoutModelConfig({
        ...{ architectures: ['LayoutModel'], verbs: ['ride'], objects: ['bicycle'], members: 2, width: 8 },
        ...{ embedding_width: 4, person_hypotheses: 2, present_hypotheses: 2 },
      }),
      { batch: 1 },
    ),
};

const total = (x: Value) => ReduceSum(Mul(x, x), { keepdims: false });

function lossOf(graph: Graph): Value {
  const floating = [...graph.outputs.values()].filter((v) => v.dtype === 'float32');
  return floating.map(total).reduce((a, b) => Add(a, b));
}

describe('networks', () => {
  it('are all in the list', () => {
    const makers = Object.keys(models).filter((name) => name.endsWith('Graph'));
    expect(Object.keys(GRAPHS).sort()).toEqual(makers.sort());
  });

  it.each(Object.entries(GRAPHS))('%s has gradients of its parameters', (_, build) => {
    const graph = build();
    const parameters = liveParameters(graph);
    const slopes = gradient(graph, lossOf(graph), parameters);
    expect(slopes.map((g) => g.shape)).toEqual(parameters.map((p) => p.shape));
  });
});

describe('checkpointing', () => {
  const feeds: Record<string, Tensor> = {
    sample: randomNormal(1, { shape: [1, 4, 4, 6] }),
    timestep: float32([321], [1]),
    encoder_hidden_states: randomNormal(2, { shape: [1, 3, 6] }),
  };

  function differentiated(checkpoint: Checkpointing, size = SIZE) {
    const graph = models.unetGraph(unetConfig, { ...size, outputs: (y) => y.graph.output('loss', total(y)) });
    const [slope] = gradient(graph, graph.outputs.get('loss')!, [graph.inputs.get('sample')!], { checkpoint });
    graph.output('gradient', slope);
    return graph;
  }

  async function evaluate(checkpoint: Checkpointing) {
    const graph = differentiated(checkpoint);
    const session = await runtime.session(graph, models.randomWeights(graph, 1));
    const out = await session.run(feeds);
    await session.release();
    return floats(out.gradient);
  }

  const count = (graph: Graph, op: string) => liveNodes(graph).filter((node) => node.op === op).length;

  it.each<[string, Checkpointing]>([
    ['what is expensive', 'on'],
    ['the convolutions alone', (value) => value.producer?.op === 'Conv'],
    ['nothing', () => false],
  ])('keeping %s changes no gradient', async (_, checkpoint) => {
    const [whole, again] = [await evaluate('off'), await evaluate(checkpoint)];
    const largest = whole.reduce((a, v) => Math.max(a, Math.abs(v)), 0);
    expect(largest).toBeGreaterThan(0);
    for (const [i, v] of whole.entries()) expect(Math.abs(again[i] - v)).toBeLessThan(1e-5 * largest);
  });

  it('computes norms and probabilities again, but no convolution', () => {
    const [off, on] = [differentiated('off'), differentiated('on')];
    expect(count(on, 'Softmax')).toBe(2 * count(off, 'Softmax'));
    expect(count(on, 'Conv')).toBe(count(off, 'Conv'));
  });

  it('leaves the forward pass its attention that never holds all probabilities', () => {
    const fused = (checkpoint: Checkpointing) => {
      const graph = differentiated(checkpoint, { ...SIZE, height: 8, width: 8 });
      return new TextDecoder('latin1').decode(serialise(graph, { fused: true })).includes('MultiHeadAttention');
    };
    expect([fused('off'), fused('on')]).toEqual([false, true]);
  });

  it('is left out where everything fits anyway', () => {
    expect(liveNodes(differentiated('auto')).length).toBe(liveNodes(differentiated('off')).length);
  });
});
