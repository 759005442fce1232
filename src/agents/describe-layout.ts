// Says in the closed vocabularies what can be read off boxes and keypoints.
import { type Box, type Keypoint, midpoint } from '../pose/person.js';
import { CANVAS_PX, type LayoutAttributes } from './agent.js';
import { sizeWord } from './attributes.js';
import type { LayoutVerb } from './layout-words.js';

/** Of MediaPipe's points. */
const NOSE = 0;
const EARS = [7, 8] as const;
const SHOULDERS = [11, 12] as const;
const HIPS = [23, 24] as const;

const STILL: ReadonlySet<LayoutVerb | undefined> = new Set<LayoutVerb | undefined>([
  'hold',
  'sit_on',
  'look_at',
  'eat',
  'eat_with',
  'lie_on',
  'talk_on',
  'type_on',
  'drink_with',
  'read',
  'hug',
  'text_on',
  'wear',
]);
/** Shoulders closer than this share of the trunk's length are seen from the side; wider ones from the front. */
const SIDEWAYS_SHARE = 0.3;
const FRONTAL_SHARE = 0.65;
/** Share of the object's box that makes it `on` the person rather than beside. */
const OVERLAP_ON = 0.6;

export interface DescribedScene {
  verb?: LayoutVerb;
  keypoints: readonly Keypoint[] | null;
  personBox: Box;
  box: Box;
}

/** The attributes of a placed object. Body and face are left out where the points do not tell. */
export function describeLayout({ verb, keypoints, personBox, box }: DescribedScene): LayoutAttributes {
  return {
    poseType: STILL.has(verb) ? 'static' : 'dynamic',
    ...(keypoints ? { orientation: orientationOf(keypoints), face: faceOf(keypoints, box) } : {}),
    relation: relationOf(personBox, box),
    size: sizeWord(Math.max(box[2] - box[0], box[3] - box[1]) / CANVAS_PX),
  };
}

function orientationOf(points: readonly Keypoint[]): string | undefined {
  const [left, right] = SHOULDERS.map((i) => points[i]);
  const [shoulders, hips] = [midpoint(left, right), midpoint(points[HIPS[0]], points[HIPS[1]])];
  if (shoulders.score <= 0 || hips.score <= 0) return undefined;
  const trunk = Math.max(1, Math.hypot(shoulders.x - hips.x, shoulders.y - hips.y));
  // The person's left lies on the picture's right when it faces the viewer.
  const width = (left.x - right.x) / trunk;
  if (Math.abs(width) < SIDEWAYS_SHARE) return 'profile';
  if (Math.abs(width) < FRONTAL_SHARE) return 'angled';
  return width > 0 ? 'frontal' : 'backward';
}

function faceOf(points: readonly Keypoint[], box: Box): string | undefined {
  const [nose, ears] = [points[NOSE], midpoint(points[EARS[0]], points[EARS[1]])];
  if (nose.score <= 0 || ears.score <= 0) return undefined;
  const apart = Math.hypot(points[EARS[0]].x - points[EARS[1]].x, points[EARS[0]].y - points[EARS[1]].y);
  const [dx, dy] = [nose.x - ears.x, nose.y - ears.y];
  const length = Math.hypot(dx, dy);
  if (length < apart * 0.3) return 'at viewer';
  const [toX, toY] = [(box[0] + box[2]) / 2 - nose.x, (box[1] + box[3]) / 2 - nose.y];
  const cosine = (dx * toX + dy * toY) / Math.max(1e-6, length * Math.hypot(toX, toY));
  if (cosine > 0.8) return 'at the object';
  if (Math.abs(dx) > Math.abs(dy)) return 'sideways';
  return dy > 0 ? 'down' : 'up';
}

function relationOf(person: Box, box: Box): string {
  const [w, h] = [
    Math.max(0, Math.min(person[2], box[2]) - Math.max(person[0], box[0])),
    Math.max(0, Math.min(person[3], box[3]) - Math.max(person[1], box[1])),
  ];
  const inside = (w * h) / Math.max(1, (box[2] - box[0]) * (box[3] - box[1]));
  const centre = (box[1] + box[3]) / 2;
  const height = person[3] - person[1];
  if (inside > OVERLAP_ON) return 'on';
  if (w > 0 && centre > person[1] + 0.7 * height) return 'under';
  if (w > 0 && centre < person[1]) return 'above';
  return h > 0 && w === 0 ? 'beside' : 'near';
}
