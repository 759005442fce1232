// The person in a picture, on the canonical canvas: keypoints and box, as the layout agent is told them.
import type { Image } from '../../core/image.js';
import type { OnProgress } from '../../core/progress.js';
import { CANVAS, type CanvasBox } from '../../diffusion/attention-control/index.js';
import { toMediaPipe } from '../../pose/convert.js';
import { createPoseDetector } from '../../pose/detect/detector.js';
import type { Keypoint } from '../../pose/person.js';

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
      const [right, down] = [CANVAS / image.widthPx, CANVAS / image.heightPx];
      const points = best.mediapipe ?? toMediaPipe(best);
      const keypoints = points.map((p) => ({ ...p, x: Math.trunc(p.x * right), y: Math.trunc(p.y * down) }));
      return { keypoints, box: onCanvas(best.box, image), people: people.length };
    },
  };
}

/** A box in pixels of the picture, on the canonical canvas and inside it. */
export function onCanvas(box: CanvasBox, { widthPx, heightPx }: { widthPx: number; heightPx: number }): CanvasBox {
  const clip = (v: number) => Math.min(CANVAS, Math.max(0, v));
  const [right, down] = [CANVAS / widthPx, CANVAS / heightPx];
  return [clip(box[0] * right), clip(box[1] * down), clip(box[2] * right), clip(box[3] * down)];
}
