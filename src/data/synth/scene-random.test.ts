import { describe, expect, it } from 'vitest';
import { SceneRandom } from './scene-random.js';

const draw = (random: SceneRandom, count = 8) => Array.from({ length: count }, () => random.next());

describe('SceneRandom', () => {
  it('repeats with the seed and differs between seeds, also beyond 32 bits', () => {
    expect(draw(new SceneRandom(7))).toEqual(draw(new SceneRandom(7)));
    expect(draw(new SceneRandom(7))).not.toEqual(draw(new SceneRandom(8)));
    expect(draw(new SceneRandom(7))).not.toEqual(draw(new SceneRandom(7 + 2 ** 32)));
  });

  it('gives known numbers, so that data sets can be made again', () => {
    expect(Array.from({ length: 3 }, (_, i) => new SceneRandom(i).int(1_000_000))).toMatchInlineSnapshot(`
      [
        432519,
        772419,
        905221,
      ]
    `);
  });

  it('forks streams that do not depend on what was drawn', () => {
    const fresh = new SceneRandom(3);
    const used = new SceneRandom(3);
    draw(used);
    expect(draw(used.fork('hair'))).toEqual(draw(fresh.fork('hair')));
    expect(draw(fresh.fork('hair'))).not.toEqual(draw(fresh.fork('skin')));
    expect(draw(fresh.fork('a').fork('b'))).not.toEqual(draw(fresh.fork('b').fork('a')));
  });

  it('is uniform and bell-shaped where it says so', () => {
    const random = new SceneRandom(1);
    const uniform = Array.from({ length: 20_000 }, () => random.between(2, 4));
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(2);
    expect(Math.max(...uniform)).toBeLessThan(4);
    expect(mean(uniform)).toBeCloseTo(3, 1);
    const bell = Array.from({ length: 20_000 }, () => random.normal(2));
    expect(mean(bell)).toBeCloseTo(0, 1);
    expect(Math.sqrt(mean(bell.map((x) => x * x)))).toBeCloseTo(2, 1);
    expect(Math.max(...bell.map(Math.abs))).toBeLessThan(2 * 3.5);
  });

  it('picks by weight, and never an item of weight 0', () => {
    const random = new SceneRandom(5);
    const picks = Array.from({ length: 4_000 }, () =>
      random.weighted([
        ['a', 3],
        ['never', 0],
        ['b', 1],
      ]),
    );
    expect(picks).not.toContain('never');
    expect(picks.filter((x) => x === 'a').length / picks.length).toBeCloseTo(0.75, 1);
  });
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, x) => sum + x, 0) / values.length;
}
