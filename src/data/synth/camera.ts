// The camera: a pinhole that looks at the person from a drawn side and distance, framed on the whole figure or down to the knees.
import type { VertexBuffer } from './raster.js';
import { SAMPLES } from './raster.js';
import type { SceneRandom } from './scene-random.js';
import type { PictureSize } from './types.js';
import { addScaled, cross, dot, normalise, subtract, type Vec3 } from './vector.js';

/** Pixel coordinates have their origin at the upper left corner, y downwards. */
export interface Camera {
  eye: Vec3;
  forward: Vec3;
  right: Vec3;
  up: Vec3;
  /** Angle around the person, 0 in front. */
  yaw: number;
  focalPx: number;
  centreX: number;
  centreY: number;
  /** Of the picture, whose upper left corner is the origin. */
  widthPx: number;
  heightPx: number;
}

/** Left, top, right, bottom. */
export type Box = [number, number, number, number];

/** Pixel position and depth along the viewing axis of a world point. */
export function project(camera: Camera, point: Vec3): { x: number; y: number; depth: number } {
  const d = subtract(point, camera.eye);
  const depth = dot(d, camera.forward);
  return {
    x: camera.centreX + (camera.focalPx * dot(d, camera.right)) / depth,
    y: camera.centreY - (camera.focalPx * dot(d, camera.up)) / depth,
    depth,
  };
}

/** World direction (depth 1 along the viewing axis) through a pixel position. */
export function ray(camera: Camera, x: number, y: number): Vec3 {
  const across = (x - camera.centreX) / camera.focalPx;
  const down = (y - camera.centreY) / camera.focalPx;
  return addScaled(addScaled(camera.forward, camera.right, across), camera.up, -down);
}

/** Projects the first `count` vertices to sample coordinates; vertices behind the camera get inverse depth -1. */
export function projectVertices(camera: Camera, vertices: VertexBuffer, count: number): void {
  const { world, x: sx, y: sy, inverseDepth } = vertices;
  const [ex, ey, ez] = camera.eye;
  const [fx, fy, fz] = camera.forward;
  const [rx, ry, rz] = camera.right;
  const [ux, uy, uz] = camera.up;
  const focal = camera.focalPx * SAMPLES;
  const cx = camera.centreX * SAMPLES;
  const cy = camera.centreY * SAMPLES;
  for (let i = 0; i < count; i++) {
    const dx = world[3 * i] - ex;
    const dy = world[3 * i + 1] - ey;
    const dz = world[3 * i + 2] - ez;
    const depth = dx * fx + dy * fy + dz * fz;
    if (depth < 0.5) {
      inverseDepth[i] = -1;
      continue;
    }
    const k = 1 / depth;
    inverseDepth[i] = k;
    sx[i] = cx + focal * k * (dx * rx + dy * ry + dz * rz);
    sy[i] = cy - focal * k * (dx * ux + dy * uy + dz * uz);
  }
}

/** Box of the first `count` points in a picture plane at distance 1 (y downwards). */
export function extent(points: ArrayLike<number>, count: number, view: View): Box {
  const box: Box = [Infinity, Infinity, -Infinity, -Infinity];
  const { eye, forward, right, up } = view;
  for (let i = 0; i < count; i++) {
    const dx = points[3 * i] - eye[0];
    const dy = points[3 * i + 1] - eye[1];
    const dz = points[3 * i + 2] - eye[2];
    const k = 1 / Math.max(0.5, dx * forward[0] + dy * forward[1] + dz * forward[2]);
    const x = (dx * right[0] + dy * right[1] + dz * right[2]) * k;
    const y = -(dx * up[0] + dy * up[1] + dz * up[2]) * k;
    if (x < box[0]) box[0] = x;
    if (y < box[1]) box[1] = y;
    if (x > box[2]) box[2] = x;
    if (y > box[3]) box[3] = y;
  }
  return box;
}

export interface CameraOptions {
  size: PictureSize;
  yaw: number;
  /** Frame head to thighs or knees rather than head to feet. */
  halfFigure: boolean;
  /** World positions (x, y, z) of the person and of the annotated objects. */
  person: { points: ArrayLike<number>; count: number };
  objects: { points: ArrayLike<number>; count: number };
  /** Places of the pelvis and the chest, and the body scale. */
  pelvis: Vec3;
  chest: Vec3;
  unit: number;
}

/** Stands the camera at `yaw`, a drawn distance and height, and frames the figure. */
export function chooseCamera(random: SceneRandom, options: CameraOptions): Camera {
  const { yaw, halfFigure, unit, pelvis, chest } = options;
  const size = Math.max(0.8, unit);
  const distance = (halfFigure ? random.between(15, 34) : random.between(30, 70)) * size;
  const pitch = random.between(-0.02, halfFigure ? 0.16 : 0.24);
  const centre: Vec3 = [pelvis[0], halfFigure ? chest[1] : Math.max(5 * unit, pelvis[1] - 1), pelvis[2]];
  const view = lookAt(centre, { yaw, pitch, distance });
  const framing = halfFigure ? frameHalf(random, view, options) : frameFull(random, view, options);
  return { ...view, ...framing, yaw, ...options.size };
}

/** The view of `centre` from `yaw` around and `pitch` above it; never from below the ground. */
export function lookAt(centre: Vec3, { yaw, pitch, distance }: { yaw: number; pitch: number; distance: number }): View {
  const away: Vec3 = [Math.sin(yaw) * Math.cos(pitch), Math.sin(pitch), Math.cos(yaw) * Math.cos(pitch)];
  const eye = addScaled(centre, away, distance);
  const lifted: Vec3 = [eye[0], Math.max(1.2, eye[1]), eye[2]];
  const forward = normalise(subtract(centre, lifted));
  const right = normalise(cross(forward, [0, 1, 0]));
  return { eye: lifted, forward, right, up: cross(right, forward) };
}

export type View = Pick<Camera, 'eye' | 'forward' | 'right' | 'up'>;
type Framing = Pick<Camera, 'focalPx' | 'centreX' | 'centreY'>;

function frameFull(random: SceneRandom, view: View, options: CameraOptions): Framing {
  const { person, objects } = options;
  const { widthPx, heightPx } = options.size;
  const body = extent(person.points, person.count, view);
  const all: Box = [...body];
  if (objects.count > 0) {
    const box = extent(objects.points, objects.count, view);
    for (const k of [0, 1] as const) {
      all[k] = Math.min(all[k], box[k]);
      all[k + 2] = Math.max(all[k + 2], box[k + 2]);
    }
  }
  const fill = random.between(0.78, 0.95);
  // What is wide does not always fill the picture.
  const width = random.between(0.78, 0.96);
  const focalPx = Math.min(
    (fill * heightPx) / (body[3] - body[1]),
    (0.95 * heightPx) / (all[3] - all[1]),
    (width * widthPx) / (all[2] - all[0]),
  );
  const spareX = (widthPx - (all[2] - all[0]) * focalPx) / 2;
  const spareY = heightPx - (all[3] - all[1]) * focalPx;
  return {
    focalPx,
    centreX: spareX * (1 + random.between(-0.75, 0.75)) - all[0] * focalPx,
    centreY: spareY * random.between(0.3, 0.7) - all[1] * focalPx,
  };
}

function frameHalf(random: SceneRandom, view: View, options: CameraOptions): Framing {
  const { person, objects, pelvis } = options;
  const { widthPx, heightPx } = options.size;
  const body = extent(person.points, person.count, view);
  const d = subtract(pelvis, view.eye);
  // From the middle of the thighs to below the knees, so that hips and most often knees are seen.
  const below = random.between(2, 5) * options.unit;
  const hip = (below - dot(d, view.up)) / dot(d, view.forward);
  // Things held overhead count as part of the figure as long as they do not push it out of the picture.
  let top = body[1];
  const sides: [number, number] = [body[0], body[2]];
  if (objects.count > 0) {
    const box = extent(objects.points, objects.count, view);
    top = Math.max(Math.min(top, box[1]), top - 0.6 * (hip - top));
    const half = 0.75 * (hip - top);
    const middle = (body[0] + body[2]) / 2;
    sides[0] = Math.max(Math.min(sides[0], box[0]), middle - half);
    sides[1] = Math.min(Math.max(sides[1], box[2]), middle + half);
  }
  const width = sides[1] - sides[0];
  const focalPx = Math.min((heightPx * random.between(0.88, 0.97)) / (hip - top), (1.04 * widthPx) / width);
  const spare = Math.max(0, (widthPx - width * focalPx) / 2);
  return {
    focalPx,
    centreX: widthPx / 2 - ((sides[0] + sides[1]) / 2) * focalPx + spare * random.between(-0.6, 0.6),
    centreY: heightPx * random.between(0.03, 0.09) - top * focalPx,
  };
}
