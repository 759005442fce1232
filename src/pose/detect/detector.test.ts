// The detector in its thread: nobody where nobody is, stops when told, and people in photographs where the folder is.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Image, readImage } from '../../core/image.js';
import { COCO, WHOLEBODY } from '../formats.js';
import { createPoseDetector } from './detector.js';

const photos = join(process.env.CONTRAPPOSTO_SHARED ?? '../shared', 'data/photos');
const hasPhotos = existsSync(join(photos, 'pose.jpg'));
const detector = createPoseDetector();
afterAll(() => detector.close());

function shapes(widthPx: number, heightPx: number): Image {
  const data = new Uint8Array(widthPx * heightPx * 3).fill(200);
  for (let y = heightPx >> 2; y < heightPx >> 1; y++) {
    for (let x = widthPx >> 2; x < widthPx >> 1; x++) data.set([30, 90, 160], (y * widthPx + x) * 3);
  }
  return { widthPx, heightPx, data };
}

describe('createPoseDetector', () => {
  it('finds nobody among plain shapes, nor in a single pixel', async () => {
    const wide = await detector.detect(shapes(320, 120));
    expect(wide).toMatchObject({ widthPx: 320, heightPx: 120, people: [], hands: [] });
    expect((await detector.detect(shapes(1, 1), { hands: false })).people).toEqual([]);
  });

  it('stops on a signal at once, and works on afterwards', async () => {
    const controller = new AbortController();
    const stopped = detector.detect(shapes(64, 64), { signal: controller.signal });
    controller.abort();
    await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    expect((await detector.detect(shapes(64, 64), { hands: false })).people).toEqual([]);
  });

  it('fails what is under way when it is closed', async () => {
    const other = createPoseDetector();
    const call = other.detect(shapes(32, 32));
    const outcome = expect(call).rejects.toMatchObject({ code: 'aborted' });
    await other.close();
    await outcome;
  });

  it.skipIf(!hasPhotos)('measures a photographed body and both hands', async () => {
    const { people, hands } = await detector.detect(await readImage(join(photos, 'pose.jpg')));
    expect(people.length).toBe(1);
    expect(hands).toEqual([]);
    const points = people[0].keypoints;
    // Read off the photograph (1000 x 667): arms stretched to both sides, the right leg bent.
    const truth = { right_wrist: [302, 307], left_wrist: [697, 312], right_knee: [354, 490], left_ankle: [706, 617] };
    for (const [name, [x, y]] of Object.entries(truth)) {
      const point = points[COCO[name as keyof typeof truth]];
      expect(Math.hypot(point.x - x, point.y - y), name).toBeLessThan(15);
    }
    expect(points[112 + 12].x).toBeLessThan(265);
    expect(points[91 + 12].x).toBeGreaterThan(735);
    expect(people[0].mediapipe?.length).toBe(33);
    const chin = points[WHOLEBODY.face.start + 8];
    expect(Math.hypot(chin.x - 472, chin.y - 308)).toBeLessThan(12);
  });

  it.skipIf(!hasPhotos)('finds two hands without a body', async () => {
    const { people, hands } = await detector.detect(await readImage(join(photos, 'hands.jpg')));
    expect(people).toEqual([]);
    expect(hands.map((h) => h.side)).toEqual(['left', 'left']);
    const tips = hands.map((h) => h.points[12].y).sort((a, b) => a - b);
    expect(tips[0]).toBeLessThan(40);
    expect(tips[1]).toBeGreaterThan(340);
  });
});
