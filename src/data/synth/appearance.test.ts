import { describe, expect, it } from 'vitest';
import { drawAppearance, drawExpression } from './appearance.js';
import { CLOTHING_COLOURS } from './colours.js';
import { mannequinCast } from './mannequin.js';
import { recolourCloth, strandPalette } from './palettes.js';
import { SceneRandom } from './scene-random.js';
import type { Character, Texture } from './types.js';

const character = mannequinCast().character(0);

/** The mannequin in a garment with a cloth map, so that patterns can be printed. */
function withCloth(): Character {
  const along = Uint8Array.from({ length: 4096 }, (_, i) => Math.floor(i / 64) * 4);
  const around = Uint8Array.from({ length: 4096 }, (_, i) => (i % 64) * 4);
  const parts = character.parts.map((part) => {
    if (part.kind !== 'top') return part;
    const texture: Texture = { ...part.texture, widthPx: 64, heightPx: 64, texels: new Uint8Array(4096).fill(1) };
    return { ...part, texture, cloth: { along, around } };
  });
  return { ...character, parts };
}

describe('drawAppearance', () => {
  it('repeats with the seed and covers every triangle once', () => {
    const [a, b] = [0, 0].map(() => drawAppearance(character, new SceneRandom(4)));
    expect(a).toEqual(b);
    const triangles = a.materials.reduce((sum, m) => sum + m.endTriangle - m.firstTriangle, 0);
    expect(triangles).toBe(character.triangleCount);
  });

  it('says the colour that it paints', () => {
    for (let seed = 0; seed < 30; seed++) {
      const { materials, attributes } = drawAppearance(character, new SceneRandom(seed));
      const top = materials.find((m) => m.kind === 'top');
      const [r, g, b] = top?.palette.subarray(3, 6) ?? [];
      const said = attributes.top?.colour === 'dark blue' ? 'navy' : attributes.top?.colour;
      const gap = distance(CLOTHING_COLOURS[said as keyof typeof CLOTHING_COLOURS], [r, g, b]);
      expect(gap, `seed ${seed}: said ${said}, painted ${r} ${g} ${b}`).toBeLessThan(75);
    }
  });

  it('keeps top and bottom apart from each other and from the skin', () => {
    for (let seed = 0; seed < 40; seed++) {
      const { attributes } = drawAppearance(character, new SceneRandom(seed));
      expect(attributes.top?.colour).not.toBe(attributes.bottom?.colour);
    }
  });

  it('prints patterns through palette layers', () => {
    const words = new Set<string>();
    for (let seed = 0; seed < 60; seed++) {
      const { materials, attributes } = drawAppearance(withCloth(), new SceneRandom(seed));
      const top = materials.find((m) => m.kind === 'top');
      expect(attributes.top?.pattern !== null).toBe(top?.layers !== undefined);
      if (!top?.layers) continue;
      words.add(String(attributes.top?.pattern));
      const used = Math.max(...top.layers);
      expect(used).toBeGreaterThan(0);
      expect(top.palette.length).toBeGreaterThanOrEqual((used + 1) * 768);
      expect(top.layers).toHaveLength(top.texels.length);
    }
    expect([...words].sort()).toEqual(['checked', 'dotted', 'striped']);
  });

  it('draws only faces that the character has', () => {
    expect(drawExpression(character, new SceneRandom(1))).toBe('neutral');
  });
});

describe('palettes', () => {
  const texture: Texture = {
    name: 'test',
    widthPx: 1,
    heightPx: 1,
    texels: new Uint8Array(1),
    palette: Uint8Array.from({ length: 768 }, (_, i) => [30, 60, 120][i % 3] + (i < 3 ? 20 : 0)),
    transparency: 'opaque',
    mean: [30, 60, 120],
  };

  it('recoloured cloth keeps folds: brighter stays brighter', () => {
    const red = recolourCloth(texture, [190, 30, 32], { flatten: false });
    expect(red[0]).toBeGreaterThan(red[3]);
    expect([...red.subarray(3, 6)]).toEqual([190, 30, 32]);
  });

  it('prints can be painted over, and bright entries kept', () => {
    const printed = { ...texture, palette: Uint8Array.from(texture.palette) };
    printed.palette.set([230, 120, 20], 30);
    expect(recolourCloth(printed, [100, 100, 100], { flatten: false })[30]).toBeGreaterThan(120);
    expect(recolourCloth(printed, [100, 100, 100], { flatten: true })[30]).toBeLessThan(108);
    const kept = recolourCloth(printed, [100, 100, 100], { flatten: true, keepAbove: 100 });
    expect([...kept.subarray(30, 33)]).toEqual([230, 120, 20]);
  });

  it('strands get lighter with their luminance', () => {
    const hair = strandPalette({ ...texture, mean: [120, 120, 120] }, [92, 58, 34]);
    expect(hair[3 * 0xff]).toBeGreaterThan(hair[3 * 0x1f]);
  });
});

function distance(a: readonly number[], b: readonly number[]): number {
  return Math.hypot(...a.map((x, i) => x - b[i]));
}
