// Words of prompts and data sets end at the right rows of the layout model's tables.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LAYOUT_OBJECTS, LAYOUT_VERBS, layoutObject, layoutVerb, verbOfHicoDet, verbOfVCoco } from './layout-words.js';

describe('layoutVerb', () => {
  it.each([
    ['riding', undefined, 'bicycle', 'ride'],
    ['rides', undefined, 'horse', 'ride'],
    ['riding', undefined, 'surfboard', 'surf_on'],
    ['ride', undefined, 'skis', 'ski_on'],
    ['hitting', undefined, 'ball', 'hit'],
    ['hitting', 'with', 'bat', 'hit_with'],
    ['lying', 'on', 'bed', 'lie_on'],
    ['sitting', 'on', 'bench', 'sit_on'],
    ['sitting', 'at', 'table', 'sit_on'],
    ['carries', undefined, 'box', 'carry'],
    ['typing', 'on', 'laptop', 'type_on'],
    ['looking', 'at', 'dog', 'look_at'],
    ['swings', undefined, 'bat', 'hit_with'],
    ['tossed', undefined, 'frisbee', 'throw'],
    ['drinking', 'from', 'cup', 'drink_with'],
    ['sit_on', undefined, 'chair', 'sit_on'],
    ['straddling', undefined, 'motorcycle', 'ride'],
    ['contemplating', undefined, 'void', undefined],
  ])('takes %s %s (%s) for %s', (word, preposition, object, verb) => {
    expect(layoutVerb(word, { preposition, object })).toBe(verb);
  });

  it('knows its own verbs, and answers any word', () => {
    for (const verb of LAYOUT_VERBS) expect(layoutVerb(verb)).toBe(verb);
    fc.assert(
      fc.property(fc.string(), (word) => {
        const verb = layoutVerb(word, { preposition: word, object: word });
        expect(verb === undefined || LAYOUT_VERBS.includes(verb)).toBe(true);
      }),
    );
  });
});

describe('layoutObject', () => {
  it.each([
    ['bicycle', 'bicycle'],
    ['bikes', 'bicycle'],
    ['red motorcycle', 'motorcycle'],
    ['cell_phone', 'cell phone'],
    ['soccer ball', 'sports ball'],
    ['benches', 'bench'],
    ['wine glasses', 'wine glass'],
    ['skis', 'skis'],
    ['scissors', 'scissors'],
    ['universe', undefined],
  ])('takes %s for %s', (noun, object) => {
    expect(layoutObject(noun)).toBe(object);
  });

  it('only gives classes that the model has', () => {
    fc.assert(
      fc.property(fc.string(), (noun) => {
        const object = layoutObject(noun);
        expect(object === undefined || LAYOUT_OBJECTS.includes(object)).toBe(true);
      }),
    );
  });
});

it('maps data sets’ verbs only where both mean the same', () => {
  expect(verbOfVCoco('look', 'obj')).toBe('look_at');
  expect(verbOfVCoco('cut', 'instr')).toBe('cut_with');
  expect(verbOfVCoco('smile', 'obj')).toBeUndefined();
  expect(verbOfHicoDet('watch', 'dog')).toBe('look_at');
  expect(verbOfHicoDet('ride', 'snowboard')).toBe('snowboard_on');
  expect(verbOfHicoDet('straddle', 'horse')).toBeUndefined();
});
