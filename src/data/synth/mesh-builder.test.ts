// MeshBuilder: solids are closed and face outwards, placement nests, degenerate triangles are left out.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MeshBuilder } from './mesh-builder.js';
import type { Vec3 } from './vector.js';

const GREY: Vec3 = [128, 128, 128];

function corner(mesh: MeshBuilder, index: number): Vec3 {
  const i = 3 * mesh.triangles[index];
  return [mesh.positions[i], mesh.positions[i + 1], mesh.positions[i + 2]];
}

/** Volume enclosed by the triangles (divergence theorem); positive when they face outwards. */
function volume(mesh: MeshBuilder): number {
  let sum = 0;
  for (let t = 0; t < mesh.triangleCount; t++) {
    const [a, b, c] = [0, 1, 2].map((k) => corner(mesh, 3 * t + k));
    sum += a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) + a[2] * (b[0] * c[1] - b[1] * c[0]);
  }
  return sum / 6;
}

const coordinate = fc.double({ min: -5, max: 5, noNaN: true });
const point = fc.tuple(coordinate, coordinate, coordinate);
const extent = fc.double({ min: 0.1, max: 4, noNaN: true });

describe('MeshBuilder', () => {
  it('makes a box of the right volume wherever it is', () => {
    fc.assert(
      fc.property(point, fc.tuple(extent, extent, extent), (centre, half) => {
        const mesh = new MeshBuilder();
        mesh.box(centre, half, { colour: GREY });
        expect(mesh.triangleCount).toBe(12);
        expect(volume(mesh)).toBeCloseTo(8 * half[0] * half[1] * half[2], 6);
      }),
      { numRuns: 40 },
    );
  });

  it('closes a bevelled box: a little smaller than the sharp one', () => {
    const mesh = new MeshBuilder();
    mesh.box([1, 2, 3], [1, 1, 1], { colour: GREY, bevel: 0.2 });
    expect(mesh.triangleCount).toBe(12 + 24 + 8);
    expect(volume(mesh)).toBeGreaterThan(7.2);
    expect(volume(mesh)).toBeLessThan(8);
  });

  it.each<[string, (mesh: MeshBuilder) => void, number]>([
    ['cylinder', (m) => m.cylinder([0, 1, 0], [0, 3, 0], { radius: 1, colour: GREY, sides: 64 }), 2 * Math.PI],
    ['cone', (m) => m.cylinder([1, 0, 0], [4, 0, 0], { radius: 1, endRadius: 0, colour: GREY, sides: 64 }), Math.PI],
    ['sphere', (m) => m.sphere([1, 2, 3], 1, { colour: GREY, segments: 64, rings: 48 }), (4 / 3) * Math.PI],
    [
      'torus',
      (m) => m.torus([0, 0, 0], [1, 1, 0], { radius: 2, thickness: 0.5, colour: GREY, segments: 96, sides: 32 }),
      Math.PI ** 2,
    ],
    [
      'tube',
      (m) =>
        m.tube(
          [
            [0, 0, 0],
            [0, 2, 0],
            [0, 4, 0],
          ],
          { radius: 1, colour: GREY, sides: 64 },
        ),
      4 * Math.PI,
    ],
    [
      'lathe',
      (m) =>
        m.lathe([0, 0, 0], [0, 0, 1], {
          profile: [
            [0, 0],
            [1, 0],
            [1, 2],
            [0, 2],
          ],
          colour: GREY,
          sides: 64,
        }),
      2 * Math.PI,
    ],
    [
      'extrusion',
      (m) =>
        m.extrude(
          [
            [0, 0],
            [2, 0],
            [2, 1],
            [0, 1],
          ],
          { depth: 3, colour: GREY, origin: [5, 5, 5] },
        ),
      6,
    ],
  ])('encloses the volume of a %s', (_name, draw, expected) => {
    const mesh = new MeshBuilder();
    draw(mesh);
    expect(Math.abs(volume(mesh) / expected - 1)).toBeLessThan(0.01);
  });

  it('gives unit normals', () => {
    const mesh = new MeshBuilder();
    mesh.sphere([0, 0, 0], [1, 3, 0.5], { colour: GREY });
    mesh.tube(
      [
        [0, 0, 0],
        [1, 1, 0],
        [1, 2, 3],
      ],
      { radius: (t) => 0.2 + t, colour: GREY, flatten: 0.3 },
    );
    mesh.grid([4, 4], (u, v) => [u, Math.sin(v), v], { colour: GREY });
    for (let i = 0; i < mesh.normals.length; i += 3) {
      expect(Math.hypot(mesh.normals[i], mesh.normals[i + 1], mesh.normals[i + 2])).toBeCloseTo(1, 6);
    }
  });

  it('nests placements and restores them', () => {
    const mesh = new MeshBuilder();
    const quarterTurn = [0, 0, 1, 0, 1, 0, -1, 0, 0] as const; // about y: x -> -z
    mesh.within({ origin: [10, 0, 0], scale: 2 }, () => {
      mesh.within({ origin: [0, 1, 0], rotation: quarterTurn }, () => {
        expect(mesh.toWorld([1, 0, 0])).toEqual([10, 2, -2]);
      });
    });
    expect(mesh.toWorld([1, 2, 3])).toEqual([1, 2, 3]);
  });

  it('labels triangles and leaves out those without area', () => {
    const mesh = new MeshBuilder();
    mesh.objectId = 7;
    const [a, b, c] = [
      [0, 0, 0],
      [1, 0, 0],
      [0, 1, 0],
    ].map((p) => mesh.vertex(p as unknown as Vec3, [0, 0, 1], GREY));
    mesh.triangle(a, a, b);
    expect(mesh.triangleCount).toBe(0);
    mesh.withOpenSurface(() => mesh.triangle(a, c, b));
    expect(mesh.triangles).toEqual([a, b, c]);
    expect(mesh.objectIds).toEqual([7]);
    expect(mesh.twoSided).toEqual([1]);
  });
});
