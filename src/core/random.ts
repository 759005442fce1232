// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
import { type Shape, sizeOf, type Tensor } from './tensor.js';

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** Four 32-bit words from a 128-bit counter and a 64-bit key; ten rounds, Table 2 of the paper. */
export function philox4x32(counter: readonly number[], key: readonly number[]): [number, number, number, number] {
  let [a, b, c, d] = counter.map((v) => v >>> 0);
  let [k0, k1] = key.map((v) => v >>> 0);
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = multiply(MULTIPLIER_0, a);
    const [high1, low1] = multiply(MULTIPLIER_1, c);
    [a, b, c, d] = [(high1 ^ b ^ k0) >>> 0, low1, (high0 ^ d ^ k1) >>> 0, low0];
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [a, b, c, d];
}

/** High and low word of a 32 x 32 bit product, in 16-bit halves since doubles hold 53 bits. */
function multiply(x: number, y: number): [number, number] {
  const x1 = x >>> 16;
  const x0 = x & 0xffff;
  const y1 = y >>> 16;
  const y0 = y & 0xffff;
  const mid = x0 * y1 + ((x0 * y0) >>> 16);
  const mid2 = x1 * y0 + (mid & 0xffff);
  const high = x1 * y1 + Math.floor(mid / 0x10000) + Math.floor(mid2 / 0x10000);
  return [high >>> 0, Math.imul(x, y) >>> 0];
}

/**
 * A stream of random numbers addressed by (seed, stream): equal addresses give equal numbers, whatever was drawn
 * elsewhere. Seeds are 64-bit; negative ones wrap.
 */
export class Philox {
  readonly #key: [number, number];
  readonly #stream: number;
  #block = 0;
  #words: number[] = [];
  #spare: number | undefined;

  constructor(seed: number | bigint, stream = 0) {
    const s = BigInt.asUintN(64, BigInt(seed));
    this.#key = [Number(s & 0xffffffffn), Number(s >> 32n)];
    this.#stream = stream >>> 0;
  }

  nextUint32(): number {
    if (this.#words.length === 0) {
      const counter = [this.#block >>> 0, Math.floor(this.#block / 0x100000000), this.#stream, 0];
      this.#words = philox4x32(counter, this.#key).reverse();
      this.#block++;
    }
    return this.#words.pop()!;
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
