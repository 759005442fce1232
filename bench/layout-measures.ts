// Layouts on annotated pairs: how well the layout model and simple rules place objects, blind and from a perturbed box.
import { CANVAS_PX, type LayoutNetwork, type LayoutSituation } from '../src/agents/index.js';
import { Philox } from '../src/core/random.js';
import { areaOf, type Box, iou, type Keypoint } from '../src/pose/person.js';

/** A pair to be placed, on the canonical canvas. */
export interface LayoutCase {
  /** Pairs of one picture are not independent: intervals are drawn over pictures. */
  picture: string;
  verb: string;
  object: string;
  personBox: Box;
  objectBox: Box;
  aspect: number;
  /** Different people's boxes among the picture's pairs. */
  people: number;
  keypoints?: readonly Keypoint[];
}

/** Mean overlap with its 95 % interval. */
export interface Reached {
  mean: number;
  low: number;
  high: number;
  pairs: number;
}

/** Smallest area of person and object on the canvas in the paper's protocol (record, section 12). */
const LEAST_AREA = 5000;
const RESAMPLES = 500;

/** Whether the paper's protocol takes a pair: one person in the picture, both boxes of 5,000 square pixels or more. */
export function isOfPaper({ people, personBox, objectBox }: LayoutCase): boolean {
  return people === 1 && areaOf(personBox) >= LEAST_AREA && areaOf(objectBox) >= LEAST_AREA;
}

/**
 * The box with each side scaled by a factor drawn from 1 - a / 2 to 1 + a / 2, and moved the share a of the way to a
 * place drawn uniformly inside the canvas; a = 1 is the protocol of record, section 12. The draws depend on the seed
 * and the pair's number only.
 */
export function perturbedBox(box: Box, options: { amplitude: number; seed: number; pair: number }): Box {
  const { amplitude, seed, pair } = options;
  const random = new Philox(seed, pair);
  const along = (low: number, high: number): [number, number] => {
    const side = Math.min(CANVAS_PX, (high - low) * (1 + amplitude * (random.uniform() - 0.5)));
    const room = CANVAS_PX - side;
    const start = Math.min(room, Math.max(0, (low + high - side) / 2));
    const moved = start + amplitude * (random.uniform() * room - start);
    return [moved, moved + side];
  };
  const [x, y] = [along(box[0], box[2]), along(box[1], box[3])];
  return [x[0], y[0], x[1], y[1]];
}

/** The median of the object's box relative to the person's, over pairs of one group. */
export type MedianRule = (asked: LayoutCase) => Box;

/** Learns a median for each value of `key`, `other` where a value is new. */
export function medianRule(
  learned: readonly LayoutCase[],
  key: (c: LayoutCase) => string,
  other?: MedianRule,
): MedianRule {
  const groups = new Map<string, number[][]>();
  for (const one of learned) groups.set(key(one), [...(groups.get(key(one)) ?? []), relative(one)]);
  const medians = new Map(
    [...groups].map(([name, rows]) => [name, [0, 1, 2, 3].map((i) => median(rows.map((r) => r[i])))]),
  );
  const overall = [0, 1, 2, 3].map((i) => median(learned.map((one) => relative(one)[i])));
  return (asked) => {
    const found = medians.get(key(asked));
    if (!found && other) return other(asked);
    return absolute(found ?? overall, asked.personBox);
  };
}

/** Corners in shares of the person's box. */
function relative({ personBox: [x1, y1, x2, y2], objectBox }: LayoutCase): number[] {
  return objectBox.map((v, i) => (i % 2 === 0 ? (v - x1) / (x2 - x1) : (v - y1) / (y2 - y1)));
}

function absolute(shares: readonly number[], [x1, y1, x2, y2]: Box): Box {
  const [a, b, c, d] = shares.map((v, i) => (i % 2 === 0 ? x1 + v * (x2 - x1) : y1 + v * (y2 - y1)));
  return [a, b, c, d];
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** A box as it counts: what lies outside of the canvas is cut off. */
export function onCanvas(box: Box): Box {
  const [a, b, c, d] = box.map((v) => Math.min(CANVAS_PX, Math.max(0, v)));
  return [a, b, c, d];
}

/** The model's boxes for all cases. */
export async function placeAll(
  network: LayoutNetwork,
  cases: readonly LayoutCase[],
  present?: (one: LayoutCase, i: number) => Box,
): Promise<Box[]> {
  const situations = cases.map((one, i): LayoutSituation => {
    const { verb, object, personBox, aspect, keypoints } = one;
    return { verb, object, personBox, aspect, keypoints, objectBox: present?.(one, i) };
  });
  return (await network.place(situations)).map(({ box }) => onCanvas(box));
}

/** Mean overlap of boxes with the truth; the interval by resampling pictures. */
export function reached(cases: readonly LayoutCase[], boxes: readonly Box[]): Reached {
  const sums = new Map<string, { sum: number; pairs: number }>();
  cases.forEach(({ picture, objectBox }, i) => {
    const one = sums.get(picture) ?? { sum: 0, pairs: 0 };
    sums.set(picture, { sum: one.sum + iou(onCanvas(boxes[i]), objectBox), pairs: one.pairs + 1 });
  });
  const pictures = [...sums.values()];
  const mean = (of: readonly { sum: number; pairs: number }[]) =>
    of.reduce((s, p) => s + p.sum, 0) / of.reduce((s, p) => s + p.pairs, 0);
  const random = new Philox(1);
  const means = Array.from({ length: RESAMPLES }, () =>
    mean(pictures.map(() => pictures[Math.floor(random.uniform() * pictures.length)])),
  ).sort((a, b) => a - b);
  const [low, high] = [0.025, 0.975].map((q) => means[Math.floor(q * RESAMPLES)]);
  return { mean: mean(pictures), low, high, pairs: cases.length };
}
