// Snowboard, skis and ski poles.
import type { MeshBuilder } from '../mesh-builder.js';
import type { Vec3 } from '../vector.js';
import { METAL, RUBBER, shade } from './colours.js';

/** Half length of the boards and height of the sole above the snow. */
export const SNOWBOARD = { half: 7.6, top: 0.22 };
export const SKI = { half: 8.4, top: 0.3 };

/** A thin board along `axis` with turned-up ends; `rear` is how far the rear end rises in proportion to the front. */
function board(
  mesh: MeshBuilder,
  options: { axis: 'x' | 'z'; half: number; width: number; rear: number; colour: Vec3; stripe: Vec3 },
): void {
  const { axis, half, width, rear, colour, stripe } = options;
  const point =
    (lift: number) =>
    (u: number, v: number): Vec3 => {
      const t = 2 * v - 1;
      const end = Math.max(0, Math.abs(t) - 0.78) / 0.22;
      const wide = width * (0.9 + 0.1 * t * t) * Math.sqrt(Math.max(0, 1 - end ** 3));
      const rise = 0.9 * end * end * (t < 0 ? rear : 1);
      const across = (2 * u - 1) * wide;
      // Counter-clockwise from above in both directions.
      return axis === 'x' ? [t * half, lift + rise, across] : [-across, lift + rise, t * half];
    };
  mesh.withOpenSurface(() =>
    mesh.withShine(0.5, () => {
      mesh.grid([4, 20], point(0.16), {
        colour: (u, v) => (Math.abs(v - 0.5) > 0.34 || (u === 0.5 && axis === 'x') ? stripe : colour),
      });
      mesh.grid([2, 20], point(0.06), { colour: shade(stripe, 0.6) });
    }),
  );
}

/** Adds a snowboard along local x on the ground, bindings at x = -`stance` and `stance`. */
export function snowboard(mesh: MeshBuilder, options: { colour: Vec3; stripe: Vec3; stance: number }): void {
  const { colour, stripe, stance } = options;
  board(mesh, { axis: 'x', half: SNOWBOARD.half, width: 1.35, rear: 1, colour, stripe });
  for (const x of [-stance, stance]) {
    mesh.box([x, 0.22, 0], [0.62, 0.06, 1.25], { colour: RUBBER, bevel: 0.05 });
    mesh.tube(
      [
        [x - 0.62, 0.3, -0.15],
        [x - 0.55, 1.05, -0.1],
        [x + 0.55, 1.05, -0.1],
        [x + 0.62, 0.3, -0.15],
      ],
      { radius: 0.13, colour: RUBBER, sides: 6 },
    );
    mesh.box([x, 0.9, -1.2], [0.45, 0.75, 0.1], { colour: RUBBER, bevel: 0.08 });
  }
}

/** Adds one ski along local +z with its binding around a foot at the origin. */
export function ski(mesh: MeshBuilder, options: { colour: Vec3; stripe: Vec3 }): void {
  board(mesh, { axis: 'z', half: SKI.half, width: 0.5, rear: 0.25, ...options });
  mesh.box([0, 0.22, 1.1], [0.36, 0.14, 0.4], { colour: METAL, bevel: 0.06 });
  mesh.box([0, 0.25, -1.3], [0.34, 0.2, 0.35], { colour: RUBBER, bevel: 0.06 });
}

/** Adds a ski pole from its grip to its tip, with a basket above the tip. */
export function skiPole(mesh: MeshBuilder, options: { grip: Vec3; tip: Vec3; colour: Vec3 }): void {
  const { grip, tip, colour } = options;
  const at = (t: number): Vec3 => [
    grip[0] + (tip[0] - grip[0]) * t,
    grip[1] + (tip[1] - grip[1]) * t,
    grip[2] + (tip[2] - grip[2]) * t,
  ];
  mesh.cylinder(at(-0.06), at(0.08), { radius: 0.16, colour: RUBBER, sides: 7 });
  mesh.cylinder(at(0.08), tip, { radius: 0.08, colour, sides: 6 });
  mesh.cylinder(at(0.93), at(0.94), { radius: 0.4, colour: RUBBER, sides: 10 });
}
