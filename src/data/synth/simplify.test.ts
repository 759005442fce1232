import { expect, it } from 'vitest';
import { type ThinnableMesh, thinOut } from './simplify.js';

/** A grid of `side` x `side` squares over [0, 1]² with height z(x, y); texture places follow x and y. */
function grid(side: number, z: (x: number, y: number) => number): ThinnableMesh {
  const positions: number[] = [];
  const triangles: number[] = [];
  for (let row = 0; row <= side; row++) {
    for (let column = 0; column <= side; column++) {
      const [x, y] = [column / side, row / side];
      positions.push(x, y, z(x, y));
      if (row === side || column === side) continue;
      const a = row * (side + 1) + column;
      triangles.push(a, a + 1, a + side + 1, a + 1, a + side + 2, a + side + 1);
    }
  }
  const count = positions.length / 3;
  return {
    positions: Float32Array.from(positions),
    triangles,
    uvs: Float32Array.from(triangles.flatMap((v) => [positions[3 * v], positions[3 * v + 1]])),
    boneIds: new Uint8Array(4 * count),
    boneWeights: Float32Array.from({ length: 4 * count }, (_, i) => (i % 4 === 0 ? 1 : 0)),
  };
}

/** Area of the triangles seen along z, each counted with the sign of its turn. */
function flatArea({ positions: p }: ThinnableMesh, triangles: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < triangles.length; i += 3) {
    const [a, b, c] = [triangles[i], triangles[i + 1], triangles[i + 2]].map((v) => 3 * v);
    sum += ((p[b] - p[a]) * (p[c + 1] - p[a + 1]) - (p[c] - p[a]) * (p[b + 1] - p[a + 1])) / 2;
  }
  return sum;
}

it('thins a flat grid out and keeps its outline, its corners and its texture', () => {
  const mesh = grid(16, () => 0);
  const { triangles, uvs } = thinOut(mesh, { tolerance: () => 0.001 });
  expect(triangles.length).toBeLessThan(0.3 * mesh.triangles.length);
  expect(flatArea(mesh, triangles)).toBeCloseTo(1, 6);
  for (const corner of [0, 16, 16 * 17, 17 * 17 - 1]) expect(triangles).toContain(corner);
  triangles.forEach((v, i) => {
    expect([uvs[2 * i], uvs[2 * i + 1]]).toEqual([mesh.positions[3 * v], mesh.positions[3 * v + 1]]);
  });
});

it('keeps a bulge within the tolerance and drops more the larger the tolerance is', () => {
  const mesh = grid(24, (x, y) => 0.3 * Math.sin(3 * x) * Math.sin(3 * y));
  const counts = [0.0005, 0.002, 0.01].map((tolerance) => {
    const { triangles } = thinOut(mesh, { tolerance: () => tolerance });
    const { positions: p } = mesh;
    for (let i = 0; i < triangles.length; i += 3) {
      const middle = [0, 1, 2].map(
        (k) => (p[3 * triangles[i] + k] + p[3 * triangles[i + 1] + k] + p[3 * triangles[i + 2] + k]) / 3,
      );
      const height = 0.3 * Math.sin(3 * middle[0]) * Math.sin(3 * middle[1]);
      // The tolerance is a mean over the planes around; single places are off by a few times as much.
      expect(Math.abs(middle[2] - height)).toBeLessThan(6 * tolerance + 0.002);
    }
    return triangles.length;
  });
  expect(counts[1]).toBeLessThan(0.8 * counts[0]);
  expect(counts[2]).toBeLessThan(0.8 * counts[1]);
});

it('keeps the vertices it is told to and the seams of the texture', () => {
  const side = 12;
  const mesh = grid(side, () => 0);
  const told = 6 * (side + 1) + 9;
  // Right of x = 0.5 the texture starts anew.
  const isRight = (t: number) => [0, 1, 2].some((k) => mesh.positions[3 * mesh.triangles[3 * t + k]] > 0.51);
  mesh.uvs = mesh.uvs.map((x, i) => (i % 2 === 0 && isRight(Math.floor(i / 6)) ? x + 5 : x));
  const { triangles } = thinOut(mesh, { tolerance: () => 0.01, keep: [told] });
  expect(triangles.length).toBeLessThan(mesh.triangles.length / 2);
  expect(triangles).toContain(told);
  for (let row = 1; row < side; row++) expect(triangles).toContain(row * (side + 1) + 6);
});

it('joins no vertices that different bones move', () => {
  const side = 8;
  const mesh = grid(side, () => 0);
  for (let v = 0; v < mesh.positions.length / 3; v++) {
    mesh.boneIds[4 * v] = 2 * (Math.floor(v / (side + 1)) % 2) + ((v % (side + 1)) % 2);
  }
  expect(thinOut(mesh, { tolerance: () => 1 }).triangles).toHaveLength(mesh.triangles.length);
});
