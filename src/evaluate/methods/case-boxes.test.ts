import { describe, expect, it } from 'vitest';
import { METHODS } from '../../methods/registry.js';
import type { BenchmarkCase } from '../benchmark.js';
import { boxesFor } from './case-boxes.js';

const size = { widthPx: 256, heightPx: 128 };
const one: BenchmarkCase = {
  id: 'a',
  prompt: 'a man is riding a bicycle',
  triplet: { verb: 'ride', object: 'bicycle' },
  canvas: { widthPx: 512, heightPx: 512 },
  boxes: { person: [100, 0, 300, 400], object: [80, 200, 320, 480] },
};
const bicycle = { word: 'bicycle', box: [40, 50, 160, 120] };

describe('boxes of a case', () => {
  it('are given in pixels of the picture, those of people to methods that place them', async () => {
    expect(boxesFor(one, { generator: await METHODS.record(), size })).toEqual([bicycle]);
    const both = boxesFor(one, { generator: await METHODS.boxdiff(), size });
    expect(both).toEqual([{ word: 'man', box: [50, 0, 150, 100] }, bicycle]);
  });

  it('are left to the agent where the object has none', async () => {
    const generator = await METHODS.boxdiff();
    const withPerson = { ...one, boxes: { person: one.boxes!.person } };
    expect(boxesFor(withPerson, { generator, size })).toBeUndefined();
    expect(boxesFor({ ...one, boxes: undefined }, { generator, size })).toBeUndefined();
  });

  it('are nothing for methods without boxes', async () => {
    expect(boxesFor(one, { size })).toBeUndefined();
    expect(boxesFor(one, { generator: await METHODS['attend-excite'](), size })).toBeUndefined();
  });
});
