// Puts the networks together: who is there, their 133 points, their hands, and the objects around them.
import { throwIfAborted } from '../../core/errors.js';
import type { Image } from '../../core/image.js';
import type { OnProgress } from '../../core/progress.js';
import { fromCoco, fromMediaPipe } from '../convert.js';
import { WHOLEBODY } from '../formats.js';
import { type Box, distance, iou, type Keypoint, type Person } from '../person.js';
import { estimateBlazePose } from './blazepose.js';
import { type DetectedObject, detectObjects } from './centernet.js';
import { Pyramid } from './crop.js';
import { readFace } from './face.js';
import { type DetectedHand, readHandsOf, torsoPx } from './hands.js';
import { detectFreeHands } from './handtrack.js';
import { detectPoses, estimatePose, type Pose17 } from './movenet.js';
import { isSamePerson } from './oks.js';

export interface DetectOptions {
  /** People and objects below this are not reported; in [0, 1], default 0.3. */
  minScore?: number;
  /** At most so many people, the surest first; default 16. */
  maxPeople?: number;
  /** Look for hands; default true. */
  hands?: boolean;
  /** Look for the 68 points of faces; default true. */
  face?: boolean;
  /** Measure the 33 MediaPipe points and the feet; default true. */
  mediapipe?: boolean;
}

export interface Detection {
  widthPx: number;
  heightPx: number;
  /** Surest first. */
  people: DetectedPerson[];
  /** Hands that belong to none of the people; searched for when no person's hand was found. */
  hands: DetectedHand[];
  /** Everything but persons, surest first. */
  objects: DetectedObject[];
}

export interface DetectedPerson extends Person {
  box: Box;
  score: number;
}

/** What the pose network must at least say of a person: the mean score of its points inside the box. */
const MIN_POSE_SCORE = 0.22;
/** BlazePose reports how sure it is that a person fills the cut-out. */
const MIN_BLAZEPOSE_SCORE = 0.5;

/** Everything above in one picture. Blocks the thread while networks run: use `createPoseDetector`. */
export async function detectInThread(
  image: Image,
  options: DetectOptions & { signal?: AbortSignal; onProgress?: OnProgress; isStopped?: () => boolean } = {},
): Promise<Detection> {
  const { minScore = 0.3, maxPeople = 16, hands = true, face = true, mediapipe = true, onProgress } = options;
  const picture = new Pyramid(image);
  const operation = 'detect people';
  const check = () => {
    throwIfAborted(options.isStopped?.() ? AbortSignal.abort() : options.signal, operation);
  };
  check();
  onProgress?.({ type: 'stage', stage: 'detect', detail: 'objects and people' });
  const objects = await detectObjects(picture, { minScore });
  check();
  const candidates = await findPeople(picture, { objects, minScore, maxPeople });
  const people: DetectedPerson[] = [];
  for (const [index, box] of candidates.entries()) {
    check();
    onProgress?.({ type: 'step', stage: 'people', step: index + 1, steps: candidates.length });
    const person = await measure(picture, { box, others: people });
    if (person) people.push(person);
  }
  for (const person of people) {
    check();
    if (mediapipe) await addBlazePose(picture, person);
    if (face) setPart(person, WHOLEBODY.face.start, (await readFace(picture, person.keypoints)) ?? []);
    if (hands) for (const hand of await readHandsOf(picture, person.keypoints)) setHand(person, hand);
  }
  const isHandless = people.every((p) => p.keypoints.slice(WHOLEBODY.leftHand.start).every((k) => k.score === 0));
  check();
  const freeHands = hands && isHandless ? await detectFreeHands(picture) : [];
  return {
    widthPx: image.widthPx,
    heightPx: image.heightPx,
    people,
    hands: freeHands,
    objects: objects.filter((o) => o.label !== 'person'),
  };
}

/** Boxes of CenterNet's persons, then those of MoveNet multipose that it missed. */
async function findPeople(
  picture: Pyramid,
  { objects, minScore, maxPeople }: { objects: readonly DetectedObject[]; minScore: number; maxPeople: number },
): Promise<Box[]> {
  const boxes = objects.filter((o) => o.label === 'person').map((o) => o.box);
  for (const pose of await detectPoses(picture, { minScore })) {
    if (!boxes.some((box) => iou(box, pose.box) > 0.4)) boxes.push(pose.box);
  }
  return boxes.slice(0, maxPeople);
}

async function measure(
  picture: Pyramid,
  { box, others }: { box: Box; others: readonly DetectedPerson[] },
): Promise<DetectedPerson | undefined> {
  const pose: Pose17 = await estimatePose(picture, box);
  if (pose.score < MIN_POSE_SCORE) return undefined;
  if (others.some((other) => isSamePerson(pose.points, other.keypoints, other.box))) return undefined;
  return { keypoints: fromCoco(pose.points), box, score: pose.score };
}

/** Adds the 33 points and the feet, unless BlazePose looked at somebody else. */
async function addBlazePose(picture: Pyramid, person: DetectedPerson): Promise<void> {
  const coco = person.keypoints.slice(0, WHOLEBODY.body.end);
  const pose = await estimateBlazePose(picture, { coco });
  const derived = fromMediaPipe(pose.points);
  if (pose.score < MIN_BLAZEPOSE_SCORE || gapPx(coco, derived) > 0.3 * torsoPx(coco)) return;
  person.mediapipe = pose.points;
  const { start, end } = WHOLEBODY.feet;
  for (let k = start; k < end; k++) person.keypoints[k] = derived[k];
}

/** Mean distance of the known body points, weighted by score. */
function gapPx(a: readonly Keypoint[], b: readonly Keypoint[]): number {
  const total = a.reduce((sum, p) => sum + p.score, 0);
  return total > 0 ? a.reduce((sum, p, k) => sum + p.score * distance(p, b[k]), 0) / total : Number.POSITIVE_INFINITY;
}

function setHand(person: DetectedPerson, hand: DetectedHand): void {
  const { start } = hand.side === 'left' ? WHOLEBODY.leftHand : WHOLEBODY.rightHand;
  setPart(person, start, hand.points);
}

function setPart(person: DetectedPerson, start: number, points: readonly Keypoint[]): void {
  points.forEach((point, k) => {
    person.keypoints[start + k] = point;
  });
}
