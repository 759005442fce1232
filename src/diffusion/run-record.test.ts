import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodePng, readPngText } from '../core/image.js';
import { type RunRecord, runRecordFromPngText, runRecordToJson, runRecordToPngText } from './run-record.js';

const record: RunRecord = {
  method: 'sd',
  prompt: 'a woman is riding a bicycle',
  negativePrompt: '',
  seed: 7,
  steps: 20,
  guidanceScale: 7.5,
  scheduler: 'ddim',
  width: 256,
  height: 128,
  model: { name: 'mini', fingerprint: '0123456789abcdef' },
  software: { contrapposto: '0.1.0' },
};
const pixel = { widthPx: 1, heightPx: 1, data: new Uint8Array(3) };

describe('run record', () => {
  it('comes back from a PNG as it went in, whatever the prompt', async () => {
    const text = fc.string({ unit: 'grapheme' }).filter((s) => !s.includes('\0'));
    await fc.assert(
      fc.asyncProperty(
        text,
        text,
        fc.double({ noNaN: true, min: 0, max: 30 }),
        async (prompt, negativePrompt, scale) => {
          const made = { ...record, prompt, negativePrompt, guidanceScale: scale };
          const png = await encodePng(pixel, { text: runRecordToPngText(made) });
          expect(runRecordFromPngText(readPngText(png), 'read')).toEqual(made);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('keeps the pictures that a run began from', async () => {
    const source = { path: 'in/photo.jpg', fingerprint: 'ab' };
    const made: RunRecord = { ...record, initImage: source, mask: source, strength: 0.5, longPrompts: 'chunk' };
    const text = runRecordToPngText(made);
    expect(runRecordFromPngText(text, 'read')).toEqual(made);
    expect(text['parameters']).toContain('Denoising strength: 0.5');
  });

  it('keeps the networks that steered it', () => {
    const image = { path: 'pose.png', fingerprint: 'cd' };
    const control = {
      kind: 'controlnet' as const,
      name: 'a/b',
      fingerprint: 'ab',
      image,
      scale: 0.5,
      start: 0,
      end: 0.5,
    };
    const made: RunRecord = { ...record, controls: [control, { ...control, kind: 't2i-adapter' }] };
    expect(runRecordFromPngText(runRecordToPngText(made), 'read')).toEqual(made);
  });

  it('writes the parameters text of the web UI', () => {
    const named = { ...record, negativePrompt: 'blurry', model: { ...record.model, name: 'a, b' } };
    expect(runRecordToPngText(named)['parameters']).toBe(
      'a woman is riding a bicycle\nNegative prompt: blurry\n' +
        'Steps: 20, Sampler: DDIM, CFG scale: 7.5, Seed: 7, Size: 256x128, Model hash: 0123456789, Model: "a, b", ' +
        'Version: contrapposto 0.1.0',
    );
  });

  it.each([
    ['nothing', {}, 'not-found', /without settings/],
    ["another program's picture", { parameters: 'x' }, 'not-found', /another program/],
    ['broken JSON', { contrapposto: '{"seed":' }, 'corrupt-file', /broken JSON/],
    ['a missing field', { contrapposto: '{"schema":1,"method":"sd"}' }, 'corrupt-file', /prompt/],
    ['a newer schema', { contrapposto: JSON.stringify({ ...runRecordToJson(record), schema: 2 }) }, 'unsupported', /1/],
  ])('refuses %s', (_, text, code, message) => {
    const read = () => runRecordFromPngText(text as Record<string, string>, 'read');
    expect(read).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });
});
