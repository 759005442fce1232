// An open umbrella: eight panels with scalloped edges, ribs, shaft, crook handle.
import type { MeshBuilder } from '../mesh-builder.js';
import { add, scale, type Vec3 } from '../vector.js';
import { STEEL, shade } from './colours.js';

export interface UmbrellaOptions {
  colour: Vec3;
  /** Colour of every other panel; `colour` when left out. */
  second?: Vec3;
}

const PANELS = 8;
const RADIUS = 4.9;
const TOP = 6.6;
/** Polar angle of the rim as seen from the centre of the dome. */
const OPENING = 1.12;

/** Point of the canopy: `turn` around in radians, `t` from the tip (0) to the rim (1), `sag` 0 at a rib, 1 between. */
function canopy(turn: number, t: number, sag: number): Vec3 {
  const angle = t * OPENING;
  const radius = (Math.sin(angle) / Math.sin(OPENING)) * RADIUS * (1 - 0.07 * sag * t);
  const y = TOP - (1 - Math.cos(angle)) * RADIUS * 0.9 + 0.28 * sag * t ** 3;
  return [Math.cos(turn) * radius, y, Math.sin(turn) * radius];
}

/** Adds an open umbrella along local +y; the hand holds it at the origin. */
export function umbrella(mesh: MeshBuilder, options: UmbrellaOptions): void {
  const { colour, second = colour } = options;
  const panel = (2 * Math.PI) / PANELS;
  mesh.withOpenSurface(() => {
    for (let i = 0; i < PANELS; i++) {
      const dye = i % 2 ? second : colour;
      mesh.grid([4, 6], (u, v) => canopy((i + u) * panel, Math.max(v, 1e-3), 4 * u * (1 - u)), { colour: dye });
    }
  });
  for (let i = 0; i < PANELS; i++) {
    const rib = [0.02, 0.35, 0.7, 1].map((t) => add(canopy(i * panel, t, 0), [0, -0.05, 0]));
    mesh.tube(rib, { radius: 0.04, colour: STEEL, sides: 3, caps: false });
    const stretcher = add(canopy(i * panel, 0.5, 0), [0, -0.05, 0]);
    mesh.cylinder([0, TOP - 2.2, 0], stretcher, { radius: 0.03, colour: STEEL, sides: 3, caps: false });
    mesh.sphere(canopy(i * panel, 1, 0), 0.08, { colour: STEEL, segments: 5, rings: 3 });
  }
  mesh.withShine(0.5, () => {
    mesh.cylinder([0, -0.5, 0], [0, TOP, 0], { radius: 0.075, colour: STEEL, sides: 7 });
    mesh.cylinder([0, TOP - 0.1, 0], [0, TOP + 0.75, 0], { radius: 0.07, endRadius: 0.03, colour: STEEL, sides: 6 });
  });
  mesh.cylinder([0, TOP - 2.4, 0], [0, TOP - 2, 0], { radius: 0.12, colour: [40, 40, 44], sides: 7 });
  const handle: Vec3[] = [
    [0, 0.7, 0],
    [0, -0.9, 0],
  ];
  for (let i = 1; i <= 8; i++) {
    const a = (i / 8) * Math.PI * 1.05;
    handle.push(add([0, -1, 0], scale([0, -Math.sin(a), 1 - Math.cos(a)], 0.36)));
  }
  mesh.tube(handle, { radius: 0.13, colour: shade([120, 76, 44], 0.85), sides: 7 });
}
