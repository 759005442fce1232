// The boxes that a case gives to a method, as `generate --box` would.
import type { Method as Generator, GivenBox } from '../../methods/method.js';
import { analysePrompt } from '../../methods/record/prompt-analysis.js';
import type { BenchmarkCase } from '../benchmark.js';
import { boxInPicture, type PictureSize } from '../case-geometry.js';

/**
 * The case's boxes in pixels of the picture, by the nouns of its prompt. Undefined where the method takes none, and where
 * the case has none for the object that its prompt names: the method then looks for a layout as it would without them.
 */
export function boxesFor(
  one: BenchmarkCase,
  { generator, size }: { generator?: Generator; size: PictureSize },
): GivenBox[] | undefined {
  if (!one.boxes || !generator?.takes.includes('boxes')) return undefined;
  const { subject, objects } = analysePrompt(one.prompt);
  const named = one.triplet?.object?.replaceAll('_', ' ');
  const object = objects.find(({ head, noun }) => noun === named || head === named) ?? objects.at(0);
  const boxes: GivenBox[] = [];
  if (one.boxes.person && subject && generator.placesSubject) {
    boxes.push({ word: subject.text, box: boxInPicture(one.boxes.person, { one, size }) });
  }
  if (one.boxes.object && object) boxes.push({ word: object.noun, box: boxInPicture(one.boxes.object, { one, size }) });
  const lacksObject = object !== undefined && one.boxes.object === undefined;
  return boxes.length === 0 || lacksObject ? undefined : boxes;
}
