// ResNets: torchvision's names, order and numbers of parameters, and normalisation by running statistics.
import { afterAll, describe, expect, it } from 'vitest';
import { randomNormal } from '../core/random.js';
import { float32, floats, sizeOf } from '../core/tensor.js';
import { Graph, scope } from '../graph/index.js';
import { batchNorm } from '../nn/normalization.js';
import { createRuntime } from '../runtime/index.js';
import { memorySource } from '../weights/index.js';
import { type ResNetDepth, randomWeights, resNetGraph } from './index.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

const SIZE = { batch: 1, height: 64, width: 96 };
const trained = (depth: ResNetDepth) =>
  [...resNetGraph({ depth }, SIZE).parameters].filter(([name]) => !name.includes('running_'));

describe('resNet', () => {
  // Numbers of torchvision's documentation.
  it.each([
    [18, 11_689_512],
    [34, 21_797_672],
    [50, 25_557_032],
    [101, 44_549_160],
    [152, 60_192_808],
  ] as const)('of depth %i has %i trained values', (depth, expected) => {
    expect(trained(depth).reduce((sum, [, { shape }]) => sum + sizeOf(shape), 0)).toBe(expected);
  });

  it('declares its parameters in the order of named_parameters', () => {
    const names = (depth: ResNetDepth) => trained(depth).map(([name]) => name);
    const norm = (name: string) => [`${name}.weight`, `${name}.bias`];
    expect(names(50).slice(0, 15)).toEqual([
      ...['conv1.weight', ...norm('bn1')],
      ...[1, 2, 3].flatMap((i) => [`layer1.0.conv${i}.weight`, ...norm(`layer1.0.bn${i}`)]),
      ...['layer1.0.downsample.0.weight', ...norm('layer1.0.downsample.1')],
    ]);
    expect(names(18).slice(3, 9)).toEqual(
      [1, 2].flatMap((i) => [`layer1.0.conv${i}.weight`, ...norm(`layer1.0.bn${i}`)]),
    );
    expect(names(18)).not.toContain('layer1.0.downsample.0.weight');
    expect(names(101).slice(-2)).toEqual(norm('fc'));
  });

  it('gives maps of a fourth to a thirty-second of the picture, their mean, and classes', async () => {
    const graph = resNetGraph({ depth: 18, classes: 7 }, { batch: 2, height: 32, width: 48 });
    const session = await runtime.session(graph, randomWeights(graph, 1));
    const out = await session.run({ pixel_values: randomNormal(1, { shape: [2, 3, 32, 48] }) });
    expect([1, 2, 3, 4].map((i) => out[`layer${i}`].shape)).toEqual([
      [2, 64, 8, 12],
      [2, 128, 4, 6],
      [2, 256, 2, 3],
      [2, 512, 1, 2],
    ]);
    const [a, b] = floats(out.layer4);
    expect(floats(out.pooled)[0]).toBeCloseTo((a + b) / 2, 5);
    expect(out.logits.shape).toEqual([2, 7]);
    expect([...resNetGraph({ depth: 18, classes: 0 }, SIZE).outputs.keys()]).not.toContain('logits');
  });
});

describe('batchNorm', () => {
  it('subtracts the running mean and divides by the root of the running variance', async () => {
    const graph = new Graph('test');
    graph.output('y', batchNorm(scope(graph, 'n'), graph.input('x', 'float32', [1, 2, 1, 2]), { epsilon: 0.5 }));
    const weights = memorySource({
      'n.weight': float32([2, 1], [2]),
      'n.bias': float32([10, 0], [2]),
      'n.running_mean': float32([1, -1], [2]),
      'n.running_var': float32([3.5, 0.5], [2]),
    });
    const session = await runtime.session(graph, weights);
    const { y } = await session.run({ x: float32([1, 3, 0, 4], [1, 2, 1, 2]) });
    expect([...floats(y)].map((v) => Math.round(v * 1e4) / 1e4)).toEqual([10, 12, 1, 5]);
  });
});
