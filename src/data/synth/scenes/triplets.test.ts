// Held-out combinations: known parts, shown by some scene, and never in what training draws.
import { describe, expect, it } from 'vitest';
import { mannequinCast } from '../mannequin.js';
import { renderScene, SceneRenderer } from '../render-scene.js';
import { INTERACTION_SCENES } from './index.js';
import { scenePools } from './kinds.js';
import { HELD_OUT_TRIPLETS, isInSet, scenesOf } from './triplets.js';

const renderer = new SceneRenderer({ size: 64, cast: mannequinCast() });
const isHeldOut = (verb: string, object: string | null) =>
  HELD_OUT_TRIPLETS.some(([v, o]) => v === verb && o === object);

describe('HELD_OUT_TRIPLETS', () => {
  it('holds at least five combinations whose verb and object both occur elsewhere', () => {
    expect(HELD_OUT_TRIPLETS.length).toBeGreaterThanOrEqual(5);
    const kept = INTERACTION_SCENES.flatMap((entry) => entry.triplets).filter(([v, o]) => !isHeldOut(v, o));
    for (const [verb, object] of HELD_OUT_TRIPLETS) {
      expect(
        kept.some(([v]) => v === verb),
        `another object with ${verb}`,
      ).toBe(true);
      expect(
        kept.some(([, o]) => o === object),
        `another verb with ${object}`,
      ).toBe(true);
      expect(INTERACTION_SCENES.some((entry) => entry.triplets.some(([v, o]) => v === verb && o === object))).toBe(
        true,
      );
    }
  });

  it('stay out of training and are all that the held-out set draws', () => {
    for (let seed = 0; seed < 12; seed++) {
      for (const triplets of ['training', 'held-out'] as const) {
        const { verb, object } = renderScene(seed, { renderer, triplets, scenes: ['use-bottle', 'use-frisbee'] }).record
          .triplet;
        expect(isHeldOut(verb, object)).toBe(triplets === 'held-out');
      }
    }
  });

  it('drop scenes that show nothing else, and say so when nothing is left', () => {
    expect(scenesOf('training', INTERACTION_SCENES).map((entry) => entry.name)).not.toContain('sit-on-bench');
    expect(isInSet('all', HELD_OUT_TRIPLETS[0])).toBe(true);
    const choice = { kinds: [['interaction', 1]], words: ['sit-on-bench'], triplets: 'training' } as const;
    expect(() => scenePools(choice)).toThrow(/--triplets all/);
  });
});
