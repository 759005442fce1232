// Reads POSE.json: OpenPose, COCO, COCO-WholeBody or this program's MediaPipe layout, told apart by content.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ContrappostoError } from '../core/errors.js';
import { fromCoco, fromMediaPipe, fromOpenPoseBody } from './convert.js';
import { COCO_NAMES, WHOLEBODY } from './formats.js';
import type { Keypoint, Person, PoseFile } from './person.js';

/** The layouts that POSE.json may have. */
export const POSE_FORMATS = ['openpose', 'coco', 'wholebody', 'mediapipe'] as const;
export type PoseFormat = (typeof POSE_FORMATS)[number];

const MAX_FILE_CHARACTERS = 256 * 1024 * 1024;
const triples = z
  .array(z.number())
  .refine((values) => values.length % 3 === 0, 'needs x, y and score (or visibility) for each point');
const sized = (...counts: number[]) =>
  triples.refine((v) => v.length === 0 || counts.includes(v.length / 3), `needs ${counts.join(' or ')} points or none`);
const size = z.number().int().positive().optional();

const openPoseSchema = z.looseObject({
  people: z.array(
    z.looseObject({
      pose_keypoints_2d: sized(18, 25),
      hand_left_keypoints_2d: sized(21).nullish(),
      hand_right_keypoints_2d: sized(21).nullish(),
      face_keypoints_2d: sized(68, 70).nullish(),
    }),
  ),
  canvas_width: size,
  canvas_height: size,
});

const annotationSchema = z.looseObject({
  image_id: z.union([z.number(), z.string()]).optional(),
  keypoints: sized(17, 133),
  foot_kpts: sized(6).optional(),
  face_kpts: sized(68).optional(),
  lefthand_kpts: sized(21).optional(),
  righthand_kpts: sized(21).optional(),
  bbox: z.array(z.number()).length(4).optional(),
  score: z.number().optional(),
});
type Annotation = z.infer<typeof annotationSchema>;

const imageSchema = z.looseObject({ id: z.union([z.number(), z.string()]), width: size, height: size });

const point = z.looseObject({
  x: z.number(),
  y: z.number(),
  z: z.number().optional(),
  visibility: z.number().optional(),
});
const mediaPipeSchema = z.looseObject({
  people: z.array(
    z.looseObject({
      landmarks: z.array(point).length(33),
      left_hand_landmarks: z.array(point).length(21).optional(),
      right_hand_landmarks: z.array(point).length(21).optional(),
    }),
  ),
  canvas_width: size,
  canvas_height: size,
});

/**
 * Reads a pose file.
 * @throws ContrappostoError `not-found`, `io`, `invalid-input` (no JSON, none of the layouts, several pictures)
 */
export async function readPoseFile(path: string, options: { imageId?: number | string } = {}): Promise<PoseFile> {
  const operation = `read pose "${path}"`;
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const isMissing = cause.code === 'ENOENT';
    throw new ContrappostoError(isMissing ? 'not-found' : 'io', {
      operation,
      expected: 'a readable JSON file',
      got: isMissing ? 'nothing at this path' : (cause.code ?? cause.message),
      hint: 'check the path; `contrapposto pose IMAGE --out pose.json` writes such a file',
      cause,
    });
  });
  return parsePose(text, { ...options, operation });
}

/**
 * The people in the text of a pose file, in the canonical layout.
 * @param options.imageId which picture of a COCO file with several; needed only then
 */
export function parsePose(text: string, options: { imageId?: number | string; operation?: string } = {}): PoseFile {
  const { operation = 'read pose' } = options;
  if (text.length > MAX_FILE_CHARACTERS) {
    throw new ContrappostoError('limit', {
      operation,
      expected: `at most ${MAX_FILE_CHARACTERS} characters`,
      got: 'more',
    });
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw invalid(operation, { expected: 'JSON', got: (cause as Error).message });
  }
  const check = <T>(schema: z.ZodType<T>, value: unknown, layout: string): T => {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    const issue = result.error.issues[0];
    throw invalid(operation, { expected: layout, got: `${issue.path.join('.') || 'the file'}: ${issue.message}` });
  };
  const first = firstPerson(content);
  if (first && 'landmarks' in first) return fromMediaPipeFile(check(mediaPipeSchema, content, 'MediaPipe landmarks'));
  if (isRecord(content) && Array.isArray(content.people))
    return fromOpenPose(check(openPoseSchema, content, 'OpenPose'));
  const annotations = isRecord(content)
    ? (content.annotations ?? ('keypoints' in content ? [content] : undefined))
    : content;
  if (Array.isArray(annotations)) {
    const people = annotations.filter((a) => isRecord(a) && 'keypoints' in a);
    if (people.length > 0 || annotations.length === 0) {
      const images = isRecord(content) && content.images ? check(z.array(imageSchema), content.images, 'COCO') : [];
      return fromCocoFile(check(z.array(annotationSchema), people, 'COCO'), {
        images,
        imageId: options.imageId,
        operation,
      });
    }
  }
  throw invalid(operation, { expected: 'OpenPose, COCO, COCO-WholeBody or MediaPipe JSON', got: 'another layout' });
}

function fromOpenPose(file: z.infer<typeof openPoseSchema>): PoseFile {
  const people = file.people.map((person): Person => {
    const body = points(person.pose_keypoints_2d);
    const keypoints = body.length > 0 ? fromOpenPoseBody(body) : fromOpenPoseBody([]);
    place(keypoints, WHOLEBODY.leftHand, points(person.hand_left_keypoints_2d ?? []));
    place(keypoints, WHOLEBODY.rightHand, points(person.hand_right_keypoints_2d ?? []));
    place(keypoints, WHOLEBODY.face, points(person.face_keypoints_2d ?? []));
    return { keypoints };
  });
  return scaled({ people, widthPx: file.canvas_width, heightPx: file.canvas_height });
}

function fromCocoFile(
  annotations: readonly Annotation[],
  options: { images: z.infer<typeof imageSchema>[]; imageId?: number | string; operation: string },
): PoseFile {
  const ids = [...new Set(annotations.map((a) => a.image_id))];
  const imageId = options.imageId ?? (ids.length === 1 ? ids[0] : undefined);
  if (ids.length > 1 && imageId === undefined) {
    throw invalid(options.operation, { expected: 'the poses of one picture', got: `${ids.length} pictures` });
  }
  const people = annotations
    .filter((a) => imageId === undefined || String(a.image_id) === String(imageId))
    .map((a): Person => {
      const known = cocoPoints(a.keypoints);
      const keypoints = known.length === WHOLEBODY.count ? known : fromCoco(known.length > 0 ? known : emptyBody());
      if (a.foot_kpts) place(keypoints, WHOLEBODY.feet, cocoPoints(a.foot_kpts));
      if (a.face_kpts) place(keypoints, WHOLEBODY.face, cocoPoints(a.face_kpts));
      if (a.lefthand_kpts) place(keypoints, WHOLEBODY.leftHand, cocoPoints(a.lefthand_kpts));
      if (a.righthand_kpts) place(keypoints, WHOLEBODY.rightHand, cocoPoints(a.righthand_kpts));
      const box = a.bbox && ([a.bbox[0], a.bbox[1], a.bbox[0] + a.bbox[2], a.bbox[1] + a.bbox[3]] as const);
      return { keypoints, ...(box && { box }), ...(a.score !== undefined && { score: a.score }) };
    });
  const image =
    options.images.find((i) => String(i.id) === String(imageId)) ??
    (imageId === undefined && options.images.length === 1 ? options.images[0] : undefined);
  return { people, ...(image?.width && { widthPx: image.width }), ...(image?.height && { heightPx: image.height }) };
}

function fromMediaPipeFile(file: z.infer<typeof mediaPipeSchema>): PoseFile {
  const toPoint = (p: z.infer<typeof point>): Keypoint => ({
    x: p.x,
    y: p.y,
    score: clamp(p.visibility ?? 1),
    ...(p.z !== undefined && { z: p.z }),
  });
  const people = file.people.map((person): Person => {
    const mediapipe = person.landmarks.map(toPoint);
    const keypoints = fromMediaPipe(mediapipe);
    place(keypoints, WHOLEBODY.leftHand, (person.left_hand_landmarks ?? []).map(toPoint));
    place(keypoints, WHOLEBODY.rightHand, (person.right_hand_landmarks ?? []).map(toPoint));
    return { keypoints, mediapipe };
  });
  return { people, widthPx: file.canvas_width, heightPx: file.canvas_height };
}

/** Some ControlNet editors write coordinates as shares of the canvas; they are told by all lying within [0, 1]. */
function scaled(file: PoseFile): PoseFile {
  const { widthPx, heightPx } = file;
  const known = file.people.flatMap((p) => p.keypoints.filter((k) => k.score > 0));
  if (!widthPx || !heightPx || known.length < 2 || known.some((k) => Math.max(k.x, k.y) > 1.5)) return file;
  const toPixels = (k: Keypoint) => ({ ...k, x: k.x * widthPx, y: k.y * heightPx });
  return { ...file, people: file.people.map((p) => ({ ...p, keypoints: p.keypoints.map(toPixels) })) };
}

function points(values: readonly number[]): Keypoint[] {
  return Array.from({ length: values.length / 3 }, (_, i) => ({
    x: values[i * 3],
    y: values[i * 3 + 1],
    score: clamp(values[i * 3 + 2]),
  }));
}

/**
 * COCO's third value is a visibility: 0 unknown, 1 hidden, 2 visible. Results files and COCO-WholeBody's face and hands
 * put a score there instead, so that any fraction is taken as a score.
 */
export function cocoPoints(values: readonly number[]): Keypoint[] {
  const third = values.filter((_, i) => i % 3 === 2);
  const isVisibility = third.every(Number.isInteger) && third.some((v) => v > 1);
  return points(values).map((p, i) => ({ ...p, score: isVisibility ? clamp(third[i] / 2) : clamp(third[i]) }));
}

function place(keypoints: Keypoint[], part: { start: number; end: number }, known: readonly Keypoint[]): void {
  known.slice(0, part.end - part.start).forEach((p, i) => {
    keypoints[part.start + i] = p;
  });
}

function emptyBody(): Keypoint[] {
  return COCO_NAMES.map(() => ({ x: 0, y: 0, score: 0 }));
}

function firstPerson(content: unknown): Record<string, unknown> | undefined {
  const person = isRecord(content) && Array.isArray(content.people) ? content.people[0] : undefined;
  return isRecord(person) ? person : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}

function invalid(operation: string, { expected, got }: { expected: string; got: string }): ContrappostoError {
  return new ContrappostoError('invalid-input', {
    operation,
    expected,
    got,
    hint: '`contrapposto pose IMAGE --out pose.json` writes a pose file in each layout',
  });
}
