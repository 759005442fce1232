// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
import { type Shape, sizeOf, type Tensor } from './tensor.js';

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** Four 32-bit words from a 128-bit counter and a 64-bit key; ten rounds, Table 2 of the paper. */
export function philox4x32(counter: readonly number[], key: readonly number[]): [number, number, number, number] {
  const words = Uint32Array.from(counter);
  tenRounds(words, key[0], key[1]);
  return [words[0], words[1], words[2], words[3]];
}

/** Replaces a counter by its four words. Nothing is allocated: a picture's noise takes thousands of calls before its first step. */
function tenRounds(words: Uint32Array, key0: number, key1: number): void {
  let [k0, k1] = [key0 | 0, key1 | 0];
  for (let round = 0; round < 10; round++) {
    const a = words[0];
    const c = words[2];
    const high0 = highWord(MULTIPLIER_0, a);
    const high1 = highWord(MULTIPLIER_1, c);
    words[0] = high1 ^ words[1] ^ k0;
    words[1] = Math.imul(MULTIPLIER_1, c);
    words[2] = high0 ^ words[3] ^ k1;
    words[3] = Math.imul(MULTIPLIER_0, a);
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
}

/** High word of a 32 x 32 bit product, in 16-bit halves since doubles hold 53 bits. */
function highWord(x: number, y: number): number {
  const x1 = x >>> 16;
  const x0 = x & 0xffff;
  const y1 = y >>> 16;
  const y0 = y & 0xffff;
  const middle = x0 * y1 + ((x0 * y0) >>> 16);
  const middle2 = x1 * y0 + (middle & 0xffff);
  return x1 * y1 + Math.floor(middle / 0x10000) + Math.floor(middle2 / 0x10000);
}

/**
 * A stream of random numbers addressed by (seed, stream): equal addresses give equal numbers, whatever was drawn
 * elsewhere. Seeds are 64-bit; negative ones wrap.
 */
export class Philox {
  readonly #key: [number, number];
  readonly #stream: number;
  #block = 0;
  readonly #words = new Uint32Array(4);
  /** How many of the four words are spent. */
  #taken = 4;
  #spare: number | undefined;

  constructor(seed: number | bigint, stream = 0) {
    const s = BigInt.asUintN(64, BigInt(seed));
    this.#key = [Number(s & 0xffffffffn), Number(s >> 32n)];
    this.#stream = stream >>> 0;
  }

  nextUint32(): number {
    if (this.#taken === 4) {
      const words = this.#words;
      words[0] = this.#block;
      words[1] = Math.floor(this.#block / 0x100000000);
      words[2] = this.#stream;
      words[3] = 0;
      tenRounds(words, this.#key[0], this.#key[1]);
      this.#block++;
      this.#taken = 0;
    }
    return this.#words[this.#taken++];
  }

  /** Uniform in [0, 1) with 32 bits. */
  uniform(): number {
    return this.nextUint32() / 0x100000000;
  }

  /** Standard normal by the Box-Muller transform, both results used. */
  normal(): number {
    if (this.#spare !== undefined) {
      const value = this.#spare;
      this.#spare = undefined;
      return value;
    }
    // 1 - u lies in (0, 1], so the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }
}

/** A float32 tensor of standard normal values; picture i of a batch uses seed + i, so batches equal single runs. */
export function randomNormal(seed: number | bigint, options: { shape: Shape; stream?: number }): Tensor {
  const source = new Philox(seed, options.stream ?? 0);
  const data = new Float32Array(sizeOf(options.shape));
  for (let i = 0; i < data.length; i++) data[i] = source.normal();
  return { dtype: 'float32', shape: options.shape, data };
}
