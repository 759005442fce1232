// HICO-DET (Chao et al. 2018): who does what with which object in photographs, as `instances_*.json` of its JSON edition.
import { z } from 'zod';
import { ContrappostoError } from '../../core/errors.js';
import { areaOf, type Box } from '../../pose/person.js';
import { readJsonFile } from '../../weights/json-file.js';
import { type Skipped, SkipTally } from './tally.js';

/** One of the 600 classes. */
export interface HicoTriplet {
  /** 0 to 599, by object and verb in the data set's order. */
  index: number;
  /** As the data set writes it, e.g. `sit_on`, `no_interaction`. */
  verb: string;
  /** With spaces, e.g. `cell phone`. */
  object: string;
  /** Fewer than 10 pictures for training. */
  isRare: boolean;
}

/** A person and an object that are annotated together. */
export interface InteractionPair {
  humanBox: Box;
  objectBox: Box;
  verb: string;
  object: string;
}

export interface HicoPicture {
  fileName: string;
  widthPx: number;
  heightPx: number;
  pairs: (InteractionPair & { triplet: HicoTriplet })[];
}

export interface HicoDet {
  pictures: HicoPicture[];
  triplets: HicoTriplet[];
  /** Pictures `without a pair`; pairs with an `empty box` or whose object and verb are `not of their class`. */
  skipped: Skipped;
}

const index = z.int().nonnegative();
const box = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const schema = z.looseObject({
  annotation: z.array(
    z.looseObject({
      boxes_h: z.array(box),
      boxes_o: z.array(box),
      hoi: z.array(index),
      object: z.array(index),
      verb: z.array(index),
    }),
  ),
  filenames: z.array(z.string()),
  size: z.array(z.tuple([z.int().positive(), z.int().positive()])),
  objects: z.array(z.string()),
  verbs: z.array(z.string()),
  correspondence: z.array(z.tuple([index, index, index])),
  rare: z.array(index),
});
type File = z.infer<typeof schema>;

/**
 * Reads `instances_test2015.json` or `instances_train2015.json`.
 * @throws `not-found`, `io`, `corrupt-file` for lists of different lengths or indices that name nothing
 */
export function readHicoDet(path: string): HicoDet {
  const file = readJsonFile(path, schema);
  const refuse = (got: string): never => {
    const hint = 'the file is of another edition of HICO-DET, or damaged';
    throw new ContrappostoError('corrupt-file', { operation: `read "${path}"`, got, hint });
  };
  const { annotation, filenames, size } = file;
  if (filenames.length !== annotation.length || size.length !== annotation.length) {
    refuse(`${annotation.length} annotations of ${filenames.length} files and ${size.length} sizes`);
  }
  const triplets = tripletsOf(file, refuse);
  const tally = new SkipTally();
  const pictures = annotation.map((one, i): HicoPicture => {
    const pairs = pairsOf(one, { triplets, tally, refuse: (got) => refuse(`annotation.${i}: ${got}`) });
    return { fileName: filenames[i], widthPx: size[i][0], heightPx: size[i][1], pairs };
  });
  const kept = pictures.filter((picture) => picture.pairs.length > 0);
  tally.skip('without a pair', pictures.length - kept.length);
  return { pictures: kept, triplets, skipped: tally.counts() };
}

type Refuse = (got: string) => never;

function tripletsOf({ correspondence, objects, verbs, rare }: File, refuse: Refuse): HicoTriplet[] {
  const isRare = new Set(rare);
  return correspondence.map(([i, object, verb], row) => {
    if (i !== row || !(object in objects) || !(verb in verbs)) refuse(`correspondence.${row}: ${[i, object, verb]}`);
    return { index: i, verb: verbs[verb], object: objects[object].replaceAll('_', ' '), isRare: isRare.has(i) };
  });
}

function pairsOf(
  { boxes_h, boxes_o, hoi, object, verb }: File['annotation'][number],
  { triplets, tally, refuse }: { triplets: readonly HicoTriplet[]; tally: SkipTally; refuse: Refuse },
): HicoPicture['pairs'] {
  if ([boxes_o, hoi, object, verb].some((list) => list.length !== boxes_h.length)) refuse('lists of several lengths');
  return boxes_h.flatMap((humanBox, i) => {
    const triplet = triplets[hoi[i]] ?? refuse(`class ${hoi[i]} of ${triplets.length}`);
    const objectBox = boxes_o[i];
    if (areaOf(humanBox) > 0 && areaOf(objectBox) > 0) {
      return [{ humanBox, objectBox, triplet, verb: triplet.verb, object: triplet.object }];
    }
    tally.skip('empty box');
    return [];
  });
}
