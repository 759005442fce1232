// The three forms of T2I-Adapter: parameter names, sizes of the features, order of unshuffled pixels.
import { afterAll, describe, expect, it } from 'vitest';
import { float32, floats, sizeOf, type Tensor } from '../core/tensor.js';
import { createRuntime } from '../runtime/index.js';
import { memorySource } from '../weights/index.js';
import { parseT2IAdapterConfig, randomWeights, t2iAdapterGraph } from './index.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

const shapesOf = (fields: object, height = 48, width = 40) => {
  const graph = t2iAdapterGraph(parseT2IAdapterConfig(fields), { batch: 1, height, width });
  return [...graph.outputs.values()].map((v) => v.shape.slice(1).join('x'));
};
const namesOf = (fields: object) => {
  const graph = t2iAdapterGraph(parseT2IAdapterConfig(fields), { batch: 1, height: 32, width: 32 });
  return [...graph.parameters].map(([name, { shape }]) => `${name} ${shape.join('x')}`);
};

/** [channel][row][column] */
type Maps = number[][][];

const each =
  <A, B>(change: (value: A) => B) =>
  (values: A[]) =>
    values.map(change);

function grid(side: number, value: (i: number, j: number) => number): number[][] {
  return Array.from({ length: side }, (_, i) => Array.from({ length: side }, (_, j) => value(i, j)));
}

/** A convolution of square maps with zeros around them, by its definition. */
function loopConvolution(x: Maps, { weight, bias, padding }: { weight: Tensor; bias: Tensor; padding: number }): Maps {
  const [outputs, inputs, kernel] = weight.shape;
  const side = x[0].length;
  return Array.from({ length: outputs }, (_, o) =>
    grid(side, (i, j) => {
      let sum = floats(bias)[o];
      for (let c = 0; c < inputs; c++) {
        for (let k = 0; k < kernel * kernel; k++) {
          const value = x[c][i + Math.floor(k / kernel) - padding]?.[j + (k % kernel) - padding] ?? 0;
          sum += value * floats(weight)[(o * inputs + c) * kernel * kernel + k];
        }
      }
      return sum;
    }),
  );
}

describe('T2IAdapter', () => {
  it('halves between stages as its form says, odd sizes rounded up', () => {
    const common = { channels: [8, 12, 16, 16], downscale_factor: 8, num_res_blocks: 1 };
    expect(shapesOf({ ...common, adapter_type: 'full_adapter' })).toEqual(['8x6x5', '12x3x3', '16x2x2', '16x1x1']);
    expect(shapesOf({ ...common, adapter_type: 'full_adapter_xl' })).toEqual(['8x6x5', '12x6x5', '16x3x3', '16x3x3']);
    const light = { ...common, channels: [8, 12, 16], adapter_type: 'light_adapter' };
    expect(shapesOf(light)).toEqual(['8x6x5', '12x3x3', '16x2x2', '16x1x1']);
  });

  it('has the parameters of the published files', () => {
    const light = namesOf({ adapter_type: 'light_adapter', channels: [8, 16], num_res_blocks: 1, downscale_factor: 4 });
    expect(light.filter((n) => n.includes('weight'))).toEqual([
      'adapter.body.0.in_conv.weight 2x48x1x1',
      'adapter.body.0.resnets.0.block1.weight 2x2x3x3',
      'adapter.body.0.resnets.0.block2.weight 2x2x3x3',
      'adapter.body.0.out_conv.weight 8x2x1x1',
      'adapter.body.1.in_conv.weight 4x8x1x1',
      'adapter.body.1.resnets.0.block1.weight 4x4x3x3',
      'adapter.body.1.resnets.0.block2.weight 4x4x3x3',
      'adapter.body.1.out_conv.weight 16x4x1x1',
      'adapter.body.2.in_conv.weight 4x16x1x1',
      'adapter.body.2.resnets.0.block1.weight 4x4x3x3',
      'adapter.body.2.resnets.0.block2.weight 4x4x3x3',
      'adapter.body.2.out_conv.weight 16x4x1x1',
    ]);
    const full = namesOf({ channels: [8, 16], num_res_blocks: 2, downscale_factor: 16 });
    expect(full[0]).toBe('adapter.conv_in.weight 8x768x3x3');
    expect(full).toContain('adapter.body.1.in_conv.weight 16x8x1x1');
    expect(full).toContain('adapter.body.1.resnets.1.block2.weight 16x16x1x1');
    expect(full.some((n) => n.startsWith('adapter.body.0.in_conv'))).toBe(false);
  });

  it('unshuffles colour first, then rows, then columns', async () => {
    const config = parseT2IAdapterConfig({ channels: [1], in_channels: 2, downscale_factor: 2, num_res_blocks: 1 });
    const graph = t2iAdapterGraph(config, { batch: 1, height: 2, width: 2 });
    const tensors = Object.fromEntries(
      [...graph.parameters].map(([name, { shape }]) => [name, float32(new Float32Array(sizeOf(shape)), shape)]),
    );
    // The centre of the 3x3 kernel weighs channel i with 8^i, so that the result spells their order.
    for (let i = 0; i < 8; i++) floats(tensors['adapter.conv_in.weight'])[i * 9 + 4] = 8 ** i;
    const session = await runtime.session(graph, memorySource(tensors));
    const cond = float32([0, 1, 2, 3, 4, 5, 6, 7], [1, 2, 2, 2]);
    expect(floats((await session.run({ cond })).feat0)[0]).toBe(0o76543210);
  });

  it('averages only what is there at an odd border', async () => {
    const config = parseT2IAdapterConfig({ channels: [1, 1], in_channels: 1, downscale_factor: 1, num_res_blocks: 1 });
    const graph = t2iAdapterGraph(config, { batch: 1, height: 3, width: 3 });
    const zero = randomWeights(graph, 1);
    const tensors = Object.fromEntries(
      [...zero.names()].map((name) => [
        name,
        float32(new Float32Array(sizeOf(zero.info(name).shape)), zero.info(name).shape),
      ]),
    );
    floats(tensors['adapter.conv_in.weight'])[4] = 1;
    const session = await runtime.session(graph, memorySource(tensors));
    const { feat1 } = await session.run({ cond: float32([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 1, 3, 3]) });
    expect([...floats(feat1)]).toEqual([3, 4.5, 7.5, 9]);
  });

  it('computes the light form as plain loops do', async () => {
    const fields = {
      adapter_type: 'light_adapter',
      in_channels: 1,
      channels: [8],
      downscale_factor: 2,
      num_res_blocks: 2,
    };
    const graph = t2iAdapterGraph(parseT2IAdapterConfig(fields), { batch: 1, height: 8, width: 8 });
    const weights = randomWeights(graph, 6);
    const picture = Array.from({ length: 64 }, (_, i) => ((i * 29) % 17) / 17);
    const conv = (x: Maps, name: string, padding: number) =>
      loopConvolution(x, { weight: weights.read(`${name}.weight`), bias: weights.read(`${name}.bias`), padding });
    const stage = (input: Maps, at: string) => {
      let x = conv(input, `${at}.in_conv`, 0);
      for (const block of [0, 1]) {
        const hidden = conv(x, `${at}.resnets.${block}.block1`, 1).map(each(each((v) => Math.max(0, v))));
        const change = conv(hidden, `${at}.resnets.${block}.block2`, 1);
        x = x.map((rows, c) => rows.map((row, i) => row.map((v, j) => v + change[c][i][j])));
      }
      return conv(x, `${at}.out_conv`, 0);
    };
    // Pixels of a 2 by 2 block become channels: upper left, upper right, lower left, lower right.
    const unshuffled = [0, 1, 8, 9].map((at) => grid(4, (i, j) => picture[at + 16 * i + 2 * j]));
    const first = stage(unshuffled, 'adapter.body.0');
    const halved = first.map((m) =>
      grid(2, (i, j) => [0, 1].reduce((sum, di) => sum + m[2 * i + di][2 * j] + m[2 * i + di][2 * j + 1], 0) / 4),
    );
    const session = await runtime.session(graph, weights);
    const made = await session.run({ cond: float32(picture, [1, 1, 8, 8]) });
    for (const [name, expected] of [
      ['feat0', first],
      ['feat1', stage(halved, 'adapter.body.1')],
    ] as const) {
      const flat = expected.flat(2);
      expect(floats(made[name]).length).toBe(flat.length);
      floats(made[name]).forEach((v, i) => {
        expect(v).toBeCloseTo(flat[i], 4);
      });
      expect(Math.max(...flat) - Math.min(...flat)).toBeGreaterThan(0.01);
    }
  });

  it('refuses pictures of another size, and configs that it cannot follow', () => {
    expect(() => shapesOf({ downscale_factor: 8 }, 44)).toThrow(/multiples of 8.*44/);
    expect(() => parseT2IAdapterConfig({ adapter_type: 'style' })).toThrow(/adapter_type/);
    expect(() => parseT2IAdapterConfig({ adapter_type: 'full_adapter_xl', channels: [1, 2, 3, 4] })).toThrow(
      /channels/,
    );
  });
});
