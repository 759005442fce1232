// Which joints touch the object: SPD and top-N accuracy of Person in Place.
import { ContrappostoError } from '../core/errors.js';
import { type Box, distance, type Keypoint } from '../pose/person.js';
import { requireFinite, requireSameLength } from './check-input.js';
import { jensenShannonDistance } from './jensen-shannon.js';

/** A person's joints and the object, in pixels of the whole picture. */
export interface ContactCase {
  /** Predicted; a point of score 0 touches nothing. */
  points: readonly Keypoint[];
  /** Annotated; points of score 0 do not count on either side. */
  truth: readonly Keypoint[];
  person: Box;
  object: Box;
}

/** `ioo` divides by the object's area, as the reference does; `iou` by the union. */
export type OverlapKind = 'ioo' | 'iou';

/** Scales of the two measures (specification of Person in Place, 9): object g, joint box 1 / f. */
const SPD_SCALES = { objectScale: 0.1, jointDivisor: 1 };
const TOP_N_SCALES = { objectScale: 1, jointDivisor: 8 };

export interface ContactDistance {
  /** In [0, 1], in practice below about 0.4: overlaps differ by 1 at most before the softmax. */
  spd: number;
  /** What a skeleton that touches nothing scores on this case; print both. */
  touchesNothing: number;
}

/**
 * SPD: Jensen-Shannon distance (base 2) of the softmax over joints of their overlaps with the object, truth against
 * prediction. Average it over pictures.
 *
 * @returns undefined when no joint is annotated
 * @throws `shape` for two numbers of joints, `invalid-input` for NaN or boxes without area
 */
export function contactDistance(
  contact: ContactCase,
  { overlap = 'ioo' }: { overlap?: OverlapKind } = {},
): ContactDistance | undefined {
  const annotated = annotatedJoints(contact);
  if (annotated.length === 0) return undefined;
  const [truth, predicted] = [contact.truth, contact.points].map((points) =>
    annotated.map((i) => jointOverlap(points[i], contact, { ...SPD_SCALES, overlap })),
  );
  return {
    spd: overlapDistance(truth, predicted),
    touchesNothing: overlapDistance(
      truth,
      truth.map(() => 0),
    ),
  };
}

/** Jensen-Shannon distance, base 2, of the softmax of both. Throws `shape` for two lengths, `invalid-input` for NaN. */
export function overlapDistance(truth: ArrayLike<number>, predicted: ArrayLike<number>): number {
  const chances = (overlaps: ArrayLike<number>) => Float64Array.from(overlaps, (v) => Math.exp(v));
  return jensenShannonDistance(chances(truth), chances(predicted));
}

/**
 * Whether one of the `n` joints that are truly nearest to the object's centre touches the object in the prediction.
 * Accuracy is the share of hits among the pictures with annotated joints.
 *
 * @param options.rule `reference` looks at n + 1 joints, as the published table probably does; default `strict`
 * @returns undefined when no joint is annotated
 * @throws as `contactDistance`, `invalid-input` for an n below 1
 */
export function isTopNContact(
  contact: ContactCase,
  { n, rule = 'strict', overlap = 'ioo' }: { n: number; rule?: 'strict' | 'reference'; overlap?: OverlapKind },
): boolean | undefined {
  if (!Number.isInteger(n) || n < 1) {
    throw new ContrappostoError('invalid-input', {
      operation: 'top-N accuracy',
      expected: 'N of 1 or more',
      got: `${n}`,
    });
  }
  const annotated = annotatedJoints(contact);
  if (annotated.length === 0) return undefined;
  const [x1, y1, x2, y2] = contact.object;
  const centre = { x: (x1 + x2) / 2, y: (y1 + y2) / 2 };
  const away = (i: number) => distance(contact.truth[i], centre);
  return annotated
    .sort((i, j) => away(i) - away(j))
    .slice(0, rule === 'reference' ? n + 1 : n)
    .some((i) => jointOverlap(contact.points[i], contact, { ...TOP_N_SCALES, overlap }) > 0);
}

/**
 * Overlap of a joint's box with the object's in [0, 1], pixels counted inclusively: a box from 10 to 29 is 20 wide.
 * @param options.kind default `ioo`
 */
export function boxOverlap(joint: Box, object: Box, { kind = 'ioo' }: { kind?: OverlapKind } = {}): number {
  const width = (box: Box) => box[2] - box[0] + 1;
  const height = (box: Box) => box[3] - box[1] + 1;
  const both =
    Math.max(0, Math.min(joint[2], object[2]) - Math.max(joint[0], object[0]) + 1) *
    Math.max(0, Math.min(joint[3], object[3]) - Math.max(joint[1], object[1]) + 1);
  const area = width(object) * height(object);
  return both / (kind === 'ioo' ? area : area + width(joint) * height(joint) - both);
}

/** Side of the square around each joint: the root of the person's area over f. */
export function jointBoxSide([x1, y1, x2, y2]: Box, divisor = 1): number {
  return Math.sqrt((x2 - x1) * (y2 - y1)) / divisor;
}

function jointOverlap(
  point: Keypoint,
  { person, object }: ContactCase,
  options: { objectScale: number; jointDivisor: number; overlap: OverlapKind },
): number {
  if (!(point.score > 0)) return 0;
  const half = jointBoxSide(person, options.jointDivisor) / 2;
  const joint: Box = [point.x - half, point.y - half, point.x + half, point.y + half];
  return boxOverlap(joint, scaled(object, options.objectScale), { kind: options.overlap });
}

/** About its centre. */
function scaled([x1, y1, x2, y2]: Box, by: number): Box {
  const [x, y, halfWidth, halfHeight] = [(x1 + x2) / 2, (y1 + y2) / 2, ((x2 - x1) * by) / 2, ((y2 - y1) * by) / 2];
  return [x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight];
}

function annotatedJoints({ points, truth, person, object }: ContactCase): number[] {
  const operation = 'contact of joints and object';
  requireSameLength(operation, truth, points);
  for (const box of [person, object]) {
    requireFinite(operation, box);
    if (box[2] > box[0] && box[3] > box[1]) continue;
    throw new ContrappostoError('invalid-input', {
      operation,
      expected: 'boxes x1, y1, x2, y2 with an area',
      got: `[${box}]`,
    });
  }
  const annotated = [...truth.keys()].filter((i) => truth[i].score > 0);
  for (const i of annotated)
    requireFinite(operation, [truth[i].x, truth[i].y, points[i].score, points[i].x, points[i].y]);
  return annotated;
}
