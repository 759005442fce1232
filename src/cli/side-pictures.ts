// Pictures beside the picture: what each word attended to, and the stages of a method.
import { mkdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { writeFileAtomic } from '../core/files.js';
import { encodePng, type Image } from '../core/image.js';
import { type CaptionedPicture, pictureSheet } from '../core/picture-row.js';
import type { AttentionRecorder } from '../diffusion/attention-control/attention-recorder.js';
import { heatMap } from '../diffusion/attention-control/heat-map.js';
import type { Pipeline } from '../diffusion/pipeline.js';

const COLUMNS = 6;
/** Name of the sheet with all maps, among the files of the words. */
const SHEET = 'all.png';

/** One heat map a word, `01-a.png`, `02-woman.png`, ..., and all of them on `all.png`; gives the paths. */
export async function saveAttention(
  folder: string,
  {
    recorder,
    pipeline,
    prompt,
    image,
  }: { recorder: AttentionRecorder; pipeline: Pipeline; prompt: string; image: Image },
): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const maps = recorder.wordMaps(prompt, pipeline.tokenizer.encode(prompt));
  const paths: string[] = [];
  const pictures: CaptionedPicture[] = [{ caption: 'picture', image }];
  for (const [i, { word, map }] of maps.entries()) {
    const name = `${String(i + 1).padStart(2, '0')}-${word.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '') || 'mark'}.png`;
    const drawn = heatMap(image, map);
    pictures.push({ caption: word, image: drawn });
    paths.push(join(folder, name));
    await writeFileAtomic(join(folder, name), await encodePng(drawn));
  }
  const sheet = join(folder, SHEET);
  await writeFileAtomic(sheet, await encodePng(await pictureSheet(pictures, { columns: COLUMNS })));
  return [...paths, sheet];
}

/** The stages in a row, with the boxes of each. */
export async function saveStages(path: string, stages: readonly CaptionedPicture[]): Promise<void> {
  const sheet = await pictureSheet(stages, { columns: Math.max(1, Math.min(stages.length, 8)) });
  await writeFileAtomic(path, await encodePng(sheet));
}

/** The name of picture `i` of `count`: `a.png`, or `a-1.png`, `a-2.png`. Folders have no extension. */
export function numbered(path: string, { i, count }: { i: number; count: number }): string {
  if (count === 1) return path;
  const extension = extname(path);
  return `${path.slice(0, path.length - extension.length)}-${i + 1}${extension}`;
}
