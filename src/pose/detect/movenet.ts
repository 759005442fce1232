// Seventeen body points: MoveNet multipose for the whole picture, MoveNet thunder for one person's cut-out.
import { type Box, boxOf, type Keypoint } from '../person.js';
import { fromRegion, type Pyramid, type Region } from './crop.js';
import { network } from './networks.js';

const THUNDER_PX = 256;
/** Multipose takes any multiple of 32. */
const MULTIPOSE_PX = 384;
const POINTS = 17;
/** Points below this are too uncertain to steer the next cut-out. */
const MIN_POINT_SCORE = 0.2;

export interface Pose17 {
  /** 17 COCO points in picture pixels. */
  points: Keypoint[];
  /** Mean score of the points, in [0, 1]. */
  score: number;
}

/** At most six people in the whole picture with rough points; good for finding them, not for measuring. */
export async function detectPoses(picture: Pyramid, options: { minScore: number }): Promise<(Pose17 & { box: Box })[]> {
  const run = await network('movenet-multipose');
  const region = wholePicture(picture);
  const [values] = run(picture.crop(region, MULTIPOSE_PX), ['Identity:0']); // [6, 56] = 17 x (y, x, score), box, score
  const toPicture = fromRegion(region);
  const found: (Pose17 & { box: Box })[] = [];
  for (let person = 0; person < 6; person++) {
    const row = values.subarray(person * 56, person * 56 + 56);
    if (row[55] < options.minScore) continue;
    const [y1, x1, y2, x2] = row.subarray(51, 55);
    const low = toPicture(x1, y1);
    const high = toPicture(x2, y2);
    found.push({ points: decode(row, region), score: row[55], box: [low.x, low.y, high.x, high.y] });
  }
  return found;
}

/**
 * The 17 points of the person in `box`. The network points at whoever is central, so the answer counts only as far as
 * its sure points lie in the box: if the plain cut-out shows a neighbour, one with everything outside the box blacked
 * out is tried. A last look, centred on the points found, measures them.
 */
export async function estimatePose(picture: Pyramid, box: Box): Promise<Pose17> {
  const run = await network('movenet-thunder');
  const look = (region: Region, keep?: Box): Candidate => {
    const [values] = run(picture.crop(region, THUNDER_PX, keep), ['Identity:0']); // [17, 3]
    const points = decode(values, region);
    const score = points.reduce((sum, p) => sum + p.score, 0) / POINTS;
    return { points, score, fit: score * insideShare(points, grown(box, 0.15)) };
  };
  const region = boxRegion(box, 1.25);
  let best = look(region);
  if (best.fit < 0.85 * best.score || best.score < 0.3) best = better(look(region, grown(box, 0.1)), best);
  const steady = boxOf(best.points, MIN_POINT_SCORE);
  if (steady && best.fit > MIN_POINT_SCORE) best = better(look(boxRegion(steady, 1.4)), best);
  return { points: best.points, score: best.fit };
}

interface Candidate {
  points: Keypoint[];
  score: number;
  /** The score times the share of sure points that lie in the person's box. */
  fit: number;
}

function better(a: Candidate, b: Candidate): Candidate {
  return a.fit > b.fit ? a : b;
}

function insideShare(points: readonly Keypoint[], [x1, y1, x2, y2]: Box): number {
  const total = points.reduce((sum, p) => sum + p.score, 0);
  const inside = points.filter((p) => p.x >= x1 && p.x <= x2 && p.y >= y1 && p.y <= y2);
  return total > 0 ? inside.reduce((sum, p) => sum + p.score, 0) / total : 0;
}

function grown([x1, y1, x2, y2]: Box, share: number): Box {
  const dx = (x2 - x1) * share;
  const dy = (y2 - y1) * share;
  return [x1 - dx, y1 - dy, x2 + dx, y2 + dy];
}

function decode(values: Float32Array, region: Region): Keypoint[] {
  const toPicture = fromRegion(region);
  return Array.from({ length: POINTS }, (_, k) => ({
    ...toPicture(values[k * 3 + 1], values[k * 3]),
    score: values[k * 3 + 2],
  }));
}

/** The square around a box, `factor` times its longer side. */
export function boxRegion(box: Box, factor: number): Region {
  const [x1, y1, x2, y2] = box;
  return { x: (x1 + x2) / 2, y: (y1 + y2) / 2, sidePx: Math.max(8, factor * Math.max(x2 - x1, y2 - y1)), rotation: 0 };
}

function wholePicture({ widthPx, heightPx }: Pyramid): Region {
  return { x: widthPx / 2, y: heightPx / 2, sidePx: Math.max(widthPx, heightPx), rotation: 0 };
}
