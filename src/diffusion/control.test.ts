// ControlNets in the pipelines, on a tiny random checkpoint.
import { afterAll, describe, expect, it } from 'vitest';
import type { Image } from '../core/image.js';
import { floats } from '../core/tensor.js';
import { controlNetGraph, parseControlNetConfig, randomWeights } from '../models/index.js';
import { createRuntime } from '../runtime/index.js';
import { actsAt } from './condition.js';
import { type ControlNetwork, loadControlNet } from './control.js';
import { imageToImage } from './image-to-image.js';
import { loadPipeline } from './pipeline.js';
import { testCheckpoint, UNET } from './test-checkpoint.js';
import { textToImage } from './text-to-image.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());
const pipeline = loadPipeline(testCheckpoint(), runtime);

function network(seed: number, changes: object = {}): ControlNetwork {
  const config = { ...UNET, conditioning_embedding_out_channels: [4, 8], ...changes };
  const graph = controlNetGraph(parseControlNetConfig(config), { batch: 1, height: 4, width: 4, tokens: 8 });
  return loadControlNet({ config, weights: randomWeights(graph, seed) });
}

const image: Image = { widthPx: 8, heightPx: 8, data: Uint8Array.from({ length: 192 }, (_, i) => (i * 53) % 256) };
const [first, second] = [network(1), network(2)];

async function latents(controls: object[] | undefined, more: object = {}) {
  const options = { prompt: 'a', steps: 4, seed: 2, controls: controls as never, ...more };
  return floats((await textToImage(pipeline, options))[0].latents);
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.hypot(...a.map((v, i) => v - b[i]));
}

describe('controls', () => {
  it('steer by their picture, the more the larger the scale', async () => {
    const plain = await latents(undefined);
    const at = async (controlScale: number) =>
      distance(await latents([{ network: first, image, controlScale }]), plain);
    expect(await at(0)).toBeLessThan(1e-4);
    expect(await at(0.05)).toBeGreaterThan(1e-3);
    expect(await at(0.05)).toBeLessThan(await at(0.5));
    const other = { ...image, data: image.data.map((v) => 255 - v) };
    expect(await latents([{ network: first, image: other }])).not.toEqual(await latents([{ network: first, image }]));
  });

  it('add up: halves of one make the whole, and a second one changes the result', async () => {
    const half = { network: first, image, controlScale: 0.5 };
    const whole = await latents([{ network: first, image }]);
    expect(distance(await latents([half, half]), whole)).toBeLessThan(1e-3 * Math.hypot(...whole));
    expect(distance(await latents([half, { network: second, image }]), whole)).toBeGreaterThan(1e-2);
  });

  it('act between their fractions of the steps alone', async () => {
    const late = await latents([{ network: first, image, controlStart: 0.5 }]);
    const early = await latents([{ network: first, image, controlEnd: 0.5 }]);
    const [plain, always] = [await latents(undefined), await latents([{ network: first, image }])];
    for (const other of [plain, always, early]) expect(distance(late, other)).toBeGreaterThan(1e-3);
    const never = await latents([{ network: first, image, controlStart: 0.9 }]); // no step lies in it as a whole
    expect(distance(never, plain)).toBeLessThan(1e-4);
    const steps = [0, 1, 2, 3].map((step) => actsAt({ controlStart: 0.25, controlEnd: 0.75 }, { step, steps: 4 }));
    expect(steps).toEqual([false, true, true, false]);
  });

  it('steer the change of a picture as well, and are gone with low memory', async () => {
    const options = { prompt: 'a', image, steps: 4, strength: 0.5, width: 8, height: 8 };
    const [plain] = await imageToImage(pipeline, options);
    const controls = [{ network: first, image }];
    const [steered] = await imageToImage(pipeline, { ...options, controls, lowMemory: true });
    expect(steered.latents).not.toEqual(plain.latents);
    expect((await imageToImage(pipeline, { ...options, controls }))[0].latents).toEqual(steered.latents);
  });

  it('are refused when they cannot act or belong to another family', async () => {
    await expect(latents([{ network: first, image, controlStart: 0.5, controlEnd: 0.5 }])).rejects.toThrow(
      /controlEnd/,
    );
    await expect(latents([{ network: first, image, controlScale: Number.NaN }])).rejects.toThrow(/finite controlScale/);
    const other = network(1, { block_out_channels: [12] });
    await expect(latents([{ network: other, image }])).rejects.toThrow(/channels and text width, 8\/8.*got 12\/8/);
  });
});
