// Half precision and bfloat16: exact decoding, and encoding rounded to nearest even as IEEE 754 asks.

/** Finite values of this magnitude and more round to infinity: half way from the largest half (65504) to 2^16. */
export const FLOAT16_OVERFLOW = 65520;

const scratchFloat = new Float32Array(1);
const scratchBits = new Uint32Array(scratchFloat.buffer);

let decodeTable: Float32Array | undefined;

/** The float32 values of IEEE binary16 bit patterns; every pattern is representable, so this is exact. */
export function decodeFloat16(bits: Uint16Array): Float32Array {
  const out = new Float32Array(bits.length);
  decodeFloat16Into(bits, out);
  return out;
}

/** The same into memory that is there already. */
export function decodeFloat16Into(bits: Uint16Array, into: Float32Array): void {
  decodeTable ??= Float32Array.from({ length: 0x10000 }, (_, pattern) => decodeOne(pattern));
  for (let i = 0; i < bits.length; i++) into[i] = decodeTable[bits[i]];
}

function decodeOne(pattern: number): number {
  const sign = pattern & 0x8000 ? -1 : 1;
  const exponent = (pattern >> 10) & 0x1f;
  const fraction = pattern & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** IEEE binary16 bit patterns nearest to `values`, ties to even; beyond 65,520 becomes infinity, NaN the quiet NaN. */
export function encodeFloat16(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    scratchFloat[0] = values[i];
    out[i] = halfBits(scratchBits[0]);
  }
  return out;
}

function halfBits(single: number): number {
  const sign = (single >>> 16) & 0x8000;
  const magnitude = single & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 0x477ff000 is FLOAT16_OVERFLOW.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  // Below 2^-14 (0x38800000) halves are multiples of 2^-24; adding the bits of 0.5 makes the addition round to them.
  if (magnitude < 0x38800000) {
    scratchBits[0] = magnitude;
    scratchFloat[0] += 0.5;
    return sign | (scratchBits[0] - 0x3f000000);
  }
  const odd = (magnitude >>> 13) & 1;
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13);
}

/** The float32 values of bfloat16 bit patterns (the upper halves of float32 ones); exact. */
export function decodeBfloat16(bits: Uint16Array): Float32Array {
  const out = new Float32Array(bits.length);
  const words = new Uint32Array(out.buffer);
  for (let i = 0; i < bits.length; i++) words[i] = bits[i] << 16;
  return out;
}

/** bfloat16 bit patterns nearest to `values`, ties to even; NaN becomes the quiet NaN. */
export function encodeBfloat16(values: Float32Array): Uint16Array {
  const words = new Uint32Array(values.slice().buffer);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) {
    const nan = (words[i] & 0x7fffffff) > 0x7f800000;
    out[i] = nan ? (words[i] >>> 16) | 0x7fc0 : (words[i] + 0x7fff + ((words[i] >>> 16) & 1)) >>> 16;
  }
  return out;
}
