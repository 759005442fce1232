// Changes of a picture inside the judge's loss graph, so that it reads people and things rather than the renderer's pixels.
import {
  Add,
  AveragePool,
  Clip,
  Concat,
  Conv,
  Cos,
  Div,
  Gather,
  type Graph,
  GridSample,
  Less,
  Mul,
  Pad,
  ReduceMean,
  Resize,
  Sin,
  Slice,
  Sub,
  Unsqueeze,
  type Value,
  Where,
} from '../../graph/index.js';
import { MIRROR } from '../../pose/formats.js';
import type { Inputs } from '../training-export.js';
import { JUDGED_POINTS } from './settings.js';

/** How far pictures are zoomed (sides of the cut-out), moved (half sides) and turned (radians). */
const ZOOM = [0.78, 1.06] as const;
const SHIFT = 0.09;
const TURN = 0.14;

/** Random inputs of `augment`, uniform in [0, 1) but for `noise`. */
export const AUGMENT_INPUTS: Inputs = {
  mirror: { kind: 'uniform' },
  place: { kind: 'uniform' },
  tone: { kind: 'uniform' },
  tint: { kind: 'uniform' },
  softness: { kind: 'uniform' },
  noise: { kind: 'normal' },
  noise_level: { kind: 'uniform' },
};

interface Annotated {
  /** [N, 3, S, S] in [-1, 1] */
  pixels: Value;
  /** [N, K, 2]: x, y as pictures have them, -1 to 1 from edge to edge. */
  points: Value;
  /** [N, K, 1]: as in COCO, 0 absent, 1 hidden, 2 seen. */
  visibility: Value;
}

/** Draws another view of the same scene: mirrored or not, cut out, turned, toned, blurred, noisy. */
export function augment(graph: Graph, scene: Annotated): Annotated {
  const moved = move(graph, scene);
  return { ...moved, pixels: disturb(graph, recolour(graph, soften(graph, moved.pixels))) };
}

const column = (x: Value, i: number) => Slice(x, { starts: [i], ends: [i + 1], axes: [x.shape.length - 1] });
const between = (u: Value, low: number, high: number) => Add(Mul(u, high - low), low);

function move(graph: Graph, { pixels, points, visibility }: Annotated): Annotated {
  const [batch, , side] = pixels.shape;
  const mirrored = Less(graph.input('mirror', 'float32', [batch, 1, 1]), 0.5); // [N, 1, 1]
  const flip = Where(mirrored, graph.constant(-1), graph.constant(1));
  const place = graph.input('place', 'float32', [batch, 1, 4]);
  const zoom = between(column(place, 0), ...ZOOM); // [N, 1, 1]
  const angle = between(column(place, 1), -TURN, TURN);
  const [dx, dy] = [between(column(place, 2), -SHIFT, SHIFT), between(column(place, 3), -SHIFT, SHIFT)];
  const [cos, sin] = [Cos(angle), Sin(angle)];
  // What the new picture shows at (u, v) lies at zoom * turn * (flip u, v) + (dx, dy) in the old one.
  const centres = Array.from({ length: side }, (_, i) => (2 * i + 1) / side - 1);
  const u = Mul(graph.constant(centres, { shape: [1, 1, side] }), flip); // [N, 1, S]
  const v = graph.constant(centres, { shape: [1, side, 1] });
  const gridX = Add(Mul(zoom, Sub(Mul(cos, u), Mul(sin, v))), dx); // [N, S, S]
  const gridY = Add(Mul(zoom, Add(Mul(sin, u), Mul(cos, v))), dy);
  const grid = Concat([Unsqueeze(gridX, [3]), Unsqueeze(gridY, [3])], { axis: 3 });
  // Points take the inverse way, and a mirrored left hand is a right one.
  const swap = graph.constant(swapped(), { dtype: 'int64' });
  const own = (x: Value) => Where(mirrored, Gather(x, swap, { axis: 1 }), x);
  const at = own(points);
  const [px, py] = [Sub(column(at, 0), dx), Sub(column(at, 1), dy)]; // [N, K, 1]
  const back = (a: Value) => Mul(a, inverse(zoom));
  const newX = Mul(back(Add(Mul(cos, px), Mul(sin, py))), flip);
  const newY = back(Sub(Mul(cos, py), Mul(sin, px)));
  return {
    pixels: GridSample(pixels, grid, { padding_mode: 'border' }),
    points: Concat([newX, newY], { axis: 2 }),
    visibility: own(visibility),
  };
}

/** 1 / x. */
function inverse(x: Value): Value {
  return Div(x.graph.constant(1), x);
}

/** For each judged point the place of its mirror image among them. */
function swapped(): number[] {
  return JUDGED_POINTS.map((point) => JUDGED_POINTS.indexOf(MIRROR[point]));
}

/** From slightly sharper to blurred; a fifth of the pictures pass through half their size. */
function soften(graph: Graph, x: Value): Value {
  const [batch] = x.shape;
  const u = graph.input('softness', 'float32', [batch, 1, 1, 2]);
  const taps = [1, 4, 6, 4, 1].map((w) => w / 16);
  const weights = [0, 1, 2].flatMap(() => taps.flatMap((a) => taps.map((b) => a * b)));
  const kernel = graph.constant(weights, { shape: [3, 1, 5, 5] });
  const framed = Pad(x, [0, 0, 2, 2, 0, 0, 2, 2], { mode: 'edge' });
  const blurred = Conv(framed, kernel, undefined, { group: 3, strides: [1, 1] });
  const mixed = Add(x, Mul(Sub(blurred, x), between(column(u, 0), -0.3, 1)));
  const half = AveragePool(mixed, { kernel_shape: [2, 2], strides: [2, 2] });
  const coarse = Resize(half, { sizes: x.shape, mode: 'linear' });
  return Where(Less(column(u, 1), 0.2), coarse, mixed);
}

/** Brightness, contrast, saturation and a tint of each channel. */
function recolour(graph: Graph, x: Value): Value {
  const [batch] = x.shape;
  const tone = graph.input('tone', 'float32', [batch, 1, 1, 3]);
  const tint = between(graph.input('tint', 'float32', [batch, 3, 1, 1]), -0.12, 0.12);
  const grey = ReduceMean(x, { axes: [1] });
  const saturated = Add(grey, Mul(Sub(x, grey), between(column(tone, 0), 0.5, 1.5)));
  return Add(Mul(saturated, between(column(tone, 1), 0.7, 1.3)), Add(tint, between(column(tone, 2), -0.25, 0.25)));
}

/** Noise of many small and few large deviations, within the range of a picture. */
function disturb(graph: Graph, x: Value): Value {
  const [batch] = x.shape;
  const level = graph.input('noise_level', 'float32', [batch, 1, 1, 1]);
  const noise = Mul(graph.input('noise', 'float32', x.shape), Mul(Mul(level, level), 0.16));
  return Clip(Add(x, noise), -1, 1);
}
