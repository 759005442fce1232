// Replies in every shape that was seen, and shapes that nobody should send.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseChoice } from './parse-choice.js';
import { parseLayout } from './parse-layout.js';

describe('parseChoice', () => {
  it.each([
    ['{"choice": 3}', [2]],
    ['The rider leans forward.\n```json\n{"choice": "2"}\n```', [1]],
    ['{"choices": [4, 1, 4, 9]}', [3, 0]],
    ['I would take the second one.', [1]],
    ['The 3rd picture is best, the 1st is worse.', [2, 0]],
    ['**Image 4** fits', [3]],
    ['option #5', [4]],
    ['5', [4]],
    ['Number 2.', [1]],
    ['three', [2]],
    // "one" is a word here, and the picture is named
    ['The one that fits is image 3', [2]],
    ['3.5 of 10 for all', []],
    ['picture 7', []],
    ['I cannot help with that.', []],
    ['', []],
  ])('reads %j', (reply, picks) => {
    expect(parseChoice(reply, { count: 5 })).toEqual(picks);
  });

  it('never leaves the range, whatever the reply', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.integer({ min: 1, max: 6 }), (reply, count) => {
        const picks = parseChoice(reply, { count });
        expect(new Set(picks).size).toBe(picks.length);
        for (const pick of picks) expect(pick >= 0 && pick < count).toBe(true);
      }),
    );
  });
});

const bicycle = { object: 'bicycle' };
const boxOf = (reply: string, question = bicycle) => parseLayout(reply, question).numbers;

describe('parseLayout', () => {
  it('reads a code block with a trailing comment', () => {
    expect(boxOf('```\nUpdated object location: [100, 220, 400, 480]  # lower, under the hips\n```')).toEqual([
      100, 220, 400, 480,
    ]);
  });

  it('reads an underscored assignment', () => {
    expect(boxOf('updated_object_location = [12, 30, 200, 310]')).toEqual([12, 30, 200, 310]);
  });

  it('takes the answer and not the original that bullets restate', () => {
    const reply = [
      '### Updated object location',
      '- Original object location: [1, 2, 3, 4]',
      '- Human box: [5, 6, 7, 8]',
      '',
      '**Object location:** [110, 200, 390, 470]',
    ].join('\n');
    expect(boxOf(reply)).toEqual([110, 200, 390, 470]);
  });

  it('reads long prose that ends in a box', () => {
    const prose = 'given that the hips are near the middle and the feet reach down to the pedals, it should be roughly';
    expect(boxOf(`Updated object location (bicycle): ${prose} [90, 210, 420, 500].`)).toEqual([90, 210, 420, 500]);
    expect(boxOf(`Object location: ${'far '.repeat(120)} [90, 210, 420, 500]`)).toBeNull();
  });

  it('prefers JSON, then the label, then the last box', () => {
    expect(boxOf('Object location: [1, 1, 2, 2]\n{"reasoning": "x", "box": [10, 20, 30, 40]}')).toEqual([
      10, 20, 30, 40,
    ]);
    expect(boxOf('{"objects": [{"name": "dog", "box": [1,1,9,9]}, {"name": "bicycle", "box": [2,2,8,8]}]}')).toEqual([
      2, 2, 8, 8,
    ]);
    const labelled = 'Object location (bicycle): [10, 20, 30, 40]\nObject location: [50, 60, 70, 80]';
    expect(boxOf(labelled)).toEqual([10, 20, 30, 40]);
    expect(boxOf(labelled, { object: 'dog' })).toEqual([50, 60, 70, 80]);
  });

  it.each([
    ['Object location: [-20, 30.6, 600, 700]', [-20, 30.6, 600, 700]],
    ['Object location: (−5, 1, 2, 3)', [-5, 1, 2, 3]],
    ['Object location: [0.1, 0.2, 0.5, 0.9]', [0.1, 0.2, 0.5, 0.9]],
    ['Original object location: [1, 2, 3, 4] -> updated object location: [5, 6, 7, 8]', [5, 6, 7, 8]],
    ['Original object location: [1, 2, 3, 4]', null],
    ['Human box: [1, 2, 3, 4]', null],
    ['I am sorry, I cannot look at people.', null],
    ['Object location: [1, 2, 3]', null],
    ['[1, 2, 3, 4]', null],
  ])('reads %j', (reply, numbers) => {
    expect(boxOf(reply)).toEqual(numbers);
  });

  it('understands that nothing has to move', () => {
    expect(parseLayout('Object location: unchanged', bicycle)).toMatchObject({ numbers: null, keeps: true });
    expect(parseLayout('{"box": null}', bicycle)).toMatchObject({ numbers: null, keeps: true });
    expect(parseLayout('There is no change in the weather', bicycle).keeps).toBe(false);
  });

  it('keeps only words of the vocabulary', () => {
    const reply = [
      'Pose type: Dynamic, she pedals',
      'Body_orientation: **profile** (facing left)',
      'Facial direction: looking at the object',
      'Object relationship: floating',
      'Object size: three tenths',
      'Reasoning: the bicycle has to be under her.',
    ].join('\n');
    const { attributes, reasoning } = parseLayout(reply, bicycle);
    expect(attributes).toEqual({
      poseType: 'dynamic',
      orientation: 'profile',
      face: 'at the object',
      size: 'three tenths',
    });
    expect(reasoning).toBe('the bicycle has to be under her.');
  });

  it('stands any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (reply) => {
        const { numbers } = parseLayout(`object ${reply}`, bicycle);
        expect(numbers === null || numbers.length === 4).toBe(true);
      }),
    );
  });

  it('reads back any box that is written in the grammar', () => {
    const number = fc.oneof(fc.integer({ min: -600, max: 1200 }), fc.double({ min: -600, max: 1200, noNaN: true }));
    fc.assert(
      fc.property(fc.array(number, { minLength: 4, maxLength: 4 }), fc.boolean(), (numbers, equals) => {
        const written = numbers.map((n) => n.toFixed(2));
        const reply = `Updated_Object_Location (bicycle)${equals ? ' =' : ':'} [${written.join(', ')}] # moved`;
        expect(boxOf(reply)).toEqual(written.map(Number));
      }),
    );
  });
});
