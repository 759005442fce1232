// ControlNet on small random weights: shapes that a UNet takes, scale, channel order, pooling.
import { afterAll, describe, expect, it } from 'vitest';
import { randomNormal } from '../core/random.js';
import { float32, floats, type Tensor } from '../core/tensor.js';
import { relativeError } from '../parity/report.js';
import { createRuntime } from '../runtime/index.js';
import {
  controlNetGraph,
  parseControlNetConfig,
  parseUNet2DConditionConfig,
  randomWeights,
  unetGraph,
  unetSkipShapes,
} from './index.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

const FIELDS = {
  block_out_channels: [8, 16],
  down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
  layers_per_block: 1,
  attention_head_dim: 2,
  cross_attention_dim: 6,
  norm_num_groups: 4,
  conditioning_embedding_out_channels: [4, 6],
};
const SIZE = { batch: 1, height: 4, width: 6, tokens: 3 };
const condition = randomNormal(3, { shape: [1, 3, 8, 12] });
const feeds = {
  sample: randomNormal(1, { shape: [1, 4, 4, 6] }),
  timestep: float32([321], [1]),
  encoder_hidden_states: randomNormal(2, { shape: [1, 3, 6] }),
};
const weights = randomWeights(controlNetGraph(parseControlNetConfig(FIELDS), SIZE), 1);

async function residuals(fields: object = {}, { cond = condition, scale = 1 }: { cond?: Tensor; scale?: number } = {}) {
  const session = await runtime.session(
    controlNetGraph(parseControlNetConfig({ ...FIELDS, ...fields }), SIZE),
    weights,
  );
  return session.run({ ...feeds, cond, conditioning_scale: float32([scale], []) });
}

describe('ControlNetModel', () => {
  it('gives what a UNet of the same layout takes, and steers it', async () => {
    const { mid, ...down } = await residuals();
    const unet = parseUNet2DConditionConfig({ ...FIELDS, up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'] });
    const shapes = unetSkipShapes(unet, feeds.sample.shape);
    expect(Object.values(down).map((t) => t.shape)).toEqual(shapes);
    expect(mid.shape).toEqual(shapes.at(-1));
    const graph = unetGraph(unet, { ...SIZE, residuals: true });
    const session = await runtime.session(graph, randomWeights(graph, 2));
    const run = async (residual: Record<string, Tensor>) => floats((await session.run({ ...feeds, ...residual })).out);
    expect(await run({ ...down, mid })).not.toEqual(await run(await residuals({}, { scale: 0 })));
  });

  it('is proportional to its scale', async () => {
    const [whole, half] = [await residuals(), await residuals({}, { scale: 0.5 })];
    for (const name of Object.keys(whole)) {
      expect(floats(half[name])).toEqual(floats(whole[name]).map((v) => v / 2));
    }
  });

  it('reads blue first where the config says so', async () => {
    const plane = 8 * 12;
    const [red, green, blue] = [0, 1, 2].map((c) => floats(condition).subarray(c * plane, (c + 1) * plane));
    const cond = float32([...blue, ...green, ...red], condition.shape);
    const order = { controlnet_conditioning_channel_order: 'bgr' };
    const [ours, flipped, plain] = [await residuals(order), await residuals({}, { cond }), await residuals()];
    expect(relativeError(floats(flipped.mid), floats(ours.mid))).toBeLessThan(1e-5); // another order of summation
    expect(relativeError(floats(plain.mid), floats(ours.mid))).toBeGreaterThan(1e-2);
  });

  it('averages over the picture where the config says so', async () => {
    const [pooled, plain] = [await residuals({ global_pool_conditions: true }), await residuals()];
    const first = floats(plain.down0).subarray(0, 24);
    const mean = first.reduce((sum, v) => sum + v) / 24;
    for (const v of floats(pooled.down0).subarray(0, 24)) expect(v).toBeCloseTo(mean, 5);
  });

  it('refuses variants that it cannot follow', () => {
    for (const [field, value] of Object.entries({
      down_block_types: ['CrossAttnDownBlock2D', 'KDownBlock2D'],
      controlnet_conditioning_channel_order: 'gbr',
      encoder_hid_dim: 32,
      mid_block_type: 'UNetMidBlock2D',
    })) {
      expect(() => parseControlNetConfig({ ...FIELDS, [field]: value })).toThrow(
        expect.objectContaining({ code: 'unsupported' }),
      );
    }
  });
});
