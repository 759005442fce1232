// The layout model at work: boxes, points and words in, the object's box out, all on the canonical canvas.
import type { Tensor } from '../core/tensor.js';
import { float32, floats, int64 } from '../core/tensor.js';
import { layoutGraph, parseLayoutModelConfig } from '../models/index.js';
import { MEDIAPIPE_NAMES } from '../pose/formats.js';
import type { Box, Keypoint } from '../pose/person.js';
import type { RunOptions, Runtime } from '../runtime/index.js';
import { openModelFolder } from '../weights/index.js';
import { embeddedNetwork } from '../weights/model-folder.js';
import { CANVAS_PX } from './agent.js';

export interface LayoutSituation {
  /** The model's own verb and object (`layoutVerb`, `layoutObject`); any other word counts as unknown. */
  verb?: string;
  object?: string;
  /** On the canonical canvas. */
  personBox: Box;
  /** MediaPipe's 33 points on the canonical canvas, where known. */
  keypoints?: readonly Keypoint[] | null;
  /** Where the object is now. */
  objectBox?: Box | null;
  /** Width over height of the picture; default 1. */
  aspect?: number;
}

export interface PlacedObject {
  /** On the canonical canvas; it may reach outside. */
  box: Box;
  /** Overlap with the right box that the model expects, in [0, 1]. */
  expected: number;
}

export interface LayoutNetwork {
  /** Places one object after another. Throws `aborted`. */
  place(situations: readonly LayoutSituation[], options?: RunOptions): Promise<PlacedObject[]>;
}

/** Its folder among the embedded models. */
const EMBEDDED = 'layout';
/** Situations of one run; fewer are filled up. */
const BATCH = 64;

/**
 * Opens the layout model that this package learned from V-COCO's annotations.
 *
 * @param options.folder folder with `config.json` and weights; default: the embedded model
 * @throws `not-found` without the folder, `unsupported` or `corrupt-file` for another content
 */
export function openLayoutNetwork(runtime: Runtime, options: { folder?: string } = {}): LayoutNetwork {
  const model = openModelFolder(options.folder ?? embeddedNetwork(EMBEDDED));
  const config = parseLayoutModelConfig(model.config);
  const row = (words: readonly string[], word?: string) => (word === undefined ? 0 : words.indexOf(word) + 1);

  function feedsOf(batch: readonly LayoutSituation[]): Record<string, Tensor> {
    const rows = batch.length;
    const table = (of: (s: LayoutSituation) => ArrayLike<number>, ...shape: number[]) =>
      float32(Float32Array.from(batch.flatMap((s) => Array.from(of(s)))), [rows, ...shape]);
    const share = (box: Box) => box.map((v) => v / CANVAS_PX);
    return {
      person: table((s) => share(s.personBox), 4),
      aspect: table((s) => [s.aspect ?? 1], 1),
      verb: int64(
        batch.map((s) => row(config.verbs, s.verb)),
        [rows],
      ),
      object: int64(
        batch.map((s) => row(config.objects, s.object)),
        [rows],
      ),
      keypoints: table((s) => pointShares(s.keypoints), MEDIAPIPE_NAMES.length, 3),
      present: table((s) => share(s.objectBox ?? [0, 0, CANVAS_PX, CANVAS_PX]), 4),
      has_present: table((s) => [s.objectBox ? 1 : 0], 1),
    };
  }

  async function run(batch: readonly LayoutSituation[], { signal }: RunOptions): Promise<PlacedObject[]> {
    const session = await runtime.session(layoutGraph(config, { batch: batch.length }), model.weights, { signal });
    const out = await session.run(feedsOf(batch), { signal });
    const [boxes, expected] = [floats(out.box), floats(out.expected)];
    return batch.map((_, i) => {
      const [x1, y1, x2, y2] = boxes.subarray(4 * i, 4 * i + 4);
      const box: Box = [x1 * CANVAS_PX, y1 * CANVAS_PX, x2 * CANVAS_PX, y2 * CANVAS_PX];
      return { box, expected: expected[i] };
    });
  }

  return {
    async place(situations, runOptions = {}) {
      const placed: PlacedObject[] = [];
      for (let i = 0; i < situations.length; i += BATCH) {
        const batch = situations.slice(i, i + BATCH);
        // A graph is built for one size: single questions get their own, long lists are filled up to whole batches.
        const full = situations.length > BATCH ? [...batch, ...fill(batch[0], BATCH - batch.length)] : batch;
        placed.push(...(await run(full, runOptions)).slice(0, batch.length));
      }
      return placed;
    },
  };
}

function fill<T>(value: T, count: number): T[] {
  return Array.from({ length: count }, () => value);
}

function pointShares(points: readonly Keypoint[] | null | undefined): number[] {
  return MEDIAPIPE_NAMES.flatMap((_, i) => {
    const point = points?.[i];
    return point && point.score > 0 ? [point.x / CANVAS_PX, point.y / CANVAS_PX, 1] : [0, 0, 0];
  });
}
