// The camera of scenes that say what they want to show: half figures with their hands, catalogue figures, passers-by.
import { type Box, type Camera, extent, lookAt } from './camera.js';
import type { Pose } from './pose.js';
import type { SceneRandom } from './scene-random.js';
import type { Focus, PictureSize } from './types.js';
import { add, scale, type Vec3 } from './vector.js';

/** Stands the camera at `yaw` around what `focus` names and frames it. */
export function focusCamera(
  random: SceneRandom,
  options: {
    focus: Focus;
    size: PictureSize;
    yaw: number;
    pose: Pose;
    /** World positions (x, y, z) of the person. */
    person: { points: ArrayLike<number>; count: number };
  },
): Camera {
  const { focus, size, yaw, pose, person } = options;
  const { unit } = pose.character.measures;
  const centre = focus.points ? middle(focus.points) : pose.position('spine05');
  const view = lookAt(centre, {
    yaw,
    pitch: random.between(...focus.pitch),
    distance: random.between(...focus.distance) * Math.max(0.7, unit),
  });
  const points = focus.points ? focus.points.flat() : person.points;
  const box: Box = extent(points, focus.points ? focus.points.length : person.count, view);
  const fill = random.between(...focus.fill);
  const focalPx = Math.min((fill * size.widthPx) / (box[2] - box[0]), (fill * size.heightPx) / (box[3] - box[1]));
  const spareX = size.widthPx - (box[2] - box[0]) * focalPx;
  const spareY = size.heightPx - (box[3] - box[1]) * focalPx;
  return {
    ...view,
    yaw,
    focalPx,
    centreX: spareX * random.between(0.35, 0.65) - box[0] * focalPx,
    centreY: spareY * (focus.cut ? 1 : random.between(0.4, 0.6)) - box[1] * focalPx,
    ...size,
  };
}

function middle(points: readonly Vec3[]): Vec3 {
  return scale(points.reduce(add), 1 / points.length);
}
