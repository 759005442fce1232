// HaGRID (Kapitanov et al. 2024): people showing gestures to the camera; one JSON file a gesture, or one for all.
import { z } from 'zod';
import type { Box, Keypoint } from '../../pose/person.js';
import { checkEntry, jsonEntries, type ReadOptions } from './json-stream.js';
import { SkipTally } from './tally.js';

export interface HagridHand {
  /** e.g. `like`; `no_gesture` for a hand that does nothing. */
  gesture: string;
  /** As shares of the picture's width and height, for the file does not tell its size. */
  box: Box;
  /** 21 points as shares of width and height, by MediaPipe; absent where it found none. */
  points?: Keypoint[];
}

export interface HagridPicture {
  /** The file's name without its ending. */
  name: string;
  /** Who is in the picture; splits are made by it. */
  subject?: string;
  hands: HagridHand[];
}

const share = z.number();
const landmark = z.tuple([share, share], share);
/** A hand without landmarks has an empty list; the second edition also writes null. */
const landmarks = z
  .array(z.array(landmark).nullable())
  .nullish()
  .refine((hands) => !hands || hands.every((h) => !h || h.length === 0 || h.length === 21), 'needs 21 points or none');

const schema = z
  .looseObject({
    bboxes: z.array(z.tuple([share, share, share, share])),
    labels: z.array(z.string()),
    user_id: z.string().optional(),
    landmarks,
    hand_landmarks: landmarks,
  })
  .refine((picture) => picture.bboxes.length === picture.labels.length, 'needs as many labels as bboxes');

/**
 * The pictures of an annotation file of either edition, one after another. Left out and counted: `no hand` pictures,
 * `empty box` hands; with `gestures` pictures with `another gesture`.
 *
 * @param options.gestures only pictures in which a hand shows one of these
 * @throws like `jsonEntries`; `corrupt-file` for entries of another layout
 */
export async function* hagridPictures(
  path: string,
  options: ReadOptions & { tally?: SkipTally; gestures?: readonly string[] } = {},
): AsyncGenerator<HagridPicture> {
  const { tally = new SkipTally(), gestures } = options;
  const visit = (at: readonly unknown[]) => (at.length === 0 ? 'enter' : 'take');
  for await (const entry of jsonEntries(path, { ...options, visit })) {
    const found = checkEntry(entry, { file: path, schema });
    const all = found.hand_landmarks ?? found.landmarks ?? [];
    const hands = found.bboxes.flatMap(([x, y, width, height], i): HagridHand[] => {
      if (!(width > 0 && height > 0)) {
        tally.skip('empty box');
        return [];
      }
      const points = all[i]?.length ? all[i].map(([px, py]) => ({ x: px, y: py, score: 1 })) : undefined;
      return [{ gesture: found.labels[i], box: [x, y, x + width, y + height], ...(points && { points }) }];
    });
    if (hands.length === 0) tally.skip('no hand');
    else if (gestures && !hands.some((hand) => gestures.includes(hand.gesture))) tally.skip('another gesture');
    else yield { name: String(entry.path[0]), ...(found.user_id && { subject: found.user_id }), hands };
  }
}

/** Hands of a picture of a known size, in pixels. */
export function handsInPixels(
  hands: readonly HagridHand[],
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
): HagridHand[] {
  return hands.map(({ gesture, box: [x1, y1, x2, y2], points }) => ({
    gesture,
    box: [x1 * widthPx, y1 * heightPx, x2 * widthPx, y2 * heightPx],
    ...(points && { points: points.map((p) => ({ ...p, x: p.x * widthPx, y: p.y * heightPx })) }),
  }));
}
