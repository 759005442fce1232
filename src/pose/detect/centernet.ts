// Objects and persons in a picture: CenterNet on MobileNetV3, 80 COCO classes.
import { areaOf, type Box, iou } from '../person.js';
import { COCO_CLASSES, type CocoClass } from './coco-classes.js';
import type { Pyramid, Region } from './crop.js';
import { network } from './networks.js';

export interface DetectedObject {
  label: CocoClass;
  /** In [0, 1]. */
  score: number;
  /** Pixels, inside the picture. */
  box: Box;
}

const INPUT_PX = 512;

/**
 * Objects of the whole picture, best first, without duplicates.
 * @param options.minScore below it nothing is reported
 * @param options.maxIou two boxes of one class that overlap more are one object
 */
export async function detectObjects(
  picture: Pyramid,
  options: { minScore: number; maxIou?: number },
): Promise<DetectedObject[]> {
  const run = await network('centernet');
  const { widthPx, heightPx } = picture;
  const region: Region = { x: widthPx / 2, y: heightPx / 2, sidePx: Math.max(widthPx, heightPx), rotation: 0 };
  const [detections] = run(picture.crop(region, INPUT_PX), ['tower_0/detections']); // [100, 6]
  const scale = region.sidePx / INPUT_PX;
  const left = region.x - region.sidePx / 2;
  const top = region.y - region.sidePx / 2;
  const found: DetectedObject[] = [];
  for (let i = 0; i + 6 <= detections.length; i += 6) {
    const [x1, y1, x2, y2, score, index] = detections.subarray(i, i + 6);
    const label = COCO_CLASSES[index];
    if (!label || score < options.minScore) continue;
    const box: Box = [
      Math.max(0, left + x1 * scale),
      Math.max(0, top + y1 * scale),
      Math.min(widthPx, left + x2 * scale),
      Math.min(heightPx, top + y2 * scale),
    ];
    if (areaOf(box) > 0) found.push({ label, score, box });
  }
  return suppress(found, options.maxIou ?? 0.5);
}

/** Greedy non-maximum suppression within each class. */
export function suppress(objects: readonly DetectedObject[], maxIou: number): DetectedObject[] {
  const kept: DetectedObject[] = [];
  for (const object of [...objects].sort((a, b) => b.score - a.score)) {
    if (!kept.some((k) => k.label === object.label && iou(k.box, object.box) > maxIou)) kept.push(object);
  }
  return kept;
}
