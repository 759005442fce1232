// Draws skeletons in the colours that OpenPose defined and ControlNet was trained on, anti-aliased, without a canvas.
import { ContrappostoError } from '../core/errors.js';
import type { Image } from '../core/image.js';
import { faceOf, handOf, toOpenPoseBody } from './convert.js';
import { HAND_LIMBS, OPENPOSE_COLOURS, OPENPOSE18_LIMBS } from './formats.js';
import { boxOf, type Keypoint, type Person } from './person.js';

export interface DrawOptions {
  /** Points below this are left out; default 0.3. */
  minScore?: number;
  /** Radius of joints and half the thickness of limbs in pixels; default 4 for 512 pixels, in proportion. */
  radiusPx?: number;
  /** Draws small people with thinner lines, so that they stay legible; default false, as ControlNet was trained. */
  thinWhenSmall?: boolean;
  body?: boolean;
  hands?: boolean;
  face?: boolean;
}

type Colour = readonly [number, number, number];

/** ControlNet darkens limbs to this share, so that joints stand out. */
const LIMB_SHARE = 0.6;
/** Hand joints are blue, face points white. */
const HAND_JOINT: Colour = [0, 0, 255];
const FACE_POINT: Colour = [255, 255, 255];
/** Below this length in pixels a hand or face would be a blot. */
const MIN_DETAIL_RADIUS = 0.5;

/**
 * A copy of the picture with the people's skeletons drawn over it.
 * @param people canonical 133-point people in pixels of the picture
 */
export function drawSkeleton(image: Image, people: readonly Person[], options: DrawOptions = {}): Image {
  const canvas: Image = { ...image, data: Uint8Array.from(image.data) };
  const { minScore = 0.3, body = true, hands = true, face = true } = options;
  const widest = options.radiusPx ?? Math.max(1, (4 * Math.min(image.widthPx, image.heightPx)) / 512);
  const radiusOf = (person: Person) =>
    options.thinWhenSmall ? Math.min(widest, thinRadius(person, minScore)) : widest;
  for (const person of people) {
    if (body) drawBody(canvas, toOpenPoseBody(person), { radius: radiusOf(person), minScore });
  }
  for (const person of people) {
    const thick = Math.max(MIN_DETAIL_RADIUS, radiusOf(person) / 2);
    const detail = (points: readonly Keypoint[], share: number) =>
      options.thinWhenSmall ? Math.max(MIN_DETAIL_RADIUS, Math.min(thick, share * extentPx(points, minScore))) : thick;
    for (const side of hands ? (['left', 'right'] as const) : []) {
      const hand = handOf(person, side);
      drawHand(canvas, hand, { radius: detail(hand, 0.04), minScore });
    }
    const facePoints = face ? faceOf(person).filter((p) => p.score >= minScore) : [];
    const radius = detail(facePoints, 0.012);
    for (const point of facePoints) drawDisc(canvas, point, { radius, colour: FACE_POINT });
  }
  return canvas;
}

/** The people's skeletons on black: the condition picture of a pose ControlNet. */
export function skeletonPicture(
  people: readonly Person[],
  options: DrawOptions & { widthPx: number; heightPx: number },
): Image {
  const { widthPx, heightPx } = options;
  if (!(Number.isInteger(widthPx) && Number.isInteger(heightPx) && widthPx > 0 && heightPx > 0)) {
    throw new ContrappostoError('shape', {
      operation: 'draw skeleton',
      expected: 'a width and height of at least 1 pixel',
      got: `${widthPx} x ${heightPx}`,
    });
  }
  return drawSkeleton({ widthPx, heightPx, data: new Uint8Array(widthPx * heightPx * 3) }, people, options);
}

/** One and a half percent of the person's extent, at least a pixel. */
function thinRadius(person: Person, minScore: number): number {
  return Math.max(1, 0.015 * extentPx(person.keypoints, minScore));
}

/** The longer side of the box around the points. */
function extentPx(points: readonly Keypoint[], minScore: number): number {
  const [x1, y1, x2, y2] = boxOf(points, minScore) ?? [0, 0, 0, 0];
  return Math.max(x2 - x1, y2 - y1);
}

interface Pen {
  radius: number;
  minScore: number;
}

function drawBody(canvas: Image, points: readonly Keypoint[], { radius, minScore }: Pen): void {
  OPENPOSE18_LIMBS.forEach(([from, to], i) => {
    const [a, b] = [points[from], points[to]];
    if (a.score < minScore || b.score < minScore) return;
    const colour = OPENPOSE_COLOURS[i].map((c) => c * LIMB_SHARE) as unknown as Colour;
    drawEllipse(canvas, { a, b, radius, colour });
  });
  points.forEach((point, i) => {
    if (point.score >= minScore) drawDisc(canvas, point, { radius, colour: OPENPOSE_COLOURS[i] });
  });
}

function drawHand(canvas: Image, points: readonly Keypoint[], { radius, minScore }: Pen): void {
  HAND_LIMBS.forEach(([from, to], i) => {
    const [a, b] = [points[from], points[to]];
    if (a.score < minScore || b.score < minScore) return;
    drawSegment(canvas, { a, b, radius: radius / 2, colour: hue(i / HAND_LIMBS.length) });
  });
  for (const point of points) if (point.score >= minScore) drawDisc(canvas, point, { radius, colour: HAND_JOINT });
}

interface Stroke {
  a: Keypoint;
  b: Keypoint;
  radius: number;
  colour: Colour;
}

/** Limbs are ellipses from joint to joint, as in OpenPose. */
function drawEllipse(canvas: Image, { a, b, radius, colour }: Stroke): void {
  const half = Math.max(Math.hypot(b.x - a.x, b.y - a.y) / 2, 1e-6);
  const [ux, uy] = [(b.x - a.x) / (2 * half), (b.y - a.y) / (2 * half)];
  const centre = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  fill(canvas, { centre, reach: half + radius + 1, colour }, (dx, dy) => {
    const along = (dx * ux + dy * uy) / half;
    const across = (dy * ux - dx * uy) / radius;
    const level = Math.hypot(along, across);
    // First-order distance to the ellipse: (|p| - 1) over the length of its gradient.
    const slope = Math.hypot(along / half, across / radius) / Math.max(level, 1e-6);
    return (level - 1) / Math.max(slope, 1e-6);
  });
}

function drawSegment(canvas: Image, { a, b, radius, colour }: Stroke): void {
  const [lx, ly] = [b.x - a.x, b.y - a.y];
  const squared = Math.max(lx * lx + ly * ly, 1e-6);
  fill(canvas, { centre: a, reach: Math.sqrt(squared) + radius + 1, colour }, (dx, dy) => {
    const t = Math.min(1, Math.max(0, (dx * lx + dy * ly) / squared));
    return Math.hypot(dx - t * lx, dy - t * ly) - radius;
  });
}

function drawDisc(canvas: Image, centre: Keypoint, { radius, colour }: { radius: number; colour: Colour }): void {
  fill(canvas, { centre, reach: radius + 1, colour }, (dx, dy) => Math.hypot(dx, dy) - radius);
}

/** Blends `colour` where the signed distance (pixels, negative inside) from the shape's edge is under half a pixel. */
function fill(
  canvas: Image,
  { centre, reach, colour }: { centre: { x: number; y: number }; reach: number; colour: Colour },
  distanceTo: (dx: number, dy: number) => number,
): void {
  const x0 = Math.max(0, Math.floor(centre.x - reach));
  const x1 = Math.min(canvas.widthPx - 1, Math.ceil(centre.x + reach));
  const y0 = Math.max(0, Math.floor(centre.y - reach));
  const y1 = Math.min(canvas.heightPx - 1, Math.ceil(centre.y + reach));
  for (let y = y0; y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      const cover = Math.min(1, Math.max(0, 0.5 - distanceTo(x + 0.5 - centre.x, y + 0.5 - centre.y)));
      if (cover === 0) continue;
      const at = (y * canvas.widthPx + x) * 3;
      for (let c = 0; c < 3; c++)
        canvas.data[at + c] = Math.round(canvas.data[at + c] * (1 - cover) + colour[c] * cover);
    }
  }
}

/** The pure colour of a hue in [0, 1). */
function hue(h: number): Colour {
  const channel = (n: number) => {
    const k = (n + h * 6) % 6;
    return 255 * (1 - Math.max(0, Math.min(k, 4 - k, 1)));
  };
  return [channel(5), channel(3), channel(1)];
}
