// People with their keypoints and the objects that they use: V-COCO joined with COCO's keypoints, and its file.
import { z } from 'zod';
import { writeFileAtomic } from '../../core/files.js';
import { type Box, iou, type Keypoint } from '../../pose/person.js';
import { cocoPoints } from '../../pose/pose-file.js';
import { boxOfCorner, type CocoPerson, type CocoPicture, readCocoPictures } from './coco.js';
import { checkEntry, jsonEntries, type ReadOptions, within } from './json-stream.js';
import { type Skipped, SkipTally } from './tally.js';
import type { VCocoPair } from './v-coco.js';

/** What one person does with one object. */
export interface PoseSample {
  personId: number;
  picture: CocoPicture;
  personBox: Box;
  areaPx: number;
  /** 17 COCO points; score 0 not labelled, 0.5 hidden, 1 visible. */
  points: Keypoint[];
  verb: string;
  objectBox: Box;
}

/** Boxes of one person in both files differ by rounding only. */
const MIN_IOU = 0.98;

/**
 * Finds the person of each pair among COCO's by number, else by box. Left out and counted: `person without keypoints`,
 * and with `dedupe` the second verb of one person with one object, `same person and object`.
 *
 * @param options.dedupe one sample for each person and object, whatever is done; default false
 */
export function joinPoses(
  pairs: readonly VCocoPair[],
  people: readonly CocoPerson[],
  options: { dedupe?: boolean } = {},
): { samples: PoseSample[]; skipped: Skipped } {
  const tally = new SkipTally();
  const byId = new Map(people.map((person) => [person.id, person]));
  const byPicture = new Map<number, CocoPerson[]>();
  for (const person of people) {
    const others = byPicture.get(person.picture.id);
    if (others) others.push(person);
    else byPicture.set(person.picture.id, [person]);
  }
  const seen = new Set<string>();
  const samples = pairs.flatMap((pair): PoseSample[] => {
    const person =
      pair.personId === undefined
        ? closest(pair.humanBox, byPicture.get(pair.pictureId) ?? [])
        : byId.get(pair.personId);
    if (!person) {
      tally.skip('person without keypoints');
      return [];
    }
    const key = `${person.id} ${pair.objectBox}`;
    if (options.dedupe && seen.has(key)) {
      tally.skip('same person and object');
      return [];
    }
    seen.add(key);
    const { id: personId, picture, box: personBox, areaPx, points } = person;
    return [{ personId, picture, personBox, areaPx, points, verb: pair.verb, objectBox: pair.objectBox }];
  });
  return { samples, skipped: tally.counts() };
}

function closest(box: Box, people: readonly CocoPerson[]): CocoPerson | undefined {
  return people.find((person) => iou(person.box, box) >= MIN_IOU);
}

const annotationSchema = z.looseObject({
  id: z.int(),
  image_id: z.int(),
  bbox: z.tuple([z.number(), z.number(), z.number(), z.number()]),
  area: z.number().nonnegative().optional(),
  keypoints: z.array(z.number()).length(51),
  num_keypoints: z.int(),
  iscrowd: z.union([z.int(), z.boolean()]).default(0),
  class: z.array(z.string()),
  obj_bbox: z.array(z.tuple([z.number(), z.number(), z.number(), z.number()])),
});

/**
 * Reads the joined file: COCO's keypoints, each person with `class` (verbs) and, one for one, `obj_bbox` (corners of the
 * objects). Left out and counted, a person with all his objects: `crowd`, `no labelled point`, `unknown picture`,
 * `verbs without as many boxes`, `empty box`.
 * @throws like `jsonEntries`; `corrupt-file` for entries of another layout
 */
export async function readJoinedPoses(
  path: string,
  options: ReadOptions = {},
): Promise<{ samples: PoseSample[]; skipped: Skipped }> {
  const tally = new SkipTally();
  const pictures = await readCocoPictures(path, options);
  const samples: PoseSample[] = [];
  for await (const entry of jsonEntries(path, { ...options, visit: within('annotations') })) {
    const a = checkEntry(entry, { file: path, schema: annotationSchema });
    const picture = pictures.get(a.image_id);
    const [x, y, width, height] = a.bbox;
    if (a.iscrowd) tally.skip('crowd', a.class.length);
    else if (a.num_keypoints === 0) tally.skip('no labelled point', a.class.length);
    else if (!picture) tally.skip('unknown picture', a.class.length);
    else if (a.class.length !== a.obj_bbox.length) tally.skip('verbs without as many boxes', a.class.length);
    else if (width <= 0 || height <= 0) tally.skip('empty box', a.class.length);
    else {
      const person = { personId: a.id, picture, personBox: boxOfCorner([x, y, width, height]) };
      const known = { ...person, areaPx: a.area ?? width * height, points: cocoPoints(a.keypoints) };
      a.class.forEach((verb, i) => {
        samples.push({ ...known, verb, objectBox: a.obj_bbox[i] });
      });
    }
  }
  return { samples, skipped: tally.counts() };
}

/** Writes samples as the joined file that `readJoinedPoses` reads. Throws `io`. */
export async function writeJoinedPoses(path: string, samples: readonly PoseSample[]): Promise<void> {
  const pictures = new Map(samples.map(({ picture }) => [picture.id, picture]));
  const people = new Map<number, PoseSample[]>();
  for (const sample of samples) people.set(sample.personId, [...(people.get(sample.personId) ?? []), sample]);
  const images = Array.from(pictures.values(), ({ id, fileName, widthPx, heightPx }) => {
    return { id, file_name: fileName, width: widthPx, height: heightPx };
  });
  const annotations = Array.from(people.values(), (used) => {
    const { personId, picture, personBox: box, areaPx, points } = used[0];
    return {
      id: personId,
      image_id: picture.id,
      category_id: 1,
      bbox: [box[0], box[1], box[2] - box[0], box[3] - box[1]],
      area: areaPx,
      iscrowd: 0,
      keypoints: points.flatMap((p) => (p.score > 0 ? [p.x, p.y, p.score < 1 ? 1 : 2] : [0, 0, 0])),
      num_keypoints: points.filter((p) => p.score > 0).length,
      class: used.map((sample) => sample.verb),
      obj_bbox: used.map((sample) => sample.objectBox),
    };
  });
  await writeFileAtomic(path, JSON.stringify({ images, annotations }));
}
