// What a posed person is: keypoints in pixels, in one canonical layout that all formats convert to and from.

/** A point in pixels, origin top left. `score` in [0, 1]; 0 means that the point is unknown and x, y are meaningless. */
export interface Keypoint {
  x: number;
  y: number;
  score: number;
  /** Depth in pixels relative to the hips (body) or the wrist (hand), smaller is nearer; where a network gives it. */
  z?: number;
}

/** x1, y1, x2, y2 in pixels, origin top left. */
export type Box = readonly [number, number, number, number];

/** A person in the canonical layout. */
export interface Person {
  /** The 133 COCO-WholeBody points: body 17, feet 6, face 68, left hand 21, right hand 21. */
  keypoints: Keypoint[];
  /** The 33 MediaPipe points, where they were measured rather than derived. */
  mediapipe?: Keypoint[];
  box?: Box;
  /** Confidence that this is a person, in [0, 1]. */
  score?: number;
}

/** The people of one picture. */
export interface PoseFile {
  people: Person[];
  /** Size of the picture that the pixels refer to; absent where the file does not tell. */
  widthPx?: number;
  heightPx?: number;
}

/** An unknown point. */
export const UNKNOWN: Keypoint = Object.freeze({ x: 0, y: 0, score: 0 });

/** `count` unknown points. */
export function unknownPoints(count: number): Keypoint[] {
  return Array.from({ length: count }, () => ({ ...UNKNOWN }));
}

/** The point halfway between two; unknown when either is. Its score is the smaller one. */
export function midpoint(a: Keypoint, b: Keypoint): Keypoint {
  if (a.score <= 0 || b.score <= 0) return { ...UNKNOWN };
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, score: Math.min(a.score, b.score) };
}

/** Distance in pixels. */
export function distance(a: { x: number; y: number }, b: { x: number; y: number }): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** The smallest box around the points that score at least `minScore`; undefined when there are none. */
export function boxOf(points: readonly Keypoint[], minScore = Number.MIN_VALUE): Box | undefined {
  const known = points.filter((p) => p.score >= minScore);
  if (known.length === 0) return undefined;
  const xs = known.map((p) => p.x);
  const ys = known.map((p) => p.y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** Intersection over union of two boxes, in [0, 1]. */
export function iou(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / (areaOf(a) + areaOf(b) - width * height);
}

/** Area of a box in square pixels; 0 for an empty one. */
export function areaOf(box: Box): number {
  return Math.max(0, box[2] - box[0]) * Math.max(0, box[3] - box[1]);
}
