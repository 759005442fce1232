// The person in a picture, on the canonical canvas: keypoints and box, as the layout agent is told them.
import type { Image } from '../../core/image.js';
import type { OnProgress } from '../../core/progress.js';
import { CANVAS, type CanvasBox } from '../../diffusion/attention-control/index.js';
import { openJudge } from '../../metrics/judge.js';
import { toMediaPipe } from '../../pose/convert.js';
import { createPoseDetector } from '../../pose/detect/detector.js';
import { boxOf, type Keypoint } from '../../pose/person.js';
import type { Runtime } from '../../runtime/index.js';

export interface FoundPerson {
  /** The 33 MediaPipe points on the canvas of 512, outside of it too; score 0 where unknown. */
  keypoints: Keypoint[];
  box: CanvasBox;
  /** How many people the picture has; the most certain one is described. */
  people: number;
}

export interface FindOptions {
  signal?: AbortSignal;
  onProgress?: OnProgress;
}

export interface PersonFinder {
  /** Undefined when nobody is found. */
  find(image: Image, options?: FindOptions): Promise<FoundPerson | undefined>;
  close(): Promise<void>;
}

/** Finds people with the networks of `src/pose`, which were trained on photographs. */
export function detectorFinder(): PersonFinder {
  const detector = createPoseDetector();
  return {
    close: () => detector.close(),
    async find(image, options) {
      const { people } = await detector.detect(image, { ...options, hands: false, face: false });
      const [best] = people;
      if (!best) return undefined;
      const keypoints = canvasPoints(best.mediapipe ?? toMediaPipe(best), image);
      return { keypoints, box: onCanvas(best.box, image), people: people.length };
    },
  };
}

/** Points below this are guesses. */
const KNOWN_POINT = 0.3;
/** Body points that have to be known before somebody counts as found. */
const LEAST_POINTS = 8;
const BODY_POINTS = 17;

/** Asks the embedded judge first, which knows how mini draws people, and `otherwise` where it is unsure. */
export function judgeFinder(runtime: Runtime, otherwise: PersonFinder): PersonFinder {
  const judge = openJudge(runtime);
  return {
    close: () => otherwise.close(),
    async find(image, options) {
      const keypoints = await judge.judgeKeypoints(image, options);
      const known = keypoints.slice(0, BODY_POINTS).filter(({ score }) => score >= KNOWN_POINT);
      const box = boxOf(known);
      if (known.length < LEAST_POINTS || !box) return otherwise.find(image, options);
      return { keypoints: canvasPoints(toMediaPipe({ keypoints }), image), box: onCanvas(box, image), people: 1 };
    },
  };
}

function canvasPoints(points: readonly Keypoint[], { widthPx, heightPx }: Image): Keypoint[] {
  const [right, down] = [CANVAS / widthPx, CANVAS / heightPx];
  return points.map((p) => ({ ...p, x: Math.trunc(p.x * right), y: Math.trunc(p.y * down) }));
}

/** A box in pixels of the picture, on the canonical canvas and inside it. */
export function onCanvas(box: CanvasBox, { widthPx, heightPx }: { widthPx: number; heightPx: number }): CanvasBox {
  const clip = (v: number) => Math.min(CANVAS, Math.max(0, v));
  const [right, down] = [CANVAS / widthPx, CANVAS / heightPx];
  return [clip(box[0] * right), clip(box[1] * down), clip(box[2] * right), clip(box[3] * down)];
}
