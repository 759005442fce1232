// Attend-and-Excite (Chefer et al. 2023): every named thing must hold the attention of some place.
import { generatePictures } from '../../diffusion/generation.js';
import {
  type GeneratedImage,
  type GenerationOptions,
  generationSettings,
} from '../../diffusion/generation-settings.js';
import type { Pipeline } from '../../diffusion/pipeline.js';
import { requirePlainUNet } from '../../diffusion/text-to-image.js';
import { ReduceMax, Relu, Sub, type Value } from '../../graph/index.js';
import { textLength } from '../record/token-places.js';
import { definedOnly, SAMPLING } from './defaults.js';
import { type GuidanceSettings, guidanceSettings } from './guidance-settings.js';
import { promptPhrases } from './placed-phrases.js';
import { openTokenGuidance, type TokenLoss } from './token-guidance.js';

export interface AttendExciteOptions extends Omit<GenerationOptions, 'longPrompts'> {
  settings?: Partial<GuidanceSettings>;
  /** Positions of the tokens to strengthen; default the nouns of subject and objects. */
  tokens?: readonly number[];
}

/**
 * Makes pictures of a prompt whose nouns all appear. Picture i equals a single run with seed + i.
 *
 * @example
 * const [{ image }] = await attendExcite(pipeline, { prompt: 'a woman is riding a bicycle', seed: 7 });
 *
 * @throws ContrappostoError `invalid-input` for a prompt that names nothing and settings out of range, `aborted`
 */
export async function attendExcite(pipeline: Pipeline, options: AttendExciteOptions): Promise<GeneratedImage[]> {
  const stage = 'attend-excite';
  const settings = guidanceSettings(pipeline, options.settings);
  const sampling = generationSettings(
    pipeline,
    { ...SAMPLING, ...definedOnly(options), prompt: options.prompt, longPrompts: 'cut' },
    { operation: stage },
  );
  requirePlainUNet(pipeline, stage);
  const { tokenizer } = pipeline;
  const tokens = options.tokens ?? promptPhrases(stage, sampling.prompt, tokenizer).phrases.map(({ token }) => token);
  const length = textLength(tokenizer.encode(sampling.prompt));
  const { width, height, steps, signal } = sampling;
  return generatePictures(pipeline, sampling, {
    stage,
    prepare: async ({ prompt: condition }) => {
      const size = { heightPx: height, widthPx: width };
      const plan = { condition, size, tokens, length, steps, settings, loss: neglect, signal };
      return { move: (await openTokenGuidance(pipeline, plan)).move };
    },
  });
}

/** Attend-and-Excite eq. 1: how far the least attended token is from having a place of its own. */
export function neglect(maps: Value): TokenLoss {
  const most = ReduceMax(maps, { axes: [1, 2], keepdims: false }); // [tokens]
  const loss = ReduceMax(Relu(Sub(1, most)), { axes: [0], keepdims: false });
  return { loss, refined: loss };
}
