// COCO's annotations of people (Lin et al. 2014) and COCO-WholeBody's (Jin et al. 2020), and the boxes of objects.
import { z } from 'zod';
import { WHOLEBODY } from '../../pose/formats.js';
import { type Box, type Keypoint, unknownPoints } from '../../pose/person.js';
import { cocoPoints } from '../../pose/pose-file.js';
import { checkEntry, jsonEntries, type ReadOptions, within } from './json-stream.js';
import { type Skipped, SkipTally } from './tally.js';

export interface CocoPicture {
  id: number;
  fileName: string;
  widthPx: number;
  heightPx: number;
}

export interface CocoPerson {
  id: number;
  picture: CocoPicture;
  box: Box;
  /** Of the person's outline, in square pixels: what OKS divides by. */
  areaPx: number;
  /** 17 points, or 133 of COCO-WholeBody; score 0 not labelled, 0.5 hidden, 1 visible (parts without that: 1). */
  points: Keypoint[];
}

const BODY_POINTS = 17;
const PERSON = 1;

const pictureSchema = z.looseObject({
  id: z.int(),
  file_name: z.string().min(1),
  width: z.int().positive(),
  height: z.int().positive(),
});
const boxSchema = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const instanceSchema = z.looseObject({
  id: z.int(),
  image_id: z.int(),
  category_id: z.int(),
  bbox: boxSchema,
  iscrowd: z.union([z.int(), z.boolean()]).default(0),
});
const pointsOf = (count: number) => z.array(z.number()).length(3 * count);
const personSchema = instanceSchema.extend({
  area: z.number().nonnegative(),
  keypoints: pointsOf(BODY_POINTS).optional(),
  foot_kpts: pointsOf(6).optional(),
  face_kpts: pointsOf(68).optional(),
  lefthand_kpts: pointsOf(21).optional(),
  righthand_kpts: pointsOf(21).optional(),
  foot_valid: z.boolean().optional(),
  face_valid: z.boolean().optional(),
  lefthand_valid: z.boolean().optional(),
  righthand_valid: z.boolean().optional(),
});
type Annotation = z.infer<typeof personSchema>;

/** COCO's `[x, y, width, height]` by its corners. */
export function boxOfCorner([x, y, width, height]: readonly [number, number, number, number]): Box {
  return [x, y, x + width, y + height];
}

/** The pictures of a COCO file by their id. Throws like `jsonEntries`. */
export async function readCocoPictures(path: string, options: ReadOptions = {}): Promise<Map<number, CocoPicture>> {
  const pictures = new Map<number, CocoPicture>();
  for await (const entry of jsonEntries(path, { ...options, visit: within('images') })) {
    const { id, file_name, width, height } = checkEntry(entry, { file: path, schema: pictureSchema });
    pictures.set(id, { id, fileName: file_name, widthPx: width, heightPx: height });
  }
  return pictures;
}

/**
 * The people of `person_keypoints_*.json` or `coco_wholebody_*.json`, one after another; only the list of pictures is
 * held in memory. Left out and counted: `crowd`, `not a person`, `no labelled point`, `empty box`, `unknown picture`.
 *
 * @param options.tally takes the counts
 * @throws like `jsonEntries`; `corrupt-file` for entries of another layout
 */
export async function* cocoPeople(
  path: string,
  options: ReadOptions & { tally?: SkipTally } = {},
): AsyncGenerator<CocoPerson> {
  const { tally = new SkipTally() } = options;
  const pictures = await readCocoPictures(path, options);
  for await (const entry of jsonEntries(path, { ...options, visit: within('annotations') })) {
    const annotation = checkEntry(entry, { file: path, schema: personSchema });
    const picture = pictures.get(annotation.image_id);
    const points = allPoints(annotation);
    const reason = whyNot(annotation, points) ?? (picture ? undefined : 'unknown picture');
    if (reason !== undefined) tally.skip(reason);
    else yield personOf(annotation, points, picture!);
  }
}

/** All of `cocoPeople`, and what was left out. */
export async function readCocoPeople(
  path: string,
  options: ReadOptions = {},
): Promise<{ people: CocoPerson[]; skipped: Skipped }> {
  const tally = new SkipTally();
  const people: CocoPerson[] = [];
  for await (const person of cocoPeople(path, { ...options, tally })) people.push(person);
  return { people, skipped: tally.counts() };
}

export interface CocoInstance {
  id: number;
  pictureId: number;
  /** 1 to 90 with gaps, as the file numbers its categories. */
  categoryId: number;
  box: Box;
  isCrowd: boolean;
}

/** The annotated objects of `instances_*.json` by their id. Throws like `cocoPeople`. */
export async function readCocoInstances(path: string, options: ReadOptions = {}): Promise<Map<number, CocoInstance>> {
  const instances = new Map<number, CocoInstance>();
  for await (const entry of jsonEntries(path, { ...options, visit: within('annotations') })) {
    const { id, image_id, category_id, bbox, iscrowd } = checkEntry(entry, { file: path, schema: instanceSchema });
    const box = boxOfCorner(bbox);
    instances.set(id, { id, pictureId: image_id, categoryId: category_id, box, isCrowd: Boolean(iscrowd) });
  }
  return instances;
}

function whyNot({ iscrowd, category_id, bbox }: Annotation, points: readonly Keypoint[]): string | undefined {
  if (category_id !== PERSON) return 'not a person';
  if (iscrowd) return 'crowd';
  if (!points.some((p) => p.score > 0)) return 'no labelled point';
  return bbox[2] > 0 && bbox[3] > 0 ? undefined : 'empty box';
}

function personOf({ id, bbox, area }: Annotation, points: Keypoint[], picture: CocoPicture): CocoPerson {
  return { id, picture, box: boxOfCorner(bbox), areaPx: area, points };
}

/** 17 points, or all 133 where the annotation has COCO-WholeBody's parts; parts that it calls invalid are unknown. */
function allPoints(a: Annotation): Keypoint[] {
  const body = a.keypoints ? cocoPoints(a.keypoints) : unknownPoints(BODY_POINTS);
  const parts = [
    [WHOLEBODY.feet, a.foot_kpts, a.foot_valid],
    [WHOLEBODY.face, a.face_kpts, a.face_valid],
    [WHOLEBODY.leftHand, a.lefthand_kpts, a.lefthand_valid],
    [WHOLEBODY.rightHand, a.righthand_kpts, a.righthand_valid],
  ] as const;
  if (parts.every(([, values]) => values === undefined)) return body;
  const points = [...body, ...unknownPoints(WHOLEBODY.count - BODY_POINTS)];
  for (const [{ start }, values, isValid = true] of parts) {
    if (values && isValid) points.splice(start, values.length / 3, ...cocoPoints(values));
  }
  return points;
}
