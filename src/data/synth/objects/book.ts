// Books: an open one with curved white pages and lines of print, and a closed hardcover.
import type { MeshBuilder } from '../mesh-builder.js';
import type { Vec3 } from '../vector.js';
import { PAPER, shade } from './colours.js';

/** Half width of one page and half height of the book. */
export const BOOK = { page: 0.85, half: 1.18, thickness: 0.16 };

/** Height of an open book's page surface above the spine's level at `x`: pages bulge near the fold. */
function pageSurface(x: number, opening: number): number {
  const t = Math.abs(x) / (2 * BOOK.page);
  return (
    Math.abs(x) * Math.tan(opening) + BOOK.thickness * (0.35 + Math.sin(Math.min(1, t * 2.4) * Math.PI * 0.5) * 0.65)
  );
}

/**
 * Adds an open book: pages face local +y, text upright along local +z (the top of the page), fold along z through the
 * origin; `opening` is the angle by which each half rises from the fold.
 */
export function openBook(mesh: MeshBuilder, options: { colour: Vec3; opening: number; pictures: boolean }): void {
  const { colour, opening, pictures } = options;
  const width = 2 * BOOK.page;
  const slope = Math.tan(opening);
  for (const side of [-1, 1]) {
    const turn = [
      Math.cos(opening),
      -side * Math.sin(opening),
      0,
      side * Math.sin(opening),
      Math.cos(opening),
      0,
      0,
      0,
      1,
    ];
    const along = width / Math.cos(opening) / 2;
    mesh.box([(side * width) / 2, (slope * width) / 2 - 0.02, 0], [along * 1.05, 0.04, BOOK.half * 1.05], {
      colour,
      rotation: turn,
    });
    mesh.grid(
      [8, 1],
      (u, v) => [side * width * u, pageSurface(width * u, opening), (side > 0 ? 1 - 2 * v : 2 * v - 1) * BOOK.half],
      { colour: PAPER },
    );
    // The block of pages seen from its three edges.
    const edge = shade(PAPER, 0.86);
    const rim = (x: number): [number, number] => [pageSurface(x, opening), x * slope];
    for (let i = 0; i < 8; i++) {
      const [a, b] = [(width * i) / 8, (width * (i + 1)) / 8];
      for (const z of [-BOOK.half, BOOK.half]) {
        const face: [Vec3, Vec3, Vec3, Vec3] = [
          [side * a, rim(a)[1], z],
          [side * b, rim(b)[1], z],
          [side * b, rim(b)[0], z],
          [side * a, rim(a)[0], z],
        ];
        mesh.withOpenSurface(() => mesh.quad(face, edge));
      }
    }
    const [top, bottom] = rim(width);
    mesh.withOpenSurface(() =>
      mesh.quad(
        [
          [side * width, bottom, -BOOK.half],
          [side * width, bottom, BOOK.half],
          [side * width, top, BOOK.half],
          [side * width, top, -BOOK.half],
        ],
        edge,
      ),
    );
    print(mesh, { side, opening, picture: pictures && side > 0 });
  }
  mesh.cylinder([0, -0.03, -BOOK.half * 1.05], [0, -0.03, BOOK.half * 1.05], {
    radius: 0.1,
    colour: shade(colour, 0.85),
    sides: 6,
  });
}

/** Lines of text, or a picture above them. */
function print(mesh: MeshBuilder, options: { side: number; opening: number; picture: boolean }): void {
  const { side, opening, picture } = options;
  const ink: Vec3 = [124, 122, 118];
  const patch = (x: readonly [number, number], z: readonly [number, number], colour: Vec3) => {
    const lift = 0.012;
    const y = x.map((value) => pageSurface(value, opening) + lift);
    mesh.withOpenSurface(() =>
      mesh.quad(
        [
          [side * x[0], y[0], z[0]],
          [side * x[1], y[1], z[0]],
          [side * x[1], y[1], z[1]],
          [side * x[0], y[0], z[1]],
        ],
        colour,
      ),
    );
  };
  if (picture) {
    patch([0.35, 0.9], [0.1, 0.9], [110, 160, 200]);
    patch([0.9, 1.45], [0.1, 0.9], [150, 190, 130]);
  }
  for (let line = 0; line < (picture ? 6 : 13); line++) {
    const z = (picture ? -0.15 : 0.9) - 0.15 * line;
    patch([0.3, 0.9], [z - 0.03, z + 0.03], ink);
    patch([0.9, line % 4 === 3 ? 1.1 : 1.5], [z - 0.03, z + 0.03], ink);
  }
}

/** Adds a closed book: cover facing local +y, spine at local -x, height along z. */
export function closedBook(mesh: MeshBuilder, options: { colour: Vec3; picture: boolean }): void {
  const { colour, picture } = options;
  const light = shade(colour, 1.7);
  mesh.box([0.03, 0, 0], [0.83, 0.22, 1.13], { colour: PAPER });
  // Edges of the leaves.
  for (const y of [-0.14, -0.05, 0.05, 0.14])
    mesh.box([0.035, y, 0], [0.83, 0.012, 1.134], { colour: shade(PAPER, 0.8) });
  for (const y of [-0.24, 0.24]) mesh.box([0, y, 0], [0.9, 0.03, 1.2], { colour });
  mesh.box([-0.87, 0, 0], [0.045, 0.26, 1.2], { colour: shade(colour, 0.8), bevel: 0.03 });
  mesh.box([-0.92, 0, 0.3], [0.006, 0.09, 0.55], { colour: light });
  const onCover = (x: number, z: number, half: readonly [number, number], paint: Vec3) =>
    mesh.box([x, 0.285, z], [half[0], 0.004, half[1]], { colour: paint });
  onCover(-0.78, 0, [0.05, 1.19], shade(colour, 0.7));
  if (picture) {
    onCover(0.06, -0.2, [0.66, 0.55], [136, 176, 200]);
    onCover(0.06, -0.5, [0.66, 0.25], [96, 130, 84]);
    onCover(0.25, -0.1, [0.16, 0.16], [244, 220, 130]);
  }
  for (const [z, half] of picture
    ? ([
        [0.85, 0.6],
        [0.6, 0.4],
        [-0.95, 0.35],
      ] as const)
    : ([
        [0.6, 0.55],
        [0.35, 0.4],
        [-0.8, 0.3],
      ] as const))
    onCover(0.06, z, [half, 0.07], light);
}
