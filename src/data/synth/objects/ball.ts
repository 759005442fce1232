// Sports balls: football, basketball, volleyball, tennis ball, beach ball, playground ball.
import type { MeshBuilder } from '../mesh-builder.js';
import type { SceneRandom } from '../scene-random.js';
import { dot, euler, normalise, type Vec3 } from '../vector.js';

export type BallKind = 'soccer' | 'basketball' | 'volleyball' | 'tennis' | 'beach' | 'plain';

export const BALL_RADIUS: Readonly<Record<BallKind, number>> = {
  soccer: 1.1,
  basketball: 1.2,
  volleyball: 1.05,
  tennis: 0.36,
  beach: 1.7,
  plain: 1.05,
};

/** What captions call each kind. */
export const BALL_WORD: Readonly<Record<BallKind, string>> = {
  soccer: 'soccer ball',
  basketball: 'basketball',
  volleyball: 'volleyball',
  tennis: 'tennis ball',
  beach: 'beach ball',
  plain: 'ball',
};

const GOLDEN = (1 + Math.sqrt(5)) / 2;
const ICOSAHEDRON: Vec3[] = [-1, 1].flatMap((a) =>
  [-GOLDEN, GOLDEN].flatMap((b): Vec3[] => [normalise([0, a, b]), normalise([a, b, 0]), normalise([b, 0, a])]),
);

/** Football: a black pentagon at each vertex of an icosahedron; seams would blur at this mesh's resolution. */
function soccer(d: Vec3): Vec3 {
  return ICOSAHEDRON.some((q) => dot(q, d) > 0.925) ? [28, 28, 32] : [240, 240, 240];
}

function basketball(d: Vec3): Vec3 {
  const seam = Math.abs(d[0]) < 0.04 || Math.abs(d[1]) < 0.04 || Math.abs(Math.hypot(d[0] * 0.8, d[1]) - 0.66) < 0.035;
  return seam ? [38, 26, 20] : [212, 106, 42];
}

function volleyball(d: Vec3, colour: Vec3): Vec3 {
  const size = d.map(Math.abs);
  const axis = size.indexOf(Math.max(...size));
  const across = d[(axis + 1) % 3] / size[axis];
  const band = Math.floor((across + 1) * 1.5);
  return band === 1 ? colour : [238, 236, 228];
}

function tennisBall(d: Vec3): Vec3 {
  const curve = 0.45 * Math.sin(2 * Math.atan2(d[2], d[0])) - d[1];
  return Math.abs(curve) < 0.09 ? [240, 240, 230] : [206, 222, 58];
}

function beach(d: Vec3, colour: Vec3): Vec3 {
  if (Math.abs(d[1]) > 0.97) return [240, 240, 240];
  const wedge = Math.floor((Math.atan2(d[2], d[0]) / Math.PI + 1) * 3) % 3;
  return wedge === 0 ? colour : wedge === 1 ? [240, 240, 240] : [242, 208, 60];
}

/** Adds a ball; `scale` shrinks it for small players. Returns its radius. */
export function ball(
  mesh: MeshBuilder,
  centre: Vec3,
  options: { kind: BallKind; colour: Vec3; scale: number; random: SceneRandom },
): number {
  const { kind, colour, random } = options;
  const radius = BALL_RADIUS[kind] * options.scale;
  const patterns: Record<BallKind, (d: Vec3) => Vec3> = {
    soccer,
    basketball,
    volleyball: (d) => volleyball(d, colour),
    tennis: tennisBall,
    beach: (d) => beach(d, colour),
    plain: () => colour,
  };
  const fine = kind === 'plain' || kind === 'tennis' ? ([20, 14] as const) : ([40, 28] as const);
  mesh.withShine(kind === 'tennis' ? 0 : 0.3, () => {
    mesh.sphere(centre, radius, {
      colour: patterns[kind],
      rotation: euler(random.between(0, 6), random.between(0, 6), random.between(0, 6)),
      segments: fine[0],
      rings: fine[1],
    });
  });
  return radius;
}
