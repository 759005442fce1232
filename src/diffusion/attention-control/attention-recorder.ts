// Keeps what a run attended to, word by word: means over heads, layers and steps.
import { ContrappostoError } from '../../core/errors.js';
import { floats, type Tensor } from '../../core/tensor.js';
import type { TextEncoding } from '../../weights/tokenizer.js';
import { CROSS_OUTPUT, tapOutputs } from './cross-taps.js';
import { type GridMap, resizeMap } from './inverse-mask.js';
import type { NetworkControl } from './network-control.js';

/** Finer maps cost more than they show. */
const MOST_QUERIES = 32 * 32;

export interface WordMap {
  word: string;
  map: GridMap;
}

/** Sums of maps by resolution; one recorder a picture. */
export class AttentionRecorder {
  readonly #sums = new Map<string, { resolution: [number, number]; tokens: number; values: Float32Array }>();
  #steps = 0;

  /** Adds the outputs that `add` reads, for a batch whose last sample has the prompt. */
  control(batch: number): NetworkControl {
    return tapOutputs({
      rows: { start: batch - 1, end: batch },
      where: ({ resolution: [h, w] }) => h * w <= MOST_QUERIES,
    });
  }

  /** Takes the outputs `cross:<H>x<W>` [1, T, S] of one step; others are passed over. */
  add(outputs: Readonly<Record<string, Tensor>>): void {
    this.#steps++;
    for (const [name, map] of Object.entries(outputs)) {
      if (!name.startsWith(CROSS_OUTPUT)) continue;
      const key = name.slice(CROSS_OUTPUT.length);
      const [height, width] = key.split('x').map(Number);
      const empty = () => ({
        resolution: [height, width] as [number, number],
        tokens: map.shape[2],
        values: new Float32Array(map.data.length),
      });
      const sum = this.#sums.get(key) ?? empty();
      this.#sums.set(key, sum);
      const values = floats(map);
      for (let i = 0; i < values.length; i++) sum.values[i] += values[i];
    }
  }

  /** Takes over what another one recorded, in place of its own. */
  adopt(other: AttentionRecorder): void {
    this.#sums.clear();
    for (const [key, sum] of other.#sums) this.#sums.set(key, sum);
    this.#steps = other.#steps;
  }

  /**
   * The map of each word of the text: mean over its tokens, over all resolutions brought to the finest, and over steps.
   *
   * @throws ContrappostoError `usage` before anything was recorded
   */
  wordMaps(text: string, encoding: TextEncoding): WordMap[] {
    const sums = [...this.#sums.values()].sort((a, b) => b.values.length - a.values.length);
    if (sums.length === 0) {
      throw new ContrappostoError('usage', {
        operation: 'attention maps',
        expected: 'a run that was recorded',
        got: 'none',
      });
    }
    const words = new Set(encoding.tokens.map((token) => token.word));
    return Array.from(words, (index) => {
      const own = encoding.tokens.filter((token) => token.word === index);
      const positions = own.map(({ position }) => position);
      const grids = sums.map(({ resolution, tokens: columns, values }) => {
        const queries = resolution[0] * resolution[1];
        const mean = (p: number) =>
          positions.reduce((sum, n) => sum + values[p * columns + n], 0) / (positions.length * this.#steps);
        return resizeMap(
          { resolution, values: Float32Array.from({ length: queries }, (_, p) => mean(p)) },
          sums[0].resolution,
        );
      });
      const values = grids[0].values.map((_, p) => grids.reduce((sum, grid) => sum + grid.values[p], 0) / grids.length);
      const word = text.slice(own[0].start, own[own.length - 1].end);
      return { word, map: { resolution: sums[0].resolution, values } };
    });
  }
}
