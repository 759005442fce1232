// Prompts of the evidence: captions of rendered scenes that nothing was trained on, with the scenes that they describe.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type RenderedScene, renderScene, SceneRenderer } from '../src/data/synth/render-scene.js';
import type { TripletSet } from '../src/data/synth/scenes/triplets.js';
import { openCast } from '../src/data/synth/synth-task.js';
import { KINDS, type Line, lineSchema, sceneOfLine } from '../src/evaluate/benchmarks/hoi-mini.js';
import { COCO_CLASSES } from '../src/pose/index.js';

const FILE = fileURLToPath(new URL('../benchmarks/hoi-mini.jsonl', import.meta.url));
export const SIZE_PX = 256;

export interface EvidencePrompt extends Pick<Line, 'prompt' | 'scene' | 'set'> {
  /** Place in the list, and seed of the picture. */
  index: number;
  verb: string;
  object: string | null;
}

/** How many prompts of each set, and the scenes' first seeds: beyond those of training (from 0) and judges (from 10,000,000). */
const PARTS: readonly { set: TripletSet & EvidencePrompt['set']; count: number; start: number }[] = [
  { set: 'training', count: 150, start: 20_000_000 },
  { set: 'held-out', count: 50, start: 21_000_000 },
];
/** The frozen list. */
export function readPrompts(): EvidencePrompt[] {
  const lines = readFileSync(FILE, 'utf8').trim().split('\n');
  return lines.map((line) => {
    const { seed: index, triplet, prompt, scene, set } = lineSchema.parse(JSON.parse(line));
    return { index, prompt, scene, set, ...triplet };
  });
}

/** A renderer of the prompts' scenes; `pack` is a baked pack of people. */
export function evidenceRenderer(pack: string | undefined): SceneRenderer {
  return new SceneRenderer({ size: SIZE_PX, cast: openCast(pack, SIZE_PX) });
}

/** A scene of a prompt's triplet, its own where it still has it; with `offset` another one. */
export function renderPrompt(prompt: EvidencePrompt, renderer: SceneRenderer, offset = 0): RenderedScene {
  const { index, prompt: text, scene, set, verb, object } = prompt;
  const line: Line = { id: String(index), prompt: text, seed: index, scene, set, triplet: { verb, object } };
  return sceneOfLine(line, { renderer, offset });
}

/** The name that CenterNet has for what a prompt names, if it has one. */
export function detectable({ object }: EvidencePrompt): string | undefined {
  return COCO_CLASSES.find((name) => name === object);
}

/** Draws the list again and freezes it; needed only after scenes or captions have changed. */
export function freezePrompts(pack: string | undefined): EvidencePrompt[] {
  const renderer = evidenceRenderer(pack);
  const prompts: EvidencePrompt[] = [];
  for (const { set, count, start } of PARTS) {
    for (let i = 0; i < count; i++) {
      const index = prompts.length;
      const { record } = renderScene(start + i, { renderer, kinds: KINDS[set], triplets: set });
      const { triplet, gestures, captions } = record;
      const object = triplet.verb === 'gesture' ? (gestures.left ?? gestures.right) : triplet.object;
      prompts.push({
        index,
        prompt: captions[index % captions.length],
        scene: start + i,
        set,
        verb: triplet.verb,
        object,
      });
    }
  }
  const lines = prompts.map(({ index, prompt, scene, set, verb, object }): Line => {
    return { id: String(index).padStart(3, '0'), prompt, seed: index, scene, set, triplet: { verb, object } };
  });
  writeFileSync(FILE, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
  return prompts;
}
