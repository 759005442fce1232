// Pictures of kind `empty` show the scene of their seed and nobody.
import { describe, expect, it } from 'vitest';
import { mannequinCast } from './mannequin.js';
import { renderScene, SceneRenderer } from './render-scene.js';
import { SCENES_OF_KIND } from './scenes/kinds.js';

describe('withoutPerson', () => {
  const renderer = new SceneRenderer({ size: 96, cast: mannequinCast() });
  const { record, picture, labels } = renderScene(3, { renderer, kinds: [['empty', 1]], scenes: ['bicycle'] });
  const full = renderScene(3, {
    renderer,
    kinds: [['interaction', 1]],
    scenes: [record.scene],
    personFree: true,
  });

  it('shows the place and the thing without the person', () => {
    expect(full.record.person.pixels).toBeGreaterThan(100);
    expect(labels.every((label) => label === 0 || label >= 8)).toBe(true);
    expect(labels.some((label) => label >= 16)).toBe(true);
    expect(Buffer.compare(picture, full.picture)).not.toBe(0);
  });

  it('says so in the record', () => {
    expect(record.kind).toBe('empty');
    expect(record.triplet).toEqual({ subject: 'nobody', verb: 'no_person', object: null });
    expect(record.person.box).toBeNull();
    expect(record.keypoints.filter((_, i) => i % 3 === 2)).toEqual(new Array(133).fill(0));
    for (const caption of record.captions) {
      expect(caption).toContain('bicycle');
      expect(caption).not.toMatch(/riding|rides|man|woman/);
    }
  });

  it('leaves out scenes whose things would hang in the air', () => {
    const names = SCENES_OF_KIND.empty.map((entry) => entry.name);
    expect(names).toContain('ride-bicycle');
    expect(names.some((name) => /cup|book|umbrella|phone/.test(name))).toBe(false);
  });
});
