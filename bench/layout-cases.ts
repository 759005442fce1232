// The pairs that the layout bench asks about: V-COCO, HICO-DET where its verbs mean the same, and rendered scenes.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CANVAS_PX, layoutObject } from '../src/agents/index.js';
import { layoutVerb, verbOfHicoDet, verbOfVCoco } from '../src/agents/layout-words.js';
import { readHicoDet } from '../src/data/readers/hico-det.js';
import { readVCoco, type VCocoPair } from '../src/data/readers/v-coco.js';
import type { SceneRecord } from '../src/data/synth/scene-record.js';
import type { Box } from '../src/pose/person.js';
import { inferredCanvas } from '../src/train/layout/canvas.js';
import type { LayoutCase } from './layout-measures.js';

interface Canvas {
  widthPx: number;
  heightPx: number;
}

function onCanonical(box: Box, { widthPx, heightPx }: Canvas): Box {
  const scaled = box.map((v, i) => (v / (i % 2 === 0 ? widthPx : heightPx)) * CANVAS_PX);
  const [a, b, c, d] = scaled.map((v) => Math.min(CANVAS_PX, Math.max(0, v)));
  return [a, b, c, d];
}

const differing = (boxes: readonly Box[]) => new Set(boxes.map((box) => box.join())).size;

/** V-COCO's pairs, as many as there are. */
export function vCocoCases(path: string): LayoutCase[] {
  const pictures = new Map<number, VCocoPair[]>();
  for (const pair of readVCoco(path).pairs)
    pictures.set(pair.pictureId, [...(pictures.get(pair.pictureId) ?? []), pair]);
  return [...pictures].flatMap(([picture, pairs]) => {
    const canvas = inferredCanvas(pairs.flatMap((pair) => [pair.humanBox, pair.objectBox]));
    const others = pairs.filter((pair) => pair.object === 'person').map((pair) => pair.objectBox);
    const people = differing([...pairs.map((pair) => pair.humanBox), ...others]);
    return pairs.map((pair) => ({
      picture: `${picture}`,
      verb: verbOfVCoco(pair.verb, pair.role) ?? pair.verb,
      object: pair.object,
      personBox: onCanonical(pair.humanBox, canvas),
      objectBox: onCanonical(pair.objectBox, canvas),
      aspect: canvas.widthPx / canvas.heightPx,
      people,
    }));
  });
}

/**
 * HICO-DET's pairs whose verb V-COCO has too, and its others with the verb taken for the nearest known one.
 *
 * @param options.every takes one picture in so many
 */
export function hicoCases(path: string, options: { every: number }): { mapped: LayoutCase[]; others: LayoutCase[] } {
  const mapped: LayoutCase[] = [];
  const others: LayoutCase[] = [];
  for (const picture of readHicoDet(path).pictures.filter((_, i) => i % options.every === 0)) {
    const people = differing(picture.pairs.map((pair) => pair.humanBox));
    for (const { verb, object, humanBox, objectBox } of picture.pairs) {
      if (verb === 'no_interaction') continue;
      const same = verbOfHicoDet(verb, object);
      const one = {
        picture: picture.fileName,
        verb: same ?? layoutVerb(verb, { object }) ?? verb,
        object: layoutObject(object) ?? object,
        personBox: onCanonical(humanBox, picture),
        objectBox: onCanonical(objectBox, picture),
        aspect: picture.widthPx / picture.heightPx,
        people,
      };
      (same ? mapped : others).push(one);
    }
  }
  return { mapped, others };
}

/** Rendered scenes in which somebody uses something, with the points of the body. */
export function sceneCases(directory: string): LayoutCase[] {
  const files = readdirSync(directory).filter((name) => /^shard-.*\.jsonl$/.test(name));
  const lines = files.flatMap((name) => readFileSync(join(directory, name), 'utf8').trim().split('\n'));
  return lines.flatMap((line): LayoutCase[] => {
    const scene = JSON.parse(line) as SceneRecord;
    const { verb, object } = scene.triplet;
    const target = scene.objects.find((o) => o.role === 'target' && o.category === object);
    const known = object === null ? undefined : layoutVerb(verb, { object });
    if (!known || !object || !scene.person.box || !target?.box) return [];
    const canvas = { widthPx: scene.width, heightPx: scene.height };
    const points = scene.mediapipe_keypoints;
    return [
      {
        picture: `${scene.seed}`,
        verb: known,
        object,
        personBox: onCanonical(scene.person.box, canvas),
        objectBox: onCanonical(target.box, canvas),
        aspect: scene.width / scene.height,
        people: 1,
        keypoints: Array.from({ length: points.length / 3 }, (_, i) => ({
          x: (points[3 * i] / scene.width) * CANVAS_PX,
          y: (points[3 * i + 1] / scene.height) * CANVAS_PX,
          score: Number(points[3 * i + 2] > 0),
        })),
      },
    ];
  });
}
