// Thousands of damaged files: each is either refused with our error or opens with every tensor inside its bounds.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ContrappostoError } from '../core/errors.js';
import { BYTES_PER_ELEMENT, float32, int64, sizeOf } from '../core/tensor.js';
import { repeatedKey } from './json-keys.js';
import { openSafetensors } from './safetensors.js';
import { encodeSafetensors, packTensors } from './safetensors-writer.js';

const intact = encodeSafetensors(
  packTensors(
    { weight: float32([1, 2, 3, 4, 5, 6], [2, 3]), bias: float32([1, 2], [2]), ids: int64([1, 2, 3], [3]) },
    (name) => (name === 'weight' ? 'int8' : 'float16'),
  ),
  { metadata: { format: 'pt' } },
);
const headerBytes = Number(new DataView(intact.buffer).getBigUint64(0, true));
const headerText = new TextDecoder().decode(intact.subarray(8, 8 + headerBytes));

/** Opens and reads everything; returns whether the file was accepted, and throws for any wrong success or crash. */
function survives(bytes: Uint8Array): boolean {
  try {
    const file = openSafetensors(bytes);
    let total = 0;
    for (const name of file.names()) {
      const raw = file.rawRead(name);
      expect(raw.data.length).toBe(sizeOf(raw.shape));
      expect(raw.data.byteLength).toBe(sizeOf(raw.shape) * BYTES_PER_ELEMENT[raw.dtype]);
      expect(file.read(name).data.length).toBe(sizeOf(file.info(name).shape));
      total += raw.data.byteLength;
    }
    // Nothing is read twice or from outside the data (scales are not counted, hence the inequality).
    const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    expect(total).toBeLessThanOrEqual(bytes.length - 8 - length);
    return true;
  } catch (error) {
    if (!(error instanceof ContrappostoError)) throw error;
    expect(['corrupt-file', 'unsupported']).toContain(error.code);
    expect(error.details.hint).toBeTruthy();
    return false;
  }
}

function withHeader(text: string): Uint8Array {
  const json = new TextEncoder().encode(text);
  const out = new Uint8Array(8 + json.length + intact.length - 8 - headerBytes);
  new DataView(out.buffer).setBigUint64(0, BigInt(json.length), true);
  out.set(json, 8);
  out.set(intact.subarray(8 + headerBytes), 8 + json.length);
  return out;
}

it('accepts the intact file', () => {
  expect(survives(intact)).toBe(true);
  expect(survives(withHeader(headerText))).toBe(true);
});

it('survives flipped bytes', () => {
  const flips = fc.array(fc.tuple(fc.nat(intact.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(flips, (list) => {
      const bytes = intact.slice();
      for (const [at, value] of list) bytes[at] = value;
      survives(bytes);
    }),
    { numRuns: 3000 },
  );
});

it('refuses every cut and every addition', () => {
  for (let length = 0; length < intact.length; length++) expect(survives(intact.slice(0, length))).toBe(false);
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (extra) => {
      expect(survives(Uint8Array.of(...intact, ...extra))).toBe(false);
    }),
  );
});

it('survives edited headers, and refuses those whose numbers changed', () => {
  const numbers = [...headerText.matchAll(/\d+(?=[,\]])/g)];
  const value = fc.oneof(fc.integer({ min: -2, max: 64 }), fc.maxSafeInteger(), fc.double());
  let accepted = 0;
  fc.assert(
    fc.property(fc.nat(numbers.length - 1), value, (which, number) => {
      const { 0: old, index } = numbers[which];
      if (String(number) === old) return;
      accepted += Number(
        survives(withHeader(headerText.slice(0, index) + number + headerText.slice(index + old.length))),
      );
    }),
    { numRuns: 3000 },
  );
  // Any single changed number breaks a size, the cover of the data, or the JSON.
  expect(accepted).toBe(0);
});

it('survives headers spliced from their own pieces', () => {
  const pieces = headerText.split(/(?<=[,:{}[\]])/);
  const order = fc.array(fc.nat(pieces.length - 1), { maxLength: pieces.length });
  fc.assert(
    fc.property(order, fc.nat(pieces.length), (list, keep) => {
      survives(withHeader([...pieces.slice(0, keep), ...list.map((i) => pieces[i])].join('')));
    }),
    { numRuns: 2000 },
  );
});

it('survives arbitrary JSON as tensors, and arbitrary bytes', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (header) => {
      survives(withHeader(JSON.stringify(header)));
    }),
    { numRuns: 1000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => !survives(bytes)));
});

it('survives deep nesting', () => {
  expect(survives(withHeader(`{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`))).toBe(false);
});

it('finds a repeated key exactly when there is one', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(repeatedKey(JSON.stringify(value))).toBeUndefined();
    }),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', 'b', '"', '\\', 'é', '\n'), { maxLength: 4 }),
      fc.jsonValue(),
      (keys, value) => {
        const text = `[{"x":{${keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)}}}]`;
        expect(repeatedKey(text) !== undefined).toBe(new Set(keys).size < keys.length);
      },
    ),
  );
});
