// Twenty-one points of each hand: a cut-out around the wrist turned upright, refined once from its own points.
import { COCO } from '../formats.js';
import { boxOf, distance, type Keypoint } from '../person.js';
import { fromRegion, type Pyramid, type Region } from './crop.js';
import { network } from './networks.js';

const INPUT_PX = 224;
const POINTS = 21;
const WRIST = 0;
const INDEX_MCP = 5;
const MIDDLE_MCP = 9;
const PINKY_MCP = 17;

/** The landmark network's own probability below which the cut-out is taken for something else. */
export const MIN_HAND_SCORE = 0.5;
/** Hands smaller than this in the picture are guesses. */
const MIN_HAND_PX = 10;
const MIN_WRIST_SCORE = 0.15;

export type Side = 'left' | 'right';

export interface DetectedHand {
  side: Side;
  /** 21 points in picture pixels; every point has the score of the hand. */
  points: Keypoint[];
  /** Probability that the cut-out shows a hand. */
  score: number;
}

/** One look: the points, how much it is a hand, and how much a right one. */
interface Look {
  points: Keypoint[];
  score: number;
  right: number;
}

/** Looks at a region, then again at the region that the points of the first look span; returns the surer of the two. */
export async function readHand(picture: Pyramid, regions: readonly Region[]): Promise<Look | undefined> {
  const run = await network('handlandmark-full');
  const look = (region: Region): Look => {
    const input = picture.crop(region, INPUT_PX).map((v) => v / 255);
    const [landmarks, presence, right] = run(input, ['Identity:0', 'Identity_1:0', 'Identity_2:0']); // [21 x 3], [1], [1]
    const toPicture = fromRegion(region);
    const points = Array.from({ length: POINTS }, (_, k) => ({
      ...toPicture(landmarks[k * 3] / INPUT_PX, landmarks[k * 3 + 1] / INPUT_PX),
      z: (landmarks[k * 3 + 2] / INPUT_PX) * region.sidePx,
      score: presence[0],
    }));
    return { points, score: presence[0], right: right[0] };
  };
  let best: Look | undefined;
  for (const region of regions) {
    const seen = look(region);
    if (!best || seen.score > best.score) best = seen;
    if (best.score > 0.9) break;
  }
  if (!best || best.score < 0.1) return best;
  const second = look(regionOfHand(best.points));
  return second.score >= best.score * 0.9 ? second : best;
}

/**
 * The hands of one person, each accepted only when the network is sure, its wrist is at the body's wrist, its size fits
 * the body, and the other hand is not the same spot.
 */
export async function readHandsOf(picture: Pyramid, coco: readonly Keypoint[]): Promise<DetectedHand[]> {
  const hands: DetectedHand[] = [];
  for (const side of ['left', 'right'] as const) {
    const regions = handRegions(coco, side);
    if (coco[COCO[`${side}_wrist`]].score < MIN_WRIST_SCORE || regions[0].sidePx < 2 * MIN_HAND_PX) continue;
    const hand = await readHand(picture, regions);
    if (hand && isPlausible(hand, { coco, side })) hands.push({ side, points: hand.points, score: hand.score });
  }
  const [left, right] = hands;
  if (right && meanDistance(left.points, right.points) < 0.35 * extentPx(left.points)) {
    return [wristGap(left, coco) <= wristGap(right, coco) ? left : right];
  }
  return hands;
}

function isPlausible(hand: Look, { coco, side }: { coco: readonly Keypoint[]; side: Side }): boolean {
  const extent = extentPx(hand.points);
  const torso = torsoPx(coco);
  if (hand.score < MIN_HAND_SCORE || extent < MIN_HAND_PX) return false;
  if (extent < 0.1 * torso || extent > 1.1 * torso) return false;
  return distance(hand.points[WRIST], coco[COCO[`${side}_wrist`]]) < 0.75 * extent;
}

function wristGap(hand: DetectedHand, coco: readonly Keypoint[]): number {
  return distance(hand.points[WRIST], coco[COCO[`${hand.side}_wrist`]]);
}

function meanDistance(a: readonly Keypoint[], b: readonly Keypoint[]): number {
  return a.reduce((sum, p, i) => sum + distance(p, b[i]), 0) / a.length;
}

/** The longer side of the box around a hand. */
function extentPx(points: readonly Keypoint[]): number {
  const [x1, y1, x2, y2] = boxOf(points) ?? [0, 0, 0, 0];
  return Math.max(x2 - x1, y2 - y1);
}

/**
 * Where the hand of a person's arm may be: 1.3 forearms wide around a point behind the wrist, forearm upwards; for a
 * forearm that points at the camera the torso gives the least size.
 */
export function handRegions(coco: readonly Keypoint[], side: Side): Region[] {
  const wrist = coco[COCO[`${side}_wrist`]];
  const elbow = coco[COCO[`${side}_elbow`]];
  const forearm = distance(wrist, elbow);
  const least = 0.45 * torsoPx(coco);
  const length = Math.max(forearm, least);
  const rotation = forearm > 1 ? Math.atan2(wrist.x - elbow.x, elbow.y - wrist.y) : 0;
  const along = { x: Math.sin(rotation), y: -Math.cos(rotation) };
  return [1.3, 1.0, 1.7].map((factor) => ({
    x: wrist.x + along.x * length * 0.3,
    y: wrist.y + along.y * length * 0.3,
    sidePx: Math.max(8, factor * length),
    rotation,
  }));
}

/** The longer of the two sides of the trunk, or twice the shoulders' width in a view from the side or above. */
export function torsoPx(coco: readonly Keypoint[]): number {
  const side = (name: Side) => distance(coco[COCO[`${name}_shoulder`]], coco[COCO[`${name}_hip`]]);
  return Math.max(side('left'), side('right'), distance(coco[COCO.left_shoulder], coco[COCO.right_shoulder]));
}

/**
 * The square that the network was trained on: palm upwards, twice the hand's extent
 * (MediaPipe's hand tracking turns the line from the wrist to the middle finger's knuckle upwards).
 */
export function regionOfHand(points: readonly Keypoint[]): Region {
  const knuckles = {
    x: (points[INDEX_MCP].x + 2 * points[MIDDLE_MCP].x + points[PINKY_MCP].x) / 4,
    y: (points[INDEX_MCP].y + 2 * points[MIDDLE_MCP].y + points[PINKY_MCP].y) / 4,
  };
  const wrist = points[WRIST];
  const rotation = Math.atan2(knuckles.x - wrist.x, wrist.y - knuckles.y);
  const cos = Math.cos(-rotation);
  const sin = Math.sin(-rotation);
  const turned = points.map((p) => ({ x: cos * p.x - sin * p.y, y: sin * p.x + cos * p.y }));
  const xs = turned.map((p) => p.x);
  const ys = turned.map((p) => p.y);
  const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const u = (left + right) / 2;
  const v = (top + bottom) / 2;
  return {
    x: cos * u + sin * v,
    y: -sin * u + cos * v,
    sidePx: Math.max(8, 1.6 * Math.max(right - left, bottom - top)),
    rotation,
  };
}
