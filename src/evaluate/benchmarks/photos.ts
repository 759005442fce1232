// People in annotated photographs: with `--methods reference` it measures the detectors that measure everything else.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Image } from '../../core/image.js';
import { readImage } from '../../core/image.js';
import { type CocoPerson, cocoPeople } from '../../data/readers/coco.js';
import { SkipTally } from '../../data/readers/tally.js';
import { fromCoco } from '../../pose/convert.js';
import type { Box } from '../../pose/person.js';
import type { Benchmark, BenchmarkCase, BenchmarkReader } from '../benchmark.js';
import { dataFile } from './data-folder.js';

/** Around a person's box, as top-down detectors are usually tested. */
const MARGIN = 1.25;
/** Smaller people are specks that no benchmark of pictures of people shows. */
const MIN_AREA_PX = 32 * 32;
const BODY = 17;

export const photos: BenchmarkReader = {
  about: 'people in photographs with keypoints in COCO’s layout; --data: a folder of pictures with its annotations',
  async read({ data, signal, onProgress }): Promise<Benchmark> {
    const names = ['coco-annotations.json', 'person_keypoints_val2017.json', 'annotations.json'];
    const needs = 'a folder of photographs with coco-annotations.json';
    const file = dataFile(data, { name: 'photos', needs, names });
    const folder = join(file, '..');
    const tally = new SkipTally();
    const people = new Map<string, CocoPerson>();
    for await (const person of cocoPeople(file, { tally, signal, onProgress })) {
      if (person.areaPx < MIN_AREA_PX) tally.skip('smaller than 32 x 32 pixels');
      else if (!existsSync(join(folder, person.picture.fileName))) tally.skip('no picture');
      else people.set(`${person.picture.id}-${person.id}`, person);
    }
    const cases = Array.from(people, ([id, person]) => caseOf(id, person));
    return {
      name: 'photos',
      about: `${cases.length} people in photographs, each cut out with a margin, with annotated points.`,
      cases,
      references: 'paired',
      drawReference: ({ id }) => cutOut(people.get(id)!, { folder, signal }),
      skipped: tally.counts(),
    };
  },
};

function caseOf(id: string, person: CocoPerson): BenchmarkCase {
  const [left, top, right, bottom] = regionOf(person);
  const points = person.points.map((p) => (p.score > 0 ? { ...p, x: p.x - left, y: p.y - top } : p));
  const [x1, y1, x2, y2] = person.box;
  return {
    id,
    prompt: 'a photograph of a person',
    keypoints: points.length === BODY ? fromCoco(points) : points,
    boxes: { person: [x1 - left, y1 - top, x2 - left, y2 - top] },
    canvas: { widthPx: right - left, heightPx: bottom - top },
  };
}

/** Whole pixels around the person, within the photograph. */
function regionOf({ box: [x1, y1, x2, y2], picture }: CocoPerson): Box {
  const [dx, dy] = [((MARGIN - 1) / 2) * (x2 - x1), ((MARGIN - 1) / 2) * (y2 - y1)];
  return [
    Math.max(0, Math.floor(x1 - dx)),
    Math.max(0, Math.floor(y1 - dy)),
    Math.min(picture.widthPx, Math.ceil(x2 + dx)),
    Math.min(picture.heightPx, Math.ceil(y2 + dy)),
  ];
}

async function cutOut(
  person: CocoPerson,
  { folder, signal }: { folder: string; signal?: AbortSignal },
): Promise<Image> {
  const whole = await readImage(join(folder, person.picture.fileName), { signal });
  const [left, top, right, bottom] = regionOf(person);
  const [widthPx, heightPx] = [right - left, bottom - top];
  const data = new Uint8Array(3 * widthPx * heightPx);
  for (let y = 0; y < heightPx; y++) {
    const from = 3 * ((top + y) * whole.widthPx + left);
    data.set(whole.data.subarray(from, from + 3 * widthPx), 3 * y * widthPx);
  }
  return { widthPx, heightPx, data };
}
