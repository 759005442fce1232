import { describe, expect, it } from 'vitest';
import { SceneRandom } from '../scene-random.js';
import { identityOf, parseKinds, pickPool, SCENE_KINDS, scenePools, usualSize } from './kinds.js';

describe('parseKinds', () => {
  it('reads a kind, a list with weights, and all', () => {
    expect(parseKinds('gesture')).toEqual([['gesture', 1]]);
    expect(parseKinds('interaction:6, gesture:2.5,fashion')).toEqual([
      ['interaction', 6],
      ['gesture', 2.5],
      ['fashion', 1],
    ]);
    expect(
      parseKinds('all')
        .map(([kind]) => kind)
        .sort(),
    ).toEqual([...SCENE_KINDS].sort());
  });

  it.each(['', 'dance', 'gesture:0', 'gesture:-1', 'gesture:x', 'gesture,gesture:2', 'all:2'])(
    'refuses "%s"',
    (text) => {
      expect(() => parseKinds(text)).toThrow(/interaction, gesture/);
    },
  );
});

it('draws kinds by their weights, and only those with scenes that are asked for', () => {
  const kinds = parseKinds('interaction:3,gesture:1');
  const drawn = Array.from({ length: 400 }, (_, i) => pickPool(new SceneRandom(i), scenePools({ kinds })).kind);
  const share = drawn.filter((kind) => kind === 'gesture').length / drawn.length;
  expect(share).toBeGreaterThan(0.18);
  expect(share).toBeLessThan(0.32);
  expect(scenePools({ kinds, words: ['gesture-peace'] }).map(({ kind }) => kind)).toEqual(['gesture']);
  expect(() => scenePools({ kinds, words: ['catalogue'] })).toThrow(/catalogue/);
});

it('takes the usual size of a kind, and a square for several', () => {
  expect(usualSize(parseKinds('fashion'))).toEqual({ widthPx: 176, heightPx: 256 });
  expect(usualSize(parseKinds('street'))).toEqual({ widthPx: 64, heightPx: 128 });
  expect(usualSize(parseKinds('fashion,street'))).toEqual({ widthPx: 256, heightPx: 256 });
});

it('groups eight pictures of one person in catalogue and street pictures, none elsewhere', () => {
  expect(identityOf(17, 'fashion')).toEqual({ name: 'fashion-2', seed: 2, index: 1 });
  expect(identityOf(23, 'street').name).toBe(identityOf(16, 'street').name);
  expect(identityOf(24, 'street').name).not.toBe(identityOf(23, 'street').name);
  expect(identityOf(17, 'gesture')).toEqual({ name: 'gesture-17', seed: 17 });
});
