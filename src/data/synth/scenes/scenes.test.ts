// Every scene: deterministic, within a believable space, hands and feet where the action needs them.
import { describe, expect, it } from 'vitest';
import { ContrappostoError } from '../../../core/errors.js';
import { mannequinCast } from '../mannequin.js';
import { SceneRandom } from '../scene-random.js';
import type { SceneDescription } from '../types.js';
import { distance, type Vec3 } from '../vector.js';
import { INTERACTION_SCENES, pickScene, selectScenes } from './index.js';

const cast = mannequinCast();
const ADULT = Array.from({ length: cast.count }, (_, i) => cast.character(i)).find((c) => c.info.age !== 'child')!;

function build(name: string, seed: number): SceneDescription {
  const entry = INTERACTION_SCENES.find((scene) => scene.name === name)!;
  return entry.build({ character: ADULT, random: new SceneRandom(seed) });
}

/** Distance from a point to the nearest vertex of the target. */
function toTarget({ mesh }: SceneDescription, point: Vec3): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (let k = 0; k < mesh.triangles.length; k++) {
    if (mesh.objectIds[Math.floor(k / 3)] !== 2) continue;
    const v = 3 * mesh.triangles[k];
    nearest = Math.min(nearest, distance(point, [mesh.positions[v], mesh.positions[v + 1], mesh.positions[v + 2]]));
  }
  return nearest;
}

const hands = (scene: SceneDescription) =>
  (['L', 'R'] as const).map((side) => toTarget(scene, scene.pose.tail(`finger3-1.${side}`)));

describe.each(INTERACTION_SCENES.map((entry) => [entry.name, entry] as const))('scene %s', (_name, entry) => {
  const scenes = Array.from({ length: 6 }, (_, seed) => build(entry.name, seed));

  it('is equal for equal seeds and varies with the seed', () => {
    const again = build(entry.name, 3);
    expect(again.mesh.positions).toEqual(scenes[3].mesh.positions);
    expect([...again.pose.boneMatrices()]).toEqual([...scenes[3].pose.boneMatrices()]);
    expect([...again.pose.boneMatrices()]).not.toEqual([...scenes[4].pose.boneMatrices()]);
  });

  it('shows only the triplets that it announces, with finite geometry above the ground', () => {
    for (const scene of scenes) {
      expect(entry.triplets).toContainEqual([scene.verb, scene.object]);
      expect(scene.mesh.positions.every(Number.isFinite)).toBe(true);
      expect([...scene.pose.boneMatrices()].every(Number.isFinite)).toBe(true);
      expect(scene.yawRange[0]).toBeLessThan(scene.yawRange[1]);
      expect(scene.mesh.positions.filter((_, i) => i % 3 === 1 && scene.mesh.positions[i] < -0.2)).toEqual([]);
      // 0 is what belongs to no object, such as ski poles.
      const ids = new Set(scene.mesh.objectIds.filter((id) => id !== 0));
      expect(ids).toEqual(new Set(scene.objects.map((object) => object.id)));
    }
  });
});

describe('contacts', () => {
  it.each([
    'hold-umbrella',
    'carry-suitcase',
    'drag-suitcase',
    'use-bottle',
    'use-cup',
    'hold-bat',
    'hold-racket',
    'swing-racket',
    'text-on-phone',
    'talk-on-phone',
    'carry-handbag',
    'eat-snack',
    'hold-pizza',
  ])('%s: a hand is at the thing', (name) => {
    for (let seed = 0; seed < 5; seed++) expect(Math.min(...hands(build(name, seed)))).toBeLessThan(1);
  });

  it.each(['ride-bicycle', 'ride-motorcycle', 'swing-bat', 'read-book', 'type-on-laptop', 'hug-teddy'])(
    '%s: both hands are at it',
    (name) => {
      for (let seed = 0; seed < 5; seed++) expect(Math.max(...hands(build(name, seed)))).toBeLessThan(0.95);
    },
  );

  it('keeps the feet of a cyclist at the pedals and of a skater on the board', () => {
    for (const name of ['ride-bicycle', 'ride-skateboard', 'ride-snowboard', 'ride-skis']) {
      for (let seed = 0; seed < 5; seed++) {
        const scene = build(name, seed);
        for (const side of ['L', 'R']) expect(toTarget(scene, scene.pose.position(`toe2-1.${side}`))).toBeLessThan(1.2);
      }
    }
  });

  it('does not touch what it merely stands beside', () => {
    for (let seed = 0; seed < 6; seed++) expect(Math.min(...hands(build('stand-beside', seed)))).toBeGreaterThan(0.6);
  });
});

describe('selectScenes', () => {
  it('selects by name, verb and object', () => {
    expect(selectScenes(['ride-bicycle']).map((s) => s.name)).toEqual(['ride-bicycle']);
    expect(selectScenes(['suitcase']).map((s) => s.name)).toContain('drag-suitcase');
    expect(selectScenes(['ride']).map((s) => s.name)).toEqual([
      'ride-bicycle',
      'ride-motorcycle',
      'ride-skateboard',
      'ride-snowboard',
      'ride-skis',
    ]);
    expect(selectScenes()).toBe(INTERACTION_SCENES);
  });

  it('names the scenes when a word matches none', () => {
    expect(() => selectScenes(['juggle'])).toThrow(ContrappostoError);
    expect(() => selectScenes(['juggle'])).toThrow(/ride-bicycle/);
  });

  it('keeps children off motorcycles', () => {
    const child = { ...ADULT, info: { ...ADULT.info, age: 'child' as const } };
    for (let seed = 0; seed < 200; seed++)
      expect(pickScene(new SceneRandom(seed), child).name).not.toBe('ride-motorcycle');
  });

  it('covers at least 46 triplets over at least 27 COCO objects', () => {
    const triplets = INTERACTION_SCENES.flatMap((s) => s.triplets).filter(
      ([verb, object]) => object && verb !== 'no_interaction',
    );
    expect(new Set(triplets.map(String)).size).toBeGreaterThanOrEqual(46);
    expect(new Set(triplets.map(([, object]) => object)).size).toBeGreaterThanOrEqual(27);
  });
});
