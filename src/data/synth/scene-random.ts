// Random numbers of one scene: small, fast, the same on every machine, and split into named independent streams.

/** FNV-1a over the UTF-16 units of `text`, starting from `basis`. */
function hash(text: string, basis: number): number {
  let h = basis >>> 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return h;
}

/** Finaliser of MurmurHash3: every bit of the input changes about half of the output's. */
function avalanche(x: number): number {
  let h = x >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * The random numbers of a scene. Everything of a picture depends on its seed only; `fork` gives a part its own stream,
 * so that one more draw in one part leaves the others unchanged.
 */
export class SceneRandom {
  readonly #key: readonly [number, number];
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed any safe integer; equal seeds give equal streams. */
  constructor(seed: number, path = '') {
    const low = avalanche(hash(path, (seed >>> 0) ^ 0x811c9dc5));
    const high = avalanche(hash(path, Math.floor(seed / 2 ** 32) ^ low ^ 0x9e3779b9));
    this.#key = [low, high];
    this.#a = low;
    this.#b = high;
    this.#c = avalanche(low ^ 0x6a09e667);
    for (let i = 0; i < 12; i++) this.#advance();
  }

  /** An independent stream that depends on this stream's seed and `name` only, not on what was drawn before. */
  fork(name: string): SceneRandom {
    return new SceneRandom(this.#key[0] + (this.#key[1] & 0x1fffff) * 2 ** 32, name);
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.#advance() / 2 ** 32;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** Bell-shaped with standard deviation `sigma`, never beyond 3.5 sigma (a sum of four uniforms): safe for joints. */
  normal(sigma: number): number {
    return sigma * Math.sqrt(3) * (this.next() + this.next() + this.next() + this.next() - 2);
  }

  /** Uniform integer in [0, count). */
  int(count: number): number {
    return Math.floor(this.next() * count);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.int(items.length)];
  }

  /** Picks an item with probability proportional to its weight. */
  weighted<T>(items: readonly (readonly [T, number])[]): T {
    let left = this.next() * items.reduce((sum, item) => sum + item[1], 0);
    for (const [item, weight] of items) {
      left -= weight;
      if (left < 0) return item;
    }
    return items[items.length - 1][0];
  }

  /** -1 or 1. */
  sign(): 1 | -1 {
    return this.next() < 0.5 ? -1 : 1;
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One step of sfc32 (Chris Doty-Humphrey, PractRand): 128 bits of state with a counter. */
  #advance(): number {
    const b = this.#b;
    const c = this.#c;
    const sum = (this.#a + b + this.#counter) >>> 0;
    this.#a = (b ^ (b >>> 9)) >>> 0;
    this.#b = (c + (c << 3)) >>> 0;
    this.#c = (((c << 21) | (c >>> 11)) + sum) >>> 0;
    this.#counter = (this.#counter + 1) >>> 0;
    return sum;
  }
}
