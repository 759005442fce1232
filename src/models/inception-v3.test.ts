// InceptionV3: PyTorch's answers at every place that features are taken from, and only as much network as is needed.
import { afterAll, describe, expect, it } from 'vitest';
import { floats } from '../core/tensor.js';
import { createRuntime } from '../runtime/index.js';
import { memorySource } from '../weights/index.js';
import { INCEPTION_WIDTHS, type InceptionResize, type InceptionWidth, inceptionV3Graph } from './index.js';
import { knownPicture, knownTensors } from './test-known-weights.js';

const runtime = createRuntime({ threads: 1 });
afterAll(() => runtime.close());

const SIZE = { widthPx: 56, heightPx: 40 };
const graphOf = (resize: InceptionResize, widths: readonly InceptionWidth[]) =>
  inceptionV3Graph({ batch: 2, ...SIZE, resize, widths, logits: widths.includes(2048) });
const weights = memorySource(knownTensors(graphOf('torch', INCEPTION_WIDTHS)));

/** Value 0 of the first picture, value 11 of the second, and both means: `python3 test/reference/networks.py`. */
const KNOWN: Record<InceptionResize, Record<string, number[]>> = {
  tensorflow: {
    features_64: [0.304637, 0.3199114, 0.5022376, 0.5017594],
    features_192: [0.05939401, 1.870941, 0.7309586, 0.7303473],
    features_768: [0.0255411, 2.776955, 1.267883, 1.267544],
    features_2048: [1.416364, 0.1299177, 2.14626, 2.150912],
    logits: [4.127163, -2.28555, -0.08436248, -0.08570182],
  },
  // What differs is before the first convolution.
  torch: {
    features_64: [0.3003597, 0.3286228, 0.5025179, 0.5022064],
    features_192: [0.05781448, 1.869361, 0.7317309, 0.7323274],
  },
  antialias: {
    features_64: [0.3034063, 0.321119, 0.5021025, 0.5017807],
    features_192: [0.05688664, 1.872712, 0.7305647, 0.7311428],
  },
};

describe('inceptionV3', () => {
  it.each(Object.keys(KNOWN) as InceptionResize[])('gives PyTorch’s features with resizing by %s', async (resize) => {
    const widths = INCEPTION_WIDTHS.filter((width) => `features_${width}` in KNOWN[resize]);
    const session = await runtime.session(graphOf(resize, widths), weights);
    const data = new Uint8Array([0, 1].flatMap((n) => [...knownPicture(n, SIZE).data]));
    const out = await session.run({ pictures: { dtype: 'uint8', shape: [2, 40, 56, 3], data } });
    await session.release();
    for (const [name, expected] of Object.entries(KNOWN[resize])) {
      const values = floats(out[name]);
      const width = values.length / 2;
      const mean = (n: number) => values.subarray(n * width, (n + 1) * width).reduce((a, b) => a + b, 0) / width;
      const found = [values[0], values[width + 11], mean(0), mean(1)];
      const worst = Math.max(...found.map((v, i) => Math.abs(v - expected[i]) / (0.1 + Math.abs(expected[i]))));
      expect(worst, `${name}: ${found}`).toBeLessThan(1e-4);
    }
  });

  it('is as deep as the features need, and has the parameters of FID’s weights', () => {
    const count = (options: Partial<Parameters<typeof inceptionV3Graph>[0]>) =>
      inceptionV3Graph({ batch: 1, ...SIZE, widths: [], ...options }).parameters.size;
    expect(count({ widths: [64] })).toBe(3 * 5);
    expect(count({ widths: [192] })).toBe(5 * 5);
    // 94 convolutions with four values of normalisation each, and the classifier.
    expect(count({ widths: [2048] })).toBe(94 * 5);
    expect(count({ logits: true })).toBe(94 * 5 + 1);
    const graph = inceptionV3Graph({ batch: 1, ...SIZE, widths: [192, 64] });
    expect([...graph.outputs.keys()].sort()).toEqual(['features_192', 'features_64']);
  });
});
