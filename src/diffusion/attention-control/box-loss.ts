// The loss that draws a token's attention into a box (BoxDiff, Xie et al. 2023): inside, outside and at the corners.
import { ContrappostoError } from '../../core/errors.js';
import { float32, type Tensor } from '../../core/tensor.js';
import {
  Abs,
  Add,
  And,
  Cast,
  Concat,
  Equal,
  Greater,
  Less,
  Mul,
  Or,
  ReduceMax,
  ReduceMean,
  ReduceSum,
  Relu,
  Reshape,
  Split,
  Sub,
  type Value,
} from '../../graph/index.js';
import type { Resolution } from './network-control.js';

/** Side of the canvas that boxes are given on, whatever the picture's size. */
export const CANVAS = 512;

/** x1, y1, x2, y2 on the canvas of 512 by 512, origin top left. */
export type CanvasBox = readonly [x1: number, y1: number, x2: number, y2: number];

export interface BoxLossSettings {
  /** Share of the cells whose mean counts, in (0, 1]. Default 0.2. */
  topFraction?: number;
  /** Cells beside a border that the corner terms look at. Default 1. */
  cornerWidth?: number;
}

/** Cells x1, y1, x2, y2 of a box, ends excluded: rounded half to even as the published code does, within the grid. */
export function cellBox(box: CanvasBox, [height, width]: Resolution): [number, number, number, number] {
  const cell = (v: number, size: number) => Math.min(size, Math.max(0, roundHalfEven((v * size) / CANVAS)));
  return [cell(box[0], width), cell(box[1], height), cell(box[2], width), cell(box[3], height)];
}

function roundHalfEven(v: number): number {
  const low = Math.floor(v);
  if (v - low !== 0.5) return Math.round(v);
  return low % 2 === 0 ? low : low + 1;
}

/** How many cells inside and outside count; 0 outside when the box fills the grid. */
export function topCounts(
  { area, cells }: { area: number; cells: number },
  topFraction: number,
): { inside: number; outside: number } {
  const count = (n: number) => Math.max(1, Math.floor(topFraction * n + 1e-6));
  return { inside: count(area), outside: area === cells ? 0 : count(cells - area) };
}

/**
 * The boxes of {@link boxLoss} as feeds, one a token, for maps of this resolution.
 *
 * @throws ContrappostoError `invalid-input` for a box of less than a cell
 */
export function boxFeeds(
  boxes: readonly CanvasBox[],
  resolution: Resolution,
  settings: BoxLossSettings = {},
): Record<string, Tensor> {
  const { topFraction = 0.2, cornerWidth = 1 } = settings;
  const [height, width] = resolution;
  const objects = boxes.length;
  const cells = boxes.map((box) => requireCells(box, resolution));
  const mask = new Float32Array(objects * height * width);
  cells.forEach(([x1, y1, x2, y2], n) => {
    for (let y = y1; y < y2; y++) mask.fill(1, (n * height + y) * width + x1, (n * height + y) * width + x2);
  });
  const counts = cells.map(([x1, y1, x2, y2]) =>
    topCounts({ area: (x2 - x1) * (y2 - y1), cells: height * width }, topFraction),
  );
  const near = (size: number, ends: (c: Cells) => readonly number[]) =>
    float32(
      cells.flatMap((c) => nearBorders(size, { ends: ends(c), cornerWidth })),
      [objects, size],
    );
  const share = (count: number) => (count > 0 ? 1 / count : 0);
  return {
    box_mask: float32(mask, [objects, height, width]),
    box_counts: float32(
      counts.flatMap(({ inside, outside }) => [inside, outside]),
      [objects, 2],
    ),
    box_shares: float32(
      counts.flatMap(({ inside, outside }) => [share(inside), share(outside)]),
      [objects, 2],
    ),
    box_columns: near(width, ([x1, , x2]) => [x1, x2]),
    box_rows: near(height, ([, y1, , y2]) => [y1, y2]),
  };
}

type Cells = readonly [x1: number, y1: number, x2: number, y2: number];

function requireCells(box: CanvasBox, resolution: Resolution): Cells {
  const cells = cellBox(box, resolution);
  if (cells[2] > cells[0] && cells[3] > cells[1]) return cells;
  throw new ContrappostoError('invalid-input', {
    operation: 'box loss',
    expected: `a box of at least one cell of ${resolution[0]} by ${resolution[1]}`,
    got: `[${box}]`,
    hint: 'boxes are x1, y1, x2, y2 on a canvas of 512 by 512',
  });
}

/** 1 for cells within `cornerWidth` of an end, 0 elsewhere. */
function nearBorders(size: number, { ends, cornerWidth }: { ends: readonly number[]; cornerWidth: number }): number[] {
  return Array.from({ length: size }, (_, j) => (ends.some((end) => Math.abs(j - end) <= cornerWidth) ? 1 : 0));
}

/** Each [objects]; the sum over all objects and terms is the published loss. */
export interface BoxLossTerms {
  inside: Value;
  outside: Value;
  corners: Value;
}

/**
 * The terms for each token. The boxes are inputs of the graph ({@link boxFeeds}), so that one session serves every box;
 * the largest cells are chosen by their rank, which is no path for a gradient.
 *
 * @param maps [objects, H, W] in [0, 1]
 */
export function boxLoss(maps: Value): BoxLossTerms {
  const { graph } = maps;
  const [objects, height, width] = maps.shape;
  const mask = graph.input('box_mask', 'float32', [objects, height, width]);
  const counts = graph.input('box_counts', 'float32', [objects, 2]);
  const shares = graph.input('box_shares', 'float32', [objects, 2]);
  const parts = Reshape(Mul(Reshape(maps, [objects, 1, height * width]), bothSides(mask)), [
    objects * 2,
    height * width,
  ]); // [objects * 2, H * W]: inside, outside
  const sums = Reshape(topSum(parts, Reshape(counts, [objects * 2, 1])), [objects, 2]);
  const means = Mul(sums, shares); // [objects, 2]
  const [inside, outside] = Split(means, [1, 1], { axis: 1 });
  const flat = (v: Value) => Reshape(v, [objects]);
  const columns = graph.input('box_columns', 'float32', [objects, width]);
  const rows = graph.input('box_rows', 'float32', [objects, height]);
  return {
    inside: Relu(Sub(1, flat(inside))), // BoxDiff eq. 3
    outside: Relu(flat(outside)), // BoxDiff eq. 4
    corners: Add(cornerTerm({ maps, mask, near: columns }, 1), cornerTerm({ maps, mask, near: rows }, 2)), // BoxDiff eq. 5
  };
}

/** [objects, H, W] -> [objects, 2, H * W]: the mask and its complement. */
function bothSides(mask: Value): Value {
  const [objects, height, width] = mask.shape;
  const flat = Reshape(mask, [objects, 1, height * width]);
  return Concat([flat, Sub(1, flat)], { axis: 1 });
}

/** Sum of the `counts` [N, 1] largest values of each row of [N, C]; of equal ones the first count. */
function topSum(values: Value, counts: Value): Value {
  const [rows, cells] = values.shape;
  const [own, other] = [Reshape(values, [rows, cells, 1]), Reshape(values, [rows, 1, cells])];
  const indices = Array.from({ length: cells }, (_, i) => i);
  const earlier = Less(
    values.graph.constant(indices, { shape: [1, 1, cells] }),
    values.graph.constant(indices, { shape: [1, cells, 1] }),
  ); // [1, C, C]: whether the column's cell comes before the row's
  const ahead = Or(Greater(other, own), And(Equal(other, own), earlier)); // [N, C, C]
  const rank = ReduceSum(Cast(ahead, { to: 'float32' }), { axes: [2], keepdims: false }); // [N, C]
  return ReduceSum(Mul(values, Cast(Less(rank, counts), { to: 'float32' })), { axes: [1] }); // [N, 1]
}

/** Near the borders, how far the projection of the map on one axis is from that of the box; axis 1 projects rows. */
function cornerTerm({ maps, mask, near }: { maps: Value; mask: Value; near: Value }, axis: 1 | 2): Value {
  const project = (v: Value) => ReduceMax(v, { axes: [axis], keepdims: false }); // [objects, size]
  const apart = Mul(near, Abs(Sub(project(maps), project(mask))));
  return ReduceMean(apart, { axes: [1], keepdims: false }); // [objects]
}
