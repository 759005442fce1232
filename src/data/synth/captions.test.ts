// Captions: several wordings, grammatical articles, true to the attributes; the same source gives the same captions.
import { describe, expect, it } from 'vitest';
import { captionsOf, withArticle } from './captions.js';
import { SceneRandom } from './scene-random.js';
import type { Attributes, CharacterInfo, SceneDescription, SceneObject } from './types.js';

const INFO: CharacterInfo = {
  sex: 'female',
  age: 'old',
  subject: 'woman',
  race: 'asian',
  top: 't-shirt',
  bottom: 'jeans',
  hair: 'short hair',
  hat: null,
};
const WORN: Attributes = {
  top: { garment: 't-shirt', colour: 'orange', pattern: 'striped' },
  bottom: { garment: 'jeans', colour: 'blue' },
  shoes: 'black',
  hairColour: 'grey',
  hairStyle: 'short hair',
  hat: null,
};

function captions(options: { phrase: string; objects?: SceneObject[]; attributes?: Attributes; seed?: number }) {
  const { phrase, objects = [], attributes = WORN, seed = 1 } = options;
  const description = { phrase, objects } as unknown as SceneDescription;
  return captionsOf({ description, info: INFO, attributes, place: 'in a park', random: new SceneRandom(seed) })
    .captions;
}

const BICYCLE: SceneObject = { id: 2, category: 'bicycle', role: 'target', colour: 'green' };

describe('captionsOf', () => {
  it('tells who, what they wear, what they do and where, in different lengths', () => {
    const all = captions({ phrase: 'riding', objects: [BICYCLE] });
    expect(all.length).toBeGreaterThanOrEqual(5);
    expect(new Set(all).size).toBe(all.length);
    expect(new Set(all.map((caption) => caption.split(' ').length)).size).toBeGreaterThanOrEqual(4);
    expect(all.join('\n')).toMatch(/^a woman is riding a (bicycle|bike)$/m);
    expect(all.join('\n')).toMatch(
      /^an (old|elderly) woman in an orange striped t-shirt and blue jeans rides a green (bicycle|bike) in a park$/m,
    );
    expect(all.join('\n')).toContain('with short grey hair');
  });

  it('describes people without an object and without known clothes', () => {
    const bare: Attributes = { top: null, bottom: null, shoes: null, hairColour: null, hairStyle: null, hat: null };
    for (let seed = 0; seed < 20; seed++) {
      for (const caption of captions({ phrase: 'waving', attributes: bare, seed })) {
        expect(caption).not.toMatch(/undefined|null| {2}| $|wearing| in an? (red|orange)/);
        expect(caption).toMatch(/wav(ing|es)/);
      }
    }
  });

  it('says what a broad category is, and mentions the chair beneath a reader', () => {
    const objects: SceneObject[] = [
      { id: 2, category: 'sports ball', role: 'target', colour: 'orange', word: 'basketball' },
      { id: 3, category: 'chair', role: 'support', colour: 'red' },
    ];
    const all = captions({ phrase: 'holding', objects });
    expect(all.join('\n')).toContain('an orange basketball');
    expect(all.join('\n')).not.toContain('sports ball');
    expect(all.join('\n')).toContain('while sitting on a chair');
  });

  it('repeats itself for the same seed and varies with others', () => {
    const of = (seed: number) => captions({ phrase: 'riding', objects: [BICYCLE], seed }).join('|');
    expect(of(3)).toBe(of(3));
    expect(new Set(Array.from({ length: 12 }, (_, seed) => of(seed))).size).toBeGreaterThan(3);
  });
});

describe('withArticle', () => {
  it.each([
    ['umbrella', 'an umbrella'],
    ['orange ball', 'an orange ball'],
    ['red umbrella', 'a red umbrella'],
  ])('%s -> %s', (noun, expected) => expect(withArticle(noun)).toBe(expected));
});
