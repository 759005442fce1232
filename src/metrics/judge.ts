// The judge at work: what a person in a picture does with what, where body and hands are, and features for distances.
import { ContrappostoError } from '../core/errors.js';
import { type Image, resizeImage } from '../core/image.js';
import { floats } from '../core/tensor.js';
import { type JudgeConfig, judgeGraph, parseJudgeConfig } from '../models/index.js';
import { type Keypoint, unknownPoints } from '../pose/person.js';
import type { RunOptions, Runtime } from '../runtime/index.js';
import { openModelFolder } from '../weights/index.js';
import { embeddedNetwork } from '../weights/model-folder.js';

/** What somebody does, e.g. `ride` `bicycle`; no object for `wave`; `no_interaction`, `no_person` are verbs too. */
export type JudgedTriplet = JudgeConfig['triplets'][number];

export interface JudgedInteraction {
  triplet: JudgedTriplet;
  /** Probability in [0, 1]; all triplets of a picture sum to 1. */
  score: number;
}

export interface Judge {
  /** The triplets that it knows. */
  readonly triplets: readonly JudgedTriplet[];
  /** Every triplet with its probability, the likeliest first. Throws `shape`, `aborted`. */
  judgeInteraction(image: Image, options?: RunOptions): Promise<JudgedInteraction[]>;
  /**
   * The 133 COCO-WholeBody points of the one person that the picture is about; points that the judge does not look for
   * (the face's 68) have score 0. Throws `shape`, `aborted`.
   */
  judgeKeypoints(image: Image, options?: RunOptions): Promise<Keypoint[]>;
  /** Features for distances between sets of pictures. Throws `shape`, `aborted`. */
  judgeFeatures(image: Image, options?: RunOptions): Promise<Float32Array>;
}

/** Its folder among the embedded models. */
const EMBEDDED = 'judge';
const BODY_AND_HANDS = 133;

interface Verdict {
  logits: Float32Array;
  /** x, y, score of each point in the square that the network saw. */
  keypoints: Float32Array;
  features: Float32Array;
}

/**
 * Opens the judge that this package trained on rendered people; a picture is run once, whatever is asked about it.
 *
 * @param options.folder folder with `config.json` and weights; default: the embedded judge
 * @throws `not-found` without the folder, `unsupported` or `corrupt-file` for another content
 */
export function openJudge(runtime: Runtime, options: { folder?: string } = {}): Judge {
  const model = openModelFolder(options.folder ?? embeddedNetwork(EMBEDDED));
  const config = parseJudgeConfig(model.config);
  const graph = judgeGraph(config, { batch: 1 });
  const verdicts = new WeakMap<Image, Promise<Verdict>>();

  async function run(image: Image, { signal }: RunOptions): Promise<Verdict> {
    const side = config.picture_size;
    const square = await resizeImage(image, { widthPx: side, heightPx: side, fit: 'contain' });
    const session = await runtime.session(graph, model.weights, { signal });
    const feeds = { image: { dtype: 'uint8' as const, shape: [1, side, side, 3], data: square.data } };
    const out = await session.run(feeds, { signal });
    return { logits: floats(out.logits), keypoints: floats(out.keypoints), features: floats(out.features) };
  }

  function verdict(image: Image, options: RunOptions = {}): Promise<Verdict> {
    const known = verdicts.get(image);
    if (known) return known;
    const running = run(image, options);
    verdicts.set(image, running);
    running.catch(() => verdicts.delete(image));
    return running;
  }

  return {
    triplets: config.triplets,
    judgeInteraction: async (image, options) => ranked((await verdict(image, options)).logits, config.triplets),
    judgeKeypoints: async (image, options) => placed((await verdict(image, options)).keypoints, { config, image }),
    judgeFeatures: async (image, options) => (await verdict(image, options)).features.slice(),
  };
}

function ranked(logits: Float32Array, triplets: readonly JudgedTriplet[]): JudgedInteraction[] {
  const highest = logits.reduce((a, b) => Math.max(a, b));
  const chances = Array.from(logits, (v) => Math.exp(v - highest));
  const total = chances.reduce((a, b) => a + b);
  return triplets.map((triplet, i) => ({ triplet, score: chances[i] / total })).sort((a, b) => b.score - a.score);
}

/** From the network's square, in which the picture lies centred, to the picture's pixels. */
function placed(found: Float32Array, { config, image }: { config: JudgeConfig; image: Image }): Keypoint[] {
  const side = config.picture_size;
  const scale = Math.max(image.widthPx, image.heightPx) / side;
  const [left, top] = [(side * scale - image.widthPx) / 2, (side * scale - image.heightPx) / 2];
  const points = unknownPoints(BODY_AND_HANDS);
  config.keypoints.forEach((index, i) => {
    const [x, y, score] = found.subarray(3 * i, 3 * i + 3);
    points[index] = { x: x * scale - left, y: y * scale - top, score };
  });
  return points;
}

/** Whether a triplet is among the first `count`; throws `invalid-input` when the judge does not know it. */
export function isAmongFirst(
  interactions: readonly JudgedInteraction[],
  triplet: JudgedTriplet,
  count: number,
): boolean {
  const rank = interactions.findIndex((i) => i.triplet.verb === triplet.verb && i.triplet.object === triplet.object);
  if (rank >= 0) return rank < count;
  throw new ContrappostoError('invalid-input', {
    operation: 'judge interaction',
    expected: `one of the ${interactions.length} triplets that the judge knows`,
    got: `${triplet.verb} ${triplet.object ?? ''}`.trim(),
  });
}
