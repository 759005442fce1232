// V-COCO (Gupta and Malik 2015): who does what with which object in COCO's photographs, in two layouts.
import { z } from 'zod';
import { ContrappostoError } from '../../core/errors.js';
import { areaOf } from '../../pose/person.js';
import { readJsonFile } from '../../weights/json-file.js';
import type { CocoInstance } from './coco.js';
import type { InteractionPair } from './hico-det.js';
import { type Skipped, SkipTally } from './tally.js';

export interface VCocoPair extends InteractionPair {
  /** COCO's number of the picture. */
  pictureId: number;
  /** What the object is to the verb: `instr` or `obj`, e.g. cut with a knife or cut a cake. */
  role: string;
  /** COCO's number of the person, where the file has it. */
  personId?: number;
}

/** A verb with a role and an object that V-COCO knows. */
export interface VCocoTriplet {
  verb: string;
  role: string;
  object: string;
}

export interface VCoco {
  pairs: VCocoPair[];
  /** The combinations of the file's table that occur in it, in the table's order. */
  triplets: VCocoTriplet[];
  skipped: Skipped;
}

const index = z.int().nonnegative();
const box = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const pairSchema = z.looseObject({
  annotations: z.array(
    z.looseObject({
      boxes_h: z.array(box),
      boxes_o: z.array(box),
      actions: z.array(index),
      objects: z.array(index),
      file_name: z.string(),
    }),
  ),
  classes: z.array(z.string()),
  objects: z.array(z.string()),
  action_to_object: z.array(z.array(index)),
});

/**
 * Reads `instances_vcoco_*.json`, which lists pairs of boxes for each picture. Left out and counted: pairs with an
 * `empty box`, of a `class that does not exist`, pictures `without a pair`.
 * @throws `not-found`, `io`, `corrupt-file`
 */
export function readVCoco(path: string): VCoco {
  const file = readJsonFile(path, pairSchema);
  const tally = new SkipTally();
  const classes = file.classes.map((name) => {
    const [verb, role = 'obj'] = name.split(' ');
    return { verb, role };
  });
  const seen = new Set<string>();
  const pairs: VCocoPair[] = [];
  file.annotations.forEach(({ boxes_h, boxes_o, actions, objects, file_name }, i) => {
    if ([boxes_o, actions, objects].some((list) => list.length !== boxes_h.length)) {
      throw wrong(path, `annotations.${i}: lists of several lengths`);
    }
    if (boxes_h.length === 0) tally.skip('without a pair');
    const pictureId = pictureNumber(file_name) ?? NaN;
    if (Number.isNaN(pictureId)) throw wrong(path, `annotations.${i}.file_name: "${file_name}" has no number`);
    boxes_h.forEach((humanBox, k) => {
      const [known, object] = [classes[actions[k]], file.objects[objects[k]]];
      if (!known || !object || objects[k] === 0) tally.skip('class that does not exist');
      else if (areaOf(humanBox) === 0 || areaOf(boxes_o[k]) === 0) tally.skip('empty box');
      else {
        pairs.push({ pictureId, humanBox, objectBox: boxes_o[k], object, ...known });
        seen.add(`${actions[k]} ${objects[k]}`);
      }
    });
  });
  const triplets = file.action_to_object.flatMap((objects, action) =>
    objects.flatMap((object) =>
      seen.has(`${action} ${object}`) ? [{ ...classes[action], object: file.objects[object] }] : [],
    ),
  );
  return { pairs, triplets, skipped: tally.counts() };
}

const verbSchema = z.array(
  z.looseObject({
    action_name: z.string(),
    role_name: z.array(z.string()).min(1),
    image_id: z.array(z.int()),
    ann_id: z.array(z.int()),
    label: z.array(z.int()),
    role_object_id: z.array(z.int()),
  }),
);

/**
 * Reads the data set's own `vcoco_*.json`, one entry a verb, whose numbers refer to COCO's instances: `role_object_id`
 * is role-major, 0 for none. Left out and counted: `without object`, `unknown person`, `unknown object`, `empty box`.
 *
 * @param options.instances of `readCocoInstances`, of the same photographs
 * @param options.categories names by COCO's number of the category
 * @throws `not-found`, `io`, `corrupt-file`
 */
export function readOfficialVCoco(
  path: string,
  options: { instances: ReadonlyMap<number, CocoInstance>; categories: ReadonlyMap<number, string> },
): { pairs: VCocoPair[]; skipped: Skipped } {
  const { instances, categories } = options;
  const tally = new SkipTally();
  const pairs: VCocoPair[] = [];
  for (const entry of readJsonFile(path, verbSchema)) {
    const { action_name: verb, role_name: roles, label, ann_id, image_id, role_object_id: objects } = entry;
    const count = label.length;
    if (ann_id.length !== count || image_id.length !== count || objects.length !== roles.length * count) {
      throw wrong(path, `lists of several lengths for "${verb}"`);
    }
    for (let i = 0; i < count; i++) {
      if (label[i] !== 1) continue;
      const person = instances.get(ann_id[i]);
      for (let role = 1; role < roles.length; role++) {
        const object = instances.get(objects[role * count + i]);
        const name = object && categories.get(object.categoryId);
        if (objects[role * count + i] === 0) tally.skip('without object');
        else if (!person) tally.skip('unknown person');
        else if (!object || !name) tally.skip('unknown object');
        else if (areaOf(person.box) === 0 || areaOf(object.box) === 0) tally.skip('empty box');
        else {
          const [humanBox, objectBox] = [person.box, object.box];
          const ids = { pictureId: image_id[i], personId: person.id };
          pairs.push({ ...ids, humanBox, objectBox, verb, role: roles[role], object: name });
        }
      }
    }
  }
  return { pairs, skipped: tally.counts() };
}

/** The number at the end of COCO's file names, e.g. 328 of `COCO_val2014_000000000328.jpg`. */
function pictureNumber(fileName: string): number | undefined {
  const digits = /(\d+)\.\w+$/.exec(fileName)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function wrong(path: string, got: string): ContrappostoError {
  const hint = 'the file is of another edition of V-COCO, or damaged';
  return new ContrappostoError('corrupt-file', { operation: `read "${path}"`, got, hint });
}
