// What all modules of a run share: the prompt as tokens and conditions, the grids of attention, the settings.
import { ContrappostoError } from '../../core/errors.js';
import {
  attentionSites,
  crossResolutions,
  nearestResolution,
  type Resolution,
  type TokenSwap,
  tokenSwap,
} from '../../diffusion/attention-control/index.js';
import type { GenerationSettings } from '../../diffusion/generation-settings.js';
import type { Pipeline } from '../../diffusion/pipeline.js';
import type { TextCondition } from '../../diffusion/text-condition.js';
import type { BranchPlan } from './branches.js';
import type { PromptAnalysis } from './prompt-analysis.js';
import { Warnings } from './report.js';
import { inWindow, type RecordSettings } from './settings.js';
import { locateObjects, type ObjectTokens, textLength } from './token-places.js';

/** Largest grid of self-attention that the inverse masks are taken from, in cells. */
const MASK_QUERIES = 32 * 32;

export interface Scene {
  analysis: PromptAnalysis;
  objects: readonly ObjectTokens[];
  /** Tokens of the full prompt, with begin and end. */
  length: number;
  settings: RecordSettings;
  sampling: GenerationSettings;
  full: TextCondition;
  branches: BranchPlan;
  /** R0: grid of b_0 and of the loss. */
  lossAt: Resolution;
  maskAt: Resolution;
  warnings: Warnings;
}

interface SceneOptions {
  analysis: PromptAnalysis;
  settings: RecordSettings;
  sampling: GenerationSettings;
  /** What of the prompt was left out to make it fit. */
  leftOut?: string;
  /** An object was asked for, so that its absence is an error. */
  objectRequired: boolean;
}

/**
 * Encodes the prompts and finds the object's tokens.
 *
 * @throws ContrappostoError `invalid-input` when an object that was asked for is not among the tokens, `unsupported`
 */
export async function openScene(pipeline: Pipeline, options: SceneOptions): Promise<Scene> {
  const { analysis, settings, sampling } = options;
  const { signal, onProgress, guidanceScale, negativePrompt, height, width } = sampling;
  const warnings = new Warnings({ strict: settings.strict, onProgress });
  const { tokenizer } = pipeline;
  const encoding = tokenizer.encode(analysis.prompt);
  const baseEncoding = tokenizer.encode(analysis.promptIn);
  const { located, missing } = locateObjects(encoding, analysis.objects);
  if (options.leftOut !== undefined) {
    warnings.add(
      'PROMPT_CUT',
      `the text encoder reads ${tokenizer.modelMaxLength} tokens; left out: "${options.leftOut}"`,
    );
  }
  reportFindings(analysis, { missing: missing.map(({ head }) => head), warnings, ...options });

  onProgress?.({ type: 'stage', stage: 'encode prompt' });
  const full = await pipeline.condition(analysis.prompt, { signal });
  const base = analysis.promptIn === analysis.prompt ? full : await pipeline.condition(analysis.promptIn, { signal });
  const negative = guidanceScale > 1 ? await pipeline.negativeCondition(negativePrompt, { signal }) : undefined;
  const { scaleFactor } = pipeline.vae;
  const latentSize = { height: height / scaleFactor, width: width / scaleFactor };
  const grids = chooseGrids(pipeline, { latentSize, shrink: settings.guidanceShrink });
  const swap: TokenSwap = tokenSwap(
    { ids: baseEncoding.ids, length: textLength(baseEncoding) },
    { ids: encoding.ids, length: textLength(encoding) },
    { keep: located.flatMap(({ phrase }) => phrase), padding: settings.swapPadding },
  ); // record eq. A*
  return {
    analysis,
    objects: located,
    length: textLength(encoding),
    settings,
    sampling,
    full,
    branches: {
      conditions: { negative, base, full },
      size: { heightPx: height, widthPx: width },
      guidanceScale,
      swap,
      selfQueries: grids.selfQueries,
    },
    ...grids,
    warnings,
  };
}

function reportFindings(
  analysis: PromptAnalysis,
  { missing, warnings, objectRequired }: { missing: string[]; warnings: Warnings; objectRequired: boolean },
): void {
  if (!analysis.verb && analysis.promptIn === analysis.prompt)
    warnings.add('NO_VERB', `no verb was found in "${analysis.prompt}"; it is kept whole`);
  if (missing.length > 0 && objectRequired) {
    throw new ContrappostoError('invalid-input', {
      operation: 'record: OBJECT_TOKEN_MISSING',
      expected: 'an object that the text encoder reads',
      got: missing.join(', '),
    });
  }
  if (missing.length > 0) warnings.add('OBJECT_TOKEN_MISSING', `the text encoder does not read: ${missing.join(', ')}`);
  if (analysis.objects.length === 0) {
    warnings.add('NO_OBJECT', `no object was found in "${analysis.prompt}"; a candidate is the result`);
  }
}

/** R0 is a fraction of the latents' side, or what the network has nearest to it; masks are taken as fine as they are kept. */
function chooseGrids(
  pipeline: Pipeline,
  { latentSize, shrink }: { latentSize: { height: number; width: number }; shrink: number },
): Pick<Scene, 'lossAt' | 'maskAt'> & { selfQueries: number } {
  const resolutions = crossResolutions(attentionSites(pipeline.unetConfig, latentSize));
  if (resolutions.length === 0) {
    throw new ContrappostoError('unsupported', {
      operation: 'record',
      expected: 'a network that attends to text',
      got: 'one without cross-attention',
    });
  }
  const lossAt = nearestResolution(resolutions, latentSize.height / shrink);
  const kept = resolutions.filter(([h, w]) => h * w <= MASK_QUERIES);
  return { lossAt, maskAt: kept[0] ?? lossAt, selfQueries: lossAt[0] * lossAt[1] };
}

/** Which swaps act at a step. `guided`: module C, whose token swap may end with guidance. */
export function swapsAt(
  { settings, sampling: { steps } }: Scene,
  { guided }: { guided: boolean },
): (index: number) => { cross: boolean; self: boolean } {
  const { crossSwap, selfSwap, selfWindow, crossEndsWithGuidance, guidanceShare } = settings;
  const crossEnd = guided && crossEndsWithGuidance ? guidanceShare : 1;
  return (index) => ({
    cross: crossSwap && inWindow({ start: 0, end: crossEnd }, { index, steps }),
    self: selfSwap && inWindow(selfWindow, { index, steps }),
  });
}
