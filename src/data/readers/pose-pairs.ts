// Pairs of pictures of one person in two poses, in PATN's files: DeepFashion and Market-1501.
import { readdirSync } from 'node:fs';
import { ContrappostoError } from '../../core/errors.js';
import { Philox } from '../../core/random.js';
import type { Keypoint } from '../../pose/person.js';
import { readError } from '../../weights/byte-source.js';
import { readTextFile } from '../../weights/json-file.js';
import { type Skipped, SkipTally } from './tally.js';

/** 18 OpenPose points by the name of the picture's file. */
export type PoseAnnotations = ReadonlyMap<string, Keypoint[]>;

export interface PosePair {
  /** The picture to start from. */
  from: string;
  /** The picture to arrive at. */
  to: string;
  fromPoints: Keypoint[];
  toPoints: Keypoint[];
}

const POINTS = 18;
const MISSING = -1;
/** Right and left shoulder, right and left hip. */
const TRUNK = [2, 5, 8, 11];
const DEFAULT_MAX_BAD_SHARE = 0.01;

/**
 * Reads `*-annotation-*.csv`: `name:keypoints_y:keypoints_x`, both lists of 18 whole numbers, -1 for missing points.
 * @throws `not-found`, `io`, `corrupt-file` naming the line
 */
export function readPoseAnnotations(path: string): PoseAnnotations {
  const [header, ...lines] = readLines(path);
  if (header?.replaceAll(' ', '') !== 'name:keypoints_y:keypoints_x') {
    throw wrongLine(path, { line: 1, expected: 'name:keypoints_y:keypoints_x', got: header ?? 'an empty file' });
  }
  return new Map(
    lines.map((line, i) => {
      const [name, ...lists] = line.split(':').map((part) => part.trim());
      const [ys, xs] = lists.map(wholeNumbers);
      if (lists.length !== 2 || !name || ys?.length !== POINTS || xs?.length !== POINTS) {
        throw wrongLine(path, { line: i + 2, expected: 'a name and two lists of 18 whole numbers', got: line });
      }
      const points = xs.map((x, k) => (x === MISSING || ys[k] === MISSING ? unknown() : { x, y: ys[k], score: 1 }));
      return [name, points];
    }),
  );
}

/**
 * Reads `*-pairs-*.csv`: `from,to`. Left out and counted: `same picture twice`, `pair given before`, `no annotation`,
 * and with `folder` `no picture`.
 *
 * @param options.folder of the pictures, to look whether they are there
 * @param options.maxBadShare pairs left out beyond this share are an error; default 0.01
 * @throws `not-found`, `io`, `corrupt-file` for another layout or too many bad pairs
 */
export function readPosePairs(
  path: string,
  options: { annotations: PoseAnnotations; folder?: string; maxBadShare?: number },
): { pairs: PosePair[]; skipped: Skipped } {
  const { annotations, folder, maxBadShare = DEFAULT_MAX_BAD_SHARE } = options;
  const [header, ...lines] = readLines(path);
  if (header?.replaceAll(' ', '') !== 'from,to') {
    throw wrongLine(path, { line: 1, expected: 'from,to', got: header ?? 'an empty file' });
  }
  const files = folder === undefined ? undefined : filesIn(folder);
  const tally = new SkipTally();
  const seen = new Set<string>();
  const pairs = lines.flatMap((line, i): PosePair[] => {
    const names = line.split(',').map((name) => name.trim());
    if (names.length !== 2) throw wrongLine(path, { line: i + 2, expected: 'two names', got: line });
    const [from, to] = names;
    const [fromPoints, toPoints] = [annotations.get(from), annotations.get(to)];
    const key = names.join();
    if (from === to) tally.skip('same picture twice');
    else if (seen.has(key)) tally.skip('pair given before');
    else if (!fromPoints || !toPoints) tally.skip('no annotation');
    else if (files && !names.every((name) => files.has(name))) tally.skip('no picture');
    else {
      seen.add(key);
      return [{ from, to, fromPoints, toPoints }];
    }
    return [];
  });
  if (tally.total > maxBadShare * lines.length) {
    const got = `${tally.total} of ${lines.length} bad ones: ${JSON.stringify(tally.counts())}`;
    const hint = 'the annotations or the pictures belong to another list';
    throw new ContrappostoError('corrupt-file', {
      operation: `read "${path}"`,
      expected: `at most ${100 * maxBadShare} % of the pairs to be left out`,
      got,
      hint,
    });
  }
  return { pairs, skipped: tally.counts() };
}

/**
 * The pairs that PATN makes of a split: every two pictures of one person, both ways, of those whose shoulders and hips
 * are all known. Left out and counted: `hips or shoulders missing`, of Market-1501 `junk` and `distractor`.
 *
 * @param options.of which data set, hence how people are told apart by the pictures' names
 * @param options.count draws so many without repetition (12,000 for Market-1501's test); default all
 */
export function makePosePairs(
  annotations: PoseAnnotations,
  options: { of: 'deepfashion' | 'market'; count?: number; seed?: number },
): { pairs: PosePair[]; skipped: Skipped } {
  const tally = new SkipTally();
  const groups = new Map<string, string[]>();
  for (const [name, points] of annotations) {
    const reason = whyNot(name, { points, of: options.of });
    if (reason) {
      tally.skip(reason);
      continue;
    }
    const person = options.of === 'market' ? name.split('_')[0] : name.slice(0, name.lastIndexOf('_'));
    groups.set(person, [...(groups.get(person) ?? []), name]);
  }
  const all = [...groups.values()].flatMap((names) =>
    names.flatMap((from) => names.filter((to) => to !== from).map((to) => [from, to] as const)),
  );
  const chosen = options.count === undefined ? all : drawn(all, options.count, new Philox(options.seed ?? 0));
  const pairs = chosen.map(([from, to]) => ({
    from,
    to,
    fromPoints: annotations.get(from)!,
    toPoints: annotations.get(to)!,
  }));
  return { pairs, skipped: tally.counts() };
}

function whyNot(
  name: string,
  { points, of }: { points: readonly Keypoint[]; of: 'deepfashion' | 'market' },
): string | undefined {
  if (of === 'market' && name.startsWith('-1')) return 'junk';
  if (of === 'market' && name.startsWith('0000')) return 'distractor';
  return TRUNK.every((i) => points[i].score > 0) ? undefined : 'hips or shoulders missing';
}

/**
 * DeepFashion's path as PATN's files name it: `WOMEN/Tees_Tanks/id_00000629/04_3_back.jpg` becomes
 * `fashionWOMENTees_Tanksid0000062904_3back.jpg`. Undefined for other paths.
 */
export function deepFashionName(path: string): string | undefined {
  const found = /(MEN|WOMEN)\/([^/]+)\/id_(\d{8})\/(\d\d)_(\d)_([a-z]+)\.jpg$/.exec(path);
  if (!found) return undefined;
  const [, gender, category, item, outfit, view, word] = found;
  return `fashion${gender}${category}id${item}${outfit}_${view}${word}.jpg`;
}

function drawn<T>(values: readonly T[], count: number, random: Philox): T[] {
  const rest = [...values];
  if (count > rest.length) {
    throw new ContrappostoError('invalid-input', {
      operation: 'draw pose pairs',
      expected: `at most ${rest.length}`,
      got: `${count}`,
    });
  }
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor(random.uniform() * (rest.length - i));
    [rest[i], rest[j]] = [rest[j], rest[i]];
  }
  return rest.slice(0, count);
}

function readLines(path: string): string[] {
  const text = readTextFile(path).replace(/^\ufeff/, '');
  return text.split(/\r?\n/).filter((line) => line.trim() !== '');
}

function wholeNumbers(text: string): number[] | undefined {
  const inside = /^\[(.*)\]$/.exec(text)?.[1];
  const values = inside?.split(',').map((value) => (value.trim() === '' ? Number.NaN : Number(value)));
  return values?.every(Number.isInteger) ? values : undefined;
}

function filesIn(folder: string): Set<string> {
  try {
    return new Set(readdirSync(folder));
  } catch (cause) {
    throw readError(`list "${folder}"`, cause);
  }
}

function unknown(): Keypoint {
  return { x: 0, y: 0, score: 0 };
}

function wrongLine(
  path: string,
  { line, expected, got }: { line: number; expected: string; got: string },
): ContrappostoError {
  return new ContrappostoError('corrupt-file', {
    operation: `read "${path}", line ${line}`,
    expected,
    got: JSON.stringify(got.slice(0, 80)),
  });
}
