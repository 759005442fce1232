import { describe, expect, it } from 'vitest';
import { drawRecipe, type Recipe } from './cast.js';
import type { Manifest } from './manifest.js';

const part = (name: string) => ({ name, clo: '', mesh: '', texture: `${name}.png` });

const manifest: Manifest = {
  body: { mesh: '', skeleton: '', weights: '' },
  skins: (['african', 'asian', 'caucasian'] as const).flatMap((race) =>
    (['female', 'male'] as const).flatMap((sex) =>
      (['young', 'middleage', 'old'] as const).map((age) => ({
        name: `${age} ${race} ${sex}`,
        age,
        race,
        sex,
        texture: '',
      })),
    ),
  ),
  clothes: [],
  shoes: [part('shoes01')],
  hats: [part('fedora01')],
  hair: [],
  eyes: { clo: '', mesh: '', textures: ['eyes/brown.png', 'eyes/blue.png'] },
  eyebrows: [part('eyebrow001')],
};

const cast = Array.from({ length: 120 }, (_, index) => drawRecipe(manifest, { seed: 1, index }));
const count = (test: (recipe: Recipe) => boolean) => cast.filter(test).length;

describe('drawRecipe', () => {
  it('draws the same person again', () => {
    expect(drawRecipe(manifest, { seed: 1, index: 17 })).toEqual(cast[17]);
    expect(drawRecipe(manifest, { seed: 2, index: 17 })).not.toEqual(cast[17]);
  });

  it('mixes sexes, origins and ages', () => {
    expect(count((r) => r.sex === 'female')).toBe(60);
    for (const race of ['african', 'asian', 'caucasian']) expect(count((r) => r.race === race)).toBe(40);
    for (const age of ['child', 'middle', 'old']) expect(count((r) => r.age === age)).toBeGreaterThanOrEqual(12);
    expect(new Set(cast.map((r) => r.outfit.join())).size).toBeGreaterThan(25);
  });

  it('weighs origin and shape targets to a sum of 1 each', () => {
    for (const { morphs } of cast) {
      const sum = (pattern: RegExp) =>
        Object.entries(morphs).reduce((total, [name, weight]) => total + (pattern.test(name) ? weight : 0), 0);
      expect(sum(/^(african|asian|caucasian)-/)).toBeCloseTo(1, 2);
      expect(sum(/^universal-/)).toBeCloseTo(1, 2);
    }
  });

  it('gives children no suits, hats or stubble', () => {
    for (const recipe of cast.filter((r) => r.age === 'child')) {
      expect(recipe.outfit[0]).not.toBe('male_elegantsuit01');
      expect(recipe.hat).toBeNull();
      expect(recipe.skin).toMatch(/female$/);
      expect(recipe.stature).toBeLessThan(14.1);
    }
  });
});
