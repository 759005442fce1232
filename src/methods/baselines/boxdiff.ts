// BoxDiff (Xie et al. 2023): the attention of each named thing is drawn into its box.
import { type BoxLossSettings, boxFeeds, boxLoss, type CanvasBox } from '../../diffusion/attention-control/index.js';
import { generatePictures } from '../../diffusion/generation.js';
import {
  type GeneratedImage,
  type GenerationOptions,
  generationSettings,
} from '../../diffusion/generation-settings.js';
import type { Pipeline } from '../../diffusion/pipeline.js';
import { requirePlainUNet } from '../../diffusion/text-to-image.js';
import { Add, ReduceMax, ReduceSum, type Value } from '../../graph/index.js';
import { textLength } from '../record/token-places.js';
import { definedOnly, SAMPLING } from './defaults.js';
import { type GuidanceSettings, guidanceSettings } from './guidance-settings.js';
import { placePhrases, promptPhrases } from './placed-phrases.js';
import { atLeastACell } from './regions.js';
import { openTokenGuidance, type TokenLoss } from './token-guidance.js';

export interface BoxDiffOptions extends Omit<GenerationOptions, 'longPrompts'> {
  settings?: Partial<GuidanceSettings & BoxLossSettings>;
  /** On the canvas of 512: one for the subject and one an object in the prompt's order, or the objects' alone. */
  boxes: readonly CanvasBox[];
  /** Positions of the tokens that the boxes belong to; default the nouns. */
  tokens?: readonly number[];
}

/**
 * Makes pictures of a prompt with things in their boxes. Picture i equals a single run with seed + i.
 *
 * @throws ContrappostoError `usage` for another number of boxes, `invalid-input` for a prompt that names nothing, boxes
 *   without area, and settings out of range, `aborted`
 */
export async function boxDiff(pipeline: Pipeline, options: BoxDiffOptions): Promise<GeneratedImage[]> {
  const stage = 'boxdiff';
  const settings = guidanceSettings(pipeline, options.settings);
  const sampling = generationSettings(
    pipeline,
    { ...SAMPLING, ...definedOnly(options), prompt: options.prompt, longPrompts: 'cut' },
    { operation: stage },
  );
  requirePlainUNet(pipeline, stage);
  const { boxes } = options;
  const { tokenizer } = pipeline;
  const placed = () => placePhrases(stage, promptPhrases(stage, sampling.prompt, tokenizer).phrases, boxes);
  const tokens = options.tokens ?? placed().map(({ token }) => token);
  const length = textLength(tokenizer.encode(sampling.prompt));
  const { width, height, steps, signal } = sampling;
  return generatePictures(pipeline, sampling, {
    stage,
    prepare: async ({ prompt: condition }) => {
      const guidance = await openTokenGuidance(pipeline, {
        condition,
        size: { heightPx: height, widthPx: width },
        tokens,
        length,
        steps,
        settings,
        loss: misplacement,
        feeds: (resolution) =>
          boxFeeds(
            boxes.map((box) => atLeastACell(box, resolution)),
            resolution,
            options.settings,
          ),
        signal,
      });
      return { move: guidance.move };
    },
  });
}

/** BoxDiff: all terms of all boxes; refinement looks at the worst inner term alone. */
export function misplacement(maps: Value): TokenLoss {
  const { inside, outside, corners } = boxLoss(maps);
  return {
    loss: ReduceSum(Add(Add(inside, outside), corners), { keepdims: false }),
    refined: ReduceMax(inside, { axes: [0], keepdims: false }),
  };
}
