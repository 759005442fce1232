// The look of a small surveillance picture: lost detail, sensor noise, uneven exposure and the blocks of a JPEG file.
import type { SceneRandom } from './scene-random.js';
import type { PictureSize } from './types.js';

export interface Degradation {
  /** Share of the resolution that is left, 0 to 1. */
  detail: number;
  /** Standard deviation of the noise, of 255. */
  noise: number;
  /** Step of the coarsest coefficients as JPEG's quantisation has it, 1 (none to speak of) to about 40. */
  blocks: number;
  /** Factors on red, green and blue, and what is added after, of 255. */
  gain: readonly [number, number, number];
  lift: number;
}

export function drawDegradation(random: SceneRandom): Degradation {
  const light = random.between(0.78, 1.15);
  const cast = random.normal(0.04);
  return {
    detail: random.between(0.4, 0.85),
    noise: random.between(1.5, 7),
    blocks: random.between(4, 26),
    gain: [light * (1 + cast), light, light * (1 - cast)],
    lift: random.between(-8, 22),
  };
}

/** A worse copy of an RGB picture. Equal arguments and streams give equal bytes. */
export function degrade(
  picture: Uint8Array,
  options: { size: PictureSize; degradation: Degradation; random: SceneRandom },
): Uint8Array {
  const { size, degradation, random } = options;
  const values = Float32Array.from(picture);
  loseDetail(values, size, degradation.detail);
  const { gain, lift, noise } = degradation;
  for (let i = 0; i < values.length; i++) values[i] = values[i] * gain[i % 3] + lift + random.normal(noise);
  quantiseBlocks(values, size, degradation.blocks);
  return Uint8Array.from(values, (v) => Math.max(0, Math.min(255, Math.round(v))));
}

/** Scales down and up again: box-filtered to `detail` of the size, bilinear on the way back. */
function loseDetail(values: Float32Array, { widthPx, heightPx }: PictureSize, detail: number): void {
  const width = Math.max(8, Math.round(widthPx * detail));
  const height = Math.max(8, Math.round(heightPx * detail));
  const small = new Float32Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const rows = [Math.floor((y * heightPx) / height), Math.ceil(((y + 1) * heightPx) / height)];
    for (let x = 0; x < width; x++) {
      const columns = [Math.floor((x * widthPx) / width), Math.ceil(((x + 1) * widthPx) / width)];
      const count = (rows[1] - rows[0]) * (columns[1] - columns[0]);
      for (let v = rows[0]; v < rows[1]; v++) {
        for (let u = columns[0]; u < columns[1]; u++) {
          for (let k = 0; k < 3; k++) small[3 * (y * width + x) + k] += values[3 * (v * widthPx + u) + k] / count;
        }
      }
    }
  }
  for (let y = 0; y < heightPx; y++) {
    const [top, bottom, ty] = neighbours(y, heightPx, height);
    for (let x = 0; x < widthPx; x++) {
      const [left, right, tx] = neighbours(x, widthPx, width);
      for (let k = 0; k < 3; k++) {
        const at = (v: number, u: number) => small[3 * (v * width + u) + k];
        const above = at(top, left) + (at(top, right) - at(top, left)) * tx;
        const below = at(bottom, left) + (at(bottom, right) - at(bottom, left)) * tx;
        values[3 * (y * widthPx + x) + k] = above + (below - above) * ty;
      }
    }
  }
}

/** The two samples of `count` around place `i` of `total`, and how far it lies towards the second. */
function neighbours(i: number, total: number, count: number): [number, number, number] {
  const place = Math.max(0, Math.min(count - 1, ((i + 0.5) * count) / total - 0.5));
  const first = Math.min(count - 2, Math.floor(place));
  return [first, first + 1, place - first];
}

const BLOCK = 8;
/** Rows of the orthonormal cosine transform (DCT-II) of eight samples. */
const COSINES = Array.from({ length: BLOCK }, (_, k) =>
  Float32Array.from(
    { length: BLOCK },
    (__, n) => (k === 0 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * n + 1) * k * Math.PI) / 16),
  ),
);

/** Rounds the cosine coefficients of each 8x8 block, the finer ones more coarsely; edges that fill no block stay. */
function quantiseBlocks(values: Float32Array, { widthPx, heightPx }: PictureSize, step: number): void {
  const block = new Float32Array(BLOCK * BLOCK);
  for (let top = 0; top + BLOCK <= heightPx; top += BLOCK) {
    for (let left = 0; left + BLOCK <= widthPx; left += BLOCK) {
      for (let k = 0; k < 3; k++) {
        const at = (i: number) => 3 * ((top + (i >> 3)) * widthPx + left + (i & 7)) + k;
        for (let i = 0; i < block.length; i++) block[i] = values[at(i)];
        transformBlock(block, false);
        for (let i = 0; i < block.length; i++) {
          const q = step * (1 + 0.55 * ((i >> 3) + (i & 7)));
          block[i] = Math.round(block[i] / q) * q;
        }
        transformBlock(block, true);
        for (let i = 0; i < block.length; i++) values[at(i)] = block[i];
      }
    }
  }
}

/** Cosine transform of rows, then columns, in place; `inverse` undoes it. */
function transformBlock(block: Float32Array, inverse: boolean): void {
  const line = new Float32Array(BLOCK);
  for (const [stride, next] of [
    [1, BLOCK],
    [BLOCK, 1],
  ]) {
    for (let l = 0; l < BLOCK; l++) {
      for (let k = 0; k < BLOCK; k++) {
        let sum = 0;
        for (let n = 0; n < BLOCK; n++) sum += block[l * next + n * stride] * (inverse ? COSINES[n][k] : COSINES[k][n]);
        line[k] = sum;
      }
      for (let k = 0; k < BLOCK; k++) block[l * next + k * stride] = line[k];
    }
  }
}
