// Recorded attention: means over tokens, resolutions and steps, and how a map is drawn.
import { describe, expect, it } from 'vitest';
import { float32 } from '../../core/tensor.js';
import { ClipTokenizer } from '../../weights/index.js';
import { AttentionRecorder } from './attention-recorder.js';
import { heatMap } from './heat-map.js';

const letters = [...'ab'].flatMap((c) => [c, `${c}</w>`]);
const vocab = Object.fromEntries(['<|startoftext|>', '<|endoftext|>', ...letters].map((token, id) => [token, id]));
const tokenizer = new ClipTokenizer({ vocab, merges: [], modelMaxLength: 6 });

/** [1, T, 6] whose column n holds `columns[n]` (or zeros). */
function map(columns: Record<number, number[]>, queries: number) {
  const data = new Float32Array(queries * 6);
  for (const [n, values] of Object.entries(columns)) {
    values.forEach((v, p) => {
      data[p * 6 + Number(n)] = v;
    });
  }
  return float32(data, [1, queries, 6]);
}

describe('attention recorder', () => {
  it('gives each word the mean over its tokens, the resolutions and the steps', () => {
    const recorder = new AttentionRecorder();
    // "ab" is two tokens at 1 and 2, "b" one at 3.
    recorder.add({
      'cross:1x2': map({ 1: [1, 0], 2: [0, 0], 3: [4, 8] }, 2),
      'cross:1x1': map({ 3: [2] }, 1),
      out: map({}, 1),
    });
    recorder.add({ 'cross:1x2': map({ 1: [1, 0], 2: [2, 0], 3: [0, 0] }, 2), 'cross:1x1': map({}, 1) });
    const maps = recorder.wordMaps('ab b', tokenizer.encode('ab b'));
    expect(maps.map(({ word }) => word)).toEqual(['ab', 'b']);
    expect([...maps[0].map.values]).toEqual([0.5, 0]);
    expect([...maps[1].map.values]).toEqual([1.5, 2.5]);
  });

  it('takes over what another one recorded', () => {
    const [own, other] = [new AttentionRecorder(), new AttentionRecorder()];
    own.add({ 'cross:1x1': map({ 1: [9] }, 1) });
    other.add({ 'cross:1x1': map({ 1: [3] }, 1) });
    own.adopt(other);
    expect([...own.wordMaps('a', tokenizer.encode('a'))[0].map.values]).toEqual([3]);
  });

  it('refuses before a run', () => {
    expect(() => new AttentionRecorder().wordMaps('a', tokenizer.encode('a'))).toThrow(/a run that was recorded/);
  });
});

describe('heat map', () => {
  const image = { widthPx: 2, heightPx: 1, data: new Uint8Array(6).fill(100) };

  it('is bright where the map is high and leaves the picture given', () => {
    const { data } = heatMap(image, { resolution: [1, 2], values: Float32Array.of(0.1, 0.3) });
    const brightness = (i: number) => data[3 * i] + data[3 * i + 1] + data[3 * i + 2];
    expect(brightness(1)).toBeGreaterThan(300);
    expect(brightness(0)).toBeLessThan(300);
    expect(image.data).toEqual(new Uint8Array(6).fill(100));
  });

  it('darkens evenly under a constant map', () => {
    const { data } = heatMap(image, { resolution: [1, 2], values: Float32Array.of(0.2, 0.2) });
    expect([...data.subarray(0, 3)]).toEqual([...data.subarray(3)]);
  });
});
