// Nobody with bare arms or legs stands in the snow, and snow stays for those who are dressed for it.
import { describe, expect, it } from 'vitest';
import { mannequinCast } from '../mannequin.js';
import { SceneRandom } from '../scene-random.js';
import type { Character, CharacterInfo } from '../types.js';
import { INTERACTION_SCENES, pickScene } from './index.js';
import { groundsFor, isDressedForSnow } from './season.js';

const dressed = (top: string, bottom: string): Character => {
  const character = mannequinCast().character(0);
  const info: CharacterInfo = { ...character.info, age: 'young', top, bottom };
  return { ...character, info };
};
const WARM = dressed('sweater', 'jeans');
const BARE = [dressed('t-shirt', 'jeans'), dressed('sweater', 'shorts'), dressed('crop top', 'skirt')];

describe('season', () => {
  it('asks for long sleeves and long legs', () => {
    expect(isDressedForSnow(WARM.info)).toBe(true);
    for (const { info } of BARE) expect(isDressedForSnow(info)).toBe(false);
  });

  it('takes the snow from the grounds of the lightly dressed, unless there is nothing else', () => {
    expect(groundsFor(WARM.info, ['grass', 'snow'])).toEqual(['grass', 'snow']);
    expect(groundsFor(WARM.info)).toBeUndefined();
    for (const { info } of BARE) {
      expect(groundsFor(info, ['grass', 'snow'])).toEqual(['grass']);
      expect(groundsFor(info, ['snow'])).toEqual(['snow']);
      expect(groundsFor(info)).not.toContain('snow');
      expect(groundsFor(info)).toContain('asphalt');
    }
  });

  it('lets only the warmly dressed ski and snowboard', () => {
    const scenes = (character: Character) =>
      Array.from({ length: 400 }, (_, seed) => pickScene(new SceneRandom(seed), character));
    expect(scenes(WARM).some((entry) => entry.inSnow)).toBe(true);
    for (const character of BARE) expect(scenes(character).filter((entry) => entry.inSnow)).toEqual([]);
  });

  it('leaves no scene of bare arms in the snow where another ground will do', () => {
    for (const entry of INTERACTION_SCENES.filter(({ inSnow }) => !inSnow)) {
      const scene = entry.build({ character: BARE[0], random: new SceneRandom(1) });
      expect(scene.grounds?.length).toBeGreaterThan(0);
      expect(scene.grounds).not.toContain('snow');
    }
  });
});
