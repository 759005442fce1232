// Damages files the way disks, downloads and hostile authors do, from a seed.
import { Philox } from '../../src/core/random.js';

/** Numbers that parsers are tripped by, as text. */
const NUMBERS = ['-1', '0', '1e308', '9007199254740993', '4294967296', '0.5', '1e400', '-0'];
const TOKENS = ['null', '[]', '{}', '""', 'true', '"\\ud800"', '[[[[[[[[', '{"__proto__":{"x":1}}', '\u0000'];

/** One damaged copy of `bytes`; different for each seed, the same for the same seed. */
export function mutate(bytes: Uint8Array, seed: number): Uint8Array {
  const random = new Philox(seed, 0xf022);
  const below = (n: number) => random.nextUint32() % Math.max(1, n);
  let out: Uint8Array = bytes.slice();
  for (let left = 1 + below(3); left > 0; left--) out = STEPS[below(STEPS.length)](out, below);
  return out;
}

type Below = (n: number) => number;

const STEPS: readonly ((bytes: Uint8Array, below: Below) => Uint8Array)[] = [
  // A flipped bit, in the header more often than elsewhere.
  (bytes, below) => {
    const out = bytes.slice();
    const reach = below(2) === 0 ? Math.min(64, out.length) : out.length;
    if (out.length > 0) out[below(reach)] ^= 1 << below(8);
    return out;
  },
  // Eight bytes of an extreme number.
  (bytes, below) => {
    const out = bytes.slice();
    const at = below(out.length - 7);
    out.fill([0, 255, 127, 128][below(4)], at, at + 1 + below(8));
    return out;
  },
  // Cut short.
  (bytes, below) => bytes.slice(0, below(bytes.length + 1)),
  // A stretch removed.
  (bytes, below) => {
    const at = below(bytes.length);
    return Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(at + 1 + below(16)));
  },
  // A stretch repeated elsewhere.
  (bytes, below) => {
    const [from, to] = [below(bytes.length), below(bytes.length)];
    return Uint8Array.of(...bytes.subarray(0, to), ...bytes.subarray(from, from + below(64)), ...bytes.subarray(to));
  },
  // Something appended.
  (bytes, below) => Uint8Array.of(...bytes, ...new Uint8Array(1 + below(32)).fill(below(256))),
  // A number in the text replaced.
  (bytes, below) => replaced(bytes, { pattern: /-?\d+(\.\d+)?/g, by: NUMBERS, below }),
  // A value in the text replaced.
  (bytes, below) => replaced(bytes, { pattern: /"[^"\\]{0,60}"|\btrue\b|\bfalse\b|\bnull\b/g, by: TOKENS, below }),
];

function replaced(
  bytes: Uint8Array,
  { pattern, by, below }: { pattern: RegExp; by: readonly string[]; below: Below },
): Uint8Array {
  const text = Buffer.from(bytes).toString('latin1');
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return bytes;
  const { 0: old, index } = found[below(found.length)];
  return new Uint8Array(
    Buffer.from(text.slice(0, index) + by[below(by.length)] + text.slice(index + old.length), 'latin1'),
  );
}
