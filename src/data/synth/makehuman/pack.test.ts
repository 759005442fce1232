import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openPack } from './open-pack.js';
import { PackReader, PackWriter } from './pack.js';

describe('pack', () => {
  it('returns the arrays that were put in', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 255 })),
        fc.array(fc.integer({ min: -32768, max: 32767 })),
        fc.array(fc.float({ noNaN: true })),
        (bytes, shorts, floats) => {
          const writer = new PackWriter();
          const refs = [writer.put('u8', bytes), writer.put('f32', floats), writer.put('i16', shorts)] as const;
          const reader = new PackReader(writer.finish({ note: 'é' }));
          expect(reader.header).toEqual({ note: 'é' });
          expect([...reader.get(refs[0])]).toEqual(bytes);
          expect([...reader.get(refs[1])]).toEqual(floats);
          expect([...reader.get(refs[2])]).toEqual(shorts);
        },
      ),
      { numRuns: 30 },
    );
  });

  it('says what is wrong with other files', () => {
    expect(() => openPack(new Uint8Array(100))).toThrow(/bake it again/);
    expect(() => openPack(gzipSync(Buffer.from('something else entirely')))).toThrow(/begins with "somethin"/);
    const writer = new PackWriter();
    const ref = writer.put('u8', [1, 2, 3]);
    expect(() => new PackReader(writer.finish({})).get({ ...ref, length: 4 })).toThrow(/past the end/);
  });
});
