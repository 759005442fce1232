// The judge's answers: sorted, of the picture's own pixels, and computed once a picture.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Image } from '../core/image.js';
import { float32, type Tensor } from '../core/tensor.js';
import { judgeGraph, parseJudgeConfig, randomWeights } from '../models/index.js';
import { createRuntime } from '../runtime/index.js';
import { writeSafetensors } from '../weights/index.js';
import { isAmongFirst, type Judge, openJudge } from './judge.js';

const CONFIG = {
  picture_size: 64,
  stem_channels: 8,
  channels: [8, 16],
  blocks: [1, 1],
  decoder_channels: 8,
  norm_groups: 4,
  keypoints: [0, 9, 91],
  triplets: [
    { verb: 'ride', object: 'bicycle' },
    { verb: 'hold', object: 'cup' },
    { verb: 'wave', object: null },
  ],
};
const runtime = createRuntime({ threads: 1 });
const folder = mkdtempSync(join(tmpdir(), 'judge-'));
let judge: Judge;

beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(CONFIG));
  const graph = judgeGraph(parseJudgeConfig(CONFIG), { batch: 1 });
  const weights = randomWeights(graph, 3);
  const tensors: Record<string, Tensor> = {};
  for (const name of graph.parameters.keys()) tensors[name] = weights.read(name);
  // The logits prefer "hold cup" whatever the picture.
  tensors['triplets.bias'] = float32([0, 50, 10], [3]);
  await writeSafetensors(join(folder, 'model.safetensors'), tensors);
  judge = openJudge(runtime, { folder });
});
afterAll(async () => {
  await runtime.close();
  rmSync(folder, { recursive: true });
});

function noise(widthPx: number, heightPx: number): Image {
  const data = Uint8Array.from({ length: widthPx * heightPx * 3 }, (_, i) => (i * 7919) % 251);
  return { widthPx, heightPx, data };
}

describe('openJudge', () => {
  it('gives every triplet with its probability, the likeliest first', async () => {
    const found = await judge.judgeInteraction(noise(64, 64));
    expect(found.map((i) => i.triplet.verb).slice(0, 1)).toEqual(['hold']);
    expect(found.reduce((sum, i) => sum + i.score, 0)).toBeCloseTo(1);
    for (let i = 1; i < found.length; i++) expect(found[i].score).toBeLessThanOrEqual(found[i - 1].score);
    expect(isAmongFirst(found, { verb: 'hold', object: 'cup' }, 1)).toBe(true);
    expect(isAmongFirst(found, { verb: 'ride', object: 'bicycle' }, 1)).toBe(false);
    expect(() => isAmongFirst(found, { verb: 'eat', object: 'pizza' }, 1)).toThrowError(/3 triplets/);
  });

  it('places points in the pixels of a picture of any shape', async () => {
    const square = await judge.judgeKeypoints(noise(64, 64));
    expect(square).toHaveLength(133);
    expect(square.filter((p) => p.score > 0).length).toBe(3);
    const blank = (widthPx: number, heightPx: number) => ({
      widthPx,
      heightPx,
      data: new Uint8Array(3 * widthPx * heightPx),
    });
    const black = await judge.judgeKeypoints(blank(128, 64));
    const small = await judge.judgeKeypoints(blank(64, 64));
    // A black picture twice as wide is the same black square: x is doubled, y is doubled and moved by the margin.
    expect(black[9].x).toBeCloseTo(2 * small[9].x, 3);
    expect(black[9].y).toBeCloseTo(2 * small[9].y - 32, 3);
  });

  it('gives features that tell pictures apart, and the same ones for the same picture', async () => {
    const a = noise(64, 64);
    const [first, again] = [await judge.judgeFeatures(a), await judge.judgeFeatures(a)];
    const other = await judge.judgeFeatures({ ...a, data: new Uint8Array(a.data.length).fill(200) });
    expect(first.length).toBe(24);
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it('says where an embedded judge is missed', () => {
    expect(() => openJudge(runtime, { folder: join(folder, 'nothing') })).toThrowError(/nothing/);
  });
});
