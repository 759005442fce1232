// The benchmark of the embedded models: 200 captions of rendered scenes that nothing was trained on.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Image } from '../../core/image.js';
import { type RenderedScene, renderScene, SceneRenderer } from '../../data/synth/render-scene.js';
import { type KindMix, SCENES_OF_KIND } from '../../data/synth/scenes/kinds.js';
import { openCast } from '../../data/synth/synth-task.js';
import type { BenchmarkCase, BenchmarkReader } from '../benchmark.js';

// Three folders up from src/evaluate/benchmarks and from dist/evaluate/benchmarks alike.
const FILE = fileURLToPath(new URL('../../../benchmarks/hoi-mini.jsonl', import.meta.url));
const SIZE_PX = 256;

/** A line of the list. */
export const lineSchema = z.object({
  id: z.string(),
  prompt: z.string(),
  /** Seed of the noise that the picture begins with. */
  seed: z.number(),
  /** Seed of the rendered scene that the prompt is a caption of. */
  scene: z.number(),
  /** Whether pairs of verb and object as this one were in the training data. */
  set: z.enum(['training', 'held-out']),
  triplet: z.object({ verb: z.string(), object: z.string().nullable() }),
});
export type Line = z.infer<typeof lineSchema>;

/** What the scenes were drawn from when the list was frozen. */
export const KINDS: Record<Line['set'], KindMix> = {
  training: [
    ['interaction', 6],
    ['gesture', 1],
  ],
  'held-out': [['interaction', 1]],
};

export const hoiMini: BenchmarkReader = {
  about: '200 captions of rendered scenes; --data: a baked pack of people, whose renders are the references',
  async read({ data }) {
    const text = await readFile(FILE, 'utf8');
    const lines = text
      .trim()
      .split('\n')
      .map((line) => lineSchema.parse(JSON.parse(line)));
    const cases = lines.map(
      ({ scene: _, set, ...same }): BenchmarkCase => ({ ...same, tags: [set, same.triplet.verb] }),
    );
    return {
      name: 'hoi-mini',
      about: `${lines.length} captions of rendered scenes that nothing was trained on: what somebody does with what.`,
      cases,
      // A caption leaves most of its scene open, so a render is one good picture of many.
      references: 'sample',
      ...(data !== undefined && { drawReference: scenePainter(lines, data) }),
    };
  },
};

/** From one attempt at a scene to the next; the list's scenes and those of training lie elsewhere. */
const ATTEMPT = 100_000;
const MOST_ATTEMPTS = 50;

/**
 * The scene that a line's prompt is a caption of or, where scenes have changed since the list was frozen, another one of
 * the same triplet; with `offset` another one in any case.
 */
export function sceneOfLine(line: Line, options: { renderer: SceneRenderer; offset?: number }): RenderedScene {
  const { renderer, offset = 0 } = options;
  const { set } = line;
  const first = line.scene + offset;
  let found = renderScene(first, { renderer, kinds: KINDS[set], triplets: set });
  if (offset === 0 && found.record.captions.includes(line.prompt)) return found;
  const like = { renderer, kinds: KINDS[set], triplets: set, scenes: scenesOfTriplet(line) };
  for (let i = 1; i <= MOST_ATTEMPTS; i++) {
    found = renderScene(first + i * ATTEMPT, like);
    if (shows(found.record, line)) break;
  }
  return found;
}

/** @param pack path of a baked pack of people */
function scenePainter(lines: readonly Line[], pack: string): (one: BenchmarkCase) => Promise<Image> {
  const byId = new Map(lines.map((line) => [line.id, line]));
  let renderer: SceneRenderer | undefined;
  return async ({ id }) => {
    renderer ??= new SceneRenderer({ size: SIZE_PX, cast: openCast(pack, SIZE_PX) });
    const { picture, record } = sceneOfLine(byId.get(id)!, { renderer });
    return { widthPx: record.width, heightPx: record.height, data: picture };
  };
}

/** Names of the scenes that may show a triplet. */
function scenesOfTriplet({ set, triplet: { verb, object } }: Line): string[] {
  const entries = KINDS[set].flatMap(([kind]) => SCENES_OF_KIND[kind]);
  const isGesture = verb === 'gesture' && object !== null;
  const name = isGesture ? `gesture-${object.replaceAll('_', '-')}` : undefined;
  const fitting = entries.filter((entry) => entry.triplets.some(([v, o]) => v === verb && (o === object || isGesture)));
  return fitting.filter((entry) => !isGesture || entry.name === name).map((entry) => entry.name);
}

function shows({ triplet, gestures }: RenderedScene['record'], { triplet: { verb, object } }: Line): boolean {
  const shown = triplet.verb === 'gesture' ? (gestures.left ?? gestures.right) : triplet.object;
  return triplet.verb === verb && shown === object;
}
