// Bakes a small cast from the optional folder of reference data and checks the people that come out.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { wholeBodyPoints } from '../keypoints.js';
import { Pose } from '../pose.js';
import { add, distance } from '../vector.js';
import { bakeCharacters } from './bake.js';
import { drawRecipe } from './cast.js';
import { AssetFolder } from './manifest.js';
import { type CharacterPack, openPack } from './open-pack.js';

const assets = join(process.env['CONTRAPPOSTO_SHARED'] ?? '../shared', 'assets', 'makehuman');
const isAbsent = !existsSync(join(assets, 'manifest.json'));
if (isAbsent) process.stderr.write('makehuman.test: no asset folder (set CONTRAPPOSTO_SHARED), skipped\n');

describe('asset folder', () => {
  it('says what is missing', async () => {
    await expect(bakeCharacters('does-not-exist', { count: 1, seed: 1 })).rejects.toThrow(/manifest\.json/);
  });
});

describe.skipIf(isAbsent)('baked people', () => {
  let pack: CharacterPack;
  let thinned: CharacterPack;
  const stages: string[] = [];

  beforeAll(async () => {
    const onProgress = (event: { type: string }) => stages.push(event.type);
    const bytes = await bakeCharacters(assets, { count: 2, seed: 3, onProgress });
    pack = openPack(bytes);
    thinned = openPack(bytes, { tolerance: 0.012 });
  }, 120_000);

  it('reports progress and stops when asked', async () => {
    expect(stages.length).toBeGreaterThanOrEqual(5);
    const signal = AbortSignal.abort();
    await expect(bakeCharacters(assets, { count: 1, seed: 1, signal })).rejects.toMatchObject({ code: 'aborted' });
  });

  it('stand on the ground, dressed, at the height of their recipe', async () => {
    const { manifest } = await AssetFolder.open(assets);
    for (let index = 0; index < pack.count; index++) {
      const c = pack.character(index);
      const kinds = c.parts.map((part) => part.kind);
      expect(kinds).toEqual(expect.arrayContaining(['body', 'top', 'bottom', 'shoes', 'eyes', 'brows']));
      let lowest = Number.POSITIVE_INFINITY;
      for (let i = 1; i < c.positions.length; i += 3) lowest = Math.min(lowest, c.positions[i]);
      expect(lowest).toBeCloseTo(0, 5);
      // Soles add a little.
      const { stature } = drawRecipe(manifest, { seed: 3, index });
      expect(c.measures.height - stature).toBeGreaterThanOrEqual(-0.01);
      expect(c.measures.height - stature).toBeLessThan(0.6);
    }
  });

  it('have hair, shirt and face within reach of the skeleton', () => {
    for (let index = 0; index < pack.count; index++) {
      const { positions, measures } = pack.character(index);
      for (let i = 1; i < positions.length; i += 3) {
        if (!(positions[i] < measures.height * 1.08)) expect.fail(`a vertex ${positions[i]} high`);
      }
    }
  });

  it('have face points where faces have them', () => {
    for (let index = 0; index < pack.count; index++) {
      const c = pack.character(index);
      const points = wholeBodyPoints(new Pose(c)).slice(23, 91);
      const heights = [points[19], points[37], points[33], points[51], points[57], points[8]].map((p) => p[1]);
      expect(heights).toEqual([...heights].sort((a, b) => b - a));
      for (let i = 0; i < 17; i++) expect(points[i][0]).toBeCloseTo(-points[16 - i][0], 0);
      expect(Math.max(...points.map((p) => p[2]))).toBeCloseTo(points[30][2], 1);
    }
  });

  it('smile: the corners of the mouth rise, feet stay', () => {
    const c = pack.character(0);
    const { vertices, offsets } = c.expression('smile');
    const rise = (vertex: number) => {
      const i = vertices.indexOf(vertex);
      return i < 0 ? 0 : offsets[3 * i + 1];
    };
    expect(rise(c.landmarks.face[48])).toBeGreaterThan(0.02);
    expect(rise(c.landmarks.face[54])).toBeGreaterThan(0.02);
    expect(rise(c.landmarks.heels.L)).toBe(0);
    expect(c.expression('neutral').vertices).toHaveLength(0);
    expect(() => c.expression('grumpy')).toThrow(/"grumpy"/);
  });

  it('can be posed', () => {
    const pose = new Pose(pack.character(1));
    const target = add(pose.position('upperarm01.R'), [-1, 1, 3]);
    pose.arm('R', target, [-1, -1, 0]);
    expect(distance(pose.position('wrist.R'), target)).toBeLessThan(0.02);
  });

  it('have fewer triangles for small pictures and the same face points, faces and size', () => {
    for (let index = 0; index < pack.count; index++) {
      const [whole, thin] = [pack.character(index), thinned.character(index)];
      expect(thin.triangleCount).toBeLessThan(0.6 * whole.triangleCount);
      expect(Math.max(...thin.triangles)).toBeLessThan(thin.vertexCount);
      expect(Math.abs(thin.measures.height - whole.measures.height)).toBeLessThan(0.012);
      const points = [whole, thin].map((c) => wholeBodyPoints(new Pose(c)).flat());
      for (let i = 0; i < points[0].length; i++) expect(Math.abs(points[1][i] - points[0][i])).toBeLessThan(0.012);
      const corner = (c: typeof whole) => {
        const { vertices, offsets } = c.expression('smile');
        const at = vertices.indexOf(c.landmarks.face[48]);
        return [...offsets.subarray(3 * at, 3 * at + 3)];
      };
      corner(whole).forEach((offset, k) => {
        expect(corner(thin)[k]).toBeCloseTo(offset, 3);
      });
    }
  });
});
