// LLM-grounded diffusion (Lian et al. 2023), without training: objects are drawn alone, and composed where a layout has them.
import { ContrappostoError } from '../../core/errors.js';
import { randomNormal } from '../../core/random.js';
import { float32, floats, type Tensor } from '../../core/tensor.js';
import { generatePictures, type Steering } from '../../diffusion/generation.js';
import {
  type GeneratedImage,
  type GenerationOptions,
  type GenerationSettings,
  generationSettings,
} from '../../diffusion/generation-settings.js';
import type { Pipeline } from '../../diffusion/pipeline.js';
import type { PromptConditions } from '../../diffusion/prompts.js';
import { requirePlainUNet } from '../../diffusion/text-to-image.js';
import { definedOnly, SAMPLING } from './defaults.js';
import { type LayerMaps, openLmdGuidance } from './lmd-guidance.js';
import { type DrawnObject, drawObject } from './lmd-object.js';
import { type LmdSettings, lmdSettings } from './lmd-settings.js';
import type { PlacedPhrase } from './placed-phrases.js';

export interface LmdOptions
  extends Omit<GenerationOptions, 'longPrompts' | 'count' | 'controls' | 'adapters' | 'noise'> {
  /** What is drawn alone, with the boxes where it belongs. */
  objects: readonly PlacedPhrase[];
  /** What objects are drawn before when they are drawn alone: "<background> with <phrase>". Default: the phrase alone. */
  background?: string;
  settings?: Partial<LmdSettings>;
}

/**
 * Makes one picture.
 *
 * @throws ContrappostoError `invalid-input` without objects, and for boxes without area, `aborted`
 */
export async function lmd(pipeline: Pipeline, options: LmdOptions): Promise<GeneratedImage> {
  const stage = 'lmd';
  const settings = lmdSettings(pipeline, options.settings);
  const sampling = generationSettings(
    pipeline,
    { ...SAMPLING, ...definedOnly(options), prompt: options.prompt, longPrompts: 'cut', count: 1 },
    { operation: stage },
  );
  requirePlainUNet(pipeline, stage);
  if (options.objects.length === 0) {
    throw new ContrappostoError('invalid-input', { operation: stage, expected: 'objects with boxes', got: 'none' });
  }
  const { scaleFactor, latentChannels } = pipeline.vae;
  const shape = [1, latentChannels, sampling.height / scaleFactor, sampling.width / scaleFactor];
  const noise = randomNormal(sampling.seed, { shape });
  // The picture's noise is that of its objects too, which are drawn only once the prompt is encoded.
  const composed = float32(new Float32Array(floats(noise)), shape);
  const [picture] = await generatePictures(
    pipeline,
    { ...sampling, noise: composed },
    {
      stage,
      prepare: (context) =>
        compose(pipeline, {
          context,
          placed: options.objects,
          noise,
          composed,
          sampling,
          settings,
          background: options.background,
        }),
    },
  );
  return picture;
}

interface Composition {
  context: PromptConditions;
  placed: readonly PlacedPhrase[];
  /** Of the background. */
  noise: Tensor;
  /** Where the noise of the whole picture is to be written. */
  composed: Tensor;
  sampling: GenerationSettings;
  settings: LmdSettings;
  background?: string;
}

/** Draws every object alone, and says how all of them steer the picture. */
async function compose(pipeline: Pipeline, task: Composition): Promise<Steering> {
  const { context, placed, noise, composed, sampling, settings } = task;
  const { width, height, signal, onProgress } = sampling;
  const alone = placed.map(({ phrase }) => {
    const text = task.background ? `${task.background} with ${phrase}` : phrase;
    const { tokens } = pipeline.tokenizer.encode(text);
    const from = text.length - phrase.length;
    return { text, tokens: tokens.filter(({ start }) => start >= from).map(({ position }) => position) };
  });
  const room = {
    objects: placed.length,
    tokens: Math.max(...[...alone, ...placed].map(({ tokens }) => tokens.length)),
  };
  const size = { heightPx: height, widthPx: width };
  const guidance = await openLmdGuidance(pipeline, { condition: context.prompt, size, settings, room, signal });
  const drawn: DrawnObject[] = [];
  for (const [number, { box, noun }] of placed.entries()) {
    onProgress?.({ type: 'stage', stage: 'draw alone', detail: noun });
    const { text, tokens } = alone[number];
    const condition = await pipeline.condition(text, { signal, onProgress });
    const negative = context.negativePrompt;
    drawn.push(
      await drawObject(pipeline, guidance, { number, condition, negative, tokens, box, noise, sampling, settings }),
    );
  }
  overwrite(floats(composed), drawn, (object) => object.noise);
  return {
    move: async (latents, at) => {
      const references = drawn.map(({ maps }) => maps[at.index]);
      const moved = await guidance.move(latents, {
        ...at,
        steps: at.run.timesteps.length,
        condition: context.prompt,
        objects: placed,
        references: references.every(Boolean) ? (references as LayerMaps[]) : undefined,
      });
      return moved.latents;
    },
    adjust: (latents, { next }) => {
      const kept = (object: DrawnObject) => (next === undefined ? undefined : object.latents[next]);
      if (!drawn.some(kept)) return latents;
      return overwrite(new Float32Array(latents), drawn, kept);
    },
  };
}

/** Puts the objects' values over those of the picture [C, h, w], the largest first so that small ones stay whole. */
export function overwrite(
  values: Float32Array,
  drawn: readonly DrawnObject[],
  pick: (object: DrawnObject) => Float32Array | undefined,
): Float32Array {
  const area = ({ mask }: DrawnObject) => mask.reduce((a, b) => a + b, 0);
  for (const object of [...drawn].sort((a, b) => area(b) - area(a))) {
    const own = pick(object);
    if (!own) continue;
    const { mask } = object;
    for (let i = 0; i < values.length; i++) if (mask[i % mask.length] > 0) values[i] = own[i];
  }
  return values;
}
