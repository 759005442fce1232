// T2I-Adapters in the pipelines, on a tiny random checkpoint.
import { afterAll, describe, expect, it } from 'vitest';
import type { Image } from '../core/image.js';
import { floats } from '../core/tensor.js';
import {
  controlNetGraph,
  parseControlNetConfig,
  parseT2IAdapterConfig,
  randomWeights,
  t2iAdapterGraph,
} from '../models/index.js';
import { createRuntime } from '../runtime/index.js';
import { type Adapter, type AdapterNetwork, loadAdapter } from './adapter.js';
import { loadControlNet } from './control.js';
import { loadPipeline, type Pipeline } from './pipeline.js';
import { testCheckpoint, UNET } from './test-checkpoint.js';
import { textToImage } from './text-to-image.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());
const pipeline = loadPipeline(testCheckpoint(), runtime);

// Pictures of 8 pixels, latents of 4, one block.
const FULL = { _class_name: 'T2IAdapter', channels: [8], downscale_factor: 2, num_res_blocks: 1 };
const LIGHT = { ...FULL, adapter_type: 'light_adapter', in_channels: 1 };

function network(config: object, seed = 1): AdapterNetwork {
  const parsed = parseT2IAdapterConfig(config);
  const graph = t2iAdapterGraph(parsed, { batch: 1, height: 8, width: 8 });
  return loadAdapter({ config, weights: randomWeights(graph, seed) });
}

const image: Image = { widthPx: 8, heightPx: 8, data: Uint8Array.from({ length: 192 }, (_, i) => (i * 53) % 256) };
const [full, second] = [network(FULL), network(FULL, 2)];

async function latents(
  adapters: Adapter[],
  { on = pipeline, ...more }: { on?: Pipeline; [option: string]: unknown } = {},
) {
  const [made] = await textToImage(on, { prompt: 'a', steps: 4, seed: 2, adapters, ...more });
  return floats(made.latents);
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.hypot(...a.map((v, i) => v - b[i]));
}

describe('adapters', () => {
  it('steer by their picture and scale, and add up', async () => {
    const plain = await latents([]);
    const whole = await latents([{ network: full, image }]);
    const half = { network: full, image, controlScale: 0.5 };
    expect(distance(await latents([{ network: full, image, controlScale: 0 }]), plain)).toBeLessThan(1e-4);
    expect(distance(whole, plain)).toBeGreaterThan(1e-2);
    expect(distance(await latents([half, half]), whole)).toBeLessThan(1e-3 * Math.hypot(...whole));
    expect(distance(await latents([half, { network: second, image }]), whole)).toBeGreaterThan(1e-2);
    const other = { ...image, data: image.data.map((v) => 255 - v) };
    expect(distance(await latents([{ network: full, image: other }]), whole)).toBeGreaterThan(1e-3);
  });

  it('act in their part of the steps alone', async () => {
    const [plain, always] = [await latents([]), await latents([{ network: full, image }])];
    const late = await latents([{ network: full, image, controlStart: 0.5 }]);
    for (const other of [plain, always]) expect(distance(late, other)).toBeGreaterThan(1e-3);
    const never = await latents([{ network: full, image, controlStart: 0.9 }]);
    expect(distance(never, plain)).toBeLessThan(1e-4);
  });

  it('see grey where they were made for one channel, and have a stage for the last block in their light form', async () => {
    const unet = {
      block_out_channels: [8, 8],
      down_block_types: ['CrossAttnDownBlock2D', 'DownBlock2D'],
      up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D'],
    };
    const on = loadPipeline(testCheckpoint({ unet }), runtime);
    const light = network(LIGHT);
    const [steered, plain] = [await latents([{ network: light, image }], { on }), await latents([], { on })];
    expect(distance(steered, plain)).toBeGreaterThan(1e-3);
    const luma = (i: number) => 0.299 * image.data[i] + 0.587 * image.data[i + 1] + 0.114 * image.data[i + 2];
    const grey = { ...image, data: image.data.map((_, i) => Math.round(luma(i - (i % 3)))) };
    const same = await latents([{ network: light, image: grey }], { on });
    expect(distance(same, steered)).toBeLessThan(0.02 * distance(steered, plain));
  });

  it('stand beside ControlNets', async () => {
    const config = { ...UNET, conditioning_embedding_out_channels: [4, 8] };
    const graph = controlNetGraph(parseControlNetConfig(config), { batch: 1, height: 4, width: 4, tokens: 8 });
    const controls = [{ network: loadControlNet({ config, weights: randomWeights(graph, 3) }), image }];
    const both = await latents([{ network: full, image }], { controls });
    const neither = [await latents([{ network: full, image }]), await latents([], { controls })];
    for (const one of neither) expect(distance(both, one)).toBeGreaterThan(1e-3);
  });

  it('are refused when they cannot act or belong to another family', async () => {
    const adapter = (config: object) => [{ network: network(config), image }];
    await expect(latents(adapter({ ...FULL, channels: [12] }))).rejects.toThrow(/\[1,8,4,4\].*got \[1,12,4,4\]/);
    await expect(latents(adapter({ ...FULL, channels: [8, 8, 8] }))).rejects.toThrow(/another family/);
    await expect(latents(adapter({ ...FULL, in_channels: 2 }))).rejects.toThrow(/3 channels \(colours\) or 1/);
    await expect(latents(adapter({ ...FULL, downscale_factor: 8 }), { width: 12 })).rejects.toThrow(/multiples of 8/);
    await expect(latents([{ network: full, image, controlScale: Number.NaN }])).rejects.toThrow(/finite controlScale/);
    expect(() => loadAdapter({ config: { _class_name: 'ControlNetModel' }, weights: full.weights })).toThrow(
      /got ControlNetModel.*loadControlNet/s,
    );
    expect(() => loadControlNet({ config: FULL, weights: full.weights })).toThrow(/got T2IAdapter.*loadAdapter/s);
  });
});
