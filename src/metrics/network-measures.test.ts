// Measures by networks of the user: InceptionV3 and ONNX features, LPIPS; known answers, bounds, refusals.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Image } from '../core/image.js';
import type { Tensor } from '../core/tensor.js';
import { info, onnxBytes } from '../graph/onnx/test-models.js';
import { inceptionV3Graph, perceptualDistanceGraph } from '../models/index.js';
import { knownPicture, knownTensors } from '../models/test-known-weights.js';
import { createRuntime } from '../runtime/index.js';
import { encodeSafetensors } from '../weights/index.js';
import { openInceptionV3, openOnnxFeatures } from './inception-features.js';
import { openPerceptualDistance } from './perceptual-distance.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

const SIZE = { widthPx: 80, heightPx: 64 };
const folder = await mkdtemp(join(tmpdir(), 'networks-'));
async function written(name: string, content: Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}
const renamed = (tensors: Record<string, Tensor>, name: (old: string) => string) =>
  Object.fromEntries(Object.entries(tensors).map(([key, value]) => [name(key), value]));

describe('openInceptionV3', () => {
  const tensors = knownTensors(inceptionV3Graph({ batch: 1, ...SIZE, widths: [64] }));
  const picture = knownPicture(0, { widthPx: 56, heightPx: 40 });

  it('reads weights with and without a prefix', async () => {
    const plain = await written('inception.safetensors', encodeSafetensors(tensors));
    const nested = encodeSafetensors(renamed(tensors, (name) => `model.inception.${name}`));
    for (const weights of [plain, await written('nested.safetensors', nested)]) {
      const network = openInceptionV3(runtime, { weights, width: 64 });
      expect([network.name, network.width]).toEqual(['InceptionV3-64-tensorflow', 64]);
      const features = await network.features(picture);
      expect(features).toHaveLength(64);
      expect(features[0]).toBeCloseTo(0.304637, 5); // as in inception-v3.test.ts
      network.close();
    }
  });

  it('says what is wrong with other weights and widths', async () => {
    const other = await written(
      'other.safetensors',
      encodeSafetensors({ 'conv1.weight': tensors[Object.keys(tensors)[0]] }),
    );
    expect(() => openInceptionV3(runtime, { weights: other })).toThrow(/Conv2d_1a_3x3.*conv1\.weight.*safetensors/s);
    expect(() => openInceptionV3(runtime, { weights: '/nowhere' })).toThrow(/no such file/);
    expect(() => openInceptionV3(runtime, { weights: other, width: 100 as 64 })).toThrow(/64, 192, 768, 2048/);
  });
});

describe('openOnnxFeatures', () => {
  const copy = (shape: readonly (number | string)[], type = 1) =>
    onnxBytes({
      ...{ name: 'copy', node: [{ opType: 'Identity', name: 'i', input: ['x'], output: ['y'] }] },
      ...{ input: [info('x', shape, type)], output: [info('y', shape, type)] },
    });
  const flat = (...colour: number[]): Image => ({
    ...{ widthPx: 5, heightPx: 7 },
    data: Uint8Array.from({ length: 105 }, (_, i) => colour[i % 3]),
  });

  it('averages maps over the picture, which it stretches', async () => {
    const path = await written('copy.onnx', copy([1, 3, 16, 16]));
    const network = await openOnnxFeatures(runtime, path, { range: 'byte' });
    expect(network.width).toBe(3);
    expect([...(await network.features(flat(10, 20, 250)))]).toEqual([10, 20, 250]);
    const signed = await openOnnxFeatures(runtime, path, { range: 'signed' });
    expect((await signed.features(flat(0, 255, 51))).map((v) => Math.round(v * 1e4) / 1e4)).toEqual(
      Float32Array.of(-1, 1, -0.6),
    );
  });

  it('asks for the size and the output where the file leaves them open', async () => {
    const path = await written('open.onnx', copy(['batch', 3, 'height', 'width']));
    await expect(openOnnxFeatures(runtime, path)).rejects.toThrow(/expected sidePx/);
    const network = await openOnnxFeatures(runtime, path, { sidePx: 8 });
    expect([...(await network.features(flat(255, 0, 255)))]).toEqual([1, 0, 1]);
    await expect(openOnnxFeatures(runtime, path, { sidePx: 8, output: 'z' })).rejects.toThrow(
      /an output of y, got "z"/,
    );
  });

  it('refuses networks of another kind', async () => {
    const path = await written('flat.onnx', copy([1, 3]));
    await expect(openOnnxFeatures(runtime, path)).rejects.toThrow(/one input \[1, 3, H, W\], got x float32 \[1,3\]/);
  });
});

describe('openPerceptualDistance', () => {
  const tensorsOf = (network: 'alex' | 'vgg') => knownTensors(perceptualDistanceGraph(network, { batch: 1, ...SIZE }));
  const [a, b] = [knownPicture(0, SIZE), knownPicture(1, SIZE)];
  const alex = async () => {
    const path = await written('alex.safetensors', encodeSafetensors(tensorsOf('alex')));
    return openPerceptualDistance(runtime, { network: 'alex', weights: [path] });
  };

  // `python3 test/reference/networks.py`
  it.each([
    ['alex', 0.1583448],
    ['vgg', 0.1276797],
  ] as const)('gives PyTorch’s distance by %s', async (network, expected) => {
    const path = await written(`${network}.safetensors`, encodeSafetensors(tensorsOf(network)));
    const lpips = openPerceptualDistance(runtime, { network, weights: [path] });
    expect(Math.abs((await lpips.distance(a, b)) / expected - 1)).toBeLessThan(1e-4);
    lpips.close();
  });

  it('is 0 for equal pictures, symmetric, and never negative', async () => {
    const lpips = await alex();
    const size = { widthPx: 40, heightPx: 36 };
    const pictures = fc
      .uint8Array({ minLength: 4320, maxLength: 4320 })
      .map((data): Image => ({ ...size, data: new Uint8Array(data) }));
    await fc.assert(
      fc.asyncProperty(pictures, pictures, async (x, y) => {
        const distance = await lpips.distance(x, y);
        expect(distance).toBeGreaterThanOrEqual(0);
        expect(await lpips.distance(y, x)).toBeCloseTo(distance, 6);
        expect(await lpips.distance(x, x)).toBe(0);
      }),
      { numRuns: 10 },
    );
    lpips.close();
  });

  it('reads the LPIPS module’s own names, backbone and linear layers apart', async () => {
    const all = Object.entries(tensorsOf('alex'));
    const linear = Object.fromEntries(all.filter(([name]) => name.startsWith('lin')));
    const backbone = Object.fromEntries(all.filter(([name]) => name.startsWith('features')));
    const slices: Record<string, number> = { 0: 1, 3: 2, 6: 3, 8: 4, 10: 5 };
    const theirs = renamed(backbone, (name) =>
      name.replace(/features\.(\d+)/, (_, i: string) => `net.slice${slices[i]}.${i}`),
    );
    const weights = [
      await written('net.safetensors', encodeSafetensors(theirs)),
      await written('lin.safetensors', encodeSafetensors(linear)),
    ];
    const lpips = openPerceptualDistance(runtime, { network: 'alex', weights });
    expect(await lpips.distance(a, b)).toBeCloseTo(0.1583448, 5);
    lpips.close();
    expect(() => openPerceptualDistance(runtime, { network: 'alex', weights: [weights[0]] })).toThrow(
      /a tensor lin0\.model\.1\.weight.*torchvision/s,
    );
  });

  it('refuses pictures of two sizes or too small ones', async () => {
    const lpips = await alex();
    const small = knownPicture(0, { widthPx: 30, heightPx: 64 });
    await expect(lpips.distance(a, small)).rejects.toMatchObject({ code: 'shape' });
    await expect(lpips.distance(small, small)).rejects.toThrow(/at least 31 pixels/);
    const least = knownPicture(0, { widthPx: 31, heightPx: 31 });
    expect(await lpips.distance(least, least)).toBe(0);
    lpips.close();
  });
});
